//! From two sequences of embeddings to the passages that match.
//!
//! A passage that was copied shows in the score matrix as a line: its slope says how much the tempo changed, its place where it lies in both songs. Every straight line with a
//! slope in [`SLOPES`](crate::line_search::SLOPES) is searched for the contiguous run with the greatest sum of evidence (Kadane's algorithm), the best run of all is taken as a passage, its surroundings are
//! struck out, and the search goes on until what is left is no stronger than what unrelated songs produce. The lines are those of a Hough transform restricted to plausible
//! tempo ratios. Cost is about `slopes * (rows + columns) * rows` once, and little for each further passage, because only lines whose best run was touched are searched again.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::head::{Calibration, ScoringHead};
use crate::line_search::{Line, Run, aligned, lines};
use crate::model::Embeddings;
use crate::segment::Segments;

/// Evidence of one cell is how far its logit lies above the calibrated 0.5 plus this margin, within [`EVIDENCE_LIMIT`]. The margin makes a chance resemblance cost more than it brings.
const EVIDENCE_MARGIN: f32 = 2.0;
/// Share of a segment's typical resemblance to all of the other song that is taken off its evidence: what resembles everything (a drone, a crowd, a bare beat) says little.
const BACKGROUND_SHARE: f32 = 0.1;
/// No single cell speaks louder than this, for or against.
const EVIDENCE_LIMIT: f32 = 3.0;
/// Evidence of a silent segment: strongly against, so that silence matches nothing.
const SILENT_EVIDENCE: f32 = -EVIDENCE_LIMIT;
/// Least evidence of a passage: some seven seconds of good resemblance.
const LEAST_EVIDENCE: f32 = 7.0;
/// Cells on each side of a passage that are struck out with it: neighbouring segments overlap by three quarters.
const STRIKE_OUT_CELLS: usize = 4;
/// A run is explained by stronger ones when they cover at least this share of it in both songs: music that repeats itself resembles its own repetitions everywhere, and only the
/// best alignment of each stretch is news. A loop used four times stays four passages, because each use lies elsewhere in one of the songs.
const EXPLAINED_SHARE: f64 = 0.6;
/// Runs looked for at most, the explained ones included.
const MOST_SEARCHES: usize = 24;

/// Logits of all segments of the left song (rows) against all of the right song (columns).
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMatrix {
    /// Segments of the left song.
    pub rows: usize,
    /// Segments of the right song.
    pub columns: usize,
    /// `rows * columns` logits, row by row.
    pub logits: Vec<f32>,
}

impl ScoreMatrix {
    /// Compares every segment with every segment.
    #[must_use]
    pub fn new(left: &Embeddings, right: &Embeddings, head: &ScoringHead) -> Self {
        let logits = left
            .rows()
            .flat_map(|left| right.rows().map(move |right| head.logit(left, right)))
            .collect();
        Self {
            rows: left.len(),
            columns: right.len(),
            logits,
        }
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.logits[row * self.columns..(row + 1) * self.columns]
    }
}

/// The runs that match, ordered by their place in the left song.
#[must_use]
pub fn runs(
    matrix: &ScoreMatrix,
    left: &Segments,
    right: &Segments,
    calibration: &Calibration,
) -> Vec<Run> {
    let mut evidence = evidence(matrix, left, right, calibration);
    // A short song has few segments, and all of them may be all there is.
    const SHARE_OF_LEAST_SONG: f32 = 0.7;
    let least = LEAST_EVIDENCE
        .min(SHARE_OF_LEAST_SONG * EVIDENCE_LIMIT * matrix.rows.min(matrix.columns) as f32);
    let lines: Vec<Line> = lines(matrix.rows, matrix.columns).collect();
    let mut queue: BinaryHeap<Candidate> = lines
        .iter()
        .enumerate()
        .filter_map(|(line, of)| {
            Some(Candidate {
                evidence: of.best(&evidence, matrix.columns)?.evidence,
                line,
            })
        })
        .filter(|candidate| candidate.evidence >= least)
        .collect();
    let mut found = Vec::new();
    let mut searches = 0;
    while let Some(candidate) = queue.pop().filter(|_| searches < MOST_SEARCHES) {
        // Striking out only takes evidence away, so that what a line had is a bound of what it has: the first line that still has it is the best of all.
        let Some(best) = lines[candidate.line]
            .best(&evidence, matrix.columns)
            .filter(|best| best.evidence >= least)
        else {
            continue;
        };
        if best.evidence < candidate.evidence {
            queue.push(Candidate {
                evidence: best.evidence,
                ..candidate
            });
            continue;
        }
        let run = Run {
            mean_logit: mean_logit(matrix, &best),
            ..best
        };
        strike_out(&mut evidence, matrix, &run);
        searches += 1;
        if !is_explained(&run, &found) {
            found.push(aligned(&matrix.logits, matrix.columns, run));
        }
    }
    found.sort_by_key(|run| run.first_row);
    found
}

