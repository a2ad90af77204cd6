//! The score of two clips without a passage.
//!
//! As with [passages](crate::recording::passages), two measurements with nearly independent errors
//! are fused. Embeddings survive noise and filters but confuse clips of one album. The correlation
//! of the [best alignment](crate::recording::clips::align) separates those, but fails in noise.
//! With the embeddings' `logit`, the greatest `correlation` and the `spread` of all correlations:
//!
//! ```text
//! embeddings = LOGIT_WEIGHT * logit - SPREAD_WEIGHT * spread
//! spectra    = CORRELATION_WEIGHT * correlation
//! score      = sigmoid(BIAS + (1 - max(correlation, 0)) * embeddings + spectra)
//! ```
//!
//! A high spread lowers the weight of the embeddings: clips that correlate in every position, such
//! as drones and loops, have similar embeddings, too.
//!
//! The four weights are a logistic regression on validation tracks (`trainer/fit_clip_score.py`):
//! 2,400 ordinary pairs, 1,560 with stronger changes, and 1,200 of one album or one track, the last
//! with a weight of 0.3.

use crate::recording::clips::align::ClipAlignment;
use crate::recording::encoder::calibration::{Calibration, sigmoid};

/// Log-odds without any evidence.
const BIAS: f64 = -6.14;
/// Weight of the embeddings' logit.
const LOGIT_WEIGHT: f64 = 1.27;
/// Weight of the spread, which is typically 0.05.
const SPREAD_WEIGHT: f64 = 82.9;
/// Weight of the correlation.
const CORRELATION_WEIGHT: f64 = 19.06;

/// Weight of the evidence of the peaks in the support of a copy. The four weights are a logistic
/// regression on clips of 3 to 7 s that score 0.5 or more by their resemblance: 135 copies of
/// validation tracks, 26 pairs of one track or one drum machine, and 96 of synthetic voices that
/// read two texts (espeak-ng). Of those, and of voices by another synthesiser (flite), these pass:
///
/// | clips | by the peaks alone | by the support |
/// |---|---:|---:|
/// | copies in mixtures, at other speeds or by telephone | 83 of 93 | 82 of 93 |
/// | copies in noise and filters | 42 of 42 | 42 of 42 |
/// | two texts, espeak-ng | 33 of 95 | 8 of 95 |
/// | two texts, flite (not in the regression) | 9 of 94 | 1 of 94 |
/// | drum machines with the same pattern | 3 of 8 | 1 of 8 |
const EVIDENCE_SUPPORT: f64 = 0.358;
/// Weight of the prominence.
const PROMINENCE_SUPPORT: f64 = 7.46;
/// Weight of the correlation.
const CORRELATION_SUPPORT: f64 = 9.58;
/// Weight of the spread.
const SPREAD_SUPPORT: f64 = 36.7;
/// Least support of a copy: a probability of 0.4.
const LEAST_SUPPORT: f64 = 4.52;
/// Correlation from which clips need no support. Different ones reach 0.51.
const LEAST_CORRELATION_ALONE: f64 = 0.55;

/// Whether clips that resemble each other meet in one place, too, and better there than elsewhere:
/// the evidence of their [peaks](crate::recording::clips::peaks) and their alignment.
#[must_use]
pub fn is_supported(alignment: &ClipAlignment, evidence: f32) -> bool {
    if alignment.correlation >= LEAST_CORRELATION_ALONE {
        return true;
    }
    let spectra =
        CORRELATION_SUPPORT * alignment.correlation + PROMINENCE_SUPPORT * alignment.prominence;
    EVIDENCE_SUPPORT * f64::from(evidence) + spectra - SPREAD_SUPPORT * alignment.spread
        >= LEAST_SUPPORT
}

