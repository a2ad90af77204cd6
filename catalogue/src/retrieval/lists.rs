//! The lists of an index: k-means over embeddings, with all distances by matrix products. The
//! store's own computes them one by one, which takes ten times as long.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

/// Rounds of k-means. From the eighth on, hardly any embedding changes its list.
const ROUNDS: usize = 10;
/// Rows of one matrix product. With 1,000 lists its result is a megabyte, which fits into a cache.
const BLOCK_ROWS: usize = 256;
/// Parts that the training is split into, whatever the number of cores, so that equal catalogues
/// get equal lists.
const PARTS: usize = 16;

/// The middles of lists, ready for matrix products.
#[derive(Debug)]
pub struct Lists {
    /// `[dimensions, lists]`.
    middles: Array2<f32>,
    /// Half the squared length of each middle.
    half_squares: Vec<f32>,
}

impl Lists {
    /// So many lists for rows like these, `[rows, dimensions]`; fewer if there are fewer rows.
    #[must_use]
    pub fn train(rows: &[f16], dimensions: usize, lists: usize) -> Self {
        let count = rows.len() / dimensions;
        let lists = lists.min(count);
        // At first, a middle is a row: evenly spaced ones, which are of different songs.
        let row = |list: usize| (2 * list + 1) * count / (2 * lists);
        let value =
            |(dimension, list): (usize, usize)| rows[row(list) * dimensions + dimension].to_f32();
        let mut trained = Self::new(Array2::from_shape_fn((dimensions, lists), value));
        let part_rows = count.div_ceil(PARTS).max(1) * dimensions;
        for _ in 0..ROUNDS {
            let sums: Vec<_> = rows
                .par_chunks(part_rows)
                .map(|part| trained.sums(part))
                .collect();
            trained = trained.moved(&sums);
        }
        trained
    }

    fn new(middles: Array2<f32>) -> Self {
        let squares = middles.columns().into_iter().map(|one| one.dot(&one));
        Self {
            half_squares: squares.map(|square| square / 2.0).collect(),
            middles,
        }
    }

    /// Number of lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.half_squares.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.half_squares.is_empty()
    }

    /// The middles, `[lists, dimensions]`, row by row.
    pub fn middles(&self) -> impl Iterator<Item = f16> {
        let middles = self.middles.columns().into_iter();
        middles.flat_map(|middle| {
            middle
                .iter()
                .map(|&value| f16::from_f32(value))
                .collect::<Vec<_>>()
        })
    }

    /// The list of each row: the one with the nearest middle.
    #[must_use]
    pub fn of(&self, rows: &[f16]) -> Vec<u32> {
        let mut lists = Vec::with_capacity(rows.len() / self.middles.nrows());
        self.each_block(rows, |_, found| lists.extend_from_slice(found));
        lists
    }

    /// Tells `visit` each block of rows, and their lists.
    fn each_block(&self, rows: &[f16], mut visit: impl FnMut(ArrayView2<f32>, &[u32])) {
        let dimensions = self.middles.nrows();
        let mut block = vec![0.0_f32; BLOCK_ROWS * dimensions];
        let mut found = Vec::with_capacity(BLOCK_ROWS);
        for rows in rows.chunks(BLOCK_ROWS * dimensions) {
            let block = &mut block[..rows.len()];
            rows.convert_to_f32_slice(block);
            let shape = (rows.len() / dimensions, dimensions);
            let Ok(block) = ArrayView2::from_shape(shape, block) else {
                continue; // Never: there are whole rows.
            };
            // |x - m|^2 = |x|^2 - 2 (x m - |m|^2 / 2)
            let products = block.dot(&self.middles);
            found.clear();
            found.extend(
                products
                    .rows()
                    .into_iter()
                    .map(|products| self.nearest(products.as_slice().unwrap_or_default())),
            );
            visit(block, &found);
        }
    }

    /// The list with the largest `x m - |m|^2 / 2`.
    fn nearest(&self, products: &[f32]) -> u32 {
        let (mut best, mut most) = (0, f32::NEG_INFINITY);
        for (list, (product, half_square)) in products.iter().zip(&self.half_squares).enumerate() {
            let nearness = product - half_square;
            if nearness > most {
                (best, most) = (list, nearness);
            }
        }
        best as u32
    }

    /// The sum of the rows of each list, `[lists, dimensions]`, and their number.
    fn sums(&self, rows: &[f16]) -> (Array2<f32>, Vec<usize>) {
        let mut sums = Array2::zeros((self.len(), self.middles.nrows()));
        let mut counts = vec![0; self.len()];
        self.each_block(rows, |block, lists| {
            for (row, &list) in block.rows().into_iter().zip(lists) {
                let mut sum = sums.row_mut(list as usize);
                sum += &row;
                counts[list as usize] += 1;
            }
        });
        (sums, counts)
    }

    /// Lists with their middles in the mean of their rows. Those without rows stay.
    fn moved(&self, parts: &[(Array2<f32>, Vec<usize>)]) -> Self {
        let mut middles = self.middles.clone();
        for (list, mut middle) in middles.columns_mut().into_iter().enumerate() {
            let count: usize = parts.iter().map(|(_, counts)| counts[list]).sum();
            if count > 0 {
                middle.fill(0.0);
                parts.iter().for_each(|(sums, _)| middle += &sums.row(list));
                middle /= count as f32;
            }
        }
        Self::new(middles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows around the corners of a square, one corner after another.
    fn corners(count: usize) -> Vec<f16> {
        let row = |index: usize| {
            let noise = (index * 7 % 11) as f32 / 100.0;
            [(index % 4 / 2) as f32 + noise, (index % 2) as f32 - noise]
        };
        (0..count).flat_map(row).map(f16::from_f32).collect()
    }

    #[test]
    fn each_group_of_rows_gets_a_list() {
        let rows = corners(1_001);
        let lists = Lists::train(&rows, 2, 4);
        let found = lists.of(&rows);
        assert_eq!((lists.len(), found.len()), (4, 1_001));
        let mut firsts = found[..4].to_vec();
        firsts.sort_unstable();
        assert_eq!(firsts, [0, 1, 2, 3]);
        for (index, list) in found.iter().enumerate() {
            assert_eq!(*list, found[index % 4], "row {index}");
        }
        let middles: Vec<_> = lists.middles().map(f16::to_f32).collect();
        let first = &middles[2 * found[0] as usize..][..2];
        assert!(
            (first[0] - 0.05).abs() < 0.01 && (first[1] + 0.05).abs() < 0.01,
            "{first:?}"
        );
    }

    #[test]
    fn the_list_of_a_row_is_the_one_with_the_nearest_middle() {
        let rows = corners(300);
        let lists = Lists::train(&rows, 2, 9);
        let middles: Vec<_> = lists.middles().map(f16::to_f32).collect();
        for (row, &list) in rows.chunks(2).zip(&lists.of(&rows)) {
            let distance = |middle: &[f32]| -> f32 {
                let differences = middle.iter().zip(row).map(|(a, b)| a - b.to_f32());
                differences.map(|difference| difference.powi(2)).sum()
            };
            let least = middles
                .chunks(2)
                .map(distance)
                .fold(f32::INFINITY, f32::min);
            let chosen = distance(&middles[2 * list as usize..][..2]);
            assert!(chosen < least + 1e-3, "{chosen} {least}");
        }
        assert_eq!(Lists::train(&rows[..6], 2, 9).len(), 3);
    }
}
