//! `compact`: gives back the space of removed songs.

use std::path::{Path, PathBuf};

use anyhow::Result;
use soundalike_native::weights;

use super::Outcome;
use crate::store::Catalogue;

/// Give back the space of removed songs. Needs as much space again while it runs
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue's folder
    #[arg(long = "in", value_name = "FOLDER")]
    catalogue: PathBuf,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let mut catalogue = Catalogue::open_to_change(&args.catalogue, &weights::load(weights)?)?;
    let freed = catalogue.compact()?;
    println!(
        "{:.1} MB freed in {}",
        freed as f64 / 1e6,
        args.catalogue.display()
    );
    Ok(Outcome::Done)
}
