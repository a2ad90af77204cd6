//! The similarity head: two embeddings to a logit.
//!
//! ```text
//! logit = bias - sum_k softplus(w_k) * sqrt(n) * |left_k - right_k|
//! ```
//!
//! It is monotone by construction: no difference can raise the logit, so that a song with itself
//! always scores highest. A general two-layer head never sees a zero difference in training; one
//! scored two identical clips below a shifted copy.

use crate::error::Result;
use crate::nn::tensors::Tensors;

/// The similarity head in plain numbers, so that a score matrix of thousands by thousands needs no
/// tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoringHead {
    weights: Vec<f32>,
    bias: f32,
}

impl ScoringHead {
    /// The head of a weights file, for embeddings of the given length.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when a tensor is missing or has another
    /// shape.
    pub fn new(embedding: usize, tensors: &Tensors) -> Result<Self> {
        let scale = (embedding as f32).sqrt();
        let raw_weights = tensors.values("head.raw_weights", &[embedding])?;
        Ok(Self {
            weights: raw_weights
                .iter()
                .map(|&raw| softplus(raw) * scale)
                .collect(),
            bias: tensors.values("head.bias", &[1])?[0],
        })
    }

    /// The logit of two embeddings. It is symmetric.
    #[must_use]
    pub fn logit(&self, left: &[f32], right: &[f32]) -> f32 {
        // Number of partial sums: eight fit in vector registers.
        const PARTIAL_SUMS: usize = 8;
        let mut sums = [0.0_f32; PARTIAL_SUMS];
        for ((left, right), weights) in left
            .chunks_exact(PARTIAL_SUMS)
            .zip(right.chunks_exact(PARTIAL_SUMS))
            .zip(self.weights.chunks_exact(PARTIAL_SUMS))
        {
            for lane in 0..PARTIAL_SUMS {
                sums[lane] += (left[lane] - right[lane]).abs() * weights[lane];
            }
        }
        let rest = left.len() - left.len() % PARTIAL_SUMS;
        let tail: f32 = left[rest..]
            .iter()
            .zip(&right[rest..])
            .zip(&self.weights[rest..])
            .map(|((left, right), weight)| (left - right).abs() * weight)
            .sum();
        self.bias - (sums.iter().sum::<f32>() + tail)
    }

    /// The logit of an embedding with itself, the greatest possible one.
    #[must_use]
    pub fn identity_logit(&self) -> f32 {
        self.bias
    }
}

/// `ln(1 + e^x)`, without overflow.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + libm::log1pf(libm::expf(-x.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> ScoringHead {
        ScoringHead {
            weights: (0..19).map(|k| 0.1 * k as f32).collect(),
            bias: 6.0,
        }
    }

    #[test]
    fn a_logit_is_the_bias_minus_the_weighted_distance() {
        let (left, right) = ([0.0; 19], [1.0; 19]);
        assert!((head().logit(&left, &right) - (6.0 - 17.1)).abs() < 1e-5);
        assert_eq!(head().logit(&right, &right), head().identity_logit());
    }
}
