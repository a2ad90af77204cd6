//! `clip-meetings`: what is measured where two clips meet, for the fit of
//! `src/recording/clips/score.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rayon::prelude::*;
use serde::Serialize;
use soundalike::Song;
use soundalike::training::clip_meeting;
use soundalike_native::{audio_file, progress, weights};
use soundalike_tables::pair_table::{self, Pair};

use crate::partial_success::PartialSuccess;

/// Measure pairs of whole clips that no line joins, for fit_clip_score.py
#[derive(clap::Args)]
pub struct Args {
    /// Table of clips of less than 7 seconds: left,right,label,perturbation
    #[arg(long)]
    pairs: PathBuf,
    /// Table to write
    #[arg(long)]
    out: PathBuf,
    /// Weights to use instead of the shipped ones
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Accepted by every step; measuring has nothing random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A row of the table.
#[derive(Serialize)]
struct Row<'a> {
    left: &'a Path,
    right: &'a Path,
    label: u8,
    perturbation: &'a str,
    /// By the shipped constants.
    score: f32,
    logit: f32,
    correlation: f64,
    prominence: f64,
    evidence: f32,
    spread: f64,
    speed: f64,
}

pub fn run(args: &Args) -> Result<()> {
    let pairs = pair_table::read(&args.pairs)?;
    let checker = weights::checker(args.weights.as_deref())?;
    let songs = analysed(&pairs, |path| audio_file::analyse(&checker, path));
    let rows: Vec<_> = pairs
        .par_iter()
        .filter_map(|pair| {
            let [left, right] = [&pair.left, &pair.right].map(|path| songs.get(path.as_path()));
            let meeting = clip_meeting(checker.model(), [left?, right?])?;
            let alignment = &meeting.alignment;
            Some(Row {
                left: &pair.left,
                right: &pair.right,
                label: pair.label,
                perturbation: &pair.perturbation,
                score: meeting.score(),
                logit: meeting.logit,
                correlation: alignment.correlation,
                prominence: alignment.prominence,
                evidence: meeting.evidence,
                spread: alignment.spread,
                speed: alignment.map.slope,
            })
        })
        .collect();
    if rows.is_empty() {
        bail!(
            "none of these {} pairs are clips that no line joins",
            pairs.len()
        );
    }
    write(&args.out, &rows).with_context(|| format!("can't write {}", args.out.display()))?;
    println!(
        "{} of {} pairs are clips that no line joins",
        rows.len(),
        pairs.len()
    );
    let files: BTreeSet<&Path> = paths_of(&pairs).collect();
    let unread = files.len() - songs.len();
    PartialSuccess::unless_none(
        &[(
            unread,
            &format!("of {} files can't be compared", files.len()),
        )],
        "all pairs of the others were measured",
    )
}

fn paths_of(pairs: &[Pair]) -> impl Iterator<Item = &Path> {
    pairs
        .iter()
        .flat_map(|pair| [pair.left.as_path(), pair.right.as_path()])
}

/// The songs that can be analysed. The others are named.
fn analysed(
    pairs: &[Pair],
    analyse: impl Fn(&Path) -> Result<Song> + Sync,
) -> BTreeMap<&Path, Song> {
    let files: BTreeSet<&Path> = paths_of(pairs).collect();
    let bar = progress::bar(files.len(), "analyse");
    let songs = files.into_par_iter().filter_map(|path| {
        let song = analyse(path);
        bar.inc(1);
        let song =
            song.inspect_err(|error| bar.suspend(|| eprintln!("{}: {error:#}", path.display())));
        Some((path, song.ok()?))
    });
    let songs = songs.collect();
    bar.finish();
    songs
}

fn write(path: &Path, rows: &[Row<'_>]) -> Result<()> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(fs::write(path, writer.into_inner()?)?)
}
