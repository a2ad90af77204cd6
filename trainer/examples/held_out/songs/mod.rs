//! Pairs of whole songs from held-out tracks, and the score of the passages that `evaluate --songs`
//! found in them.
//!
//! | share | pair |
//! |---|---|
//! | 1/4 | a song and a modified copy of the whole of it |
//! | 1/4 | a song and another one in which 10 s of the first are hidden, a semitone higher |
//! | 1/2 | a song and such a copy or host of unrelated songs |
//!
//! `songs.csv` is the table for `evaluate --songs`; `truth.csv` has the source of the music in each
//! right song and its modification.

mod make;
mod score;

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// Make pairs of whole songs, and score the passages that `evaluate --songs` found in them
#[derive(clap::Subcommand)]
pub enum Step {
    /// Make songs.csv, truth.csv and the audio
    Make {
        /// manifest.json of the trainer's `pairs` step
        #[arg(long)]
        manifest: PathBuf,
        /// Folder of the songs as they were before `decode`, so that stereo and treble take part in
        /// the test
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

/// A row of `truth.csv`: the matching parts of the left and the right song of a positive pair.
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
    /// Speed of the right song relative to the left one.
    speed_ratio: f64,
    /// Pitch relative to the original.
    pitch_shift_semitones: f64,
}

/// Runs one of the two steps.
pub fn run(step: &Step) -> Result<()> {
    match step {
        Step::Make {
            manifest,
            originals,
            out,
            count,
            seed,
        } => make::run(manifest, originals.as_deref(), out, *count, *seed),
        Step::Score { exam, scores } => score::run(exam, scores),
    }
}
