//! Training music as magnitude spectra, from which segments of changed pitch and tempo are read at
//! little cost.
//!
//! A faster copy is read with a larger step between frames; a higher one through a mel filter bank
//! at shifted frequencies. Bins above 1.5 kHz are merged to half a mel band: a third of the memory,
//! and still finer than the bank.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use rayon::prelude::*;
use soundalike::training::{LogMelPlan, corner_frequencies_hz, triangle_weight};
use soundalike::{FeatureConfig, Waveform};

/// Bins below this index, 1.5 kHz, are kept; above it mel bands are wider than bins.
const SINGLE_BINS: usize = 140;
/// Ratio of the positions of neighbouring merged bins: 1.35 %, half a mel band.
const MERGE_RATIO: f64 = 1.0135;

/// Greatest shift of pitch that banks are made for, in semitones, and the steps between them.
pub const MAX_SHIFT_SEMITONES: f32 = 15.0;
const SHIFT_STEP_SEMITONES: f32 = 0.25;

/// One track's magnitude spectra, `[frames, merged bins]`.
pub struct TrackSpectra {
    magnitudes: Vec<f16>,
    bins: usize,
}

/// Filter banks for all shifts of pitch.
pub struct ShiftedMelBanks {
    edges: Vec<usize>,
    banks: Vec<Vec<Band>>,
}

struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

/// First FFT bin of each merged bin, and the end of the last.
fn merged_bin_edges(features: &FeatureConfig) -> Vec<usize> {
    let mut edges: Vec<usize> = (0..SINGLE_BINS).collect();
    let mut position = SINGLE_BINS as f64;
    while (position.round() as usize) < features.fft_bins() {
        edges.push(position.round() as usize);
        position = (position * MERGE_RATIO).max(position + 1.0);
    }
    edges.dedup();
    edges.push(features.fft_bins());
    edges
}

impl ShiftedMelBanks {
    /// Banks for shifts from -15 to 15 semitones.
    pub fn new(features: &FeatureConfig) -> Self {
        let edges = merged_bin_edges(features);
        let steps = (2.0 * MAX_SHIFT_SEMITONES / SHIFT_STEP_SEMITONES) as usize;
        let banks = (0..=steps)
            .into_par_iter()
            .map(|step| {
                let semitones = f64::from(step as f32 * SHIFT_STEP_SEMITONES - MAX_SHIFT_SEMITONES);
                shifted_bank(features, &edges, (semitones / 12.0).exp2())
            })
            .collect();
        Self { edges, banks }
    }

    /// Analyses a track.
    pub fn analyse(&self, plan: &mut LogMelPlan, song: &Waveform) -> TrackSpectra {
        let bins = self.edges.len() - 1;
        let frames = plan.config().frames_in(song.samples().len());
        let mut magnitudes = Vec::with_capacity(frames * bins);
        plan.each_frame_power(song.samples(), |power| {
            magnitudes.extend(
                self.edges
                    .windows(2)
                    .map(|edge| f16::from_f32(power[edge[0]..edge[1]].iter().sum::<f32>().sqrt())),
            );
        });
        TrackSpectra { magnitudes, bins }
    }

    /// Mel power `[frames, mel_bands]` of the segment that a changed copy would have: from frame
    /// `start` on, `tempo_ratio` frames a step, shifted by `semitones`. It interpolates between
    /// frames; before the start and after the end it repeats the outermost frame.
    pub fn mel_power(
        &self,
        track: &TrackSpectra,
        start: f32,
        tempo_ratio: f32,
        semitones: f32,
        frames: usize,
    ) -> Vec<f32> {
        let step = ((semitones.clamp(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES)
            + MAX_SHIFT_SEMITONES)
            / SHIFT_STEP_SEMITONES)
            .round();
        let bank = &self.banks[step as usize];
        let mut mel_power = Vec::with_capacity(frames * bank.len());
        let mut power = vec![0.0; track.bins];
        let (mut before, mut after) = (power.clone(), power.clone());
        let last = (track.frames() - 1) as f32 - 1e-3;
        for frame in 0..frames {
            let position = (start + frame as f32 * tempo_ratio).clamp(0.0, last);
            let (below, fraction) = (position.floor() as usize, position.fract());
            // Whole slices: a conversion value by value would take longer than the rest of the
            // function.
            track.frame(below).convert_to_f32_slice(&mut before);
            track.frame(below + 1).convert_to_f32_slice(&mut after);
            for ((power, a), b) in power.iter_mut().zip(&before).zip(&after) {
                let magnitude = a + (b - a) * fraction;
                *power = magnitude * magnitude;
            }
            mel_power.extend(bank.iter().map(|band| {
                let bins = &power[band.first_bin..band.first_bin + band.weights.len()];
                bins.iter()
                    .zip(&band.weights)
                    .map(|(power, weight)| power * weight)
                    .sum::<f32>()
            }));
        }
        mel_power
    }
}

