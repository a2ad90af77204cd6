//! The evidence of each cell of a score matrix: its logit, made fit to be summed along a line.
//!
//! A logit is the logarithm of a likelihood ratio, up to a constant: copy against other music. If
//! cells were independent, the sum of the logits along a line would be the log-likelihood ratio of
//! the line, and the line with the greatest sum the most likely copy. Three effects are corrected:
//!
//! | Effect | Correction |
//! |---|---|
//! | Neighbouring segments overlap, so that one false positive counts several times | a margin above the threshold |
//! | Single cells have large errors | limits |
//! | Some segments (a drone, a bare beat) resemble everything | their background is subtracted |

use crate::recording::encoder::calibration::Calibration;
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::recording::segments::Segments;

/// Logits above the calibrated score of 0.5 from which evidence is positive. A larger margin finds
/// fewer weak copies, a smaller one lets chance resemblances grow into passages.
const MARGIN: f32 = 2.0;
/// Share of a segment's background, its median logit against all of the other song above that of
/// unrelated music, that is subtracted from its evidence.
const BACKGROUND_SHARE: f32 = 0.1;
/// Greatest evidence of a single cell, positive or negative.
pub const LIMIT: f32 = 3.0;
/// Evidence of a cell with a blank segment, and of one that belongs to a run already found.
pub const AGAINST: f32 = -LIMIT;

/// Evidence of all cells, in the matrix's order. Blank segments match nothing.
#[must_use]
pub fn evidence(
    matrix: &ScoreMatrix,
    left: &Segments,
    right: &Segments,
    calibration: &Calibration,
) -> Vec<f32> {
    let threshold = calibration.logit_of_half() + MARGIN;
    let unrelated = calibration.logit_of_unrelated();
    let background = |median: f32, segments: usize| {
        // In a short song the match itself may be the median.
        const ENOUGH_SEGMENTS: usize = 16;
        if segments < ENOUGH_SEGMENTS {
            return 0.0;
        }
        BACKGROUND_SHARE * (median - unrelated).max(0.0)
    };
    let column_backgrounds: Vec<f32> = matrix
        .column_medians()
        .map(|median| background(median, matrix.rows))
        .collect();
    let mut evidence = Vec::with_capacity(matrix.logits.len());
    for (row, row_median) in matrix.row_medians().enumerate() {
        let row_background = background(row_median, matrix.columns);
        let cells = matrix
            .row(row)
            .iter()
            .zip(&right.blank)
            .zip(&column_backgrounds);
        evidence.extend(cells.map(|((logit, right_is_blank), column_background)| {
            if left.blank[row] || *right_is_blank {
                AGAINST
            } else {
                limited(logit - threshold - row_background.max(*column_background))
            }
        }));
    }
    evidence
}

/// Evidence within its limits. A hundredth of the excess still counts, so that the better one of
/// two certain lines is taken.
fn limited(evidence: f32) -> f32 {
    const SHARE_BEYOND: f32 = 0.01;
    let beyond = (evidence - LIMIT).max(0.0);
    evidence.clamp(-LIMIT, LIMIT) + SHARE_BEYOND * beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::segments::test_segments;

    const CALIBRATION: Calibration = Calibration { knots: Vec::new() };

    fn evidence_of(logits: Vec<f32>, columns: usize) -> Vec<f32> {
        let matrix = ScoreMatrix {
            rows: logits.len() / columns,
            columns,
            logits,
        };
        evidence(
            &matrix,
            &test_segments(matrix.rows),
            &test_segments(columns),
            &CALIBRATION,
        )
    }

    #[test]
    fn evidence_begins_at_the_margin_and_stays_within_the_limits() {
        // Without knots the threshold is at logit 0.
        let evidence = evidence_of(vec![MARGIN, MARGIN + 1.0, -50.0, 50.0], 4);
        assert_eq!(evidence[..3], [0.0, 1.0, -LIMIT]);
        // A hundredth of the 45 beyond the limit.
        assert!((evidence[3] - LIMIT - 0.45).abs() < 0.01);
        let better = evidence_of(vec![60.0], 1);
        assert!(better[0] > evidence[3]);
    }

    #[test]
    fn the_threshold_follows_the_calibration() {
        let calibration = Calibration {
            knots: vec![(-1.0, 0.1), (4.0, 0.5), (8.0, 1.0)],
        };
        let matrix = ScoreMatrix {
            rows: 1,
            columns: 1,
            logits: vec![7.0],
        };
        let one = test_segments(1);
        assert_eq!(evidence(&matrix, &one, &one, &calibration), [1.0]);
    }

    #[test]
    fn a_segment_that_resembles_everything_has_less_evidence() {
        // Column 3 resembles every row; of column 5 only the cell (5, 5) is as high.
        let (rows, columns) = (20, 20);
        let mut logits = vec![-6.0; rows * columns];
        for row in 0..rows {
            logits[row * columns + 3] = 4.0;
        }
        logits[5 * columns + 5] = 4.0;
        let evidence = evidence_of(logits, columns);
        // A tenth of the distance from the -3.9 of unrelated music to its median of 4.
        let less = evidence[5 * columns + 5] - evidence[5 * columns + 3];
        assert!((less - 0.79).abs() < 0.01, "{less}");
    }

    #[test]
    fn short_songs_have_no_background() {
        let evidence = evidence_of(vec![4.0; 15 * 15], 15);
        assert_eq!(evidence, vec![4.0 - MARGIN; 15 * 15]);
    }

    #[test]
    fn blank_segments_are_evidence_against_a_match() {
        let matrix = ScoreMatrix {
            rows: 2,
            columns: 2,
            logits: vec![9.0; 4],
        };
        let (mut left, right) = (test_segments(2), test_segments(2));
        left.blank[1] = true;
        let evidence_of = |left: &Segments, right: &Segments| {
            let evidence = evidence(&matrix, left, right, &CALIBRATION);
            evidence
                .iter()
                .map(|evidence| *evidence > 0.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(evidence_of(&left, &right), [true, true, false, false]);
        assert_eq!(evidence_of(&right, &left), [true, false, true, false]);
    }

    #[test]
    fn a_blank_segment_weighs_as_much_as_a_certain_one() {
        let matrix = ScoreMatrix {
            rows: 1,
            columns: 2,
            logits: vec![MARGIN + LIMIT; 2],
        };
        let (one, mut two) = (test_segments(1), test_segments(2));
        two.blank[0] = true;
        let evidence = evidence(&matrix, &one, &two, &CALIBRATION);
        assert_eq!(evidence, [-evidence[1], evidence[1]]);
    }
}
