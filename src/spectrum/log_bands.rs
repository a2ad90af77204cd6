//! Decibels on a logarithmic frequency axis: two bands a semitone, in which a transposition is a
//! shift and single partials stand apart.
//!
//! The frames are twice as long as those of the [mel spectrogram](crate::spectrum::log_mel): notes
//! a semitone apart are separate from 90 Hz up instead of 180 Hz.

use crate::config::FeatureConfig;
use crate::spectrum::lanes::{LANES, Lanes};
use crate::spectrum::log_mel::decibels;
use crate::spectrum::stft::Stft;

/// Bands per octave.
pub const BANDS_PER_OCTAVE: usize = 24;
/// Number of bands, over six octaves.
pub const BANDS: usize = 6 * BANDS_PER_OCTAVE;
/// Centre of the lowest band, in Hz: the note A2. The highest band is at 6.8 kHz.
const LOWEST_HZ: f64 = 110.0;
/// Length of a frame and distance of two frames, in those of the mel spectrogram.
const FRAME_FACTOR: usize = 2;

/// Level of every band in every frame.
#[derive(Clone, Debug)]
pub struct LogBands {
    /// Decibels, shape `[frames, BANDS]`, frame by frame.
    pub db: Vec<f32>,
    /// Number of frames.
    pub frames: usize,
}

/// A triangular filter over the bins of an FFT.
#[derive(Debug)]
struct Filter {
    first_bin: usize,
    weights: Vec<f32>,
}

/// Distance between two frames in seconds: 46 ms.
#[must_use]
pub fn frame_secs(config: &FeatureConfig) -> f64 {
    FRAME_FACTOR as f64 * config.frame_hop_secs()
}

impl LogBands {
    /// The bands of `samples`, mono at the configured rate.
    #[must_use]
    pub fn new(samples: &[f32], config: &FeatureConfig) -> Self {
        let fft_samples = FRAME_FACTOR * config.fft_samples;
        let mut stft = Stft::new(fft_samples, FRAME_FACTOR * config.hop_samples);
        let frames = stft.frames_in(samples.len());
        let filters = filters(f64::from(config.sample_rate_hz) / fft_samples as f64);
        let mut db = vec![0.0; frames * BANDS];
        for (group, values) in db.chunks_mut(LANES * BANDS).enumerate() {
            let power = stft.four_frames(samples, group * LANES);
            for (band, filter) in filters.iter().enumerate() {
                let sum = filter.apply(power).values();
                for (frame, value) in values.chunks_exact_mut(BANDS).zip(sum) {
                    frame[band] = decibels(value.max(config.power_floor));
                }
            }
        }
        Self { db, frames }
    }

    /// The bands of a frame.
    #[must_use]
    pub fn frame(&self, frame: usize) -> &[f32] {
        &self.db[frame * BANDS..(frame + 1) * BANDS]
    }
}

impl Filter {
    fn apply(&self, power: &[Lanes]) -> Lanes {
        let mut sum = Lanes::all(0.0);
        for (&weight, &power) in self.weights.iter().zip(&power[self.first_bin..]) {
            sum = sum + power * weight;
        }
        sum
    }
}

/// A filter for each band, as high as its neighbours' centres are far, of unit sum. Where bands are
/// narrower than the bins, the power is interpolated between the two nearest bins.
fn filters(bin_hz: f64) -> Vec<Filter> {
    let step = libm::exp2(1.0 / BANDS_PER_OCTAVE as f64);
    (0..BANDS)
        .map(|band| {
            let centre = LOWEST_HZ * libm::exp2(band as f64 / BANDS_PER_OCTAVE as f64);
            let (low, high) = (centre / step, centre * step);
            let weight = |bin: usize| {
                let hz = bin as f64 * bin_hz;
                ((hz - low) / (centre - low))
                    .min((high - hz) / (high - centre))
                    .max(0.0)
            };
            let (first_bin, last_bin) = ((low / bin_hz) as usize, (high / bin_hz) as usize);
            let sum: f64 = (first_bin..=last_bin).map(weight).sum();
            // Bands as wide as a bin are less than half covered where no bin is near their centre.
            if sum < 0.5 {
                let below = (centre / bin_hz) as usize;
                let part = (centre / bin_hz - below as f64) as f32;
                return Filter {
                    first_bin: below,
                    weights: vec![1.0 - part, part],
                };
            }
            Filter {
                first_bin,
                weights: (first_bin..=last_bin)
                    .map(|bin| (weight(bin) / sum) as f32)
                    .collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loudest_band(hz: f64) -> usize {
        let samples: Vec<f32> = (0..22_050)
            .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 22_050.0).sin() as f32)
            .collect();
        let bands = LogBands::new(&samples, &FeatureConfig::default());
        let frame = bands.frame(bands.frames / 2);
        (0..BANDS)
            .max_by(|&a, &b| frame[a].total_cmp(&frame[b]))
            .unwrap()
    }

    #[test]
    fn a_semitone_is_two_bands() {
        for semitones in [0, 5, 12, 31, 60, 71] {
            let hz = LOWEST_HZ * (f64::from(semitones) / 12.0).exp2();
            assert_eq!(loudest_band(hz), 2 * semitones as usize, "{hz} Hz");
        }
    }

    #[test]
    fn filters_have_unit_sum() {
        let filters = filters(22_050.0 / 4_096.0);
        assert_eq!(filters.len(), BANDS);
        for filter in filters {
            let sum: f32 = filter.weights.iter().sum();
            assert!(
                (sum - 1.0).abs() < 1e-6 && filter.first_bin > 0,
                "{filter:?}"
            );
        }
    }

    #[test]
    fn a_tone_of_full_scale_in_one_band_has_the_same_level_in_every_octave() {
        let level = |hz: f64| {
            let samples: Vec<f32> = (0..22_050)
                .map(|n| (std::f64::consts::TAU * hz * f64::from(n) / 22_050.0).sin() as f32)
                .collect();
            let bands = LogBands::new(&samples, &FeatureConfig::default());
            bands.frame(10).iter().copied().fold(f32::MIN, f32::max)
        };
        // A wide filter averages over more bins than the tone fills.
        let (low, high) = (level(220.0), level(3_520.0));
        assert!(low > high && low - high < 15.0, "{low} {high}");
        assert!((50.0..65.0).contains(&low), "{low}");
    }
}
