//! Winograd's minimal filtering in one dimension: two outputs of a three-tap filter, with fewer
//! multiplications than the definition, which has 6.
//!
//! S. Winograd, *Arithmetic Complexity of Computations* (1980); for convolutional networks A. Lavin
//! and S. Gray, *Fast Algorithms for Convolutional Neural Networks* (2016). For two outputs, a
//! factor is a sum of only two inputs, so that rounding errors grow little.

use wide::f32x4;

/// A filter that computes two outputs from `INPUTS` inputs.
///
/// It multiplies `PRODUCTS` factors of the inputs by as many factors of the weights. The products
/// are added up, also over all channels, to `SUMS` sums, from which the outputs follow.
pub(crate) trait MinimalFilter<const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize> {
    /// Distance between the inputs of two neighbouring outputs.
    const STRIDE: usize;

    /// The sum to which each product is added.
    const SUM_OF_PRODUCT: [usize; PRODUCTS];

    /// The factors of the weights.
    fn weights(taps: [f32; 3]) -> [f32; PRODUCTS];

    /// The factors of the inputs, for four channels at once.
    fn inputs(x: [f32x4; INPUTS]) -> [f32x4; PRODUCTS];

    /// The outputs, for four channels at once.
    fn outputs(sums: [f32x4; SUMS]) -> [f32x4; 2];
}

/// Stride 1: Winograd's F(2, 3), with 4 products instead of 6; in two dimensions 16 instead of 36.
#[derive(Clone, Debug)]
pub(crate) struct Stride1;

impl MinimalFilter<4, 4, 4> for Stride1 {
    const STRIDE: usize = 1;
    const SUM_OF_PRODUCT: [usize; 4] = [0, 1, 2, 3];

    fn weights([w0, w1, w2]: [f32; 3]) -> [f32; 4] {
        [w0, 0.5 * (w0 + w1 + w2), 0.5 * (w0 - w1 + w2), w2]
    }

    #[inline(always)]
    fn inputs([x0, x1, x2, x3]: [f32x4; 4]) -> [f32x4; 4] {
        [x0 - x2, x1 + x2, x2 - x1, x1 - x3]
    }

    #[inline(always)]
    fn outputs([s0, s1, s2, s3]: [f32x4; 4]) -> [f32x4; 2] {
        [s0 + s1 + s2, s1 - s2 - s3]
    }
}

/// Stride 2, with 5 products instead of 6; in two dimensions 25 instead of 36.
///
/// The outer taps are a two-tap filter of stride 1 over the even inputs, for which F(2, 2) needs 3
/// products instead of 4. The middle tap is multiplied by the odd inputs, 2 products.
#[derive(Clone, Debug)]
pub(crate) struct Stride2;

impl MinimalFilter<5, 5, 3> for Stride2 {
    const STRIDE: usize = 2;
    const SUM_OF_PRODUCT: [usize; 5] = [0, 0, 1, 2, 2];

    fn weights([w0, w1, w2]: [f32; 3]) -> [f32; 5] {
        [w0, w1, w0 + w2, w1, w2]
    }

    #[inline(always)]
    fn inputs([x0, x1, x2, x3, x4]: [f32x4; 5]) -> [f32x4; 5] {
        [x0 - x2, x1, x2, x3, x4 - x2]
    }

    #[inline(always)]
    fn outputs([s0, s1, s2]: [f32x4; 3]) -> [f32x4; 2] {
        [s0 + s1, s1 + s2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<Filter, const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize>()
    where
        Filter: MinimalFilter<INPUTS, PRODUCTS, SUMS>,
    {
        let taps = [3.0, -5.0, 8.0];
        let x: [f32; INPUTS] = std::array::from_fn(|i| [2.0, 7.0, -4.0, 9.0, -6.0][i]);
        let (weights, inputs) = (Filter::weights(taps), Filter::inputs(x.map(f32x4::splat)));
        let mut sums = [f32x4::ZERO; SUMS];
        for product in 0..PRODUCTS {
            sums[Filter::SUM_OF_PRODUCT[product]] +=
                inputs[product] * f32x4::splat(weights[product]);
        }
        for (output, value) in Filter::outputs(sums).into_iter().enumerate() {
            let expected: f32 = (0..3)
                .map(|tap| taps[tap] * x[output * Filter::STRIDE + tap])
                .sum();
            assert_eq!(value.to_array(), [expected; 4]);
        }
    }

    #[test]
    fn outputs_match_the_definition() {
        check::<Stride1, 4, 4, 4>();
        check::<Stride2, 5, 5, 3>();
    }
}
