//! The score of two clips that no line joins.
//!
//! Lines of embeddings and of peaks join most copied clips. Of those that are left, some are copies
//! under speech or at twice the tempo, and most are other music; clips of one voice, or of two drum
//! machines with the same pattern, have similar embeddings, too. What tells them apart is how well
//! they meet in one place, and how much better there than elsewhere:
//!
//! ```text
//! score = sigmoid(BIAS + CORRELATION_WEIGHT * correlation + PROMINENCE_WEIGHT * prominence
//!                 + EVIDENCE_WEIGHT * min(evidence, 12) - SPREAD_WEIGHT * spread
//!                 - LIKENESS_WEIGHT * max(logit - 3, 0) - STRETCH_WEIGHT * is_stretched)
//! ```
//!
//! with the greatest `correlation`, its `prominence`, and the `spread` of all correlations (see
//! [`ClipAlignment`]), the `evidence` of the peaks that meet there, and the `logit` of the
//! embeddings. `is_stretched` is 1 where the clips meet at different speeds, else 0: most copies
//! keep their speed, and chance doesn't.
//!
//! The seven constants are a logistic regression on clips of validation tracks that no line joins
//! (`trainer/fit_clip_score.py`, which states its weights): ordinary pairs, pairs with stronger
//! changes, pairs of one album or one track, and those that `trainer/make_clips.py` makes, among
//! them two texts in one voice and drum machines with one pattern.

use crate::recording::clips::align::ClipAlignment;
use crate::recording::clips::peaks::evidence_at;
use crate::recording::encoder::calibration::sigmoid;
use crate::recording::peaks::peak_map::PeakMap;

/// Log-odds without any evidence.
const BIAS: f64 = -3.22;
/// Weight of the correlation.
const CORRELATION_WEIGHT: f64 = 23.08;
/// Weight of the prominence.
const PROMINENCE_WEIGHT: f64 = 6.99;
/// Weight of the evidence of the peaks.
const EVIDENCE_WEIGHT: f64 = 0.54;
/// Weight of the spread, which is typically 0.04. Clips that correlate in every position, such as
/// drones and loops, say little by it.
const SPREAD_WEIGHT: f64 = 108.10;
/// Weight of embeddings that are more similar than [`ALIKE_LOGIT`]. The more alike two clips sound,
/// the more the spectra of different ones correlate, too.
const LIKENESS_WEIGHT: f64 = 1.40;
/// Weight of a difference in speed.
const STRETCH_WEIGHT: f64 = 1.19;
/// Evidence above this says no more: only copies have it.
const MOST_EVIDENCE: f32 = 12.0;
/// Logit of the embeddings from which clips sound alike. Chosen among 3, 3.5, 4 and 5 on
/// validation clips, with little difference.
const ALIKE_LOGIT: f32 = 3.0;
/// Correlation from which clips are copies, whatever else is measured: the score is no less than
/// it. Drum machines with the same pattern reach 0.89.
const LEAST_CORRELATION_ALONE: f64 = 0.92;

/// What is measured where two clips meet.
#[derive(Clone, Copy, Debug)]
pub struct ClipMeeting {
    /// Where they meet.
    pub alignment: ClipAlignment,
    /// Logit of their embeddings there.
    pub logit: f32,
    /// Evidence of their peaks there.
    pub evidence: f32,
}

impl ClipMeeting {
    /// That of two clips with these peaks.
    #[must_use]
    pub fn new(alignment: ClipAlignment, logit: f32, [left, right]: [&PeakMap; 2]) -> Self {
        Self {
            logit,
            evidence: evidence_at(&alignment, left, right),
            alignment,
        }
    }

    /// Certainty that one clip copies from the other, 0..1.
    #[must_use]
    pub fn score(&self) -> f32 {
        let found = &self.alignment;
        let for_copy = CORRELATION_WEIGHT * found.correlation
            + PROMINENCE_WEIGHT * found.prominence
            + EVIDENCE_WEIGHT * f64::from(self.evidence.min(MOST_EVIDENCE));
        let is_stretched = f64::from(u8::from(found.map.slope != 1.0));
        let against = SPREAD_WEIGHT * found.spread
            + LIKENESS_WEIGHT * f64::from((self.logit - ALIKE_LOGIT).max(0.0))
            + STRETCH_WEIGHT * is_stretched;
        let score = sigmoid((BIAS + for_copy - against) as f32);
        match found.correlation >= LEAST_CORRELATION_ALONE {
            true => score.max(found.correlation.min(1.0) as f32),
            false => score,
        }
    }
}