/// The score of two clips in 0..1, by the logit of their embeddings and their alignment. Without an
/// alignment the score is the calibrated one of the embeddings.
#[must_use]
pub fn clip_score(logit: f32, alignment: Option<&ClipAlignment>, calibration: &Calibration) -> f32 {
    match alignment {
        Some(alignment) => {
            let uncorrelated = 1.0 - alignment.correlation.max(0.0);
            let embeddings = LOGIT_WEIGHT * f64::from(logit) - SPREAD_WEIGHT * alignment.spread;
            let spectra = CORRELATION_WEIGHT * alignment.correlation;
            sigmoid((BIAS + uncorrelated * embeddings + spectra) as f32)
        }
        None => calibration.score(logit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::segments::test_segments;

    fn score(logit: f32, correlation: f64) -> f32 {
        score_at_spread(logit, correlation, 0.05)
    }

    fn score_at_spread(logit: f32, correlation: f64, spread: f64) -> f32 {
        let alignment = ClipAlignment {
            correlation,
            map: TimeMap {
                anchor: (0.0, 0.0),
                slope: 1.0,
            },
            shift_bands: 0,
            spread,
            prominence: 0.2,
        };
        clip_score(logit, Some(&alignment), &Calibration::default())
    }

    #[test]
    fn each_measurement_compensates_for_the_other_and_neither_suffices_alone() {
        assert!(score(9.0, 0.15) > 0.8, "noise drowns the spectrum");
        assert!(score(-4.0, 0.8) > 0.9, "the embedding is wrong");
        assert!(score(5.0, 0.1) < 0.3, "one album, other notes");
        assert!(score(-4.0, 0.45) < 0.2, "chance");
        assert!(score(5.0, 0.5) > 0.95);
    }

    #[test]
    fn more_of_either_never_lowers_the_score() {
        let steps = |count: i32, of: &dyn Fn(f64) -> f32| {
            let scores: Vec<f32> = (0..=count)
                .map(|step| of(f64::from(step) / f64::from(count)))
                .collect();
            scores.is_sorted()
        };
        for other in [0.0, 0.25, 0.5, 0.75, 1.0] {
            assert!(steps(50, &|x| score(
                (x * 20.0 - 10.0) as f32,
                2.0 * other - 1.0
            )));
            assert!(steps(50, &|x| score(
                (20.0 * other - 10.0) as f32,
                2.0 * x - 1.0
            )));
        }
    }

    #[test]
    fn a_high_spread_lowers_the_weight_of_the_embeddings() {
        let of = |spread| score_at_spread(7.0, 0.2, spread);
        assert!(
            of(0.03) > 0.7 && of(0.09) < 0.3,
            "{} {}",
            of(0.03),
            of(0.09)
        );
    }

    #[test]
    fn a_clip_with_itself_scores_one_at_any_spread() {
        for spread in [0.0, 0.1, 0.5, 1.0] {
            assert!(score_at_spread(-20.0, 1.0, spread) > 0.999);
        }
    }

    #[test]
    fn each_measurement_of_the_support_makes_up_for_the_others() {
        let of = |correlation, prominence, spread, evidence| {
            let map = TimeMap {
                anchor: (0.0, 0.0),
                slope: 1.0,
            };
            let alignment = ClipAlignment {
                correlation,
                map,
                shift_bands: 0,
                spread,
                prominence,
            };
            is_supported(&alignment, evidence)
        };
        assert!(!of(0.42, 0.03, 0.05, 3.0), "two texts in one voice");
        assert!(of(0.42, 0.03, 0.05, 8.0), "peaks");
        assert!(of(0.42, 0.25, 0.05, 3.0), "one place only");
        assert!(of(0.42, 0.03, 0.01, 3.0), "no other place at all");
        assert!(of(0.56, 0.0, 0.2, 0.0), "a loop with itself");
    }

    #[test]
    fn without_an_alignment_the_embeddings_decide() {
        let calibration = Calibration {
            knots: vec![(-1.0, 0.1), (4.0, 0.5), (8.0, 1.0)],
        };
        assert_eq!(clip_score(4.0, None, &calibration), 0.5);
    }

    #[test]
    fn six_segments_are_no_clip() {
        assert!(test_segments(5).is_clip() && !test_segments(6).is_clip());
    }
}
