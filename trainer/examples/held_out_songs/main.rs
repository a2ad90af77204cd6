//! Makes pairs of whole songs from held-out tracks, modified by other tools than training uses, and scores what `evaluate --songs` found in them.
//!
//! ```text
//! cargo run --release -p soundalike-trainer --example held_out_songs -- make --manifest PAIRS/manifest.json --originals MUSIC --out EXAM
//! cargo run --release -p soundalike-trainer -- evaluate --songs EXAM/songs.csv --out REPORT
//! cargo run --release -p soundalike-trainer --example held_out_songs -- score --exam EXAM --scores REPORT/scores.csv
//! ```
//!
//! A quarter of the pairs are a song and a modified copy of the whole of it, a quarter a song and another one in which 10 s of the first are hidden,
//! a semitone higher; half are a song and such a copy or host of unrelated songs. `songs.csv` is the table for `evaluate --songs`;
//! `truth.csv` says where the music of a right song comes from and how it was changed.

// Each example uses its part of what they share.
#[expect(
    dead_code,
    reason = "shared with held_out_pairs, which uses more of it"
)]
#[path = "../held_out/mod.rs"]
mod held_out;
mod make;
mod score;

use std::path::PathBuf;

use clap::Parser;
use serde::{Deserialize, Serialize};

/// Makes pairs of whole songs from held-out tracks, and scores what `evaluate --songs` found in them.
#[derive(Parser)]
enum Step {
    /// Make songs.csv, truth.csv and the audio
    Make {
        /// manifest.json of the trainer's `pairs` step
        #[arg(long)]
        manifest: PathBuf,
        /// Folder of the songs as they were before `decode`, so that stereo and treble take part in the examination
        #[arg(long)]
        originals: Option<PathBuf>,
        /// Folder for the tables and their audio; made if need be
        #[arg(long)]
        out: PathBuf,
        /// Pairs, half of them unrelated
        #[arg(long, default_value_t = 200)]
        count: usize,
        /// The same seed gives the same pairs
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Compare the passages that were found with the truth
    Score {
        /// Folder that `make` wrote
        #[arg(long)]
        exam: PathBuf,
        /// scores.csv of `evaluate --songs`
        #[arg(long)]
        scores: PathBuf,
    },
}

/// A row of `songs.csv`.
#[derive(Serialize)]
struct Pair {
    left: String,
    right: String,
    label: u8,
    perturbation: String,
}

/// A row of `truth.csv`: which stretch of the left song is which stretch of the right one, in a positive pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Truth {
    left: String,
    right: String,
    /// Whether the stretch is a whole song rather than a hidden passage.
    whole: bool,
    left_start_secs: f64,
    left_end_secs: f64,
    right_start_secs: f64,
    right_end_secs: f64,
    /// How much faster the right one plays.
    speed_ratio: f64,
    /// How much higher it is.
    pitch_shift_semitones: f64,
}

fn main() -> std::process::ExitCode {
    held_out::report(match Step::parse() {
        Step::Make {
            manifest,
            originals,
            out,
            count,
            seed,
        } => make::run(&manifest, originals.as_deref(), &out, count, seed),
        Step::Score { exam, scores } => score::run(&exam, &scores),
    })
}
