//! A 3x3 convolution with bias and ReLU, by minimal filtering in both dimensions.
//!
//! Outputs are computed in tiles of 2x2, many tiles at a time, in three steps:
//!
//! 1. The inputs under each tile are transformed to factors, `PRODUCTS` in each dimension.
//! 2. Each factor is multiplied by its counterpart, made of the weights. The products are added up
//!    over all input channels, and over the products of the same sum: one matrix product for each
//!    of the `SUMS * SUMS` sums.
//! 3. The sums of each tile are transformed to its outputs.
//!
//! # Layout
//!
//! Factors of the inputs lie as `[sum][tile][product][input channel]`. What belongs to one sum is
//! then a matrix with a row for each tile, which step 2 multiplies from front to back. With stride
//! 2, for example, there are 5x5 products and 3x3 sums; sum 0 has 4 products, sum 1 has 2:
//!
//! ```text
//! |               sum 0               |         sum 1         | ... |
//! |   tile 0    |   tile 1    |  ...  | tile 0 | tile 1 | ... | ... |
//! | p0 p1 p2 p3 | p0 p1 p2 p3 |  ...  | p0 p1  | p0 p1  | ... | ... |     p0: [input channel]
//! ```
//!
//! Sums lie as `[sum][tile][output channel]`.

use std::array::from_fn;
use std::marker::PhantomData;

use wide::f32x4;

use super::columns::Columns;
use super::packed_matrix::{PANEL, PackedMatrix, load, relu, store};
use super::winograd::{MinimalFilter, Stride1, Stride2};

/// Tiles that go through the matrix products together. Enough for a panel of weights to be used
/// often while it is in the first-level cache, few enough for the factors of the inputs to stay in
/// the second-level cache.
const TILES_AT_ONCE: usize = 16;

/// Outputs of a tile in each dimension.
const TILE: usize = 2;

/// A convolution of stride 1.
pub(crate) type Convolution = WinogradConvolution<Stride1, 4, 4, 4>;
/// A convolution of stride 2 in both dimensions.
pub(crate) type StridedConvolution = WinogradConvolution<Stride2, 5, 5, 3>;

/// A convolution of `[rows, channels]` columns by a minimal filter.
#[derive(Debug)]
pub(crate) struct WinogradConvolution<
    Filter,
    const INPUTS: usize,
    const PRODUCTS: usize,
    const SUMS: usize,
> {
    filter: PhantomData<Filter>,
    /// Input channels, filled up to whole panels.
    input_channels: usize,
    /// Tiles that a column of outputs is divided into.
    row_tiles: usize,
    /// For each sum `[its products * input channels, output channels]`.
    weights: Vec<PackedMatrix>,
    /// Where each factor of a tile goes, `[column][row]`.
    places: [[FactorPlace; PRODUCTS]; PRODUCTS],
    /// `[output channels]`, filled up to whole panels.
    bias: Vec<f32>,
}

/// Where a factor lies in `[sum][tile][product]`.
#[derive(Clone, Copy, Debug, Default)]
struct FactorPlace {
    /// Products of a tile that belong to earlier sums.
    of_earlier_sums: usize,
    /// Products of a tile that belong to the same sum.
    of_this_sum: usize,
    /// Index among the products of the same sum.
    index: usize,
}

impl FactorPlace {
    /// Number of factors before it, among those of `tiles` tiles.
    #[inline(always)]
    fn position(self, tile: usize, tiles: usize) -> usize {
        self.of_earlier_sums * tiles + tile * self.of_this_sum + self.index
    }
}

/// The column and the row of a product among those of a tile.
type Product = (usize, usize);

/// Scratch buffers for one group of tiles. All convolutions of a network can share them.
#[derive(Debug, Default)]
pub(crate) struct TileScratch {
    /// Factors of the inputs, `[sum][tile][product][input channel]`.
    factors: Vec<f32>,
    /// `[sum][tile][output channel]`
    sums: Vec<f32>,
}

impl<Filter, const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize>
    WinogradConvolution<Filter, INPUTS, PRODUCTS, SUMS>
