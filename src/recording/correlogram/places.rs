//! Where the blocks of one song meet the other one: the lags and transpositions at which the sum
//! over successive blocks is greatest.
//!
//! Of `n` blocks with the standardised correlations `z`, the rough evidence is
//!
//! ```text
//! Z = sum(z) / sqrt(n)
//! ```
//!
//! Lengths of 1, 2, 4 ... blocks are tried, and the whole song.

use std::ops::Range;

use crate::recording::correlogram::blocks::{BLOCK, Blocks, Correlator};

/// Places nearer than this are one, in columns and bands.
const SAME_COLUMNS: usize = 3;
const SAME_BANDS: usize = 1;

/// A place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// `Z`.
    pub evidence: f32,
    /// Bands by which the right song is higher.
    pub shift: isize,
    /// Columns by which the right song plays it later.
    pub lag: isize,
    /// First block.
    pub first: usize,
    /// Number of blocks.
    pub count: usize,
    /// Mean [dispersion](Blocks::dispersions) of its blocks.
    pub dispersion: f32,
}

/// The places with the most evidence, at most `most`, transposed by up to so many bands.
#[must_use]
pub fn places(correlator: &mut Correlator, most_shift: usize, most: usize) -> Vec<Place> {
    let most_shift = most_shift as isize;
    let mut best: Vec<Best> = (-most_shift..=most_shift)
        .map(|shift| Best::new(&correlator.at(shift), correlator.count()))
        .collect();
    let mut places = Vec::with_capacity(most);
    while places.len() < most {
        let found = best.iter().enumerate().filter_map(|(shift, of_shift)| {
            let (index, evidence) = of_shift.greatest()?;
            Some((shift, index, evidence))
        });
        // Among equals the first one.
        let found = found.reduce(|best, one| if one.2 > best.2 { one } else { best });
        let Some((shift, index, evidence)) = found.filter(|found| found.2 > 0.0) else {
            break;
        };
        let of = &best[shift];
        let (first, count) = of.stretch(index);
        let dispersions = &of.dispersions[first..first + count];
        places.push(Place {
            evidence,
            shift: shift as isize - most_shift,
            lag: index as isize - of.origin as isize,
            first,
            count,
            dispersion: dispersions.iter().sum::<f32>() / count as f32,
        });
        let near = shift.saturating_sub(SAME_BANDS)..(shift + SAME_BANDS + 1).min(best.len());
        for of_shift in &mut best[near] {
            of_shift.strike_out(index);
        }
    }
    places
}

/// The best stretch of blocks at each lag, at one transposition.
struct Best {
    evidence: Vec<f32>,
    /// First block, and number of blocks times [`COUNT`]. In one number, so that a processor
    /// compares several lags at once.
    stretches: Vec<u32>,
    /// Greatest evidence of each [`GROUP`] lags.
    greatest: Vec<f32>,
    dispersions: Vec<f32>,
    /// Index of lag 0.
    origin: usize,
}

/// Lags among which the greatest evidence is known.
const GROUP: usize = 64;
/// Factor of the number of blocks of a stretch.
const COUNT: u32 = 1 << 16;

impl Best {
    fn new(blocks: &Blocks, count: usize) -> Self {
        // The last block's first lag is the songs' first lag.
        let origin = count * BLOCK - 1;
        let lags = origin + blocks.lags - (BLOCK - 1);
        // Sums of the blocks before one: shape `[blocks + 1, lags]`.
        let mut sums = vec![0.0_f32; (count + 1) * lags];
        for (block, values) in blocks.values.chunks_exact(blocks.lags).enumerate() {
            let (before, after) = sums[block * lags..][..2 * lags].split_at_mut(lags);
            after.copy_from_slice(before);
            let first = origin + 1 - BLOCK - block * BLOCK;
            for (sum, value) in after[first..].iter_mut().zip(values) {
                *sum += value;
            }
        }
        let sums_before = |block: usize| &sums[block * lags..][..lags];
        let mut best = Self {
            evidence: vec![f32::NEG_INFINITY; lags],
            stretches: vec![COUNT; lags],
            greatest: vec![f32::NEG_INFINITY; lags.div_ceil(GROUP)],
            dispersions: blocks.dispersions.clone(),
            origin,
        };
        let mut length = 1;
        loop {
            length = length.min(count);
            let scale = 1.0 / (length as f32).sqrt();
            for first in 0..=count - length {
                // Lags at which some of the blocks lie in the right song.
                let lags = origin + 1 - (first + length) * BLOCK..lags - first * BLOCK;
                let [before, after] = [first, first + length].map(sums_before);
                let stretch = first as u32 + length as u32 * COUNT;
                best.add(lags, [before, after], scale, stretch);
            }
            if length == count {
                break;
            }
            length *= 2;
        }
        for group in 0..best.greatest.len() {
            best.refresh(group);
        }
        best
    }

