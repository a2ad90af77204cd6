//! Winograd's minimal filtering in one dimension: two outputs of a three-tap filter from fewer products than the taps ask for.
//!
//! S. Winograd, *Arithmetic Complexity of Computations* (1980); for convolutional networks A. Lavin and S. Gray, *Fast Algorithms for
//! Convolutional Neural Networks* (2016). With two outputs the factors are sums of two inputs, so that rounding grows by little.

use wide::f32x4;

/// Two outputs of a three-tap filter from `INPUTS` inputs by `PRODUCTS` products, which are added up to `SUMS` sums over all channels
/// before the outputs are made of them.
pub(crate) trait MinimalFilter<const INPUTS: usize, const PRODUCTS: usize, const SUMS: usize> {
    /// Inputs from one output to the next.
    const STRIDE: usize;

    /// The sum that each product belongs to.
    const SUM_OF_PRODUCT: [usize; PRODUCTS];

    /// The factors on the side of the weights.
    fn weights(taps: [f32; 3]) -> [f32; PRODUCTS];

    /// The factors on the side of the inputs, for four channels at once.
    fn inputs(x: [f32x4; INPUTS]) -> [f32x4; PRODUCTS];

    /// The outputs, for four channels at once.
    fn outputs(sums: [f32x4; SUMS]) -> [f32x4; 2];
}

/// Stride 1: F(2, 3), 4 products instead of 6; in two dimensions 16 instead of 36.
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

/// Stride 2: the outer taps meet every other input and slide over these by one, which F(2, 2) computes with 3 products instead of 4; the
/// middle tap meets the inputs between. 5 products instead of 6; in two dimensions 25 instead of 36.
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

    fn check<F: MinimalFilter<I, P, S>, const I: usize, const P: usize, const S: usize>() {
        let taps = [3.0, -5.0, 8.0];
        let x: [f32; I] = std::array::from_fn(|i| [2.0, 7.0, -4.0, 9.0, -6.0][i]);
        let (weights, inputs) = (F::weights(taps), F::inputs(x.map(f32x4::splat)));
        let mut sums = [f32x4::ZERO; S];
        for product in 0..P {
            sums[F::SUM_OF_PRODUCT[product]] += inputs[product] * f32x4::splat(weights[product]);
        }
        for (output, value) in F::outputs(sums).into_iter().enumerate() {
            let expected: f32 = (0..3)
                .map(|tap| taps[tap] * x[output * F::STRIDE + tap])
                .sum();
            assert_eq!(value.to_array(), [expected; 4]);
        }
    }

    #[test]
    fn outputs_are_those_of_the_filter() {
        check::<Stride1, 4, 4, 4>();
        check::<Stride2, 5, 5, 3>();
    }
}
