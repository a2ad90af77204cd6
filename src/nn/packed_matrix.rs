//! Matrix product with packed weights, the core of every layer.

use wide::f32x4;

/// Columns that a call of the kernel computes: two vectors of four.
pub(crate) const PANEL: usize = 8;

/// Rows that a call of the kernel computes. Its 4 x 8 sums take 8 vector registers of the 16 of
/// x86-64; the factors need the others.
const ROWS: usize = 4;

/// A matrix of weights `[depth, columns]` with a bias for every column. Columns of zeros fill it up
/// to a multiple of [`PANEL`].
#[derive(Clone, Debug)]
pub(crate) struct PackedMatrix {
    depth: usize,
    columns: usize,
    /// `[columns / PANEL, depth, PANEL]`: the order in which the kernel reads.
    panels: Vec<f32>,
    /// `[columns]`
    bias: Vec<f32>,
}

impl PackedMatrix {
    /// Packs the matrix `[depth, bias.len()]` of the values `weight(row, column)`.
    pub(crate) fn new(depth: usize, bias: &[f32], weight: impl Fn(usize, usize) -> f32) -> Self {
        let columns = bias.len().next_multiple_of(PANEL);
        let mut panels = Vec::with_capacity(columns * depth);
        for first in (0..columns).step_by(PANEL) {
            for row in 0..depth {
                let panel_row = (first..first + PANEL).map(|column| {
                    if column < bias.len() {
                        weight(row, column)
                    } else {
                        0.0
                    }
                });
                panels.extend(panel_row);
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(columns, 0.0);
        Self {
            depth,
            columns,
            panels,
            bias,
        }
    }

    /// Values of a row of the left factor.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Values of a row of the product, the filling included.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// `product[rows, columns] = factor[rows, depth] * self + bias`, with negative values replaced
    /// by 0 if `RELU`.
    pub(crate) fn multiply<const RELU: bool>(&self, factor: &[f32], product: &mut [f32]) {
        let whole = factor.len() / self.depth / ROWS * ROWS;
        let (factor, last_factor) = factor.split_at(whole * self.depth);
        let (product, last_product) = product.split_at_mut(whole * self.columns);
        let panels = self.panels.chunks_exact(self.depth * PANEL);
        for (index, panel) in panels.enumerate() {
            let (panel, _) = panel.as_chunks::<PANEL>();
            let first = index * PANEL;
            let bias = &self.bias[first..first + PANEL];
            for (factor, product) in factor
                .chunks_exact(ROWS * self.depth)
                .zip(product.chunks_exact_mut(ROWS * self.columns))
            {
                kernel::<ROWS, RELU>(factor, panel, bias, &mut product[first..], self.columns);
            }
            for (factor, product) in last_factor
                .chunks_exact(self.depth)
                .zip(last_product.chunks_exact_mut(self.columns))
            {
                kernel::<1, RELU>(factor, panel, bias, &mut product[first..], self.columns);
            }
        }
    }
}

/// Computes one panel of `COUNT` rows of a product. Rows of the product start `stride` values
/// apart.
#[inline(always)]
fn kernel<const COUNT: usize, const RELU: bool>(
    factor: &[f32],
    panel: &[[f32; PANEL]],
    bias: &[f32],
    product: &mut [f32],
    stride: usize,
) {
    let depth = panel.len();
    let rows: [&[f32]; COUNT] = std::array::from_fn(|row| &factor[row * depth..][..depth]);
    let mut sums = [[load(bias), load(&bias[4..])]; COUNT];
    for (k, weights) in panel.iter().enumerate() {
        let (low, high) = (load(weights), load(&weights[4..]));
        for (row, sums) in rows.iter().zip(&mut sums) {
            let value = f32x4::splat(row[k]);
            sums[0] += value * low;
            sums[1] += value * high;
        }
    }
    for (row, sums) in sums.into_iter().enumerate() {
        let row = &mut product[row * stride..][..PANEL];
        for (out, sum) in row.chunks_exact_mut(4).zip(sums) {
            store(out, if RELU { relu(sum) } else { sum });
        }
    }
}

/// The first four values.
#[inline(always)]
pub(crate) fn load(values: &[f32]) -> f32x4 {
    f32x4::new([values[0], values[1], values[2], values[3]])
}

/// Overwrites the first four values.
#[inline(always)]
pub(crate) fn store(values: &mut [f32], vector: f32x4) {
    values[..4].copy_from_slice(&vector.to_array());
}

#[inline(always)]
pub(crate) fn relu(vector: f32x4) -> f32x4 {
    vector.fast_max(f32x4::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_match_the_definition() {
        for (rows, depth, columns) in [(1, 1, 1), (4, 3, 8), (7, 25, 12), (9, 16, 24)] {
            let weight = |k: usize, n: usize| (k * 31 + n * 7) as f32 % 5.0 - 2.0;
            let bias: Vec<f32> = (0..columns).map(|n| n as f32 * 0.5 - 3.0).collect();
            let matrix = PackedMatrix::new(depth, &bias, weight);
            let factor: Vec<f32> = (0..rows * depth).map(|i| (i % 11) as f32 - 5.0).collect();
            let (mut plain, mut rectified) = (
                vec![f32::NAN; rows * matrix.columns()],
                vec![f32::NAN; rows * matrix.columns()],
            );
            matrix.multiply::<false>(&factor, &mut plain);
            matrix.multiply::<true>(&factor, &mut rectified);
            for (at, (plain, rectified)) in plain.into_iter().zip(rectified).enumerate() {
                let (row, column) = (at / matrix.columns(), at % matrix.columns());
                let expected = bias.get(column).map_or(0.0, |bias| {
                    let products = (0..depth).map(|k| factor[row * depth + k] * weight(k, column));
                    bias + products.sum::<f32>()
                });
                // Small integers and halves: exact in any order.
                assert_eq!(plain, expected, "{rows} {depth} {columns}: {row} {column}");
                assert_eq!(rectified, expected.max(0.0));
            }
        }
    }
}
