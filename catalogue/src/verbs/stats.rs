//! `stats`: how much is in a catalogue.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use soundalike_native::weights;

use super::Outcome;
use crate::store::Catalogue;

/// Show how much is in a catalogue
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue's folder
    #[arg(long = "in", value_name = "FOLDER")]
    catalogue: PathBuf,
    /// Print {"songs", "hours", "bytes", "version", "weightsSha256"}
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    songs: usize,
    hours: f64,
    bytes: u64,
    version: u32,
    weights_sha256: String,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let catalogue = Catalogue::open(&args.catalogue, &weights::load(weights)?)?;
    let (size, stamp) = (catalogue.size()?, catalogue.stamp());
    let stats = Stats {
        songs: size.songs,
        hours: size.hours,
        bytes: size.bytes,
        version: stamp.version,
        weights_sha256: stamp.weights_sha256.clone(),
    };
    if args.json {
        println!("{}", serde_json::to_string(&stats)?);
    } else {
        println!(
            "{}: {} songs, {:.1} h, {:.1} MB\n  version {}, weights {}",
            args.catalogue.display(),
            stats.songs,
            stats.hours,
            stats.bytes as f64 / 1e6,
            stats.version,
            stats.weights_sha256
        );
    }
    Ok(Outcome::Done)
}
