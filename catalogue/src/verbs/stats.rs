//! `stats`: how much is in a catalogue.

use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use soundalike_native::weights;

use super::{Outcome, open, print, songs};
use crate::store::Address;

/// Show how much is in a catalogue
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue: a folder or s3://BUCKET/NAME
    #[arg(long = "in", value_name = "URI")]
    catalogue: Address,
    /// Print {"songs", "hours", "embeddings", "indexed", "bytes", "underMusic", "version",
    /// "weightsSha256"}
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    songs: usize,
    hours: f64,
    embeddings: usize,
    /// Embeddings that the index covers; none without an index.
    indexed: Option<usize>,
    bytes: u64,
    /// Whether songs under other music can be found.
    under_music: bool,
    version: u32,
    weights_sha256: String,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let catalogue = open(&args.catalogue, &weights::load(weights)?)?;
    let (size, stamp) = (catalogue.size()?, catalogue.stamp());
    let stats = Stats {
        songs: size.songs,
        hours: size.hours,
        embeddings: size.embeddings,
        indexed: catalogue.indexed()?,
        bytes: size.bytes,
        under_music: catalogue.has_landmarks(),
        version: stamp.version,
        weights_sha256: stamp.weights_sha256.clone(),
    };
    if args.json {
        print(&serde_json::to_string(&stats)?)?;
        return Ok(Outcome::Done);
    }
    let index = match stats.indexed {
        Some(indexed) => format!("{indexed} of them indexed"),
        None => "no index".into(),
    };
    let landmarks = match stats.under_music {
        true => "",
        false => ", no landmarks: made by an older version, --under-music needs it anew",
    };
    print(&format!(
        "{}: {}, {:.1} h, {:.1} MB, {} embeddings, {index}{landmarks}\n  version {}, weights {}",
        args.catalogue,
        songs(stats.songs),
        stats.hours,
        stats.bytes as f64 / 1e6,
        stats.embeddings,
        stats.version,
        stats.weights_sha256
    ))?;
    Ok(Outcome::Done)
}
