//! Repeats within a track. Two passages of a track may have the same notes at different times; then
//! they are no negatives.

use rayon::prelude::*;
use soundalike::training::decibels;

/// Correlation from which two passages count as repeats. Passages of different tracks of one album
/// stay below 0.42; a repeated bar has 0.5 to 1.
pub const LEAST_CORRELATION: f32 = 0.45;
/// Every second band and every second lag are enough.
const BAND_STEP: usize = 2;
const LAG_STEP: usize = 2;
/// Least variance in dB squared. Passages below it have no notes to compare, and f32 sums can't
/// resolve them.
const LEAST_VARIANCE: f32 = 0.01;
/// Power this far below a passage's maximum counts as silence.
const RANGE_DB: f32 = 60.0;

/// A passage with some music before and after it, for [`repeats`].
pub struct PassageInContext {
    /// `[bands, frames]` in dB.
    db: Vec<f32>,
    frames: usize,
}

impl PassageInContext {
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
        Self { db, frames }
    }

    /// The greatest correlation of the middle `count` frames of this with any `count` frames of
    /// `other`, which must not be shorter. The mean of each band is removed: constant levels are no
    /// notes.
    pub fn correlation(&self, other: &Self, count: usize) -> f32 {
        let middle = self.middle(count);
        let least_energy = LEAST_VARIANCE * middle.len() as f32;
        let middle_energy: f32 = middle.iter().map(|value| value * value).sum();
        (0..=other.frames - count)
            .step_by(LAG_STEP)
            .map(|first| {
                let (mut product, mut energy) = (0.0, 0.0);
                let rows = other.db.chunks_exact(other.frames);
                for (middle, row) in middle.chunks_exact(count).zip(rows) {
                    // The middle has mean 0, so the mean of the window has no effect on the
                    // product.
                    let window = &row[first..first + count];
                    let sums = sums(middle, window);
                    product += sums.product;
                    energy += sums.squares - sums.values * sums.values / count as f32;
                }
                product / (middle_energy.max(least_energy) * energy.max(least_energy)).sqrt()
            })
            .fold(-1.0, f32::max)
    }

    /// The middle `count` frames of every band, each band around its mean.
    fn middle(&self, count: usize) -> Vec<f32> {
        let first = (self.frames - count) / 2;
        self.db
            .chunks_exact(self.frames)
            .flat_map(|row| {
                let values = &row[first..first + count];
                let mean = values.iter().sum::<f32>() / count as f32;
                values.iter().map(move |value| value - mean)
            })
            .collect()
    }
}

/// Sums over two windows of one band.
struct Sums {
    /// Sum of the products of both windows.
    product: f32,
    /// Sum of the values of the second window.
    values: f32,
    /// Sum of the squares of the second window.
    squares: f32,
}

/// Eight partial sums of each kind, which the processor adds in one instruction.
fn sums(left: &[f32], right: &[f32]) -> Sums {
    const LANES: usize = 8;
    let (mut product, mut values, mut squares) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    let mut add = |left: &[f32], right: &[f32]| {
        for (lane, (left, right)) in left.iter().zip(right).enumerate() {
            product[lane] += left * right;
            values[lane] += right;
            squares[lane] += right * right;
        }
    };
    let (lefts, rights) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let (left_rest, right_rest) = (lefts.remainder(), rights.remainder());
    lefts.zip(rights).for_each(|(left, right)| add(left, right));
    add(left_rest, right_rest);
    Sums {
        product: product.iter().sum(),
        values: values.iter().sum(),
        squares: squares.iter().sum(),
    }
}

/// The pairs of passages, by index, that repeat each other. The middle `count` frames of one are
/// compared with the other at every offset within its context.
pub fn repeats(
    passages: &[PassageInContext],
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
    fn melody(seed: u64, first: usize, frames: usize) -> PassageInContext {
        let note = |at: usize| {
            let mixed = (seed + at as u64 / 7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            (mixed >> 32) as usize % BANDS
        };
        let power: Vec<f32> = (first..first + frames)
            .flat_map(|frame| {
                (0..BANDS).map(move |band| if band == note(frame) { 1.0 } else { 1e-3 })
            })
            .collect();
        PassageInContext::new(&power, BANDS)
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
            PassageInContext::new(&steady, BANDS),
            PassageInContext::new(&steady, BANDS),
        ];
        assert_eq!(repeats(&passages, vec![(0, 1)], 48), []);
    }
}
