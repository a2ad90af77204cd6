//! The calibration: logits to scores.

use serde::{Deserialize, Serialize};

/// A monotone map from logit to score, fitted on validation tracks, so that 0.5 is the best
/// threshold and the verdict bands are accurate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// `(logit, score)`, both rising. The map is linear between two knots, logistic below the first
    /// and constant above the last. Without knots it is the sigmoid.
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
            // A sigmoid through the first knot, so that the least similar pairs keep their order,
            // too.
            return sigmoid(logit - first.0 + inverse_sigmoid(first.1));
        }
        if logit >= last.0 {
            return last.1;
        }
        let above = self.knots.partition_point(|knot| knot.0 <= logit);
        let ((x0, y0), (x1, y1)) = (self.knots[above - 1], self.knots[above]);
        y0 + (y1 - y0) * (logit - x0) / (x1 - x0)
    }

    /// The logit of the score 0.5, the threshold above which a pair counts as a copy.
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

    /// The logit of typical unrelated music: that of the lowest knot.
    #[must_use]
    pub fn logit_of_unrelated(&self) -> f32 {
        /// The sigmoid of it is 0.02.
        const WITHOUT_KNOTS: f32 = -3.9;
        self.knots.first().map_or(WITHOUT_KNOTS, |knot| knot.0)
    }

    /// Whether logits are finite and strictly rising, and scores rising, above 0 and at most 1.
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
    fn the_threshold_scores_one_half() {
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
    fn invalid_knots_are_detected() {
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
