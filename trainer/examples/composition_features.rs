//! The features by which the score of a composition is fitted, of every pair in a table of songs.
//!
//! ```sh
//! cargo run --release -p soundalike-trainer --example composition_features -- \
//!     SONGS.csv OUT.csv --secs 90
//! python trainer/fit_composition.py OUT.csv
//! ```
//!
//! SONGS.csv has the columns of `evaluate --songs`. OUT.csv has the same pairs with their kind
//! (`perturbation`) and a column for each feature.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Parser;
use rayon::prelude::*;
use soundalike::Waveform;
use soundalike::training::composition_features;
use soundalike_native::{audio_file, progress, weights};
use soundalike_tables::pair_table;
use soundalike_trainer::corpus::songs;

/// Writes the features of every pair of songs
#[derive(Parser)]
struct Args {
    /// Table of whole songs: left,right,label and optionally perturbation
    songs: PathBuf,
    /// Table to write
    features: PathBuf,
    /// Most seconds of each song, from its beginning
    #[arg(long, default_value_t = f64::INFINITY)]
    secs: f64,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let pairs = pair_table::read(&args.songs)?;
    let checker = weights::checker(None)?;
    let songs = songs::analysed(&pairs, |path| {
        let waveform = beginning(&audio_file::decode(path)?, args.secs)?;
        let name = path.display().to_string();
        Ok(pollster::block_on(checker.analyse(
            &name,
            waveform,
            |_, _| (),
        ))?)
    })?;
    let bar = progress::bar(pairs.len(), "compare");
    let rows: Vec<_> = pairs
        .par_iter()
        .map(|pair| {
            let song = |path: &Path| songs[path].composition();
            let features = composition_features([song(&pair.left), song(&pair.right)]);
            bar.inc(1);
            features
        })
        .collect();
    bar.finish();
    let shown = |path: &Path| path.display().to_string();
    let mut writer = csv::Writer::from_path(&args.features)
        .with_context(|| format!("can't write {}", args.features.display()))?;
    let names = rows.first().context("the table has no pairs")?;
    let header = ["left", "right", "label", "kind"].into_iter();
    writer.write_record(header.chain(names.iter().map(|(name, _)| *name)))?;
    for (pair, features) in pairs.iter().zip(&rows) {
        let label = pair.label.to_string();
        let cells = [
            shown(&pair.left),
            shown(&pair.right),
            label,
            pair.perturbation.clone(),
        ];
        let values = features.iter().map(|(_, value)| format!("{value:.4}"));
        writer.write_record(cells.into_iter().chain(values))?;
    }
    writer.flush()?;
    Ok(())
}

fn beginning(song: &Waveform, secs: f64) -> Result<Waveform> {
    let rate_hz = song.sample_rate_hz();
    let count = (secs * f64::from(rate_hz)).min(song.samples().len() as f64) as usize;
    let samples = song.samples()[..count].to_vec();
    Ok(Waveform::new("beginning", samples, rate_hz)?)
}