    /// Adds a stretch of blocks at these lags, by the sums before it and up to its end.
    fn add(&mut self, lags: Range<usize>, sums: [&[f32]; 2], scale: f32, stretch: u32) {
        let [before, after] = sums.map(|sums| &sums[lags.clone()]);
        let evidence = &mut self.evidence[lags.clone()];
        let of_best = evidence.iter_mut().zip(&mut self.stretches[lags]);
        for ((before, after), (evidence, stretches)) in before.iter().zip(after).zip(of_best) {
            let found = (after - before) * scale;
            let is_greater = found > *evidence;
            *evidence = if is_greater { found } else { *evidence };
            *stretches = if is_greater { stretch } else { *stretches };
        }
    }

    /// First block and number of blocks of the best stretch at a lag.
    fn stretch(&self, index: usize) -> (usize, usize) {
        let stretch = self.stretches[index];
        ((stretch % COUNT) as usize, (stretch / COUNT) as usize)
    }

    /// The lag with the greatest evidence, the first among equals.
    fn greatest(&self) -> Option<(usize, f32)> {
        let first_greatest = |values: &[f32]| {
            let values = values.iter().copied().enumerate();
            values.reduce(|best, one| if one.1 > best.1 { one } else { best })
        };
        let (group, _) = first_greatest(&self.greatest)?;
        let (index, evidence) = first_greatest(self.group(group))?;
        Some((group * GROUP + index, evidence))
    }

    fn group(&self, group: usize) -> &[f32] {
        let end = ((group + 1) * GROUP).min(self.evidence.len());
        &self.evidence[group * GROUP..end]
    }

    fn refresh(&mut self, group: usize) {
        let greatest = self.group(group).iter().copied();
        self.greatest[group] = greatest.fold(f32::NEG_INFINITY, f32::max);
    }

    /// Leaves out the lags at and near one.
    fn strike_out(&mut self, index: usize) {
        let first = index.saturating_sub(SAME_COLUMNS);
        let end = (index + SAME_COLUMNS + 1).min(self.evidence.len());
        self.evidence[first..end].fill(f32::NEG_INFINITY);
        for group in first / GROUP..=(end - 1) / GROUP {
            self.refresh(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::equalised::test_equalised;

    fn found(left: &[(u32, usize)], right: &[(u32, usize)]) -> Vec<Place> {
        let [left, right] = [left, right].map(test_equalised);
        places(&mut Correlator::new(&left, &right), 2, 8)
    }

    #[test]
    fn the_first_place_is_that_of_the_copy() {
        // Two blocks of the left song in the middle of another one.
        let (before, copied) = (3 * BLOCK, 2 * BLOCK);
        let right = [(7, 500), (2, copied), (8, 300)];
        let places = found(&[(1, before), (2, copied), (3, BLOCK)], &right);
        assert_eq!(places.len(), 8);
        let first = places[0];
        assert_eq!((first.lag, first.shift), (500 - before as isize, 0));
        assert_eq!((first.first, first.count), (3, 2));
        assert!(first.evidence > 5.0 * places[1].evidence, "{places:?}");
    }

    #[test]
    fn a_copy_before_the_start_of_the_left_song_is_found_too() {
        let places = found(&[(1, 2 * BLOCK), (2, BLOCK)], &[(2, BLOCK), (3, 400)]);
        assert_eq!(places[0].lag, -2 * BLOCK as isize);
        assert_eq!((places[0].first, places[0].count), (2, 1));
    }

    #[test]
    fn places_lie_apart() {
        let places = found(&[(1, 6 * BLOCK)], &[(2, 700)]);
        assert_eq!(places.len(), 8);
        for (index, one) in places.iter().enumerate() {
            assert!((one.dispersion - 1.0).abs() < 0.3, "{one:?}");
            for other in &places[..index] {
                assert!(other.evidence >= one.evidence);
                assert!(
                    one.lag.abs_diff(other.lag) > SAME_COLUMNS
                        || one.shift.abs_diff(other.shift) > SAME_BANDS,
                    "{one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn silence_has_no_place() {
        assert_eq!(found(&[(0, 64)], &[(1, 200)]), []);
    }
}
