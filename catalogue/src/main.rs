//! The program `soundalike-catalogue`.

use std::panic::{self, PanicHookInfo};
use std::process::ExitCode;

use clap::Parser as _;
use soundalike_catalogue::verbs::{self, Program, one_line};

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        Err(wrong) if wrong.use_stderr() => {
            // The first of several paragraphs says what is wrong.
            let text = wrong.to_string();
            let what: Vec<_> = text
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .split_whitespace()
                .collect();
            eprintln!("{}", one_line(&what.join(" ")));
            return ExitCode::from(2);
        }
        // Help and the version.
        Err(asked) => asked.exit(),
    };
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        panic::set_hook(Box::new(say));
    }
    match panic::catch_unwind(|| verbs::run(&program)) {
        Ok(Ok(outcome)) => outcome.into(),
        Ok(Err(error)) => {
            eprintln!("{}", one_line(&format!("error: {error:#}")));
            ExitCode::FAILURE
        }
        Err(_said) => ExitCode::FAILURE,
    }
}

/// One line for a panic: the store has some where a file has wrong numbers.
fn say(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let message: Vec<_> = message.split_whitespace().collect();
    eprintln!(
        "error: the catalogue is damaged, or this program has a fault ({})",
        message.join(" ")
    );
}
