//! Makes the test sets for the weights from held-out tracks, modified by other tools than training
//! uses.
//!
//! ```sh
//! trainer="cargo run --release -p soundalike-trainer"
//!
//! $trainer --example held_out -- pairs --manifest PAIRS/manifest.json --originals MUSIC --out EXAM
//! $trainer -- evaluate --pairs EXAM/pairs.csv --out REPORT
//!
//! $trainer --example held_out -- songs make --manifest PAIRS/manifest.json --originals MUSIC \
//!   --out SONGS
//! $trainer -- evaluate --songs SONGS/songs.csv --out REPORT-SONGS
//! $trainer --example held_out -- songs score --exam SONGS --scores REPORT-SONGS/scores.csv
//!
//! $trainer --example held_out -- mixes make --splits trainer/splits.csv --originals MUSIC \
//!   --soundfont FluidR3_GM.sf2 --midi POP909 --out MIXES
//! $trainer -- evaluate --songs MIXES/songs.csv --out REPORT-MIXES
//! $trainer --example held_out -- mixes score --exam MIXES --scores REPORT-MIXES/scores.csv
//! ```
//!
//! | module | content |
//! |---|---|
//! | [`pairs`] | pairs of passages of 3 s, for `evaluate --pairs` |
//! | [`songs`] | pairs of whole songs, for `evaluate --songs`, and the score of the passages found in them |
//! | [`mixes`] | songs in a mix: under other music, in samples, stems, edits and clips |
//! | [`song_tables`] | the tables of pairs of whole songs |
//! | [`tracks`], [`places`] | the held-out tracks, and loud places in them |
//! | [`modification`] | the modifications and the names of their strengths |
//! | [`rendition`], [`encoding`] | modifications made by the tools, and files made by codecs |
//! | [`overlays`] | noise, speech and music to lay over passages |
//! | [`sound`], [`processing`], [`tools`] | audio in memory between two tools, and their command lines |

mod encoding;
mod mixes;
mod modification;
mod overlays;
mod pairs;
mod places;
mod processing;
mod rendition;
mod song_tables;
mod songs;
mod sound;
mod tools;
mod tracks;

use clap::Parser as _;

/// Makes test sets from held-out tracks, modified by other tools than training uses.
#[derive(clap::Parser)]
enum Step {
    Pairs(pairs::Args),
    #[command(subcommand)]
    Songs(songs::Step),
    #[command(subcommand)]
    Mixes(mixes::Step),
}

fn main() -> std::process::ExitCode {
    let outcome = match Step::parse() {
        Step::Pairs(args) => pairs::run(&args),
        Step::Songs(step) => songs::run(&step),
        Step::Mixes(step) => mixes::run(&step),
    };
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
