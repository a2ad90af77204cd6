//! Two audio files to a report:
//!
//! ```sh
//! cargo run --release --example compare -- LEFT RIGHT
//! ```

use std::path::Path;

use anyhow::{Context as _, Result};
use soundalike::{Checker, Song};
use soundalike_native::{audio_file, weights};

fn main() -> Result<()> {
    let mut paths = std::env::args_os().skip(1);
    let mut next = || paths.next().context("usage: compare LEFT RIGHT");
    let (left, right) = (next()?, next()?);

    let checker = weights::checker(None)?;
    let left = analysed(&checker, left.as_ref())?;
    let right = analysed(&checker, right.as_ref())?;
    let report = checker.compare(&left, &right, |_stage, _fraction| ());

    println!("score {:.2}: {:?}", report.score, report.verdict);
    for passage in &report.passages {
        println!(
            "left {:6.1} to {:6.1} s plays in right {:6.1} to {:6.1} s, speed {:.3}, {:+.1} semitones",
            passage.left_start_secs,
            passage.left_end_secs,
            passage.right_start_secs,
            passage.right_end_secs,
            passage.speed_ratio,
            passage.pitch_shift_semitones,
        );
    }
    Ok(())
}

fn analysed(checker: &Checker, path: &Path) -> Result<Song> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let waveform = audio_file::decode(path)?;
    let song = pollster::block_on(checker.analyse(&name, waveform, |_stage, _fraction| ()))?;
    Ok(song)
}
