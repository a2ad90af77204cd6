use super::*;

/// A map to convolve, and a filter.
struct Case {
    inputs: usize,
    outputs: usize,
    rows: usize,
    columns: usize,
    /// `[output, input, row, column]`
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Case {
    fn new([inputs, outputs, rows, columns]: [usize; 4]) -> Self {
        Self {
            inputs,
            outputs,
            rows,
            columns,
            weights: (0..outputs * inputs * 9).map(noise).collect(),
            bias: (0..outputs).map(|output| noise(output + 5)).collect(),
        }
    }

    fn value(&self, row: usize, column: usize, channel: usize) -> f32 {
        noise((row * self.columns + column) * self.inputs + channel + 1)
    }

    /// The output by the code under test.
    fn convolved<Filter, const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize>(
        &self,
    ) -> Columns
    where
        Filter: MinimalFilter<INPUTS, PRODUCTS, SUMS>,
    {
        let out_rows = self.rows.div_ceil(Filter::STRIDE);
        let convolution = WinogradConvolution::<Filter, INPUTS, PRODUCTS, SUMS>::new(
            self.inputs,
            out_rows,
            &self.weights,
            &self.bias,
        );
        let (mut input, mut scratch) = (convolution.input(self.rows), TileScratch::default());
        convolution.reserve(&mut scratch);
        let channels = self.outputs.next_multiple_of(PANEL);
        let mut output = Columns::new(out_rows, channels, 2, out_rows + 3);
        input.start(self.columns);
        output.start(self.columns.div_ceil(Filter::STRIDE));
        for column in 0..self.columns {
            let range = input.row_range();
            let padded = self.inputs.next_multiple_of(PANEL);
            let new = &mut input.push(1)[range];
            for (row, new) in new.chunks_exact_mut(padded).enumerate() {
                for (channel, new) in new[..self.inputs].iter_mut().enumerate() {
                    *new = self.value(row, column, channel);
                }
            }
            // Any number of columns may come at a time.
            if column % 7 == 3 || column + 1 == self.columns {
                convolution.advance(&mut input, &mut output, &mut scratch);
            }
        }
        output
    }

    /// A value of the output by the definition, with ReLU.
    fn expected(&self, stride: usize, row: usize, column: usize, output: usize) -> f32 {
        let mut sum = f64::from(self.bias[output]);
        for tap in 0..9 {
            let x = (column * stride + tap % 3).wrapping_sub(1);
            let y = (row * stride + tap / 3).wrapping_sub(1);
            if x >= self.columns || y >= self.rows {
                continue;
            }
            for input in 0..self.inputs {
                let weight = self.weights[(output * self.inputs + input) * 9 + tap];
                sum += f64::from(weight) * f64::from(self.value(y, x, input));
            }
        }
        sum.max(0.0) as f32
    }
}

fn noise(seed: usize) -> f32 {
    (seed * 7_919 % 101) as f32 / 50.0 - 1.0
}

/// Compares with the definition, on maps whose sides aren't multiples of a tile.
fn check<Filter, const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize>()
where
    Filter: MinimalFilter<INPUTS, PRODUCTS, SUMS>,
{
    const MAPS: [[usize; 4]; 4] = [[1, 1, 1, 1], [3, 5, 7, 10], [8, 16, 8, 21], [10, 9, 6, 33]];
    for case in MAPS.map(Case::new) {
        let output = case.convolved::<Filter, INPUTS, PRODUCTS, SUMS>();
        let out_rows = case.rows.div_ceil(Filter::STRIDE);
        let out_columns = case.columns.div_ceil(Filter::STRIDE);
        assert_eq!((output.to_come(), output.held()), (0, out_columns + 2));
        let channels = case.outputs.next_multiple_of(PANEL);
        let tolerance = 1e-5 * (case.inputs as f32).max(1.0);
        let columns = output.values().chunks_exact(output.column_values());
        for (column, values) in columns.skip(2).enumerate() {
            let (padding, values) = values.split_at(output.row_range().start);
            assert!(padding.iter().all(|&value| value == 0.0));
            for (at, &actual) in values.iter().enumerate() {
                let (row, channel) = (at / channels, at % channels);
                let expected = if row < out_rows && channel < case.outputs {
                    case.expected(Filter::STRIDE, row, column, channel)
                } else {
                    0.0
                };
                assert!(
                    (actual - expected).abs() < tolerance,
                    "column {column} row {row} channel {channel}: {actual}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn convolutions_match_the_definition() {
    check::<Stride1, 4, 4, 4>();
    check::<Stride2, 5, 5, 3>();
}