#[cfg(test)]
pub(crate) fn test_meeting() -> ClipMeeting {
    use crate::geometry::time_map::TimeMap;

    ClipMeeting {
        alignment: ClipAlignment {
            correlation: 0.3,
            map: TimeMap {
                anchor: (0.0, 0.0),
                slope: 1.0,
            },
            shift_bands: 0,
            spread: 0.04,
            prominence: 0.05,
        },
        logit: 4.0,
        evidence: 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::segments::test_segments;

    /// Score of clips that meet a little better than chance, with one measurement changed.
    fn with(change: impl FnOnce(&mut ClipMeeting)) -> f32 {
        let mut meeting = test_meeting();
        change(&mut meeting);
        meeting.score()
    }

    #[test]
    fn each_measurement_makes_up_for_the_others() {
        let unchanged = with(|_| ());
        assert!((0.1..0.4).contains(&unchanged), "{unchanged}");
        assert!(with(|clips| clips.alignment.correlation = 0.4) > 0.7);
        assert!(with(|clips| clips.alignment.prominence = 0.35) > 0.5);
        assert!(with(|clips| clips.alignment.spread = 0.025) > 0.5);
        assert!(with(|clips| clips.evidence = 6.0) > 0.5);
        assert!(with(|clips| clips.logit = 0.0) > unchanged + 0.1);
        // Less of them doesn't.
        assert!(with(|clips| clips.alignment.correlation = 0.31) < 0.5);
        assert!(with(|clips| clips.evidence = 2.5) < 0.5);
    }

    #[test]
    fn more_evidence_never_lowers_the_score() {
        let rises = |of: &dyn Fn(&mut ClipMeeting, f64)| {
            let steps = (0..=50).map(|step| with(|clips| of(clips, f64::from(step) / 50.0)));
            steps.collect::<Vec<_>>().is_sorted()
        };
        assert!(rises(&|clips, part| clips.alignment.correlation = part));
        assert!(rises(&|clips, part| clips.alignment.prominence = part));
        assert!(rises(&|clips, part| clips.evidence = (part * 20.0) as f32));
        assert!(rises(&|clips, part| clips.alignment.spread = 1.0 - part));
    }

    #[test]
    fn clips_that_sound_alike_need_more_evidence_and_others_do_not() {
        let of = |logit| with(|clips| clips.logit = logit);
        assert!(of(9.0) < 0.01 && of(6.0) < of(4.0));
        assert_eq!(of(3.0), of(-9.0));
    }

    #[test]
    fn stretched_clips_need_more_evidence_by_whatever_factor() {
        let of = |slope| with(|clips| clips.alignment.map.slope = slope);
        assert!(of(1.06) < of(1.0) - 0.05);
        assert_eq!((of(1.06), of(0.5)), (of(2.0), of(2.0)));
    }

    #[test]
    fn evidence_beyond_that_of_copies_says_no_more() {
        let of = |evidence| {
            with(|clips| {
                (clips.evidence, clips.alignment.correlation) = (evidence, 0.0);
            })
        };
        assert!(of(11.0) < of(12.0));
        assert_eq!(of(12.0), of(40.0));
    }

    #[test]
    fn what_correlates_as_no_other_clip_does_is_a_copy() {
        // A drone meets itself everywhere, and its embeddings are the same.
        let of = |correlation| {
            with(|clips| {
                clips.alignment.correlation = correlation;
                (clips.alignment.prominence, clips.alignment.spread) = (0.0, 0.5);
                clips.logit = 9.0;
            })
        };
        assert_eq!((of(0.93), of(1.0), of(1.0 + 1e-9)), (0.93, 1.0, 1.0));
        assert!(of(0.91) < 0.1);
    }

    #[test]
    fn six_segments_are_no_clip() {
        assert!(test_segments(5).is_clip() && !test_segments(6).is_clip());
    }
}
