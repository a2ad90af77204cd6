//! `remove`: takes songs out of a catalogue.

use std::path::{Path, PathBuf};

use anyhow::Result;
use soundalike_native::weights;

use super::Outcome;
use crate::store::Catalogue;

/// Remove songs by their ids
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ids, as `search` prints them
    #[arg(required = true)]
    ids: Vec<String>,
    /// The catalogue's folder
    #[arg(long = "in", value_name = "FOLDER")]
    catalogue: PathBuf,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let mut catalogue = Catalogue::open_to_change(&args.catalogue, &weights::load(weights)?)?;
    let missing = catalogue.remove(&args.ids)?;
    for id in &missing {
        eprintln!("skipped: there is no song {id}");
    }
    let removed = args.ids.len() - missing.len();
    println!("{removed} songs removed from {}", args.catalogue.display());
    Ok(Outcome::of(missing.is_empty()))
}
