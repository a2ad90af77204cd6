//! Two audio files to a report:
//!
//! ```sh
//! cargo run --release -p soundalike-native --example compare -- LEFT RIGHT
//! ```

use anyhow::{Context as _, Result};
use soundalike_native::{audio_file, weights};

fn main() -> Result<()> {
    let mut paths = std::env::args_os().skip(1);
    let mut next = || paths.next().context("usage: compare LEFT RIGHT");
    let (left, right) = (next()?, next()?);

    let checker = weights::checker(None)?;
    let left = audio_file::analyse(&checker, left.as_ref())?;
    let right = audio_file::analyse(&checker, right.as_ref())?;
    let report = checker.compare(&left, &right, |_stage, _fraction| ());

    println!("score {}: {}", report.score_text(), report.title());
    for passage in &report.passages {
        println!(
            "left {:6.1} to {:6.1} s plays in right {:6.1} to {:6.1} s, speed {:.3}, {:+.1} semitones, \
             {:.0} % of the sound there",
            passage.left_start_secs,
            passage.left_end_secs,
            passage.right_start_secs,
            passage.right_end_secs,
            passage.speed_ratio,
            passage.pitch_shift_semitones,
            100.0 * passage.share,
        );
    }
    Ok(())
}
