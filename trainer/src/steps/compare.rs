//! `compare`: two audio files to the report of the browser.

use std::path::PathBuf;

use anyhow::Result;
use soundalike::Report;
use soundalike::report::{CompositionEvidence, CompositionReport, MatchedPassage, Verdict};
use soundalike_native::{audio_file, weights};

/// Compare two audio files as the browser does
#[derive(clap::Args)]
pub struct Args {
    /// The left song
    left: PathBuf,
    /// The right song
    right: PathBuf,
    /// The sound track of the left file, if it has several: 1 for its first; without it the default
    /// one
    #[arg(long)]
    left_track: Option<usize>,
    /// The sound track of the right file
    #[arg(long)]
    right_track: Option<usize>,
    /// Print the whole report as JSON
    #[arg(long)]
    json: bool,
    /// Weights to use instead of the shipped ones
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Accepted by every step; comparing has nothing random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let checker = weights::checker(args.weights.as_deref())?;
    let (left, right) = (
        audio_file::analyse_track(&checker, &args.left, args.left_track)?,
        audio_file::analyse_track(&checker, &args.right, args.right_track)?,
    );
    let report = checker.compare(&left, &right, |_, _| ());
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    println!("{}  {}", report.score_text(), report.title());
    for song in [&report.left, &report.right] {
        println!(
            "  {} ({}): {:.0} % matches",
            song.name,
            clock(song.duration_secs),
            100.0 * song.coverage
        );
    }
    for passage in &report.passages {
        let MatchedPassage {
            left_start_secs,
            left_end_secs,
            right_start_secs,
            right_end_secs,
            ..
        } = passage;
        println!(
            "  {}-{} = {}-{}: {:+.1} semitones, {}, {:.0} % of the sound there, \
             score {:.2}",
            clock(*left_start_secs),
            clock(*left_end_secs),
            clock(*right_start_secs),
            clock(*right_end_secs),
            passage.pitch_shift_semitones,
            passage.speed_text(),
            100.0 * passage.share,
            passage.score
        );
    }
    // A copy is not said to have no melody in common.
    if report.verdict == Verdict::Different || !report.composition.passages.is_empty() {
        print_composition(&report.composition);
    }
}

fn print_composition(composition: &CompositionReport) {
    if !composition.comparable {
        println!("No melody or harmony to compare");
        return;
    }
    println!("{:.2}  {}", composition.score, composition.verdict.title());
    for passage in &composition.passages {
        println!(
            "  {}-{} = {}-{}: {}, {:+} semitones, {:.2} times as fast, score {:.2}",
            clock(passage.left_start_secs),
            clock(passage.left_end_secs),
            clock(passage.right_start_secs),
            clock(passage.right_end_secs),
            match passage.evidence {
                CompositionEvidence::Melody => "melody",
                CompositionEvidence::Harmony => "harmony",
                CompositionEvidence::Both => "melody and harmony",
            },
            passage.transposition_semitones,
            passage.speed_ratio,
            passage.score
        );
    }
}

fn clock(secs: f64) -> String {
    let secs = secs.round() as u64;
    format!("{}:{:02}", secs / 60, secs % 60)
}
