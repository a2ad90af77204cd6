//! `compact`: removes what nobody needs.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use soundalike_native::weights;

use super::{Outcome, open, print};
use crate::store::Address;

/// Give back the space of removed songs and of stopped writers, and merge small files
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
    /// Hours for which old versions stay, for programs that are reading or adding
    #[arg(long, default_value_t = 1)]
    keep_hours: u32,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let mut catalogue = open(&args.catalogue, &weights::load(weights)?)?;
    let done = catalogue.compact(Duration::from_secs(3_600 * u64::from(args.keep_hours)))?;
    print(&format!(
        "{}: {} files merged, {} rows removed, {:.1} MB freed",
        args.catalogue,
        done.files_merged,
        done.rows_removed,
        done.bytes_removed as f64 / 1e6
    ))?;
    Ok(Outcome::Done)
}
