//! The program `soundalike-catalogue`.

use std::process::ExitCode;

use clap::Parser as _;
use soundalike_catalogue::verbs::{self, Program};

fn main() -> ExitCode {
    match verbs::run(&Program::parse()) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
