//! Cross-correlations of moments of two songs, in whole numbers. A moment is eight frames.

use wide::{i16x8, i16x16, i32x8};

use crate::composition::channels::CLASSES;
use crate::composition::frames::{Frames, LENGTH};

/// Frames of a moment, 3.7 s. Longer moments were worse on real covers, and find fewer tempi.
pub const MOMENT_FRAMES: usize = 8;
/// Correlation of a moment with itself.
pub const PERFECT: f32 = MOMENT_FRAMES as f32 * LENGTH * LENGTH / (1 << PRODUCT_SHIFT) as f32;

/// Bits of a product of two frames that are dropped, so that correlations fit 16 bits. What is left
/// of a product is correct to 1/4,500 of that of two equal frames.
const PRODUCT_SHIFT: u32 = 16;
/// Frames whose products are computed at once.
const LANES: usize = 8;
/// Pairs of classes. The products of a pair are summed by one instruction.
const PAIRS: usize = CLASSES / 2;

/// The frames of the right song, for products with those of the left one.
#[derive(Clone, Debug)]
pub struct Columns {
    count: usize,
    /// Eight frames each, padded with zeros, by pairs of classes: those that begin with an even
    /// class, and those that begin with an odd one. Two values a frame.
    blocks: [Vec<[i16x16; PAIRS]>; 2],
}

impl Columns {
    /// The frames of the right song.
    #[must_use]
    pub fn new(frames: &Frames) -> Self {
        let blocks = [0, 1].map(|parity| {
            let blocks = frames.vectors().chunks(LANES);
            blocks
                .map(|block| {
                    std::array::from_fn(|pair| {
                        i16x16::from(std::array::from_fn::<i16, { 2 * LANES }, _>(|at| {
                            let class = (2 * pair + parity + at % 2) % CLASSES;
                            block.get(at / 2).map_or(0, |vector| vector[class])
                        }))
                    })
                })
                .collect()
        });
        Self {
            count: frames.count(),
            blocks,
        }
    }

    /// Number of moments.
    #[must_use]
    pub fn moments(&self) -> usize {
        moments(self.count)
    }
}

/// Number of moments of so many frames.
fn moments(frames: usize) -> usize {
    (frames + 1).saturating_sub(MOMENT_FRAMES)
}

/// Calls `then` for each moment of the left song, with its correlations with all moments of the
/// right one, -[`PERFECT`] to [`PERFECT`]. The right song is taken to be `semitones` higher.
pub fn correlate(left: &Frames, right: &Columns, semitones: usize, mut then: impl FnMut(&[i16])) {
    let columns = right.moments();
    if columns == 0 {
        return;
    }
    let width = right.blocks[0].len() * LANES;
    // Products of the last frames, after zeros for what is before the first frame of the right
    // song.
    let mut kept = [(); MOMENT_FRAMES].map(|()| vec![0; MOMENT_FRAMES + width]);
    // Sums along diagonals that end at each frame, after a zero.
    let [mut sums, mut sums_before] = [(); 2].map(|()| vec![0; 1 + width]);
    let mut products = vec![0; MOMENT_FRAMES + width];
    for (row, vector) in left.vectors().iter().enumerate() {
        multiply(vector, right, semitones, &mut products[MOMENT_FRAMES..]);
        let oldest = &mut kept[row % MOMENT_FRAMES];
        let terms = products[MOMENT_FRAMES..].iter().zip(&*oldest);
        for ((sum, before), (new, old)) in sums[1..].iter_mut().zip(&sums_before).zip(terms) {
            *sum = before + new - old;
        }
        std::mem::swap(oldest, &mut products);
        if row + 1 >= MOMENT_FRAMES {
            then(&sums[MOMENT_FRAMES..][..columns]);
        }
        std::mem::swap(&mut sums, &mut sums_before);
    }
}

/// Products of a frame of the left song with all of the right one.
fn multiply(left: &[i16; CLASSES], right: &Columns, semitones: usize, products: &mut [i16]) {
    let pairs: [i16x16; PAIRS] = std::array::from_fn(|pair| {
        // Pairs of the right song start at class `2 * pair + semitones % 2`.
        let first = (2 * (pair + PAIRS) - 2 * (semitones / 2)) % CLASSES;
        i16x16::from(std::array::from_fn::<i16, { 2 * LANES }, _>(|at| {
            left[first + at % 2]
        }))
    });
    let half = i32x8::from([1 << (PRODUCT_SHIFT - 1); LANES]);
    let blocks = &right.blocks[semitones % 2];
    for (products, block) in products.as_chunks_mut::<LANES>().0.iter_mut().zip(blocks) {
        let sum = pairs
            .iter()
            .zip(block)
            .fold(half, |sum, (left, right)| sum + left.dot(*right));
        *products = i16x8::from_i32x8_saturate(sum >> PRODUCT_SHIFT).to_array();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of drawn levels.
    fn frames(seed: u32, count: u32) -> Frames {
        let kept: Vec<u8> = (0..count * CLASSES as u32)
            .map(|index| ((seed + index).wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        Frames::new(&kept, 1.0)
    }

    #[test]
    fn correlations_are_sums_along_diagonals() {
        let (left, right) = (frames(1, 20), frames(7_000, 29));
        for semitones in 0..CLASSES {
            let mut found = Vec::new();
            correlate(&left, &Columns::new(&right), semitones, |row| {
                found.push(row.to_vec());
            });
            assert_eq!((found.len(), found[0].len()), (13, 22));
            for (row, correlations) in found.iter().enumerate() {
                for (column, &correlation) in correlations.iter().enumerate() {
                    let mut sum = 0.0;
                    for offset in 0..MOMENT_FRAMES {
                        for class in 0..CLASSES {
                            sum += f32::from(left.vectors()[row + offset][class])
                                * f32::from(
                                    right.vectors()[column + offset][(class + semitones) % CLASSES],
                                );
                        }
                    }
                    let off = f32::from(correlation) - sum / (1 << PRODUCT_SHIFT) as f32;
                    assert!(off.abs() <= 0.51 * MOMENT_FRAMES as f32, "{off}");
                }
            }
        }
    }

    #[test]
    fn equal_moments_correlate_perfectly() {
        let song = frames(1, 30);
        let mut row = 0;
        correlate(&song, &Columns::new(&song), 0, |correlations| {
            let off = f32::from(correlations[row]) / PERFECT - 1.0;
            assert!(off.abs() < 1e-3, "{off}");
            row += 1;
        });
        assert_eq!(row, 23);
    }

    #[test]
    fn songs_shorter_than_a_moment_have_no_correlations() {
        for (left, right) in [(5, 90), (90, 5), (0, 90), (90, 0)] {
            let columns = Columns::new(&frames(2, right));
            correlate(&frames(1, left), &columns, 3, |_| {
                panic!("{left} {right}");
            });
        }
    }
}
