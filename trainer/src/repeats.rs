//! Music repeats itself: two passages of one track may be the same notes again. Then they are no negatives, whatever the clock says.

use rayon::prelude::*;
use soundalike::spectrogram::decibels;

/// Correlation from which two passages count as repeats of one another. Among passages of different tracks of one album it stays below 0.42; a repeated bar reaches 0.5 to 1.
const LEAST_CORRELATION: f32 = 0.45;
/// Every second band and every second lag tell as much as all of them.
const BAND_STEP: usize = 2;
const LAG_STEP: usize = 2;
/// Below its maximum a passage is empty by this many dB.
const RANGE_DB: f32 = 60.0;

/// A passage with some music before and after it, as seen by [`repeats`].
pub struct Surroundings {
    bands: usize,
    /// `[bands, frames]` in dB.
    db: Vec<f32>,
    frames: usize,
}

impl Surroundings {
    /// From mel power `[frames, mel_bands]`.
    pub fn new(power: &[f32], mel_bands: usize) -> Self {
        let frames = power.len() / mel_bands;
        let bands = mel_bands.div_ceil(BAND_STEP);
        let maximum = power.iter().copied().fold(1e-20, f32::max);
        let floor = maximum * 10.0_f32.powf(-RANGE_DB / 10.0);
        let db = (0..bands)
            .flat_map(|band| {
                (0..frames).map(move |frame| {
                    decibels(power[frame * mel_bands + band * BAND_STEP].max(floor))
                })
            })
            .collect();
        Self { bands, db, frames }
    }

    /// Frames `first..first + count` of every band, each band around its own mean: what stays the same throughout says nothing about notes.
    fn window(&self, first: usize, count: usize) -> Vec<f32> {
        (0..self.bands)
            .flat_map(|band| {
                let start = band * self.frames + first;
                let values = &self.db[start..start + count];
                let mean = values.iter().sum::<f32>() / count as f32;
                values.iter().map(move |value| value - mean)
            })
            .collect()
    }

    /// The greatest correlation of the middle `count` frames of this with any `count` frames of `other`.
    fn correlation(&self, other: &Self, count: usize) -> f32 {
        let middle = self.window((self.frames - count) / 2, count);
        let energy = |window: &[f32]| window.iter().map(|value| value * value).sum::<f32>();
        let middle_energy = energy(&middle);
        (0..=other.frames - count)
            .step_by(LAG_STEP)
            .map(|first| {
                let window = other.window(first, count);
                let product: f32 = middle.iter().zip(&window).map(|(a, b)| a * b).sum();
                product / (middle_energy * energy(&window)).sqrt().max(1e-6)
            })
            .fold(-1.0, f32::max)
    }
}

/// Which of `pairs` of passages, by index, repeat one another; `count` frames of each are compared at every offset that its surroundings allow.
pub fn repeats(
    passages: &[Surroundings],
    pairs: Vec<(usize, usize)>,
    count: usize,
) -> Vec<(usize, usize)> {
    pairs
        .into_par_iter()
        .filter(|&(a, b)| passages[a].correlation(&passages[b], count) >= LEAST_CORRELATION)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANDS: usize = 64;

    /// Notes of a few frames by a seed, played from `first` on.
    fn melody(seed: u64, first: usize, frames: usize) -> Surroundings {
        let note = |at: usize| {
            let mixed = (seed + at as u64 / 7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed >> 32) as usize % BANDS
        };
        let power: Vec<f32> = (first..first + frames)
            .flat_map(|frame| {
                (0..BANDS).map(move |band| if band == note(frame) { 1.0 } else { 1e-3 })
            })
            .collect();
        Surroundings::new(&power, BANDS)
    }

    #[test]
    fn a_repeat_is_found_wherever_it_begins_and_other_notes_are_none() {
        let passages = [melody(1, 0, 160), melody(1, 14, 160), melody(900, 0, 160)];
        let found = repeats(&passages, vec![(0, 1), (0, 2), (1, 2)], 112);
        assert_eq!(found, [(0, 1)]);
    }

    #[test]
    fn a_constant_colour_is_no_repeat() {
        let steady: Vec<f32> = (0..80 * BANDS)
            .map(|at| (at % BANDS) as f32 + 1.0)
            .collect();
        let passages = [
            Surroundings::new(&steady, BANDS),
            Surroundings::new(&steady, BANDS),
        ];
        assert_eq!(repeats(&passages, vec![(0, 1)], 48), []);
    }
}
