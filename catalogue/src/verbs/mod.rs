//! The subcommands of the program, one file each.

mod add;
mod compact;
mod index;
mod remove;
mod search;
mod serve;
mod stats;
mod verify;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use soundalike::Model;

use crate::store::{Address, Catalogue};

/// Which of very many songs does this one copy, and where?
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Program {
    #[command(subcommand)]
    verb: Verb,
    /// Weights to use instead of the shipped ones
    #[arg(long, global = true, value_name = "FILE")]
    weights: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(add::Args),
    Index(index::Args),
    Search(search::Args),
    Stats(stats::Args),
    Remove(remove::Args),
    Verify(verify::Args),
    Compact(compact::Args),
    Serve(serve::Args),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All was done.
    Done,
    /// All that could be done: some files or songs were skipped, and named.
    SomeSkipped,
}

impl Outcome {
    fn of(is_done: bool) -> Self {
        match is_done {
            true => Self::Done,
            false => Self::SomeSkipped,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::SomeSkipped => Self::from(3),
        }
    }
}

/// Runs the program.
///
/// # Errors
///
/// When the subcommand fails; the error is one line for the user.
pub fn run(program: &Program) -> Result<Outcome> {
    let weights = program.weights.as_deref();
    match &program.verb {
        Verb::Add(args) => add::run(args, weights),
        Verb::Index(args) => index::run(args, weights),
        Verb::Search(args) => search::run(args, weights),
        Verb::Stats(args) => stats::run(args, weights),
        Verb::Remove(args) => remove::run(args, weights),
        Verb::Verify(args) => verify::run(args, weights),
        Verb::Compact(args) => compact::run(args, weights),
        Verb::Serve(args) => serve::run(args, weights),
    }
}

/// A text as one line that commands no terminal: names of songs may hold line breaks, and signs
/// that erase or turn what stands before them.
#[must_use]
pub fn one_line(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|c: char| c.is_control() || turns(c), "\u{fffd}")
}

/// Says in one line what went wrong.
fn complain(text: &str) {
    eprintln!("{}", one_line(text));
}

/// Prints a line, or several. The program ends quietly when nobody reads them any more, as
/// `search | head` does.
fn print(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// Opens a catalogue, and says on standard error when a part of it is lost.
fn open(address: &Address, model: &Model) -> Result<Catalogue> {
    let catalogue = Catalogue::open(address, model)?;
    if catalogue.has_lost_version() {
        complain(&format!("warning: {}", lost_version(address)));
    }
    Ok(catalogue)
}

fn lost_version(address: &Address) -> String {
    format!(
        "{address} has lost its newest version file, and is in the state before it: bring it back from a copy, \
         or run what was run last again"
    )
}

fn damaged_index(address: &Address) -> String {
    format!(
        "{address} was scanned, as its index can't be read: `soundalike-catalogue index --anew --in {address}` makes it anew"
    )
}

/// A number of songs.
fn songs(count: usize) -> String {
    format!("{count} {}", if count == 1 { "song" } else { "songs" })
}
