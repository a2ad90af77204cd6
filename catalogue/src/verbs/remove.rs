//! `remove`: takes songs out of a catalogue.

use std::path::Path;

use anyhow::Result;
use soundalike_native::weights;

use super::{Outcome, open, print, songs};
use crate::store::Address;

/// Remove songs by their ids
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Ids, as `search` prints them
    #[arg(required = true)]
    ids: Vec<String>,
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let mut catalogue = open(&args.catalogue, &weights::load(weights)?)?;
    let missing = catalogue.remove(&args.ids)?;
    for id in &missing {
        eprintln!("skipped: there is no song {id}");
    }
    let removed = args.ids.len() - missing.len();
    print(&format!(
        "{} removed from {}",
        songs(removed),
        args.catalogue
    ))?;
    Ok(Outcome::of(missing.is_empty()))
}
