//! Songs in a mix: whole songs of held-out tracks under other music, in samples, stems, edits and
//! clips, and the score of the passages that `evaluate --songs` found in them.
//!
//! `songs.csv` is the table for `evaluate --songs`. Its column `perturbation` is the name of the
//! row: the change of the copy, or for other music `negative-` and the sort. `truth.csv` has the
//! true passages of every positive pair as JSON.
//!
//! | module | content |
//! |---|---|
//! | [`make`] | the pairs of all rows as files |
//! | [`plan`] | where they go, which rows are made, and the random numbers of each |
//! | [`score`], [`accuracy`] | the passages that were found, against the truth |
//! | [`lines`] | the evidence of spectral peaks in every pair |
//! | [`meetings`] | where every pair may meet under other music, and on what faint lines |
//! | [`rows`] | the changes of songs, a table of functions for each kind |
//! | [`stems`] | rendered pieces of music as lead and backing |
//! | [`negatives`], [`bad_inputs`] | pairs of other music, and of no music |
//! | [`scene`], [`studio`] | the inputs of one change, and those that all changes share |
//! | [`originals`], [`places`] | excerpts of the tracks of a split, and places in them |
//! | [`take`] | a sound and the passages of the original in it |
//! | [`sounds`] | drum patterns by a synthesiser; pitch, tempo and speed by the tools of the split |

mod accuracy;
mod bad_inputs;
mod lines;
mod make;
mod meetings;
mod negatives;
mod originals;
mod places;
mod plan;
mod rows;
mod scene;
mod score;
mod sounds;
mod stems;
mod studio;
mod take;

use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::tracks::Split;
use sounds::stretch::Stretcher;

/// Sample rate of the songs, in Hz: the model's.
const RATE_HZ: u32 = 22_050;

/// Make songs in a mix, and score the passages that `evaluate --songs` found in them
#[derive(clap::Subcommand)]
pub enum Step {
    /// Make songs.csv, truth.csv and the audio
    Make(MakeArgs),
    /// Compare the scores and passages with the truth, row by row
    Score(ScoreArgs),
    /// Write the evidence of the strongest line of spectral peaks of every pair
    Lines(LinesArgs),
    /// Write the places where every pair may meet under other music, and which of them are true
    Meetings(MeetingsArgs),
    /// Write the lines of spectral peaks that are no passages alone, and which of them are true
    FaintLines(MeetingsArgs),
}

#[derive(clap::Args)]
pub struct MakeArgs {
    /// Table of splits, such as trainer/splits.csv
    #[arg(long)]
    splits: PathBuf,
    /// Folder of the packages' music, as `fetch_music.sh` writes it
    #[arg(long)]
    originals: PathBuf,
    /// Split whose tracks are taken; constants are fitted on those of validation
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Tool that changes pitch and tempo; training uses signalsmith
    #[arg(long, value_enum, default_value_t = Stretcher::Rubberband)]
    stretch: Stretcher,
    /// SoundFont 2 that plays drums and stems
    #[arg(long)]
    soundfont: PathBuf,
    /// Folder of POP909's MIDI files for the rows of stems, which are left out without it. Every
    /// second piece is for the test, the others for validation
    #[arg(long)]
    midi: Option<PathBuf>,
    /// Folder of recorded speech (`make_speech.sh`) in place of the test set's own sentences
    #[arg(long)]
    speech: Option<PathBuf>,
    /// Folder for the tables and their audio; made if need be
    #[arg(long)]
    out: PathBuf,
    /// The same seed gives the same songs, also where `--rows` selects some
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Songs in each positive row, if the split has as many
    #[arg(long, default_value_t = 25)]
    songs_per_row: usize,
    /// Pairs of unrelated songs at most
    #[arg(long, default_value_t = 2_000)]
    unrelated: usize,
    /// Length of a song at most; longer tracks are cut, so that the files stay small
    #[arg(long, default_value_t = 120.0)]
    longest_secs: f64,
    /// Makes only the rows whose names begin with one of these
    #[arg(long, num_args = 1..)]
    rows: Vec<String>,
}

#[derive(clap::Args)]
pub struct ScoreArgs {
    /// Folder that `make` wrote
    #[arg(long)]
    exam: PathBuf,
    /// scores.csv of `evaluate --songs`
    #[arg(long)]
    scores: PathBuf,
    /// File for the table as CSV
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct LinesArgs {
    /// Folder that `make` wrote
    #[arg(long)]
    exam: PathBuf,
    /// File for the table as CSV
    #[arg(long)]
    out: PathBuf,
}

#[derive(clap::Args)]
pub struct MeetingsArgs {
    /// Folder that `make` wrote
    #[arg(long)]
    exam: PathBuf,
    /// File for the table as CSV
    #[arg(long)]
    out: PathBuf,
}

/// A row of `truth.csv`.
#[derive(Debug, Serialize, Deserialize)]
struct Truth {
    left: String,
    right: String,
    /// Name of the row.
    perturbation: String,
    /// JSON: an array of [`take::Passage`].
    passages: String,
}

/// Runs a step.
pub fn run(step: &Step) -> Result<()> {
    match step {
        Step::Make(args) => make::run(args),
        Step::Score(args) => score::run(args),
        Step::Lines(args) => lines::run(args),
        Step::Meetings(args) => meetings::run(args),
        Step::FaintLines(args) => meetings::run_faint_lines(args),
    }
}
