//! `search`: the songs that a song copies, with the report of each.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use soundalike::{MatchedPassage, Verdict};
use soundalike_native::{audio_file, weights};

use super::Outcome;
use crate::search::{Answer, Compared, search};
use crate::store::Catalogue;

/// Search catalogues for the songs that a song copies
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Audio files
    #[arg(required = true)]
    songs: Vec<PathBuf>,
    /// The catalogue's folder; may be given several times
    #[arg(long = "in", value_name = "FOLDER", required = true)]
    catalogues: Vec<PathBuf>,
    /// Most songs that are compared with a song
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    top: u16,
    /// Print a JSON object a song, {"query", "candidates": [{"id", "name", "report"}]}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let checker = weights::checker(weights)?;
    let mut catalogues = Vec::new();
    let mut count = 0;
    for folder in &args.catalogues {
        let catalogue = Catalogue::open(folder, checker.model())?;
        let songs = catalogue.size()?.songs;
        ensure!(
            songs > 0,
            "{0} has no songs yet: `soundalike-catalogue add FILES --to {0}` adds some",
            folder.display()
        );
        count += songs;
        catalogues.push(catalogue);
    }
    let mut is_done = true;
    for path in &args.songs {
        let song = match audio_file::analyse(&checker, path) {
            Ok(song) => song,
            Err(error) if args.songs.len() > 1 => {
                eprintln!("skipped: {error:#}");
                is_done = false;
                continue;
            }
            Err(error) => return Err(error),
        };
        let answer = search(&catalogues, &checker, &song, usize::from(args.top))?;
        for Compared { id, name, .. } in answer.candidates.iter().filter(|one| one.report.is_none())
        {
            eprintln!(
                "skipped: {name} ({id}) is damaged in the catalogue: remove it and add it again"
            );
            is_done = false;
        }
        if args.json {
            println!("{}", serde_json::to_string(&answer)?);
        } else {
            print(&answer, count);
        }
    }
    Ok(Outcome::of(is_done))
}

fn print(answer: &Answer, songs: usize) {
    let reports = answer
        .candidates
        .iter()
        .filter_map(|one| Some((one, one.report.as_ref()?)));
    let found: Vec<_> = reports
        .filter(|(_, report)| report.verdict != Verdict::Different)
        .collect();
    println!(
        "{}: {} of {songs} songs match ({} compared)",
        answer.query,
        found.len(),
        answer.candidates.len()
    );
    for (one, report) in found {
        println!(
            "  {}  {}: {} ({})",
            report.score_text(),
            report.verdict.title(),
            one.name,
            one.id
        );
        for passage in &report.passages {
            println!("    {}", line(passage));
        }
    }
}

fn line(passage: &MatchedPassage) -> String {
    format!(
        "{}-{} = {}-{} of it: {:+.1} semitones, {:.2} times as fast",
        clock(passage.left_start_secs),
        clock(passage.left_end_secs),
        clock(passage.right_start_secs),
        clock(passage.right_end_secs),
        passage.pitch_shift_semitones,
        passage.speed_ratio
    )
}

fn clock(secs: f64) -> String {
    let secs = secs.round() as u64;
    format!("{}:{:02}", secs / 60, secs % 60)
}