/// The evidence that a line had when last looked at.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    evidence: f32,
    line: usize,
}

impl Ord for Candidate {
    /// More evidence first; among equals the earlier line, so that results don't depend on the heap's moods.
    fn cmp(&self, other: &Self) -> Ordering {
        self.evidence
            .total_cmp(&other.evidence)
            .then_with(|| other.line.cmp(&self.line))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

fn evidence(
    matrix: &ScoreMatrix,
    left: &Segments,
    right: &Segments,
    calibration: &Calibration,
) -> Vec<f32> {
    let divide = calibration.logit_of_half() + EVIDENCE_MARGIN;
    let unrelated = calibration.logit_of_unrelated();
    let background = |logits: Vec<f32>| {
        // Of a short song a match itself may be the typical resemblance.
        const ENOUGH_SEGMENTS: usize = 16;
        if logits.len() < ENOUGH_SEGMENTS {
            return 0.0;
        }
        BACKGROUND_SHARE * (median(logits) - unrelated).max(0.0)
    };
    let row_backgrounds = (0..matrix.rows).map(|row| background(matrix.row(row).to_vec()));
    let column_backgrounds: Vec<f32> = (0..matrix.columns)
        .map(|column| {
            background(
                matrix
                    .logits
                    .iter()
                    .skip(column)
                    .step_by(matrix.columns)
                    .copied()
                    .collect(),
            )
        })
        .collect();
    let mut evidence = Vec::with_capacity(matrix.logits.len());
    for (row, row_background) in row_backgrounds.enumerate() {
        let columns = matrix
            .row(row)
            .iter()
            .zip(&right.silent)
            .zip(&column_backgrounds);
        evidence.extend(
            columns.map(|((logit, right_is_silent), column_background)| {
                if left.silent[row] || *right_is_silent {
                    SILENT_EVIDENCE
                } else {
                    let background = row_background.max(*column_background);
                    limited(logit - divide - background)
                }
            }),
        );
    }
    evidence
}

/// Evidence within its limits. Above, a hundredth still counts, so that of two lines without doubt the better one is
/// taken.
fn limited(evidence: f32) -> f32 {
    const SHARE_BEYOND: f32 = 0.01;
    let beyond = (evidence - EVIDENCE_LIMIT).max(0.0);
    evidence.clamp(-EVIDENCE_LIMIT, EVIDENCE_LIMIT) + SHARE_BEYOND * beyond
}

/// The middle value; the list is not empty.
fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

fn is_explained(run: &Run, stronger: &[Run]) -> bool {
    let rows = |run: &Run| (run.first_row as f64, run.last_row as f64 + 1.0);
    let columns = |run: &Run| (run.first_column, run.last_column() + 1.0);
    let share = |span: fn(&Run) -> (f64, f64)| {
        covered_share(span(run), stronger.iter().map(span).collect())
    };
    share(rows) >= EXPLAINED_SHARE && share(columns) >= EXPLAINED_SHARE
}

/// Share of a span `(start, end)` that lies in the union of others.
#[must_use]
pub fn covered_share(span: (f64, f64), mut others: Vec<(f64, f64)>) -> f64 {
    others.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut covered, mut reached) = (0.0, span.0);
    for (start, end) in others {
        let (start, end) = (start.max(reached), end.min(span.1));
        if end > start {
            covered += end - start;
            reached = end;
        }
    }
    covered / (span.1 - span.0)
}

fn cells(run: &Run, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (run.first_row..=run.last_row).map(move |row| {
        // The same rounding as in `Line::best`.
        (
            row,
            ((run.column_at(row) + 0.5).max(0.0) as usize).min(columns - 1),
        )
    })
}

fn mean_logit(matrix: &ScoreMatrix, run: &Run) -> f32 {
    // In f64, so that the mean of equal logits is that logit and a song with itself scores exactly 1.
    let sum: f64 = cells(run, matrix.columns)
        .map(|(row, column)| f64::from(matrix.row(row)[column]))
        .sum();
    (sum / (run.last_row - run.first_row + 1) as f64) as f32
}

fn strike_out(evidence: &mut [f32], matrix: &ScoreMatrix, run: &Run) {
    for (row, column) in cells(run, matrix.columns) {
        let first = row.saturating_sub(STRIKE_OUT_CELLS);
        let last = (row + STRIKE_OUT_CELLS).min(matrix.rows - 1);
        let near = column.saturating_sub(STRIKE_OUT_CELLS)
            ..=(column + STRIKE_OUT_CELLS).min(matrix.columns - 1);
        for row in first..=last {
            evidence[row * matrix.columns..][near.clone()].fill(SILENT_EVIDENCE);
        }
    }
}

/// The score of two songs in 0..1 by their runs.
///
/// Each run counts with the calibrated score of its mean logit, less when its evidence is thinner than that of a passage of ten seconds (or than the shorter song can give). Songs
/// without a run score by their typical resemblance, at most 0.3 unless one of them is too short for a run.
#[must_use]
pub fn song_score(matrix: &ScoreMatrix, runs: &[Run], calibration: &Calibration) -> f32 {
    /// Evidence of ten seconds of very good resemblance.
    const FULL_EVIDENCE: f32 = 16.0;
    /// What can be asked of a short song: 60 % of its segments.
    const SHARE_OF_SHORT_SONG: f32 = 0.6;
    /// Segments of a song in which a run can form: 7 s.
    const ENOUGH_SEGMENTS: usize = 6;
    const HIGHEST_WITHOUT_RUN: f32 = 0.3;
    let shorter = matrix.rows.min(matrix.columns);
    let full = FULL_EVIDENCE.min(EVIDENCE_LIMIT * (SHARE_OF_SHORT_SONG * shorter as f32).max(1.0));
    let best = runs
        .iter()
        .map(|run| calibration.score(run.mean_logit) * (run.evidence / full).min(1.0))
        .fold(0.0, f32::max);
    if best > 0.0 {
        best
    } else if shorter >= ENOUGH_SEGMENTS {
        resemblance(matrix, calibration).min(HIGHEST_WITHOUT_RUN)
    } else {
        resemblance(matrix, calibration)
    }
}

/// The calibrated score of the median over rows of each row's median: how much the songs resemble each other anywhere.
fn resemblance(matrix: &ScoreMatrix, calibration: &Calibration) -> f32 {
    let of_rows = (0..matrix.rows)
        .map(|row| median(matrix.row(row).to_vec()))
        .collect();
    calibration.score(median(of_rows))
}

/// Times of a run: start and end in the left and in the right song, in seconds.
#[must_use]
pub fn times_secs(run: &Run, left: &Segments, right: &Segments) -> [(f64, f64); 2] {
    let left_secs = (
        left.start_secs(run.first_row),
        left.start_secs(run.last_row) + left.length_secs,
    );
    let start_of = |column: f64| column.clamp(0.0, (right.count - 1) as f64) * right.hop_secs;
    [
        left_secs,
        (
            start_of(run.first_column),
            start_of(run.last_column()) + right.length_secs,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALIBRATION: Calibration = Calibration { knots: Vec::new() };

    fn segments(count: usize) -> Segments {
        Segments {
            count,
            hop_secs: 0.75,
            length_secs: 3.0,
            silent: vec![false; count],
        }
    }

    /// A matrix of unrelated segments (logit -6) with copies (logit 5) along lines `(first row, last row, first column, slope)`.
    fn matrix(rows: usize, columns: usize, lines: &[(usize, usize, f64, f64)]) -> ScoreMatrix {
        let mut logits = vec![-6.0; rows * columns];
        for &(first, last, column, slope) in lines {
            for row in first..=last {
                let column = (column + slope * (row - first) as f64).round() as usize;
                // Segments overlap, so that the neighbours of a match resemble it too.
                let near = column.saturating_sub(1)..=(column + 1).min(columns - 1);
                logits[row * columns..][near].fill(4.5);
                logits[row * columns + column] = 5.0;
            }
        }
        ScoreMatrix {
            rows,
            columns,
            logits,
        }
    }

    fn found(matrix: &ScoreMatrix) -> Vec<Run> {
        runs(
            matrix,
            &segments(matrix.rows),
            &segments(matrix.columns),
            &CALIBRATION,
        )
    }

    #[test]
    fn passages_are_found_where_they_lie_with_their_slope() {
        for slope in [0.71, 0.8, 1.0, 1.25, 1.42] {
            let matrix = matrix(100, 120, &[(20, 60, 10.0, slope)]);
            let runs = found(&matrix);
            assert_eq!(runs.len(), 1, "slope {slope}");
            let run = &runs[0];
            assert!(
                run.first_row.abs_diff(20) <= 2 && run.last_row.abs_diff(60) <= 2,
                "slope {slope}: {run:?}"
            );
            assert!(
                (run.slope / slope - 1.0).abs() < 0.03,
                "slope {slope}: {run:?}"
            );
            assert!(
                (run.first_column - 10.0).abs() <= 3.0,
                "slope {slope}: {run:?}"
            );
        }
    }

    #[test]
    fn every_use_of_a_loop_is_found() {
        let lines = [
            (10, 25, 5.0, 1.0),
            (40, 55, 5.0, 1.0),
            (70, 85, 5.0, 1.0),
            (10, 25, 60.0, 1.0),
        ];
        assert_eq!(found(&matrix(100, 90, &lines)).len(), 4);
    }

    #[test]
    fn what_stronger_passages_explain_is_not_repeated() {
        // A song of a 15-segment phrase played four times, against itself: the diagonal says it all.
        let mut repeating = matrix(60, 60, &[(0, 59, 0.0, 1.0)]);
        for (row, column) in (0..60).flat_map(|row| (0..60).map(move |column| (row, column))) {
            if row % 15 == column % 15 {
                repeating.logits[row * 60 + column] = 5.0;
            }
        }
        let runs = found(&repeating);
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!((runs[0].first_row, runs[0].last_row), (0, 59));
    }

    #[test]
    fn unrelated_songs_and_short_accidents_give_nothing() {
        assert!(found(&matrix(100, 100, &[])).is_empty());
        assert!(found(&matrix(100, 100, &[(20, 21, 50.0, 1.0)])).is_empty());
        assert!(song_score(&matrix(100, 100, &[]), &[], &CALIBRATION) < 0.05);
    }

    #[test]
    fn silence_matches_nothing() {
        let matrix = matrix(60, 60, &[(5, 40, 5.0, 1.0)]);
        let mut silent = segments(60);
        silent.silent[..50].fill(true);
        assert!(runs(&matrix, &silent, &segments(60), &CALIBRATION).is_empty());
    }

    #[test]
    fn the_shortest_songs_score_what_their_one_segment_scores() {
        let calibration = Calibration {
            knots: vec![(-6.0, 0.02), (0.0, 0.5), (5.0, 1.0)],
        };
        for logit in [-6.0, -1.0, 1.0] {
            let matrix = ScoreMatrix {
                rows: 1,
                columns: 1,
                logits: vec![logit],
            };
            let runs = runs(&matrix, &segments(1), &segments(1), &calibration);
            assert!(
                (song_score(&matrix, &runs, &calibration) - calibration.score(logit)).abs() < 1e-6,
                "{logit}"
            );
        }
    }

    #[test]
    fn a_song_with_itself_scores_one() {
        let calibration = Calibration {
            knots: vec![(-6.0, 0.02), (0.0, 0.5), (5.0, 1.0)],
        };
        for length in [1, 3, 7, 50] {
            let matrix = matrix(length, length, &[(0, length - 1, 0.0, 1.0)]);
            let runs = runs(&matrix, &segments(length), &segments(length), &calibration);
            assert_eq!(
                song_score(&matrix, &runs, &calibration),
                1.0,
                "{length} segments"
            );
        }
    }
}
