//! A 3x3 convolution with bias and ReLU, by minimal filtering in both dimensions.
//!
//! Outputs are computed in tiles of 2x2. The inputs under a tile are transformed, the products of all channels are summed by matrix
//! products over many tiles, and the sums are transformed to outputs.

use std::marker::PhantomData;

use wide::f32x4;

use super::columns::Columns;
use super::packed_matrix::{PANEL, PackedMatrix, load, relu, store};
use super::winograd::{MinimalFilter, Stride1, Stride2};

/// Tiles that go through the matrix products together: enough for a panel of weights to be used often while it is in the first cache, few
/// enough for the transformed inputs to stay in the second.
const TILES_AT_ONCE: usize = 16;

/// Outputs of a tile in each dimension.
const TILE: usize = 2;

/// A convolution whose filter moves by one.
pub(crate) type Convolution = Filtered<Stride1, 4, 4, 4>;
/// A convolution whose filter moves by two, in both dimensions.
pub(crate) type StridedConvolution = Filtered<Stride2, 5, 5, 3>;

/// A convolution of `[rows, channels]` columns by a minimal filter.
#[derive(Debug)]
pub(crate) struct Filtered<F, const I: usize, const P: usize, const S: usize> {
    filter: PhantomData<F>,
    input_channels: usize,
    row_tiles: usize,
    /// For each of the `S * S` sums `[its products * input channels, output channels]`.
    weights: Vec<PackedMatrix>,
    /// Where the product of a column's and a row's factor goes.
    places: [[Place; P]; P],
    /// `[output channels]`
    bias: Vec<f32>,
}

/// Where a product lies among those of all tiles: they are sorted by sum, then by tile.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Products of a tile that belong to earlier sums.
    before: usize,
    /// Products of a tile that belong to the same sum.
    of: usize,
    /// Which of these it is.
    index: usize,
}

/// Scratch buffers for one group of tiles. All convolutions of a network can share them.
#[derive(Debug, Default)]
pub(crate) struct TileScratch {
    /// `[sums, tiles, products of the sum, input channels]`
    products: Vec<f32>,
    /// `[sums, tiles, output channels]`
    sums: Vec<f32>,
}

