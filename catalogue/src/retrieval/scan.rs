//! The exact search: all embeddings of a batch against all query vectors.

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use ndarray::{Array2, ArrayView2};

use super::query::Vectors;
use super::top::BatchTop;

/// Rows of one matrix product: half a megabyte of float32, which fits into a cache.
const BLOCK_ROWS: usize = 1_024;

/// Query vectors, ready for matrix products.
#[derive(Debug)]
pub struct Scan {
    /// `[dimensions, queries]`.
    queries: Array2<f32>,
}

impl Scan {
    /// A scan for these query vectors.
    ///
    /// # Panics
    ///
    /// If there are none.
    #[must_use]
    pub fn new(vectors: &Vectors) -> Self {
        let (queries, dimensions) = (vectors.len(), vectors.dimensions);
        assert!(queries > 0, "there is nothing to look for");
        let value = |(dimension, query): (usize, usize)| {
            vectors.values[query * dimensions + dimension].to_f32()
        };
        Self {
            queries: Array2::from_shape_fn((dimensions, queries), value),
        }
    }

    /// Offers the rows of a batch, `[rows, dimensions]`, to `top`. Embeddings have unit length, so
    /// that their product is the cosine.
    pub fn batch(&self, values: &[f16], top: &mut BatchTop) {
        let dimensions = self.queries.nrows();
        let mut block = vec![0.0_f32; BLOCK_ROWS * dimensions];
        for (index, rows) in values.chunks(BLOCK_ROWS * dimensions).enumerate() {
            let block = &mut block[..rows.len()];
            rows.convert_to_f32_slice(block);
            let shape = (rows.len() / dimensions, dimensions);
            let Ok(block) = ArrayView2::from_shape(shape, block) else {
                continue; // Never: a batch has whole rows.
            };
            let cosines = block.dot(&self.queries);
            top.offer(index * BLOCK_ROWS, cosines.as_slice().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::HITS_PER_VECTOR;
    use crate::retrieval::top::Top;

    /// Numbers in -1..1 without a library.
    fn noise(state: &mut u32) -> f32 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 8) as f32 / 8_388_608.0 - 1.0
    }

    fn vectors(seed: u32, count: usize) -> Vectors {
        let mut state = seed;
        let values = (0..count * 16).map(|_| f16::from_f32(0.25 * noise(&mut state)));
        Vectors {
            dimensions: 16,
            values: values.collect(),
            segments: (0..count as u32).collect(),
        }
    }

    #[test]
    fn the_scan_finds_what_a_plain_search_finds_in_any_batches() {
        let (query, rows) = (vectors(1, 3), vectors(2, 5_000));
        let cosine = |query: &[f16], row: &[f16]| -> f32 {
            let products = query.iter().zip(row).map(|(a, b)| a.to_f32() * b.to_f32());
            products.sum()
        };
        for batch_rows in [5_000, 700, 1] {
            let mut top = Top::new(3, -1.0);
            let scan = Scan::new(&query);
            for (index, batch) in rows.values.chunks(batch_rows * 16).enumerate() {
                let mut batch_top = BatchTop::new(top.thresholds());
                scan.batch(batch, &mut batch_top);
                top.merge(&batch_top, |row| {
                    ("song", (index * batch_rows + row) as u32)
                });
            }
            let hits = top.into_hits();
            assert_eq!(hits.len(), 3 * HITS_PER_VECTOR);
            for (index, vector) in query.values.chunks(16).enumerate() {
                let rows = rows.values.chunks(16).map(|row| cosine(vector, row));
                let mut expected: Vec<_> = rows.enumerate().collect();
                expected.sort_by(|a, b| b.1.total_cmp(&a.1));
                let hits = hits.iter().filter(|hit| hit.query == index);
                for (hit, (row, cosine)) in hits.zip(expected) {
                    assert_eq!(hit.segment as usize, row, "batches of {batch_rows}");
                    assert!((hit.cosine - cosine).abs() < 1e-6);
                }
            }
        }
    }
}
