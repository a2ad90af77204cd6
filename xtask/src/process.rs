//! Child processes. Each command is printed before it starts; errors name it in one line.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::tests_ran::TestsRan;

/// Prints and runs a command with this program's own input and output.
///
/// # Errors
///
/// When the program isn't there or doesn't succeed.
pub fn run(command: &mut Command) -> Result<()> {
    println!("  $ {}", shown(command));
    let status = command.status().with_context(|| not_started(command))?;
    succeeded(command, status)
}

/// Runs a command and returns its standard output.
///
/// # Errors
///
/// When the program isn't there, doesn't succeed, or doesn't print UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| not_started(command))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} printed no UTF-8", shown(command)))
}

/// Prints and runs a test command, and adds up the numbers that its test runners report.
///
/// # Errors
///
/// When the program isn't there, doesn't succeed, or no test ran.
pub fn run_tests(command: &mut Command) -> Result<TestsRan> {
    println!("  $ {}", shown(command));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| not_started(command))?;
    let mut ran = TestsRan::default();
    if let Some(stdout) = child.stdout.take() {
        let mut out = std::io::stdout();
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line?;
            ran.add_line(&String::from_utf8_lossy(&line));
            out.write_all(&line)?;
            out.write_all(b"\n")?;
            out.flush()?;
        }
    }
    succeeded(command, child.wait()?)?;
    if ran.passed == 0 {
        bail!("no test ran: {}", shown(command));
    }
    Ok(ran)
}

/// Whether a command succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    match status.success() {
        true => Ok(()),
        false => bail!("failed ({status}): {}", shown(command)),
    }
}

fn not_started(command: &Command) -> String {
    format!("can't start {}", shown(command))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
