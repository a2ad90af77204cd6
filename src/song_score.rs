//! One number for two songs.

use crate::head::Calibration;
use crate::passages::Passage;
use crate::score_matrix::{ScoreMatrix, median};

/// Segments of a song in which a passage can form: 7 s.
const ENOUGH_SEGMENTS: usize = 6;
/// Songs without a passage score no higher, unless one of them is too short for any.
const HIGHEST_WITHOUT_PASSAGE: f32 = 0.3;

/// The score of two songs in 0..1.
///
/// It says how surely one of them copies from the other, not how much: ten seconds that are certainly the same are a copy. How much is in each
/// song's coverage. The surest and most alike passage decides: its calibrated score times its sureness. Songs without a passage score by how much they
/// resemble each other anywhere.
#[must_use]
pub fn song_score(matrix: &ScoreMatrix, passages: &[Passage], calibration: &Calibration) -> f32 {
    let best = passages
        .iter()
        .map(|passage| passage.score * passage.sureness as f32)
        .fold(0.0, f32::max);
    if best > 0.0 {
        return best;
    }
    let resemblance = calibration.score(median(matrix.row_medians().collect()));
    if matrix.rows.min(matrix.columns) >= ENOUGH_SEGMENTS {
        resemblance.min(HIGHEST_WITHOUT_PASSAGE)
    } else {
        resemblance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alignment::Alignment;

    fn matrix(side: usize, logit: f32) -> ScoreMatrix {
        ScoreMatrix {
            rows: side,
            columns: side,
            logits: vec![logit; side * side],
        }
    }

    fn passage(score: f32, sureness: f64) -> Passage {
        Passage {
            alignment: Alignment {
                left_secs: (0.0, 9.0),
                right_secs: (0.0, 9.0),
                semitones: 0.0,
                correlation: 0.5,
            },
            score,
            sureness,
        }
    }

    #[test]
    fn the_surest_passage_decides() {
        let passages = [passage(0.98, 0.5), passage(0.9, 1.0), passage(0.99, 0.6)];
        let score = song_score(&matrix(40, -5.0), &passages, &Calibration::default());
        assert_eq!(score, 0.9);
    }

    #[test]
    fn without_a_passage_songs_score_by_their_resemblance_and_stay_different() {
        let score = |side, logit| song_score(&matrix(side, logit), &[], &Calibration::default());
        assert!(score(40, -5.0) < 0.01);
        // Far from a verdict, but above what songs without any resemblance score.
        assert!((0.2..0.4).contains(&score(40, 3.0)));
        assert!(score(5, 3.0) > 0.9, "6 s are too short for a passage");
        assert_eq!(score(8, 3.0), HIGHEST_WITHOUT_PASSAGE, "8 s are not");
    }
}
