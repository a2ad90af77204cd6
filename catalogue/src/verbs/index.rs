//! `index`: makes an index, or adds to it what came since.

use std::path::Path;

use anyhow::Result;
use soundalike_native::weights;

use super::{Outcome, complain, open, print};
use crate::input::Part;
use crate::store::{Address, Catalogue};

/// Index a large catalogue, so that a search reads a small part of it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
    /// Build only this part, such as 3/64, for many machines. No search uses it before --commit
    #[arg(long, value_name = "I/N", conflicts_with = "commit")]
    part: Option<Part>,
    /// Put the parts that were built into use, all together
    #[arg(long)]
    commit: bool,
    /// Index also where an exact scan is quick: below some 20,000 songs
    #[arg(long)]
    always: bool,
    /// Make the whole index anew, also what is indexed
    #[arg(long, conflicts_with = "commit")]
    anew: bool,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let mut catalogue = open(&args.catalogue, &weights::load(weights)?)?;
    let place = &args.catalogue;
    if args.commit {
        let parts = catalogue.index_commit()?;
        print(&format!("{place}: {parts} index segments committed"))?;
        return Ok(Outcome::Done);
    }
    let damaged = catalogue.damaged_index_segments()?;
    if damaged > 0 {
        complain(&format!(
            "warning: {place}: {damaged} index segments are damaged, and made anew"
        ));
    }
    let embeddings = catalogue.size()?.embeddings;
    if embeddings < Catalogue::FEWEST_INDEXED && !args.always && catalogue.indexed()?.is_none() {
        print(&format!(
            "{place} needs no index: a search scans its {embeddings} embeddings in some seconds (--always makes one)"
        ))?;
        return Ok(Outcome::Done);
    }
    match args.part {
        Some(part) => {
            let count = catalogue.index_part(part, args.anew)?;
            print(&format!(
                "{place}: {count} embeddings indexed, not in use before `index --commit`"
            ))?;
        }
        None => {
            let count = catalogue.index(args.anew)?;
            print(&format!("{place}: {count} embeddings indexed"))?;
        }
    }
    Ok(Outcome::Done)
}