impl TrackSpectra {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.magnitudes.len() / self.bins
    }

    fn frame(&self, frame: usize) -> &[f16] {
        &self.magnitudes[frame * self.bins..(frame + 1) * self.bins]
    }
}

/// The bank that shows a sound as if all its frequencies were multiplied by `ratio`. A merged bin
/// holds the sum of its bins' power, so its weight is the mean of theirs.
fn shifted_bank(features: &FeatureConfig, edges: &[usize], ratio: f64) -> Vec<Band> {
    let nyquist_hz = f64::from(features.sample_rate_hz) / 2.0;
    let bin_hz = f64::from(features.sample_rate_hz) / features.fft_samples as f64;
    corner_frequencies_hz(features.mel_bands, nyquist_hz)
        .windows(3)
        .map(|corners| {
            let corners = [corners[0], corners[1], corners[2]];
            let mut weights: Vec<f32> = edges
                .windows(2)
                .map(|edge| {
                    let sum: f64 = (edge[0]..edge[1])
                        .map(|bin| triangle_weight(corners, bin as f64 * bin_hz * ratio))
                        .sum();
                    (sum / (edge[1] - edge[0]) as f64) as f32
                })
                .collect();
            if weights.iter().all(|&weight| weight == 0.0) && corners[1] <= nyquist_hz * ratio {
                // After a large upward shift, bins are farther apart than the lowest filters are
                // wide: take the nearest bin.
                let bin = (corners[1] / bin_hz / ratio).round() as usize;
                let merged = edges
                    .partition_point(|&edge| edge <= bin)
                    .clamp(1, weights.len())
                    - 1;
                weights[merged] = (2.0 / (corners[2] - corners[0])) as f32;
            }
            let first_bin = weights.iter().position(|&weight| weight > 0.0).unwrap_or(0);
            let end = weights
                .iter()
                .rposition(|&weight| weight > 0.0)
                .map_or(first_bin, |last| last + 1);
            Band {
                first_bin,
                weights: weights[first_bin..end].to_vec(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tones(hz: &[f32]) -> Waveform {
        let samples = (0..66_150)
            .map(|n| {
                hz.iter()
                    .map(|hz| 0.2 * (std::f32::consts::TAU * hz * n as f32 / 22_050.0).sin())
                    .sum()
            })
            .collect();
        Waveform::new("tones", samples, 22_050).unwrap()
    }

    fn loudest_bands(mel_power: &[f32]) -> usize {
        let frame = &mel_power[60 * 128..61 * 128];
        (0..128)
            .max_by(|&a, &b| frame[a].total_cmp(&frame[b]))
            .unwrap()
    }

    #[test]
    fn without_change_the_bank_equals_the_features() {
        let features = FeatureConfig::default();
        let mut plan = LogMelPlan::new(&features);
        let banks = ShiftedMelBanks::new(&features);
        let song = tones(&[300.0, 1_234.0, 5_000.0]);
        let spectra = banks.analyse(&mut plan, &song);
        let bank = banks.mel_power(&spectra, 20.0, 1.0, 0.0, 60);
        let exact = plan.mel_power(song.samples(), |_| ());
        let (exact, peak) = (
            &exact.power[20 * 128..80 * 128],
            exact.power.iter().copied().fold(0.0, f32::max),
        );
        for (bank, exact) in bank.iter().zip(exact) {
            // Within 1.5 dB, down to 40 dB below the peak.
            assert!(
                *exact < peak * 1e-4 || (10.0 * (bank / exact).log10()).abs() < 1.5,
                "{bank} {exact}"
            );
        }
    }

    #[test]
    fn a_shifted_tone_equals_the_higher_tone() {
        let features = FeatureConfig::default();
        let mut plan = LogMelPlan::new(&features);
        let banks = ShiftedMelBanks::new(&features);
        let spectra = banks.analyse(&mut plan, &tones(&[1_000.0]));
        for semitones in [-12.0, -5.0, 4.0, 12.0] {
            let shifted = banks.mel_power(&spectra, 0.0, 1.0, semitones, 128);
            let higher = banks.analyse(&mut plan, &tones(&[1_000.0 * (semitones / 12.0).exp2()]));
            let higher = banks.mel_power(&higher, 0.0, 1.0, 0.0, 128);
            assert_eq!(
                loudest_bands(&shifted),
                loudest_bands(&higher),
                "{semitones} semitones"
            );
        }
    }
}