impl<F, const I: usize, const P: usize, const S: usize> Filtered<F, I, P, S>
where
    F: MinimalFilter<I, P, S>,
{
    /// For weights `[output, input, row, column]` and outputs of `rows` rows.
    pub(crate) fn new(inputs: usize, rows: usize, weights: &[f32], bias: &[f32]) -> Self {
        let outputs = bias.len();
        // The filter's factors of every output and input, by column and row.
        let factors: Vec<[[f32; P]; P]> = weights
            .chunks_exact(9)
            .map(|taps| {
                let by_tap =
                    [0, 1, 2].map(|column| F::weights([0, 3, 6].map(|row| taps[row + column])));
                let by_row: [_; P] =
                    std::array::from_fn(|row| F::weights(by_tap.map(|factors| factors[row])));
                std::array::from_fn(|column| by_row.map(|factors| factors[column]))
            })
            .collect();
        let input_channels = inputs.next_multiple_of(PANEL);
        let mut places = [[Place::default(); P]; P];
        let mut before = 0;
        let weights = (0..S * S)
            .map(|sum| {
                let products = products_of_sum::<F, I, P, S>(sum);
                for (index, &(column, row)) in products.iter().enumerate() {
                    let of = products.len();
                    places[column][row] = Place { before, of, index };
                }
                before += products.len();
                let depth = products.len() * input_channels;
                PackedMatrix::new(depth, &vec![0.0; outputs], |k, output| {
                    let (column, row) = products[k / input_channels];
                    let input = k % input_channels;
                    if input < inputs {
                        factors[output * inputs + input][column][row]
                    } else {
                        0.0
                    }
                })
            })
            .collect();
        let mut bias = bias.to_vec();
        bias.resize(outputs.next_multiple_of(PANEL), 0.0);
        Self {
            filter: PhantomData,
            input_channels,
            row_tiles: rows.div_ceil(TILE),
            weights,
            places,
            bias,
        }
    }

    /// The map that it reads, of `rows` rows.
    pub(crate) fn input(&self, rows: usize) -> Columns {
        let padded_rows = (self.row_tiles - 1) * TILE * F::STRIDE + I;
        Columns::new(rows, self.input_channels, 1, padded_rows)
    }

    /// Enlarges `scratch` to what a group of tiles takes.
    pub(crate) fn reserve(&self, scratch: &mut TileScratch) {
        let tiles = self.columns_at_once() * self.row_tiles;
        let products = P * P * tiles * self.input_channels;
        let sums = S * S * tiles * self.bias.len();
        scratch
            .products
            .resize(products.max(scratch.products.len()), 0.0);
        scratch.sums.resize(sums.max(scratch.sums.len()), 0.0);
    }

    /// Appends to `output` as many columns as those in `input` suffice for, and drops of `input` what isn't needed any more.
    pub(crate) fn advance(
        &self,
        input: &mut Columns,
        output: &mut Columns,
        scratch: &mut TileScratch,
    ) {
        let step = TILE * F::STRIDE;
        input.pad_if_complete(I);
        loop {
            let possible = (input.held() + step).saturating_sub(I) / step;
            let wanted = output.to_come().div_ceil(TILE);
            let columns = possible.min(wanted).min(self.columns_at_once());
            if columns == 0 {
                return;
            }
            self.transform_inputs(input, columns, scratch);
            self.sum_products(columns * self.row_tiles, scratch);
            self.transform_sums(output, columns, scratch);
            input.drop_front(columns * step);
        }
    }

    /// Columns of tiles in a group.
    fn columns_at_once(&self) -> usize {
        TILES_AT_ONCE.div_ceil(self.row_tiles)
    }

    fn transform_inputs(&self, input: &Columns, columns: usize, scratch: &mut TileScratch) {
        let (channels, step) = (self.input_channels, TILE * F::STRIDE);
        let tiles = columns * self.row_tiles;
        for tile in 0..tiles {
            let (column, row) = (tile / self.row_tiles, tile % self.row_tiles);
            let columns: [&[f32]; I] = std::array::from_fn(|i| {
                let start = (column * step + i) * input.column_values() + row * step * channels;
                &input.values()[start..start + I * channels]
            });
            for channel in (0..channels).step_by(4) {
                let by_row: [[f32x4; P]; I] = columns.map(|column| {
                    F::inputs(std::array::from_fn(|row| {
                        load(&column[row * channels + channel..][..4])
                    }))
                });
                for row in 0..P {
                    let products = F::inputs(by_row.map(|factors| factors[row]));
                    for (product, places) in products.into_iter().zip(&self.places) {
                        let Place { before, of, index } = places[row];
                        let at = (before * tiles + tile * of + index) * channels + channel;
                        store(&mut scratch.products[at..at + 4], product);
                    }
                }
            }
        }
    }

    fn sum_products(&self, tiles: usize, scratch: &mut TileScratch) {
        let mut products = &scratch.products[..];
        let sums = scratch.sums.chunks_exact_mut(tiles * self.bias.len());
        for (weights, sums) in self.weights.iter().zip(sums) {
            let (these, others) = products.split_at(tiles * weights.depth());
            weights.multiply::<false>(these, sums);
            products = others;
        }
    }

    fn transform_sums(&self, output: &mut Columns, columns: usize, scratch: &TileScratch) {
        let channels = self.bias.len();
        let tiles = columns * self.row_tiles;
        let (column_values, rows) = (output.column_values(), output.row_range());
        // At the end of a map a tile may reach beyond it.
        let new = output.push((columns * TILE).min(output.to_come()));
        for (column, new) in new.chunks_mut(TILE * column_values).enumerate() {
            for row in 0..self.row_tiles {
                let tile = column * self.row_tiles + row;
                let sums: [[&[f32]; S]; S] = std::array::from_fn(|column| {
                    std::array::from_fn(|row| {
                        &scratch.sums[((column * S + row) * tiles + tile) * channels..][..channels]
                    })
                });
                for channel in (0..channels).step_by(4) {
                    let bias = load(&self.bias[channel..channel + 4]);
                    let by_row = sums
                        .map(|sums| F::outputs(sums.map(|sums| load(&sums[channel..channel + 4]))));
                    for row_in_tile in 0..TILE {
                        let values = F::outputs(by_row.map(|values| values[row_in_tile]));
                        let at = rows.start + (row * TILE + row_in_tile) * channels + channel;
                        if at >= rows.end {
                            continue;
                        }
                        for (column, value) in new.chunks_exact_mut(column_values).zip(values) {
                            store(&mut column[at..at + 4], relu(value + bias));
                        }
                    }
                }
            }
        }
    }
}

