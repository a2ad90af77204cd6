//! The cross-correlation of blocks of one song with all of the other one, at every lag, by Fourier
//! transforms (overlap-save; A. Oppenheim, R. Schafer, "Discrete-Time Signal Processing", section
//! 8.7).
//!
//! Two bands are the real and the imaginary part of one signal. With `l = l1 + i l2` and `r = r1 +
//! i r2`, the real part of their correlation is the sum of those of both bands:
//!
//! ```text
//! conj(l) r = l1 r1 + l2 r2 + i (l1 r2 - l2 r1)
//! ```

use std::fmt;

use rustfft::algorithm::Radix4;
use rustfft::num_complex::{Complex, Complex32};
use rustfft::{Fft, FftDirection};

use crate::recording::refinement::equalised::Equalised;
use crate::spectrum::lanes::{LANES, Lanes};

/// Columns of a block: 6 s. Passages of 12 s have at least one whole block of this length; shorter
/// blocks take more time.
pub const BLOCK: usize = 32;
/// Length of a transform.
const TRANSFORM_COLUMNS: usize = 256;
/// Lags of a block that a transform gives.
const LAGS: usize = TRANSFORM_COLUMNS - BLOCK + 1;

/// The correlations of all blocks of the left song at one transposition.
#[derive(Debug)]
pub struct Blocks {
    /// In standard deviations, shape `[blocks, lags]`, from lag `1 - BLOCK` of the block to the
    /// right song's last column.
    pub values: Vec<f32>,
    pub lags: usize,
    /// How many times the variance of independent values the correlations of a block have.
    pub dispersions: Vec<f32>,
}

/// Two pooled spectrograms, ready to be correlated.
pub struct Correlator {
    /// Of the left song, for each [`LANES`] blocks: shape `[bins, bands / 2]`.
    blocks: Vec<Vec<Complex<Lanes>>>,
    /// Of the right song, each band with the one above, for each segment: shape `[bins, bands]`.
    segments: Vec<Vec<Complex32>>,
    /// Sums of squares of each block, shape `[blocks, bands]`, and the right song's mean squares,
    /// shape `[bands]`.
    squares: (Vec<Vec<f32>>, Vec<f32>),
    transforms: Transforms,
    bands: usize,
    right_columns: usize,
}

impl fmt::Debug for Correlator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Correlator({} blocks)", self.squares.0.len())
    }
}

impl Correlator {
    /// Prepares two pooled spectrograms. The last block of the left one is filled with silence.
    #[must_use]
    pub fn new(left: &Equalised, right: &Equalised) -> Self {
        let count = left.columns().div_ceil(BLOCK);
        let lags = right.columns() + BLOCK - 1;
        let mut transforms = Transforms::new();
        let block = |block: usize| squares(left, block * BLOCK..(block + 1) * BLOCK);
        let columns = right.columns();
        let mean = |square: f32| square / columns.max(1) as f32;
        Self {
            blocks: (0..count)
                .step_by(LANES)
                .map(|first| transforms.of_blocks(left, first))
                .collect(),
            segments: (0..lags.div_ceil(LAGS))
                .map(|segment| transforms.of_segment(right, segment))
                .collect(),
            squares: (
                (0..count).map(block).collect(),
                squares(right, 0..columns).into_iter().map(mean).collect(),
            ),
            transforms,
            bands: left.bands,
            right_columns: columns,
        }
    }

    /// Number of blocks.
    #[must_use]
    pub fn count(&self) -> usize {
        self.squares.0.len()
    }

    /// The correlations with the right song so many bands lower, from its own pitch on.
    pub fn at(&mut self, shift: isize) -> Blocks {
        let count = self.count();
        let lags = self.right_columns + BLOCK - 1;
        let mut values = vec![0.0; count * lags];
        for (group, blocks) in self.blocks.iter().enumerate() {
            for (segment, of_right) in self.segments.iter().enumerate() {
                let found = self
                    .transforms
                    .correlation(blocks, of_right, self.bands, shift);
                let place = segment * LAGS;
                let end = (place + LAGS).min(lags);
                for lane in 0..LANES.min(count - group * LANES) {
                    let row = &mut values[(group * LANES + lane) * lags..][place..end];
                    for (value, sum) in row.iter_mut().zip(found) {
                        *value = sum.re.values()[lane] * (1.0 / TRANSFORM_COLUMNS as f32);
                    }
                }
            }
        }
        let dispersions = self.standardise(&mut values, lags, shift);
        Blocks {
            values,
            lags,
            dispersions,
        }
    }