where
    Filter: MinimalFilter<INPUTS, PRODUCTS, SUMS>,
{
    /// Takes weights `[output, input, row, column]` and a bias for each output. `rows` counts the
    /// rows of the output.
    pub(crate) fn new(inputs: usize, rows: usize, weights: &[f32], bias: &[f32]) -> Self {
        let products_of_sums: Vec<_> = (0..SUMS * SUMS).map(Self::products_of_sum).collect();
        let mut padded_bias = bias.to_vec();
        padded_bias.resize(bias.len().next_multiple_of(PANEL), 0.0);
        Self {
            filter: PhantomData,
            input_channels: inputs.next_multiple_of(PANEL),
            row_tiles: rows.div_ceil(TILE),
            weights: Self::packed_weights(inputs, bias.len(), weights, &products_of_sums),
            places: Self::places(&products_of_sums),
            bias: padded_bias,
        }
    }

    /// The products that are added up to a sum.
    fn products_of_sum(sum: usize) -> Vec<Product> {
        let sum_of = |(column, row): Product| {
            Filter::SUM_OF_PRODUCT[column] * SUMS + Filter::SUM_OF_PRODUCT[row]
        };
        (0..PRODUCTS)
            .flat_map(|column| (0..PRODUCTS).map(move |row| (column, row)))
            .filter(|&product| sum_of(product) == sum)
            .collect()
    }

    /// The matrix of each sum, whose rows are in the order of the inputs' factors.
    fn packed_weights(
        inputs: usize,
        outputs: usize,
        weights: &[f32],
        products_of_sums: &[Vec<Product>],
    ) -> Vec<PackedMatrix> {
        // Factors for every pair of output and input.
        let factors: Vec<_> = weights.chunks_exact(9).map(Self::weight_factors).collect();
        let input_channels = inputs.next_multiple_of(PANEL);
        let no_bias = vec![0.0; outputs];
        let pack = |products: &Vec<Product>| {
            let depth = products.len() * input_channels;
            PackedMatrix::new(depth, &no_bias, |matrix_row, output| {
                let (column, row) = products[matrix_row / input_channels];
                let input = matrix_row % input_channels;
                if input < inputs {
                    factors[output * inputs + input][column][row]
                } else {
                    0.0
                }
            })
        };
        products_of_sums.iter().map(pack).collect()
    }

    /// The factors `[column][row]` of a filter with the taps `[row][column]`: the filter in one
    /// dimension, applied along the rows and then along the columns.
    fn weight_factors(taps: &[f32]) -> [[f32; PRODUCTS]; PRODUCTS] {
        let along_rows =
            [0, 1, 2].map(|column| Filter::weights([0, 3, 6].map(|row| taps[row + column])));
        let mut factors = [[0.0; PRODUCTS]; PRODUCTS];
        for row in 0..PRODUCTS {
            let along_columns = Filter::weights(along_rows.map(|factors| factors[row]));
            for (factors, factor) in factors.iter_mut().zip(along_columns) {
                factors[row] = factor;
            }
        }
        factors
    }

    fn places(products_of_sums: &[Vec<Product>]) -> [[FactorPlace; PRODUCTS]; PRODUCTS] {
        let mut places = [[FactorPlace::default(); PRODUCTS]; PRODUCTS];
        let mut of_earlier_sums = 0;
        for products in products_of_sums {
            let of_this_sum = products.len();
            for (index, &(column, row)) in products.iter().enumerate() {
                places[column][row] = FactorPlace {
                    of_earlier_sums,
                    of_this_sum,
                    index,
                };
            }
            of_earlier_sums += of_this_sum;
        }
        places
    }

    /// An empty map for the input, of `rows` rows.
    pub(crate) fn input(&self, rows: usize) -> Columns {
        let padded_rows = (self.row_tiles - 1) * TILE * Filter::STRIDE + INPUTS;
        Columns::new(rows, self.input_channels, 1, padded_rows)
    }

    /// Enlarges `scratch` to the size of a group of tiles.
    pub(crate) fn reserve(&self, scratch: &mut TileScratch) {
        let tiles = self.columns_at_once() * self.row_tiles;
        let factors = PRODUCTS * PRODUCTS * tiles * self.input_channels;
        let sums = SUMS * SUMS * tiles * self.bias.len();
        scratch
            .factors
            .resize(factors.max(scratch.factors.len()), 0.0);
        scratch.sums.resize(sums.max(scratch.sums.len()), 0.0);
    }

    /// Appends to `output` all columns that can be computed from those in `input`, and drops the
    /// columns of `input` that are no longer needed.
    pub(crate) fn advance(
        &self,
        input: &mut Columns,
        output: &mut Columns,
        scratch: &mut TileScratch,
    ) {
        let step = TILE * Filter::STRIDE;
        input.pad_if_complete(INPUTS);
        loop {
            let possible = (input.held() + step).saturating_sub(INPUTS) / step;
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

    /// Step 1, for the first `columns` columns of tiles.
    fn transform_inputs(&self, input: &Columns, columns: usize, scratch: &mut TileScratch) {
        let (channels, step) = (self.input_channels, TILE * Filter::STRIDE);
        let tiles = columns * self.row_tiles;
        for tile in 0..tiles {
            let (tile_column, tile_row) = (tile / self.row_tiles, tile % self.row_tiles);
            // Columns under the tile, each `[INPUTS rows, channels]`.
            let under_tile: [&[f32]; INPUTS] = from_fn(|column| {
                let column_start = (tile_column * step + column) * input.column_values();
                let start = column_start + tile_row * step * channels;
                &input.values()[start..start + INPUTS * channels]
            });
            // Four channels at once.
            for channel in (0..channels).step_by(4) {
                // The filter in one dimension, along the rows and then along the columns.
                let along_rows: [[f32x4; PRODUCTS]; INPUTS] = under_tile.map(|column| {
                    let value = |row| load(&column[row * channels + channel..][..4]);
                    Filter::inputs(from_fn(value))
                });
                for row in 0..PRODUCTS {
                    let along_columns = Filter::inputs(along_rows.map(|factors| factors[row]));
                    for (factor, places) in along_columns.into_iter().zip(&self.places) {
                        let at = places[row].position(tile, tiles) * channels + channel;
                        store(&mut scratch.factors[at..at + 4], factor);
                    }
                }
            }
        }
    }

    /// Step 2.
    fn sum_products(&self, tiles: usize, scratch: &mut TileScratch) {
        let mut factors = &scratch.factors[..];
        let sums = scratch.sums.chunks_exact_mut(tiles * self.bias.len());
        for (weights, sums) in self.weights.iter().zip(sums) {
            let (of_this_sum, of_later_sums) = factors.split_at(tiles * weights.depth());
            weights.multiply::<false>(of_this_sum, sums);
            factors = of_later_sums;
        }
    }

    /// Step 3: appends the outputs of `columns` columns of tiles.
    fn transform_sums(&self, output: &mut Columns, columns: usize, scratch: &TileScratch) {
        let channels = self.bias.len();
        let tiles = columns * self.row_tiles;
        let (column_values, rows) = (output.column_values(), output.row_range());
        // The last tiles may reach beyond the end of the map, to the right and below.
        let new = output.push((columns * TILE).min(output.to_come()));
        for (tile_column, new) in new.chunks_mut(TILE * column_values).enumerate() {
            for tile_row in 0..self.row_tiles {
                let tile = tile_column * self.row_tiles + tile_row;
                let first_row = rows.start + tile_row * TILE * channels;
                // `[column][row][output channel]`
                let sums: [[&[f32]; SUMS]; SUMS] = from_fn(|column| {
                    from_fn(|row| {
                        let sum = column * SUMS + row;
                        &scratch.sums[(sum * tiles + tile) * channels..][..channels]
                    })
                });
                // Four channels at once.
                for channel in (0..channels).step_by(4) {
                    let bias = load(&self.bias[channel..channel + 4]);
                    let along_rows = sums.map(|sums| {
                        Filter::outputs(sums.map(|sums| load(&sums[channel..channel + 4])))
                    });
                    for row in 0..TILE {
                        let at = first_row + row * channels + channel;
                        if at >= rows.end {
                            continue;
                        }
                        let along_columns = Filter::outputs(along_rows.map(|values| values[row]));
                        let columns = new.chunks_exact_mut(column_values).zip(along_columns);
                        for (column, value) in columns {
                            store(&mut column[at..at + 4], relu(value + bias));
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