/// The products, by the column's and the row's factor, that add up to a sum.
fn products_of_sum<F, const I: usize, const P: usize, const S: usize>(
    sum: usize,
) -> Vec<(usize, usize)>
where
    F: MinimalFilter<I, P, S>,
{
    (0..P)
        .flat_map(|column| (0..P).map(move |row| (column, row)))
        .filter(|&(column, row)| F::SUM_OF_PRODUCT[column] * S + F::SUM_OF_PRODUCT[row] == sum)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the definition, on maps whose sides aren't multiples of a tile.
    fn check<F, const I: usize, const P: usize, const S: usize>()
    where
        F: MinimalFilter<I, P, S>,
    {
        const MAPS: [[usize; 4]; 4] = [[1, 1, 1, 1], [3, 5, 7, 10], [8, 16, 8, 21], [10, 9, 6, 33]];
        for [inputs, outputs, rows, columns] in MAPS {
            let noise = |seed: usize| (seed * 7_919 % 101) as f32 / 50.0 - 1.0;
            let weights: Vec<f32> = (0..outputs * inputs * 9).map(noise).collect();
            let bias: Vec<f32> = (0..outputs).map(|output| noise(output + 5)).collect();
            let value = |row: usize, column: usize, channel: usize| {
                noise((row * columns + column) * inputs + channel + 1)
            };
            let (out_rows, out_columns) = (rows.div_ceil(F::STRIDE), columns.div_ceil(F::STRIDE));
            let convolution = Filtered::<F, I, P, S>::new(inputs, out_rows, &weights, &bias);
            let (mut input, mut scratch) = (convolution.input(rows), TileScratch::default());
            convolution.reserve(&mut scratch);
            let channels = outputs.next_multiple_of(PANEL);
            let mut output = Columns::new(out_rows, channels, 2, out_rows + 3);
            input.start(columns);
            output.start(out_columns);
            for column in 0..columns {
                let range = input.row_range();
                let padded = inputs.next_multiple_of(PANEL);
                let new = &mut input.push(1)[range];
                for (row, new) in new.chunks_exact_mut(padded).enumerate() {
                    for (channel, new) in new[..inputs].iter_mut().enumerate() {
                        *new = value(row, column, channel);
                    }
                }
                // Any number of columns may come at a time.
                if column % 7 == 3 || column + 1 == columns {
                    convolution.advance(&mut input, &mut output, &mut scratch);
                }
            }
            assert_eq!((output.to_come(), output.held()), (0, out_columns + 2));
            let maps = output.values().chunks_exact(output.column_values());
            for (column, map) in maps.skip(2).enumerate() {
                let (padding, map) = map.split_at(output.row_range().start);
                assert!(padding.iter().all(|&value| value == 0.0));
                for (row, values) in map.chunks_exact(channels).enumerate() {
                    for (channel, &actual) in values.iter().enumerate() {
                        let expected = if row < out_rows && channel < outputs {
                            let mut sum = f64::from(bias[channel]);
                            for (tap, weights) in
                                (0..9).map(|tap| (tap, weights.iter().skip(tap).step_by(9)))
                            {
                                let x = (column * F::STRIDE + tap % 3).wrapping_sub(1);
                                let y = (row * F::STRIDE + tap / 3).wrapping_sub(1);
                                if x < columns && y < rows {
                                    for (input, &weight) in
                                        weights.skip(channel * inputs).take(inputs).enumerate()
                                    {
                                        sum += f64::from(weight) * f64::from(value(y, x, input));
                                    }
                                }
                            }
                            sum.max(0.0) as f32
                        } else {
                            0.0
                        };
                        assert!(
                            (actual - expected).abs() < 1e-5 * (inputs as f32).max(1.0),
                            "column {column} row {row} channel {channel}: {actual}, expected {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_convolution_is_that_of_the_definition() {
        check::<Stride1, 4, 4, 4>();
        check::<Stride2, 5, 5, 3>();
    }
}
