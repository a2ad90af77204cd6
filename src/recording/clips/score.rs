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

/// Weight of the correlation in the support of a copy. Clips of one voice, or of two drum machines
/// with the same pattern, have similar embeddings, and correlate a little in many places, mostly
/// where one is stretched. So a copy needs support:
///
/// ```text
/// support = SUPPORT + CORRELATION_SUPPORT * correlation + PROMINENCE_SUPPORT * prominence
///         + EVIDENCE_SUPPORT * evidence - SPREAD_SUPPORT * spread
///         - SPEED_SUPPORT * |ln(speed)| - LOGIT_SUPPORT * logit
/// ```
///
/// The logit lowers it, since the more similar the embeddings are, the more the spectra of a copy
/// correlate. The weights are a logistic regression on clips of 3 to 6.5 s that score 0.5 or more
/// by their resemblance: 98 copies of validation tracks, of voices (espeak-ng) and of drum
/// machines, and 151 pairs of two texts, two drum machines or one track. They are made by
/// `trainer/make_clips.py`, measured by the trainer's step `clip-support` and fitted by
/// `trainer/fit_clip_support.py`. Of all that the script makes, which is more by now, the
/// regression finds other weights, and one copy less. How many of the clips that no line joins
/// score 0.5 or more:
///
/// | clips | without the support | with it |
/// |---|---:|---:|
/// | copies of music, voices and drums | 131 | 124 |
/// | copies of drum machines by telephone (not in the regression) | 22 | 0 |
/// | two texts, espeak-ng | 117 | 0 |
/// | two texts, flite (not in the regression) | 100 | 0 |
/// | two texts, festival (examined once, after the choice) | 92 | 0 |
/// | drum machines with the same pattern | 30 | 0 |
/// | two places of one track | 7 | 3 |
const CORRELATION_SUPPORT: f64 = 10.2;
/// Weight of the prominence.
const PROMINENCE_SUPPORT: f64 = 4.1;
/// Weight of the evidence of the peaks.
const EVIDENCE_SUPPORT: f64 = 0.09;
/// Weight of the spread.
const SPREAD_SUPPORT: f64 = 87.0;
/// Weight of the difference in speed, for one unit of natural logarithm.
const SPEED_SUPPORT: f64 = 7.4;
/// Weight of the embeddings' logit.
const LOGIT_SUPPORT: f64 = 0.67;
/// The support without any measurement.
const SUPPORT: f64 = 1.8;
/// Correlation from which clips need no support. Drum machines with the same pattern reach 0.89.
const LEAST_CORRELATION_ALONE: f64 = 0.92;

/// Whether clips that resemble each other meet in one place, too, and better there than elsewhere,
/// by the embeddings' logit, their alignment and the evidence of their peaks (`clips::peaks`).
#[must_use]
pub fn is_supported(logit: f32, alignment: &ClipAlignment, evidence: f32) -> bool {
    let for_copy = CORRELATION_SUPPORT * alignment.correlation
        + PROMINENCE_SUPPORT * alignment.prominence
        + EVIDENCE_SUPPORT * f64::from(evidence);
    let against = SPREAD_SUPPORT * alignment.spread
        + SPEED_SUPPORT * libm::log(alignment.map.slope).abs()
        + LOGIT_SUPPORT * f64::from(logit);
    alignment.correlation >= LEAST_CORRELATION_ALONE || SUPPORT + for_copy >= against
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

    /// Whether a clip is supported that meets another one a little better than elsewhere, with one
    /// measurement changed.
    fn is_supported_with(change: impl FnOnce(&mut ClipAlignment, &mut f32, &mut f32)) -> bool {
        let mut alignment = ClipAlignment {
            correlation: 0.47,
            map: TimeMap {
                anchor: (0.0, 0.0),
                slope: 1.0,
            },
            shift_bands: 0,
            spread: 0.045,
            prominence: 0.14,
        };
        let (mut logit, mut evidence) = (6.5, 3.2);
        change(&mut alignment, &mut logit, &mut evidence);
        is_supported(logit, &alignment, evidence)
    }

    #[test]
    fn each_measurement_of_the_support_makes_up_for_the_others() {
        assert!(!is_supported_with(|_, _, _| ()), "two texts in one voice");
        assert!(is_supported_with(|clips, _, _| clips.correlation = 0.55));
        assert!(is_supported_with(|clips, _, _| clips.prominence = 0.35));
        assert!(is_supported_with(|clips, _, _| clips.spread = 0.035));
        assert!(is_supported_with(|_, logit, _| *logit = 5.2));
        assert!(is_supported_with(|_, _, evidence| *evidence = 13.0));
        // Less of them doesn't.
        assert!(!is_supported_with(|clips, _, _| clips.prominence = 0.25));
        assert!(!is_supported_with(|_, _, evidence| *evidence = 9.0));
    }

    #[test]
    fn stretched_clips_need_more_support() {
        let is_copy = |slope, correlation| {
            is_supported_with(|clips, _, _| {
                (clips.map.slope, clips.correlation) = (slope, correlation);
            })
        };
        assert!(is_copy(1.0, 0.6) && !is_copy(1.3, 0.6) && !is_copy(1.0 / 1.3, 0.6));
        assert!(is_copy(1.3, 0.8) && is_copy(1.0 / 1.3, 0.8));
        assert!(!is_copy(1.3, 0.7) && !is_copy(1.0 / 1.3, 0.7));
    }

    #[test]
    fn what_correlates_as_no_other_clip_does_needs_no_support() {
        // A loop meets itself at every turn, and its embeddings are the same.
        let is_copy = |correlation| {
            is_supported_with(|clips, logit, _| {
                (clips.correlation, clips.prominence, clips.spread) = (correlation, 0.0, 0.1);
                *logit = 9.0;
            })
        };
        assert!(is_copy(0.93) && !is_copy(0.9));
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