    /// Divides the correlations of each block by their root mean square over all lags at which it
    /// lies inside of the right song.
    fn standardise(&self, values: &mut [f32], lags: usize, shift: isize) -> Vec<f32> {
        let (up, down) = (shift.max(0) as usize, (-shift).max(0) as usize);
        let inside = (BLOCK - 1).min(lags - 1)..self.right_columns.max(BLOCK);
        let (blocks, right) = &self.squares;
        let rows = values.chunks_exact_mut(lags).zip(blocks);
        rows.map(|(values, squares)| {
            let inside = &values[inside.clone()];
            let sum: f32 = inside.iter().map(|value| value * value).sum();
            let variance = sum / inside.len() as f32;
            let bands = squares[down..].iter().zip(&right[up..]);
            let independent: f32 = bands.map(|(left, right)| left * right).sum();
            let scale = 1.0 / variance.sqrt().max(f32::MIN_POSITIVE);
            for value in values {
                *value *= scale;
            }
            variance / independent.max(f32::MIN_POSITIVE)
        })
        .collect()
    }
}

/// Sums of squares of the bands over columns.
fn squares(song: &Equalised, columns: std::ops::Range<usize>) -> Vec<f32> {
    let mut squares = vec![0.0_f32; song.bands];
    for column in columns.filter_map(|column| song.column(column as isize)) {
        for (sum, value) in squares.iter_mut().zip(column) {
            *sum += value * value;
        }
    }
    squares
}

/// Fourier transforms, and what they need.
struct Transforms {
    forward: Radix4<Lanes>,
    inverse: Radix4<Lanes>,
    values: Vec<Complex<Lanes>>,
    scratch: Vec<Complex<Lanes>>,
}

impl Transforms {
    fn new() -> Self {
        let forward = Radix4::new(TRANSFORM_COLUMNS, FftDirection::Forward);
        let inverse = Radix4::new(TRANSFORM_COLUMNS, FftDirection::Inverse);
        let scratch = forward
            .get_inplace_scratch_len()
            .max(inverse.get_inplace_scratch_len());
        Self {
            forward,
            inverse,
            values: vec![Complex::default(); TRANSFORM_COLUMNS],
            scratch: vec![Complex::default(); scratch],
        }
    }

    /// Spectra of [`LANES`] blocks from the block `first` on, for each two bands.
    fn of_blocks(&mut self, left: &Equalised, first: usize) -> Vec<Complex<Lanes>> {
        let pairs = left.bands / 2;
        let mut spectra = vec![Complex::default(); TRANSFORM_COLUMNS * pairs];
        let silence = vec![0.0; left.bands];
        for pair in 0..pairs {
            self.values.fill(Complex::default());
            for (column, value) in self.values[..BLOCK].iter_mut().enumerate() {
                let columns: [&[f32]; LANES] = std::array::from_fn(|lane| {
                    let place = (first + lane) * BLOCK + column;
                    left.column(place as isize).unwrap_or(&silence)
                });
                value.re = Lanes::from(columns.map(|column| column[2 * pair]));
                value.im = Lanes::from(columns.map(|column| column[2 * pair + 1]));
            }
            self.forward
                .process_with_scratch(&mut self.values, &mut self.scratch);
            for (bin, value) in self.values.iter().enumerate() {
                spectra[bin * pairs + pair] = *value;
            }
        }
        spectra
    }

    /// Spectra of a segment for each band with the one above.
    fn of_segment(&mut self, right: &Equalised, segment: usize) -> Vec<Complex32> {
        let bands = right.bands;
        let mut spectra = vec![Complex32::default(); TRANSFORM_COLUMNS * bands];
        let start = (segment * LAGS) as isize - (BLOCK as isize - 1);
        let value = |column: isize, band: usize| {
            let column = right.column(column);
            column.map_or(0.0, |column| column.get(band).copied().unwrap_or(0.0))
        };
        for first in (0..bands).step_by(LANES) {
            for (index, sum) in self.values.iter_mut().enumerate() {
                let column = start + index as isize;
                let of = |next: usize| -> [f32; LANES] {
                    std::array::from_fn(|lane| value(column, first + lane + next))
                };
                sum.re = Lanes::from(of(0));
                sum.im = Lanes::from(of(1));
            }
            self.forward
                .process_with_scratch(&mut self.values, &mut self.scratch);
            for (bin, sum) in self.values.iter().enumerate() {
                let (re, im) = (sum.re.values(), sum.im.values());
                for lane in 0..LANES.min(bands - first) {
                    spectra[bin * bands + first + lane] = Complex32::new(re[lane], im[lane]);
                }
            }
        }
        spectra
    }

