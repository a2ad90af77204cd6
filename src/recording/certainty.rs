//! The certainty of a passage, from the evidence of the embeddings and of the spectrograms. That of
//! spectral peaks is in [`significance`](crate::recording::peaks::significance).
//!
//! Two measurements with nearly independent errors are fused. Embeddings survive noise and filters
//! but confuse songs of one style for a few seconds. The correlation of whitened spectrograms
//! separates those, and never stays high for long by chance. Two drum machines that play the same
//! pattern have similar embeddings for minutes, so that embeddings alone never suffice: a copy in
//! loud noise is found by its spectral peaks. For a run with evidence `E`, relative to the evidence
//! that suffices, and an alignment of `s` seconds with correlation `r`:
//!
//! ```text
//! certainty = max( min(E, 1) * ramp(r, SUPPORTING),          both
//!                  ramp(r, SUFFICIENT) * min(s / 5, 1) )     spectrograms alone
//! ramp(r, (from, to)) = (r - f) / (t - f)
//!     where f = max(from, 1.2 / sqrt(s)), t = max(to, 1.65 / sqrt(s))
//! ```
//!
//! All values lie within 0..1. The terms with the root are the chance level,
//! [`CHANCE_CORRELATIONS`].

use crate::recording::refinement::alignment::Alignment;
use crate::recording::runs::evidence::LIMIT;
use crate::recording::runs::score_matrix::ScoreMatrix;

/// Evidence that suffices where the spectrograms correlate: ten seconds of very high logits.
const FULL_EVIDENCE: f32 = 16.0;
/// The evidence that suffices is at most this share of a short song's segments.
const SHARE_OF_SHORT_SONG: f32 = 0.6;
/// Correlations between which the evidence of a run begins to count and counts in full.
///
/// | Alignments over more than 7 s | Correlation |
/// |---|---|
/// | of different songs, by chance | up to 0.25 |
/// | of tunes by one synthesiser, by chance | up to 0.32 |
/// | of copies with noise, codec, pitch and speed changed | above 0.6 |
pub const SUPPORTING_CORRELATIONS: (f64, f64) = (0.25, 0.45);
/// Correlations between which the spectrograms alone begin to suffice and suffice. Chance
/// alignments over more than 5 s reached 0.37.
pub const SUFFICIENT_CORRELATIONS: (f64, f64) = (0.35, 0.6);
/// The same in a part of the bands, at the original speed and pitch, so that there are fewer chance
/// alignments. Of 2,256 pairs of a validation song without all below 3 kHz (a minute, by SoX's
/// `sinc 3000`) and another one, 0.30 is the greatest over 20 s. The 47 copies have 0.46 or more.
const CORRELATIONS_IN_BANDS: (f64, f64) = (0.3, 0.45);
/// Thresholds on `correlation * sqrt(secs)`: below the first an alignment may be chance, above the
/// second it is not. By chance, correlation falls as `1 / sqrt(secs)`.
///
/// | Alignments | Correlation * sqrt(secs) |
/// |---|---|
/// | the best of 19,000 by chance | 1.2: correlations from 0.78 over 2.5 s to 0.42 over 8 s |
/// | by chance, with key, tempo and instruments the same, too | 1.5 |
/// | copies | from 1.7 |
///
/// The chance alignments come from 1,200 pairs, 8 s of one tune and 5 minutes of another by the
/// same synthesiser.
const CHANCE_CORRELATIONS: (f64, f64) = (1.2, 1.65);
/// Shortest passage for which a correlation suffices, in seconds.
const SUFFICIENT_SECS: f64 = 5.0;
/// Least certainty of a passage that is reported.
pub const LEAST_CERTAINTY: f64 = 0.5;

/// Evidence that suffices for two songs: less for short ones.
#[must_use]
pub fn full_evidence(matrix: &ScoreMatrix) -> f32 {
    let shorter = matrix.rows.min(matrix.columns);
    FULL_EVIDENCE.min(LIMIT * (SHARE_OF_SHORT_SONG * shorter as f32).max(1.0))
}

/// Certainty of a passage, by its share of the evidence that suffices and by its alignment.
#[must_use]
pub fn certainty(evidence_share: f64, alignment: &Alignment) -> f64 {
    let by_both = evidence_share.min(1.0) * above_chance(alignment, SUPPORTING_CORRELATIONS, 1.0);
    let by_correlation = above_chance(alignment, SUFFICIENT_CORRELATIONS, 1.0)
        * (alignment.secs() / SUFFICIENT_SECS).min(1.0);
    by_both.max(by_correlation)
}

/// Certainty of a passage whose alignment has the correlation of this share of the bands, at the
/// original speed and pitch.
#[must_use]
pub fn certainty_in_bands(alignment: &Alignment, share_of_bands: f64) -> f64 {
    above_chance(alignment, CORRELATIONS_IN_BANDS, share_of_bands)
}

