//! Possible starts of passages in a file.

use std::path::Path;

use anyhow::{Result, bail};
use soundalike::FeatureConfig;
use soundalike_native::audio_file;

/// Greatest misalignment of the two passages of a copy, in seconds. The test set has the same in
/// code of its own, so that it doesn't change with the training data.
pub const MISALIGNMENT_SECS: f64 = 0.5;
/// Passages start on this grid.
pub const START_GRID_SECS: f64 = 0.25;
/// A passage must be at least this loud (RMS, full scale = 1): -46 dB.
const QUIETEST_RMS: f32 = 0.005;

/// Possible starts of passages in seconds: loud enough, with music around them for the misalignment
/// and for a slower or faster copy.
///
/// # Errors
///
/// When the file can't be decoded, or has no such place.
pub fn starts_secs(path: &Path) -> Result<Vec<f64>> {
    let features = FeatureConfig::default();
    // At the file's own rate: resampling takes longer than the rest of the function.
    let song = audio_file::decode(path)?;
    let rate_hz = f64::from(song.sample_rate_hz());
    let passage_samples = (features.segment_secs() * rate_hz).round() as usize;
    let last_secs = song.duration_secs() - features.segment_secs() - MISALIGNMENT_SECS;
    // Running sums of energy: the loudness of any passage is the difference of two.
    let energies: Vec<f64> = std::iter::once(0.0)
        .chain(song.samples().iter().scan(0.0, |sum, &sample| {
            *sum += f64::from(sample) * f64::from(sample);
            Some(*sum)
        }))
        .collect();
    let least = f64::from(QUIETEST_RMS).powi(2) * passage_samples as f64;
    let mut starts = Vec::new();
    let mut start_secs = MISALIGNMENT_SECS;
    while start_secs <= last_secs {
        let first = (start_secs * rate_hz) as usize;
        if energies[first + passage_samples] - energies[first] >= least {
            starts.push(start_secs);
        }
        start_secs += START_GRID_SECS;
    }
    if starts.is_empty() {
        bail!(
            "{} is silent or shorter than {:.0} s",
            path.display(),
            features.segment_secs() + 2.0 * MISALIGNMENT_SECS
        );
    }
    Ok(starts)
}
