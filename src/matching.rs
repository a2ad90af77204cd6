//! From a score matrix to the passages that match.
//!
//! # The problem
//!
//! Of two songs with `n` and `m` segments, every segment has been compared with every other: cell `(i, j)` of the [score matrix](crate::score_matrix)
//! holds the logit of "left segment `i` and right segment `j` are the same music". A passage that was copied shows as a line of high logits; its place says
//! where it lies in both songs, its slope how much the tempo changed. Wanted are all such lines, with their ends, and none where two songs only share a
//! key, a style or a beat.
//!
//! # The algorithm
//!
//! 1. [Evidence](crate::evidence): each cell's logit relative to the calibrated divide, limited, less what its segments have in common with everything.
//! 2. [Lines](crate::line_search): for each of a few slopes in [`SLOPES`](crate::line_search::SLOPES) and every offset, the contiguous run with the greatest sum of evidence, by
//!    Kadane's algorithm. This is a Hough transform restricted to plausible tempo ratios, in which each line keeps its best run rather than its sum, so
//!    that an excerpt counts as much as a whole song.
//! 3. The best run of all lines is taken, its surroundings are struck out, and the search repeats until no run is left that is stronger
//!    than what unrelated songs produce. A max-heap of all lines by their last known evidence makes this cheap: striking out only takes evidence away, so
//!    that an old value is an upper bound, and only lines that come to the top with an outdated one are searched again (lazy evaluation, as in
//!    M. Minoux's accelerated greedy algorithm, 1978).
//! 4. A run that stronger ones explain in both songs is dropped: music that repeats itself resembles its own repetitions everywhere, and only the best
//!    alignment of each stretch is news. A loop used four times stays four passages, because each use lies elsewhere in one of the songs.
//! 5. Each run is [put right](crate::line_search::aligned) on the logits, between columns too, and runs that continue each other on one line are joined.
//! 6. [Refinement](crate::refinement) lays the two songs' spectra upon each other for exact times, speed and pitch. It knows nothing of this matrix.
//!
//! # Cost
//!
//! Comparing takes `n m d` operations for embeddings of `d` values. The first search of all lines takes about `s (n + m) min(n, m)` steps for `s` slopes, each further passage a
//! small share of that. Memory is two numbers a cell. Refinement takes time in proportion to the number of passages, with a bound for each.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::evidence::{AGAINST, LIMIT, evidence};
use crate::head::Calibration;
use crate::line_search::{Line, Run, aligned, lines};
use crate::score_matrix::ScoreMatrix;
use crate::segment::Segments;

/// Least evidence of a run: more than one cell can give. Unrelated songs reach it now and then; the passage's spectrum decides (see
/// [`passages`](crate::passages)). Larger loses faint passages, smaller costs time for accidents.
const LEAST_EVIDENCE: f32 = 3.5;
/// Cells on each side of a passage that are struck out with it: neighbouring segments overlap by three quarters.
const STRIKE_OUT_CELLS: usize = 4;
/// A run is explained by stronger ones when they cover at least this share of it in both songs.
const EXPLAINED_SHARE: f64 = 0.6;
/// Runs looked for at most, the explained ones included: bounds the time for songs made of one loop.
const MOST_SEARCHES: usize = 48;
/// Rows between two runs of one line that are joined at most: 6 s, about a quiet bar.
const MOST_ROWS_BETWEEN: usize = 8;
/// Columns by which a run may lie beside the other's line to be joined with it, for each row between their middles and at least.
const COLUMNS_BESIDE: (f64, f64) = (0.02, 1.5);

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
    let least =
        LEAST_EVIDENCE.min(SHARE_OF_LEAST_SONG * LIMIT * matrix.rows.min(matrix.columns) as f32);
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
    joined(found)
}

/// Runs that continue each other on one line made one; `runs` are ordered by their first row.
fn joined(runs: Vec<Run>) -> Vec<Run> {
    let mut joined: Vec<Run> = Vec::new();
    for run in runs {
        match joined.iter_mut().find(|before| continues(before, &run)) {
            Some(before) => *before = union(before, &run),
            None => joined.push(run),
        }
    }
    joined
}