    /// Correlations of blocks at the lags of a segment, with bands of the right song that lie
    /// `shift` above those of the left one.
    fn correlation(
        &mut self,
        blocks: &[Complex<Lanes>],
        segment: &[Complex32],
        bands: usize,
        shift: isize,
    ) -> &[Complex<Lanes>] {
        let pairs = bands / 2;
        // Both bands of a pair need a partner.
        let (up, down) = (shift.max(0) as usize, (-shift).max(0) as usize);
        let first_pair = down.div_ceil(2);
        let end_pair = (bands - up) / 2;
        let first_band = 2 * first_pair + up - down;
        let bins = blocks.chunks_exact(pairs).zip(segment.chunks_exact(bands));
        for (value, (left, right)) in self.values.iter_mut().zip(bins) {
            let (mut re, mut im) = (Lanes::all(0.0), Lanes::all(0.0));
            let right = right[first_band..].iter().step_by(2);
            for (left, right) in left[first_pair..end_pair].iter().zip(right) {
                let (x, y) = (Lanes::all(right.re), Lanes::all(right.im));
                re = re + left.re * x + left.im * y;
                im = im + left.re * y - left.im * x;
            }
            *value = Complex::new(re, im);
        }
        self.inverse
            .process_with_scratch(&mut self.values, &mut self.scratch);
        &self.values[..LAGS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::equalised::test_equalised;

    /// The sum of products of a block with the right song at a lag.
    fn sum(songs: [&Equalised; 2], block: usize, lag: isize, shift: isize) -> f32 {
        let [left, right] = songs;
        let (up, down) = (shift.max(0) as usize, (-shift).max(0) as usize);
        (block * BLOCK..(block + 1) * BLOCK)
            .filter_map(|column| {
                let column = column as isize;
                Some((left.column(column)?, right.column(column + lag)?))
            })
            .flat_map(|(left, right)| left[down..].iter().zip(&right[up..]))
            .map(|(left, right)| left * right)
            .sum()
    }

    #[test]
    fn transforms_give_the_sums_of_products() {
        // The right song is longer than a transform, and the last block isn't whole.
        let (left, right) = (
            test_equalised(&[(1, 5 * BLOCK + 7)]),
            test_equalised(&[(2, 300)]),
        );
        let mut correlator = Correlator::new(&left, &right);
        assert_eq!(correlator.count(), 6);
        for shift in [-2, 0, 4] {
            let blocks = correlator.at(shift);
            assert_eq!(blocks.lags, 300 + BLOCK - 1);
            for (block, values) in blocks.values.chunks_exact(blocks.lags).enumerate() {
                let expected = |index: usize| {
                    let lag = index as isize + 1 - BLOCK as isize - (block * BLOCK) as isize;
                    sum([&left, &right], block, lag, shift)
                };
                // In standard deviations: the unit is that of the first lag.
                let unit = expected(BLOCK) / values[BLOCK];
                for index in [0, 31, 100, 224, 225, 226, 290, 330] {
                    let found = values[index] * unit;
                    let expected = expected(index);
                    assert!(
                        (found - expected).abs() < 1e-3,
                        "{shift} {block} {index}: {found} instead of {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_odd_transposition_leaves_out_at_most_the_lowest_band() {
        let (left, right) = (test_equalised(&[(1, BLOCK)]), test_equalised(&[(2, 200)]));
        let mut correlator = Correlator::new(&left, &right);
        for shift in [-3, 3] {
            let blocks = correlator.at(shift);
            let of = |lag: isize| sum([&left, &right], 0, lag, shift);
            let lags = 0..160_isize;
            let products: f32 = lags
                .clone()
                .map(|lag| of(lag) * blocks.values[lag as usize + BLOCK - 1])
                .sum();
            let norm = |values: &mut dyn Iterator<Item = f32>| {
                values.map(|value| value * value).sum::<f32>().sqrt()
            };
            let found = norm(
                &mut lags
                    .clone()
                    .map(|lag| blocks.values[lag as usize + BLOCK - 1]),
            );
            let correlation = products / (norm(&mut lags.clone().map(of)) * found);
            assert!(correlation > 0.98, "{shift}: {correlation}");
        }
    }

    #[test]
    fn correlations_of_noise_are_standard_and_not_dispersed() {
        let (left, right) = (test_equalised(&[(1, 64)]), test_equalised(&[(2, 2_000)]));
        let blocks = Correlator::new(&left, &right).at(0);
        for (values, dispersion) in blocks
            .values
            .chunks_exact(blocks.lags)
            .zip(&blocks.dispersions)
        {
            let inside = &values[BLOCK - 1..2_000];
            let square = inside.iter().map(|value| value * value).sum::<f32>();
            assert!((square / inside.len() as f32 - 1.0).abs() < 1e-3);
            assert!((0.8..1.25).contains(dispersion), "{dispersion}");
        }
    }
}
