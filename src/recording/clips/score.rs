//! One number for two clips that are too short for a passage.
//!
//! As with [passages](crate::recording::passages), two witnesses are heard whose errors have little in common. The embeddings bear noise and filters, but find two clips
//! of one album alike; the [agreement](crate::recording::clips::align) of the moving spectra denies that, but is drowned by noise. The better the spectra agree, the less the embeddings are asked; and
//! the less they are believed, the more alike the spectra are in any position: what goes on and on is soon taken for itself.

use crate::recording::clips::align::Agreement;
use crate::recording::encoder::calibration::{Calibration, sigmoid};
use crate::recording::segments::Segments;

/// Segments in which no passage can form: less than 7 s.
const MOST_SEGMENTS: usize = 5;
/// What the sum begins with: the embeddings must make up for it, or the spectra must. This and the three others are a logistic regression on validation tracks (`trainer/fit_clip_score.py`): 2,400 pairs, 1,560
/// beyond the ordinary, and 1,200 of one album or track, which count 0.3.
const BIAS: f64 = -6.14;
/// For one of the embeddings' logit, where the spectra don't correlate at all; the better they do, the less.
const LOGIT_WEIGHT: f64 = 1.27;
/// Against it, for a spread of one, which is about 0.05.
const SPREAD_WEIGHT: f64 = 82.9;
/// For a correlation of one.
const CORRELATION_WEIGHT: f64 = 19.06;

/// Whether a song with these segments is a clip, too short for passages.
#[must_use]
pub fn is_clip(segments: &Segments) -> bool {
    segments.count <= MOST_SEGMENTS
}

/// The score of two clips in 0..1, by the logit of their embeddings and the agreement of their profiles. Where there is no agreement to speak of, neither
/// good nor bad, the embeddings decide alone.
#[must_use]
pub fn clip_score(logit: f32, agreement: Option<&Agreement>, calibration: &Calibration) -> f32 {
    match agreement {
        Some(agreement) => {
            let doubt = 1.0 - agreement.correlation.max(0.0);
            let embeddings = LOGIT_WEIGHT * f64::from(logit) - SPREAD_WEIGHT * agreement.spread;
            let spectra = CORRELATION_WEIGHT * agreement.correlation;
            sigmoid((BIAS + doubt * embeddings + spectra) as f32)
        }
        None => calibration.score(logit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::segments::test_segments;

    fn score(logit: f32, correlation: f64) -> f32 {
        score_at_spread(logit, correlation, 0.05)
    }

    fn score_at_spread(logit: f32, correlation: f64, spread: f64) -> f32 {
        let agreement = Agreement {
            correlation,
            slope: 1.0,
            right_at_start_secs: 0.0,
            bands: 0,
            spread,
        };
        clip_score(logit, Some(&agreement), &Calibration::default())
    }

    #[test]
    fn either_witness_can_make_up_for_the_other_and_neither_is_believed_alone() {
        assert!(score(9.0, 0.15) > 0.8, "noise drowns the spectrum");
        assert!(score(-4.0, 0.8) > 0.9, "an embedding goes astray");
        assert!(score(5.0, 0.1) < 0.3, "one album, other notes");
        assert!(score(-4.0, 0.45) < 0.2, "an accident");
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
    fn embeddings_are_believed_less_where_the_spectra_are_alike_in_any_position() {
        let of = |spread| score_at_spread(7.0, 0.2, spread);
        assert!(
            of(0.03) > 0.7 && of(0.09) < 0.3,
            "{} {}",
            of(0.03),
            of(0.09)
        );
    }

    #[test]
    fn one_recording_is_itself_whatever_goes_on_in_it() {
        for spread in [0.0, 0.1, 0.5, 1.0] {
            assert!(score_at_spread(-20.0, 1.0, spread) > 0.999);
        }
    }

    #[test]
    fn where_nothing_moves_the_embeddings_decide() {
        let calibration = Calibration {
            knots: vec![(-1.0, 0.1), (4.0, 0.5), (8.0, 1.0)],
        };
        assert_eq!(clip_score(4.0, None, &calibration), 0.5);
    }

    #[test]
    fn seven_seconds_are_no_clip() {
        assert!(is_clip(&test_segments(5)) && !is_clip(&test_segments(6)));
    }
}
