//! The similarity head in use: two embeddings to a logit, and the calibration of logits to scores.
//!
//! `logit = bias - sum_k softplus(w_k) * sqrt(n) * |e1_k - e2_k|`. It is monotone by construction: no difference can raise the logit, so that a
//! song with itself always scores highest. A free two-layer head never sees a zero difference in training and scored two identical clips below a
//! shifted copy.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::recording::encoder::weights_file::Tensors;

/// The head in use: plain numbers, so that a matrix of thousands by thousands needs no tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoringHead {
    weights: Vec<f32>,
    bias: f32,
}

impl ScoringHead {
    /// The head of a weights file, for embeddings of that length.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when a tensor is missing or has another shape.
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

    /// The logit of two embeddings; symmetric.
    #[must_use]
    pub fn logit(&self, left: &[f32], right: &[f32]) -> f32 {
        // Eight partial sums, which the compiler keeps in vector registers.
        const LANES: usize = 8;
        let mut sums = [0.0_f32; LANES];
        for ((left, right), weights) in left
            .chunks_exact(LANES)
            .zip(right.chunks_exact(LANES))
            .zip(self.weights.chunks_exact(LANES))
        {
            for lane in 0..LANES {
                sums[lane] += (left[lane] - right[lane]).abs() * weights[lane];
            }
        }
        let rest = left.len() - left.len() % LANES;
        let tail: f32 = left[rest..]
            .iter()
            .zip(&right[rest..])
            .zip(&self.weights[rest..])
            .map(|((left, right), weight)| (left - right).abs() * weight)
            .sum();
        self.bias - (sums.iter().sum::<f32>() + tail)
    }

    /// The logit of an embedding with itself, the highest there is.
    #[must_use]
    pub fn identity_logit(&self) -> f32 {
        self.bias
    }
}

/// A monotone map from logit to score, fitted on validation tracks, so that 0.5 divides best and the verdict bands mean what
/// they say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// `(logit, score)`, both rising; linear between two knots, logistic tails outside. Without knots: the plain sigmoid.
    pub knots: Vec<(f32, f32)>,
}

impl Calibration {
    /// Logit to score in 0..1.
    #[must_use]
    pub fn score(&self, logit: f32) -> f32 {
        let (Some(&first), Some(&last)) = (self.knots.first(), self.knots.last()) else {
            return sigmoid(logit);
        };
        if logit <= first.0 {
            // Continues through the first knot towards zero, so that even the least similar pairs keep their order.
            return sigmoid(logit - first.0 + inverse_sigmoid(first.1));
        }
        if logit >= last.0 {
            return last.1;
        }
        let above = self.knots.partition_point(|knot| knot.0 <= logit);
        let ((x0, y0), (x1, y1)) = (self.knots[above - 1], self.knots[above]);
        y0 + (y1 - y0) * (logit - x0) / (x1 - x0)
    }

    /// The logit whose score is 0.5: above it a pair counts as a copy.
    #[must_use]
    pub fn logit_of_half(&self) -> f32 {
        let above = self.knots.partition_point(|knot| knot.1 < 0.5);
        match (
            above.checked_sub(1).map(|below| self.knots[below]),
            self.knots.get(above),
        ) {
            (Some((x0, y0)), Some(&(x1, y1))) => x0 + (x1 - x0) * (0.5 - y0) / (y1 - y0),
            (None, Some(&(x1, y1))) => x1 - inverse_sigmoid(y1),
            (Some((x0, _)), None) => x0,
            (None, None) => 0.0,
        }
    }

    /// The logit of typical unrelated music: the lowest knot.
    #[must_use]
    pub fn logit_of_unrelated(&self) -> f32 {
        /// Score of 0.02 under the plain sigmoid.
        const WITHOUT_KNOTS: f32 = -3.9;
        self.knots.first().map_or(WITHOUT_KNOTS, |knot| knot.0)
    }

    /// Whether the knots can be used: finite, strictly rising logits, rising scores strictly inside 0..=1.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.knots
            .iter()
            .all(|&(logit, score)| logit.is_finite() && score > 0.0 && score <= 1.0)
            && self
                .knots
                .windows(2)
                .all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1)
    }
}

/// `ln(1 + e^x)`, without overflow.
fn softplus(x: f32) -> f32 {
    x.max(0.0) + libm::log1pf(libm::expf(-x.abs()))
}

/// The logistic function.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-x))
}

fn inverse_sigmoid(y: f32) -> f32 {
    libm::logf(y / (1.0 - y))
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
    fn a_logit_is_the_weighted_distance_below_the_bias() {
        let (left, right) = ([0.0; 19], [1.0; 19]);
        assert!((head().logit(&left, &right) - (6.0 - 17.1)).abs() < 1e-5);
        assert_eq!(head().logit(&right, &right), head().identity_logit());
    }

    #[test]
    fn calibration_goes_through_its_knots_and_never_falls() {
        let calibration = Calibration {
            knots: vec![(-4.0, 0.1), (0.5, 0.5), (6.0, 1.0)],
        };
        assert!(calibration.is_valid());
        for (logit, score) in &calibration.knots {
            assert!((calibration.score(*logit) - score).abs() < 1e-6);
        }
        let scores: Vec<f32> = (-300..100)
            .map(|tenth| calibration.score(tenth as f32 * 0.1))
            .collect();
        assert!(scores.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(scores[0] > 0.0 && scores[399] <= 1.0);
    }

    #[test]
    fn the_divide_scores_one_half() {
        for knots in [
            vec![],
            vec![(-4.0, 0.1), (0.5, 0.5), (6.0, 1.0)],
            vec![(-4.0, 0.1), (6.0, 1.0)],
            vec![(1.0, 0.8), (2.0, 0.9)],
        ] {
            let calibration = Calibration { knots };
            assert!(
                (calibration.score(calibration.logit_of_half()) - 0.5).abs() < 1e-5,
                "{calibration:?}"
            );
        }
    }

    #[test]
    fn broken_knots_are_seen() {
        let valid = |knots: &[(f32, f32)]| {
            Calibration {
                knots: knots.to_vec(),
            }
            .is_valid()
        };
        assert!(valid(&[]));
        assert!(!valid(&[(0.0, 0.5), (0.0, 0.6)]));
        assert!(!valid(&[(0.0, 0.5), (1.0, 0.4)]));
        assert!(!valid(&[(f32::NAN, 0.5)]));
        assert!(!valid(&[(0.0, 0.0)]));
    }
}
