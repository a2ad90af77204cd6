//! Music repeats itself: two passages of one track may be the same notes again. Then they are no negatives, whatever the clock says.

use rayon::prelude::*;
use soundalike::training::decibels;

/// Correlation from which two passages count as repeats of one another. Among passages of different tracks of one album it stays below 0.42; a repeated bar reaches 0.5 to 1.
const LEAST_CORRELATION: f32 = 0.45;
/// Every second band and every second lag tell as much as all of them.
const BAND_STEP: usize = 2;
const LAG_STEP: usize = 2;
/// Passages that change less than this, in dB squared, have no notes to compare, and sums in f32 no digits for them.
const LEAST_VARIANCE: f32 = 0.01;
/// Below its maximum a passage is empty by this many dB.
const RANGE_DB: f32 = 60.0;

/// A passage with some music before and after it, as seen by [`repeats`].
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

    /// The greatest correlation of the middle `count` frames of this with any `count` frames of `other`. Each band is taken around its own mean: what stays
    /// the same throughout says nothing about notes.
    fn correlation(&self, other: &Self, count: usize) -> f32 {
        let middle = self.middle(count);
        let least_energy = LEAST_VARIANCE * middle.len() as f32;
        let middle_energy: f32 = middle.iter().map(|value| value * value).sum();
        (0..=other.frames - count)
            .step_by(LAG_STEP)
            .map(|first| {
                let (mut product, mut energy) = (0.0, 0.0);
                let rows = other.db.chunks_exact(other.frames);
                for (middle, row) in middle.chunks_exact(count).zip(rows) {
                    // The middle has no mean, so that of the other doesn't matter to the product.
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
    /// Of the products of both.
    product: f32,
    /// Of the second one's values.
    values: f32,
    /// Of the second one's squares.
    squares: f32,
}

/// Eight sums of each kind side by side, which the processor adds at once.
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

/// Which of `pairs` of passages, by index, repeat one another; `count` frames of each are compared at every offset that its surroundings allow.
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
