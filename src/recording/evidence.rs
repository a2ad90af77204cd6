//! What each cell of a score matrix says for or against a copy.
//!
//! A logit is the logarithm of a likelihood ratio, up to a constant: copy against other music. Sums of logits along a line are then the logarithm of the
//! line's likelihood ratio, as far as its cells are independent, and the line with the greatest sum is the most likely copy. Three things
//! make the plain logit less trustworthy than that, and each is met here: neighbouring segments overlap, so that one accident is
//! counted several times (a margin is asked for); single cells err badly (each is limited); and what resembles everything says little (its
//! background is taken off).

use crate::recording::encoder::calibration::Calibration;
use crate::recording::score_matrix::ScoreMatrix;
use crate::recording::segments::Segments;

/// Logits above the calibrated 0.5 from which a cell speaks for a match. Larger finds fewer weak copies, smaller lets chance resemblances grow into passages.
const MARGIN: f32 = 2.0;
/// Share of a segment's typical resemblance to all of the other song that is taken off its evidence: what resembles everything (a drone, a bare beat) says little.
const BACKGROUND_SHARE: f32 = 0.1;
/// No single cell speaks louder than this, for or against.
pub const LIMIT: f32 = 3.0;
/// Evidence of a cell with a blank segment, or of one that belongs to a passage already found: strongly against.
pub const AGAINST: f32 = -LIMIT;

/// Evidence of all cells, in the matrix's order. Blank segments match nothing.
#[must_use]
pub fn evidence(
    matrix: &ScoreMatrix,
    left: &Segments,
    right: &Segments,
    calibration: &Calibration,
) -> Vec<f32> {
    let divide = calibration.logit_of_half() + MARGIN;
    let unrelated = calibration.logit_of_unrelated();
    let background = |median: f32, segments: usize| {
        // Of a short song a match itself may be the typical resemblance.
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
                limited(logit - divide - row_background.max(*column_background))
            }
        }));
    }
    evidence
}

/// Evidence within its limits. Above, a hundredth still counts, so that of two lines without doubt the better one is taken.
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
    fn a_cell_speaks_from_the_margin_on_and_within_the_limits() {
        // Without knots the divide is at logit 0.
        let evidence = evidence_of(vec![MARGIN, MARGIN + 1.0, -50.0, 50.0], 4);
        assert_eq!(evidence[..3], [0.0, 1.0, -LIMIT]);
        // A hundredth of the 45 beyond the limit.
        assert!((evidence[3] - LIMIT - 0.45).abs() < 0.01);
        let better = evidence_of(vec![60.0], 1);
        assert!(better[0] > evidence[3]);
    }

    #[test]
    fn the_divide_moves_with_the_calibration() {
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
    fn what_resembles_everything_says_less() {
        // Column 3 resembles every row; the cell (5, 5) is as high, but only that.
        let (rows, columns) = (20, 20);
        let mut logits = vec![-6.0; rows * columns];
        for row in 0..rows {
            logits[row * columns + 3] = 4.0;
        }
        logits[5 * columns + 5] = 4.0;
        let evidence = evidence_of(logits, columns);
        // A tenth of what its typical 4 lies above the -3.9 of unrelated music.
        let less = evidence[5 * columns + 5] - evidence[5 * columns + 3];
        assert!((less - 0.79).abs() < 0.01, "{less}");
    }

    #[test]
    fn short_songs_have_no_background() {
        let evidence = evidence_of(vec![4.0; 15 * 15], 15);
        assert_eq!(evidence, vec![4.0 - MARGIN; 15 * 15]);
    }

    #[test]
    fn blank_segments_speak_against() {
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
    fn a_blank_segment_weighs_as_much_as_one_without_doubt() {
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
