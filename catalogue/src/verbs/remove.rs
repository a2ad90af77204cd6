//! `remove`: takes songs out of a catalogue.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use soundalike_native::weights;

use super::{Outcome, complain, open, print, songs};
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
    let ids = BTreeSet::from_iter(args.ids.iter().cloned());
    let ids = Vec::from_iter(ids);
    let mut catalogue = open(&args.catalogue, &weights::load(weights)?)?;
    let missing = catalogue.remove(&ids)?;
    for id in &missing {
        complain(&format!("skipped: there is no song {id}"));
    }
    let removed = ids.len() - missing.len();
    print(&format!(
        "{} removed from {}",
        songs(removed),
        args.catalogue
    ))?;
    Ok(Outcome::of(missing.is_empty()))
}
