//! The score of two songs.

use crate::recording::analysis::Analysis;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::passage::Passage;
use crate::recording::runs::score_matrix::{ScoreMatrix, median};
use crate::recording::segments::Segments;

/// Greatest score of two songs without a passage, unless they are compared as clips.
const HIGHEST_WITHOUT_PASSAGE: f32 = 0.3;

/// The score of two songs in 0..1.
///
/// It is the certainty that one of them copies from the other, not the amount: ten seconds that are
/// certainly the same are a copy. The amount is in each song's coverage.
///
/// | Songs | Score |
/// |---|---|
/// | with passages | that of the passage that is [most certainly copied](Passage::copied) |
/// | without a passage, one of them all blank | 0: there is nothing to compare |
/// | others without a passage | calibrated score of the median logit, at most 0.3 |
///
/// The very same samples have a passage even where they are blank. Two
/// [clips](crate::recording::clips) without a passage have a score of their own.
#[must_use]
pub fn song_score(
    matrix: &ScoreMatrix,
    passages: &[Passage],
    [left, right]: [&Analysis; 2],
    calibration: &Calibration,
) -> f32 {
    let best = passages.iter().map(Passage::copied).fold(0.0, f64::max);
    if best > 0.0 {
        return best as f32;
    }
    let segments = [&left.segments, &right.segments];
    let blank = segments.map(Segments::blank_share);
    if blank.contains(&1.0) {
        return 0.0;
    }
    let resemblance = calibration.score(median(matrix.row_medians().collect()));
    resemblance.min(HIGHEST_WITHOUT_PASSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::analysis::test_analysis::{matrix, song};
    use crate::recording::refinement::alignment::Alignment;

    fn score(matrix: &ScoreMatrix, passages: &[Passage], songs: [&Analysis; 2]) -> f32 {
        song_score(matrix, passages, songs, &Calibration::default())
    }

    fn passage(score: f32, certainty: f64) -> Passage {
        Passage {
            alignment: Alignment {
                left_secs: (0.0, 9.0),
                map: TimeMap::fitted_to((0.0, 9.0), (0.0, 9.0)),
                semitones: 0.0,
                correlation: 0.5,
            },
            score,
            certainty,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
            in_mix: 0.0,
        }
    }

    #[test]
    fn the_most_certain_passage_decides() {
        let passages = [passage(0.98, 0.5), passage(0.9, 1.0), passage(0.99, 0.6)];
        let song = song(40, 5);
        assert_eq!(score(&matrix(40, -5.0), &passages, [&song, &song]), 0.9);
    }

    #[test]
    fn peaks_alone_suffice() {
        let song = song(40, 5);
        let in_mix = Passage {
            in_mix: 0.97,
            ..passage(0.2, 0.5)
        };
        assert_eq!(score(&matrix(40, -5.0), &[in_mix], [&song, &song]), 0.97);
    }

    #[test]
    fn without_a_passage_songs_score_by_their_resemblance_and_stay_different() {
        let score = |side, logit| {
            let song = song(side, 5);
            score(&matrix(side, logit), &[], [&song, &song])
        };
        assert!(score(40, -5.0) < 0.01);
        // Far from a verdict, but above what songs without any resemblance score.
        assert!((0.2..0.4).contains(&score(40, 3.0)));
        assert_eq!(
            score(6, 3.0),
            HIGHEST_WITHOUT_PASSAGE,
            "7 s suffice for one"
        );
    }

    #[test]
    fn a_blank_song_has_nothing_to_compare() {
        let mut blank = song(4, 5);
        blank.segments.blank.fill(true);
        assert_eq!(score(&matrix(4, 3.0), &[], [&song(4, 5), &blank]), 0.0);
    }
}