/// Position of an alignment's correlation between two thresholds, which are raised to the chance
/// level of its length and its bands: 0..1. By chance, the correlation of fewer values is greater.
fn above_chance(alignment: &Alignment, (from, to): (f64, f64), share_of_bands: f64) -> f64 {
    let root = (alignment.secs().max(1.0) * share_of_bands).sqrt();
    let (chance, certain) = CHANCE_CORRELATIONS;
    ramp(
        alignment.correlation,
        (from.max(chance / root), to.max(certain / root)),
    )
}

/// 0 below the first of two values, 1 above the second, a straight line between.
fn ramp(value: f64, (from, to): (f64, f64)) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::alignment::test_alignment as alignment;

    #[test]
    fn evidence_counts_in_proportion_to_the_correlation() {
        assert_eq!(certainty(1.0, &alignment(20.0, 0.5)), 1.0);
        assert!(certainty(0.6, &alignment(20.0, 0.5)) > LEAST_CERTAINTY);
        assert!(certainty(2.5, &alignment(20.0, 0.05)) < LEAST_CERTAINTY);
        assert!(
            certainty(2.5, &alignment(20.0, 0.25)) < LEAST_CERTAINTY,
            "no better than chance"
        );
        assert!(
            certainty(10.0, &alignment(90.0, 0.05)) < LEAST_CERTAINTY,
            "two drum machines play the same pattern"
        );
    }

    #[test]
    fn a_high_correlation_suffices_with_little_evidence() {
        let weak = 0.2;
        assert_eq!(certainty(weak, &alignment(10.0, 0.6)), 1.0);
        assert!(certainty(weak, &alignment(10.0, 0.15)) < LEAST_CERTAINTY);
        assert!(
            certainty(weak, &alignment(1.5, 0.6)) < LEAST_CERTAINTY,
            "too short"
        );
        assert_eq!(
            certainty(weak, &alignment(5.0, 0.75)),
            1.0,
            "just long enough"
        );
        assert!(
            certainty(weak, &alignment(10.0, 0.42)) < LEAST_CERTAINTY,
            "little more than chance"
        );
    }

    #[test]
    fn seven_certain_seconds_are_evidence_enough_and_four_are_not() {
        let full = full_evidence(&ScoreMatrix {
            rows: 100,
            columns: 200,
            logits: Vec::new(),
        });
        let of_segments = |count: f32| f64::from(LIMIT * count / full);
        assert_eq!(certainty(of_segments(6.0), &alignment(7.0, 0.65)), 1.0);
        assert!(certainty(of_segments(3.0), &alignment(4.5, 0.65)) < 0.7);
    }

    #[test]
    fn the_shorter_an_alignment_the_better_it_must_correlate() {
        // Greatest chance correlations of tunes by one synthesiser, by length.
        for (secs, chance) in [
            (2.5, 0.78),
            (3.5, 0.64),
            (4.5, 0.56),
            (5.5, 0.52),
            (8.0, 0.42),
        ] {
            let certainty = |correlation| certainty(1.5, &alignment(secs, correlation));
            assert!(
                certainty(chance) < LEAST_CERTAINTY / 2.0,
                "{secs} s: {}",
                certainty(chance)
            );
            let copied = 1.42 * chance;
            assert!(copied > 1.0 || certainty(copied) == 1.0, "{secs} s");
        }
        // Over a minute chance reaches little, but one beat and one style do.
        assert!(certainty(1.5, &alignment(60.0, 0.25)) < LEAST_CERTAINTY);
        assert_eq!(certainty(1.5, &alignment(60.0, 0.45)), 1.0);
    }

    #[test]
    fn fewer_bands_need_a_longer_alignment() {
        let certainty =
            |secs, correlation, share| certainty_in_bands(&alignment(secs, correlation), share);
        assert_eq!(certainty(60.0, 0.46, 0.3), 1.0);
        assert!((0.6..0.7).contains(&certainty(60.0, 0.4, 0.3)));
        assert_eq!(certainty(60.0, 0.3, 0.3), 0.0);
        // The greatest of other songs.
        for (secs, correlation) in [(20.5, 0.3), (10.8, 0.374), (5.0, 0.49), (2.1, 0.655)] {
            assert_eq!(certainty(secs, correlation, 0.3), 0.0, "{secs} s");
        }
        assert!(certainty(8.0, 0.6, 1.0) > 0.99 && certainty(8.0, 0.6, 0.3) < 0.01);
    }

    #[test]
    fn evidence_does_not_replace_correlation() {
        let halfway = alignment(8.0, 0.5);
        assert_eq!(certainty(1.0, &halfway), certainty(1.7, &halfway));
        assert!(certainty(1.7, &halfway) < LEAST_CERTAINTY);
    }

    #[test]
    fn short_songs_need_less_evidence() {
        let matrix = |rows, columns| ScoreMatrix {
            rows,
            columns,
            logits: Vec::new(),
        };
        assert_eq!(full_evidence(&matrix(100, 200)), FULL_EVIDENCE);
        assert_eq!(full_evidence(&matrix(5, 200)), LIMIT * 3.0);
        assert_eq!(full_evidence(&matrix(1, 1)), LIMIT);
    }
}
