//! By how many semitones one passage is higher than another: cross-correlation along log frequency.
//!
//! Above 1 kHz mel bands are evenly spaced in the logarithm of frequency, 0.46 semitones apart, so that another pitch moves a spectrum by whole bands.

use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::mel::corner_frequencies_hz;
use crate::spectrogram::MelSpectrogram;

/// Frames averaged into one column of a profile: 0.19 s, about an eighth note.
const FRAMES_PER_COLUMN: usize = 8;
/// Bands on each side over which a spectrum's envelope is averaged before it is taken away, so that partials count and timbre doesn't.
const ENVELOPE_BANDS: usize = 6;
/// Greatest shift looked for, in semitones, either way.
const MAX_SEMITONES: f64 = 13.0;

/// The fine structure of a song's spectrum over log frequency: shape `[columns, bands]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PitchProfile {
    bands: usize,
    values: Vec<f32>,
    columns_per_sec: f64,
    semitones_per_band: f64,
}

impl PitchProfile {
    /// The profile of a song's mel power.
    #[must_use]
    pub fn new(mel: &MelSpectrogram, config: &FeatureConfig) -> Self {
        let corners_hz =
            corner_frequencies_hz(config.mel_bands, f64::from(config.sample_rate_hz) / 2.0);
        let first_band = corners_hz[1..]
            .iter()
            .position(|&centre_hz| centre_hz >= 1_000.0)
            .unwrap_or(0);
        let bands = config.mel_bands - first_band;
        let semitones_per_band =
            12.0 * (corners_hz[first_band + 2] / corners_hz[first_band + 1]).log2();
        let mut values = Vec::with_capacity(mel.frames() / FRAMES_PER_COLUMN * bands);
        for frames in mel.power.chunks(FRAMES_PER_COLUMN * mel.mel_bands) {
            let column: Vec<f32> = (first_band..config.mel_bands)
                .map(|band| {
                    let power: f32 = frames
                        .chunks_exact(mel.mel_bands)
                        .map(|frame| frame[band])
                        .sum();
                    power.max(config.power_floor).ln()
                })
                .collect();
            values.extend(without_envelope(&column));
        }
        let columns_per_sec = 1.0 / (config.frame_hop_secs() * FRAMES_PER_COLUMN as f64);
        Self {
            bands,
            values,
            columns_per_sec,
            semitones_per_band,
        }
    }

    fn column_at(&self, secs: f64) -> Option<&[f32]> {
        let column = (secs * self.columns_per_sec) as usize;
        self.values
            .get(column * self.bands..(column + 1) * self.bands)
    }

    /// How many semitones higher the right passage is than the left. The passages are `(start, end)` in seconds and are aligned by stretching one onto the other.
    #[must_use]
    pub fn semitones_to(&self, right: &Self, left_secs: (f64, f64), right_secs: (f64, f64)) -> f64 {
        let most = ((MAX_SEMITONES / self.semitones_per_band) as usize)
            .min(self.bands - 2 * ENVELOPE_BANDS);
        let mut correlations = vec![0.0_f64; 2 * most + 1];
        let columns = ((left_secs.1 - left_secs.0) * self.columns_per_sec).max(1.0) as usize;
        for column in 0..columns {
            let part = (column as f64 + 0.5) / columns as f64;
            let at = |(start, end): (f64, f64)| start + part * (end - start);
            let (Some(left), Some(right)) = (
                self.column_at(at(left_secs)),
                right.column_at(at(right_secs)),
            ) else {
                continue;
            };
            for (index, correlation) in correlations.iter_mut().enumerate() {
                *correlation +=
                    f64::from(correlation_at(left, right, index as isize - most as isize));
            }
        }
        let best = (0..correlations.len())
            .max_by(|&a, &b| correlations[a].total_cmp(&correlations[b]))
            .unwrap_or(most);
        (best as f64 - most as f64 + vertex(&correlations, best)) * self.semitones_per_band
    }
}

/// Correlation coefficient of `left[b]` and `right[b + shift]` over the bands that both have.
fn correlation_at(left: &[f32], right: &[f32], shift: isize) -> f32 {
    let (left, right) = if shift >= 0 {
        (
            &left[..left.len() - shift as usize],
            &right[shift as usize..],
        )
    } else {
        (
            &left[shift.unsigned_abs()..],
            &right[..right.len() - shift.unsigned_abs()],
        )
    };
    let (mut product, mut left_square, mut right_square) = (0.0, 0.0, 0.0);
    for (left, right) in left.iter().zip(right) {
        product += left * right;
        left_square += left * left;
        right_square += right * right;
    }
    product / (left_square * right_square).sqrt().max(f32::MIN_POSITIVE)
}

/// Offset of a parabola's vertex from the middle of three neighbouring values, within half a step.
fn vertex(values: &[f64], middle: usize) -> f64 {
    let (Some(&after), Some(&before)) = (
        values.get(middle + 1),
        middle.checked_sub(1).and_then(|before| values.get(before)),
    ) else {
        return 0.0;
    };
    let curvature = before - 2.0 * values[middle] + after;
    if curvature < 0.0 {
        (0.5 * (before - after) / curvature).clamp(-0.5, 0.5)
    } else {
        0.0
    }
}

fn without_envelope(column: &[f32]) -> impl Iterator<Item = f32> {
    (0..column.len()).map(|band| {
        let near = &column
            [band.saturating_sub(ENVELOPE_BANDS)..(band + ENVELOPE_BANDS + 1).min(column.len())];
        column[band] - near.iter().sum::<f32>() / near.len() as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spectrogram::LogMelPlan;

    /// Notes of a scale with eight partials, transposed and played faster.
    fn melody(semitones: f64, speed: f64) -> PitchProfile {
        let config = FeatureConfig::default();
        let samples: Vec<f32> = (0..(8.0 / speed * 22_050.0) as usize)
            .map(|n| {
                let secs = n as f64 / 22_050.0;
                let note = [0.0, 4.0, 7.0, 2.0, 5.0, 9.0, 11.0, 12.0][(secs * speed) as usize % 8];
                let hz = 330.0 * ((note + semitones) / 12.0).exp2();
                (1..=8)
                    .map(|k| {
                        (std::f64::consts::TAU * hz * f64::from(k) * secs).sin() / f64::from(k)
                    })
                    .sum::<f64>() as f32
            })
            .collect();
        PitchProfile::new(
            &LogMelPlan::new(&config).mel_power(&samples, |_| ()),
            &config,
        )
    }

    #[test]
    fn transposition_is_measured_to_a_quarter_semitone() {
        let original = melody(0.0, 1.0);
        for semitones in [-7.0, -2.0, -1.0, 0.0, 0.5, 1.0, 3.0, 5.0] {
            for speed in [0.8, 1.0, 1.25] {
                let changed = melody(semitones, speed);
                let measured = original.semitones_to(&changed, (0.0, 8.0), (0.0, 8.0 / speed));
                assert!(
                    (measured - semitones).abs() < 0.25,
                    "{semitones} semitones at speed {speed}: {measured}"
                );
            }
        }
    }

    #[test]
    fn passages_beyond_the_end_are_no_panic() {
        let original = melody(0.0, 1.0);
        assert!(
            original
                .semitones_to(&original, (7.0, 30.0), (50.0, 60.0))
                .is_finite()
        );
    }
}