fn continues(before: &Run, run: &Run) -> bool {
    let middle = |run: &Run| (run.first_row + run.last_row) as f64 / 2.0;
    let (per_row, least) = COLUMNS_BESIDE;
    let apart = (middle(run) - middle(before)).abs();
    let beside = |line: &Run, row: f64, column: f64| {
        let expected = line.first_column + line.slope * (row - line.first_row as f64);
        (column - expected).abs() <= least.max(per_row * apart)
    };
    let column = |run: &Run| (run.first_column + run.last_column()) / 2.0;
    run.first_row > before.last_row
        && run.first_row - before.last_row <= MOST_ROWS_BETWEEN
        && run.first_column > before.last_column()
        && run.first_column - before.last_column() <= MOST_ROWS_BETWEEN as f64
        && beside(before, middle(run), column(run))
        && beside(run, middle(before), column(before))
}

fn union(before: &Run, after: &Run) -> Run {
    let rows = |run: &Run| (run.last_row - run.first_row + 1) as f32;
    let (before_rows, after_rows) = (rows(before), rows(after));
    Run {
        last_row: after.last_row,
        slope: (after.last_column() - before.first_column)
            / (after.last_row - before.first_row) as f64,
        evidence: before.evidence + after.evidence,
        mean_logit: (before.mean_logit * before_rows + after.mean_logit * after_rows)
            / (before_rows + after_rows),
        ..before.clone()
    }
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
            evidence[row * matrix.columns..][near.clone()].fill(AGAINST);
        }
    }
}

/// Times of a run: start and end in the left and in the right song, in seconds. Of two segments that match it is the middles that are the same
/// moment: where the tempo differs, starts and ends are not.
#[must_use]
pub fn times_secs(run: &Run, left: &Segments, right: &Segments) -> [(f64, f64); 2] {
    let half_secs = left.length_secs / 2.0;
    let left_secs = (
        left.start_secs(run.first_row),
        left.start_secs(run.last_row) + left.length_secs,
    );
    let middle_of = |column: f64| column * right.hop_secs + right.length_secs / 2.0;
    [
        left_secs,
        (
            middle_of(run.first_column) - half_secs * run.slope,
            middle_of(run.last_column()) + half_secs * run.slope,
        ),
    ]
}

/// Segments of a song of `count`, none of them blank.
#[cfg(test)]
pub(crate) fn test_segments(count: usize) -> Segments {
    Segments {
        count,
        hop_secs: 0.75,
        length_secs: 3.0,
        silent: vec![false; count],
        blank: vec![false; count],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALIBRATION: Calibration = Calibration { knots: Vec::new() };

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
            &test_segments(matrix.rows),
            &test_segments(matrix.columns),
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
        assert!(found(&matrix(100, 100, &[(20, 20, 50.0, 1.0)])).is_empty());
        // However alike two single segments are.
        let mut alike = matrix(100, 100, &[]);
        alike.logits[20 * 100 + 50] = 12.0;
        assert!(found(&alike).is_empty());
    }

    #[test]
    fn two_segments_without_doubt_are_worth_a_closer_look() {
        assert_eq!(found(&matrix(100, 100, &[(20, 21, 50.0, 1.0)])).len(), 1);
    }

    #[test]
    fn a_song_of_one_segment_is_found_when_it_is_very_alike() {
        let with = |logit: f32| {
            let mut matrix = matrix(1, 100, &[]);
            matrix.logits[40] = logit;
            found(&matrix).len()
        };
        assert_eq!((with(3.5), with(5.0)), (0, 1));
    }

    #[test]
    fn a_passage_is_found_once_though_its_neighbours_resemble_it() {
        let mut matrix = matrix(40, 40, &[]);
        for row in 10..14 {
            // What follows within 4 s resembles it: three neighbours overlap with a segment, and a note or a chord goes on.
            matrix.logits[row * 40 + row + 5..][..11].fill(4.0);
            matrix.logits[row * 40 + row + 10] = 5.0;
        }
        let runs = found(&matrix);
        assert_eq!(runs.len(), 1, "{runs:?}");
    }

    #[test]
    fn passages_a_few_seconds_apart_are_two() {
        // As a phrase of 8 s gives that is played twice: 4 rows each, 6 columns apart.
        let lines = [(20, 23, 20.0, 1.0), (20, 23, 26.0, 1.0)];
        assert_eq!(found(&matrix(60, 60, &lines)).len(), 2);
    }

    #[test]
    fn what_is_explained_by_less_than_half_is_news() {
        // The second shares 9 of its 20 rows with the first, and 9 of its 20 columns with the third.
        let lines = [(0, 24, 0.0, 1.0), (16, 35, 50.0, 1.0), (60, 84, 61.0, 1.0)];
        assert_eq!(found(&matrix(100, 100, &lines)).len(), 3);
    }

    #[test]
    fn blank_segments_match_nothing() {
        let matrix = matrix(60, 60, &[(5, 40, 5.0, 1.0)]);
        let mut blank = test_segments(60);
        blank.blank[..50].fill(true);
        assert!(runs(&matrix, &blank, &test_segments(60), &CALIBRATION).is_empty());
    }

    #[test]
    fn a_song_with_itself_is_one_run_from_end_to_end() {
        for length in [1, 3, 7, 50] {
            let runs = found(&matrix(length, length, &[(0, length - 1, 0.0, 1.0)]));
            assert_eq!(runs.len(), 1, "{length} segments");
            assert_eq!((runs[0].first_row, runs[0].last_row), (0, length - 1));
            assert_eq!((runs[0].first_column, runs[0].slope), (0.0, 1.0));
            assert!((runs[0].mean_logit - 5.0).abs() < 1e-6);
        }
    }

    #[test]
    fn runs_that_continue_each_other_are_joined() {
        let gap = |rows: usize| (20 + rows, 45, 15.0 + rows as f64, 1.0);
        let count = |second| found(&matrix(60, 70, &[(5, 20, 0.0, 1.0), second])).len();
        let runs = found(&matrix(60, 70, &[(5, 20, 0.0, 1.0), gap(6)]));
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert!(runs[0].first_row.abs_diff(5) <= 2 && runs[0].last_row.abs_diff(45) <= 2);
        assert_eq!(count(gap(14)), 2, "too far apart");
        assert_eq!(count((26, 45, 30.0, 1.0)), 2, "beside the line");
    }

    #[test]
    fn a_run_continues_another_near_its_line() {
        let run = |first_row, rows, first_column| Run {
            first_row,
            last_row: first_row + rows - 1,
            first_column,
            slope: 1.0,
            evidence: 30.0,
            mean_logit: 4.0,
        };
        let short = run(0, 15, 0.0);
        assert!(continues(&short, &run(20, 15, 21.2)), "a column beside");
        assert!(!continues(&short, &run(18, 15, 20.2)), "two columns beside");
        assert!(continues(&short, &run(22, 15, 22.0)), "8 rows on");
        assert!(!continues(&short, &run(23, 15, 22.0)), "9 rows on");
        // Ends of a long run are less sure: here the middles are 150 rows apart, and three columns are allowed.
        let long = run(0, 148, 0.0);
        assert!(continues(&long, &run(150, 148, 152.5)));
        assert!(!continues(&long, &run(150, 148, 154.0)));
    }

    #[test]
    fn the_search_ends_however_much_there_is_to_find() {
        // A loop that fills one song, and 60 uses of it in another.
        let uses: Vec<_> = (0..60)
            .map(|use_| (2, 12, 16.0 * f64::from(use_), 1.0))
            .collect();
        assert_eq!(found(&matrix(15, 16 * 60, &uses)).len(), MOST_SEARCHES);
        assert_eq!(found(&matrix(15, 16 * 40, &uses[..40])).len(), 40);
    }

    #[test]
    fn times_belong_to_the_middles_of_segments() {
        let run = Run {
            first_row: 4,
            last_row: 12,
            first_column: 10.0,
            slope: 1.25,
            evidence: 20.0,
            mean_logit: 4.0,
        };
        let [left, right] = times_secs(&run, &test_segments(40), &test_segments(60));
        assert_eq!(left, (3.0, 12.0));
        // The middle of the first segment, at 4.5 s, plays at 9 s; what comes 1.5 s before it, at 9 - 1.5 * 1.25.
        assert!((right.0 - 7.125).abs() < 1e-9 && (right.1 - (7.125 + 9.0 * 1.25)).abs() < 1e-9);
    }

    #[test]
    fn a_share_is_of_the_union() {
        let span = (10.0, 20.0);
        assert_eq!(covered_share(span, vec![]), 0.0);
        assert_eq!(
            covered_share(span, vec![(0.0, 12.0), (11.0, 15.0), (19.0, 30.0)]),
            0.6
        );
        assert_eq!(covered_share(span, vec![(0.0, 50.0), (12.0, 13.0)]), 1.0);
    }
}
