//! From a score matrix to the runs that match.
//!
//! # The problem
//!
//! Of two songs with `n` and `m` segments, every segment has been compared with every other: cell
//! `(i, j)` of the [score matrix](super::score_matrix) holds the logit of "left segment
//! `i` and right segment `j` are the same music". A copied passage is a line of high logits. Its
//! place says where the passage lies in both songs, its slope how much the tempo changed. Wanted
//! are all such lines with their ends, and none where two songs only share a key, a style or a
//! beat.
//!
//! # The algorithm
//!
//! 1. [Evidence](super::evidence): the logit of each cell above a threshold, limited,
//!    less the background of its segments.
//! 2. [Lines](crate::geometry::lines): for each of a few slopes in
//!    [`SLOPES`](crate::recording::runs::run::SLOPES) and every offset, the contiguous run with the
//!    greatest sum of evidence, by Kadane's algorithm. This is a Hough transform restricted to
//!    plausible tempo ratios. Each line keeps its best run and not its sum, so that an excerpt
//!    counts as much as a whole song.
//! 3. The best run of all lines is taken and its surroundings are struck out. The search repeats
//!    until no run is left that is stronger than those of unrelated songs. A max-heap of all lines,
//!    by their last known evidence, makes this cheap: striking out only lowers evidence, so that an
//!    old value is an upper bound, and only a line that comes to the top with an outdated value is
//!    searched again (lazy evaluation, as in M. Minoux's accelerated greedy algorithm, 1978).
//! 4. A run that stronger runs cover in both songs is dropped: music that repeats itself resembles
//!    its own repetitions everywhere, and only the best alignment of each stretch is wanted. A loop
//!    used four times stays four passages, because each use lies elsewhere in one of the songs.
//! 5. Each run is [aligned](super::run::aligned) on the logits, between columns too.
//!    Runs that continue each other on one line are joined.
//! 6. [Refinement](crate::recording::refinement) finds exact times, speed and pitch from the two
//!    whitened spectrograms. It does not use this matrix.
//!
//! # Cost
//!
//! For embeddings of `d` values the score matrix takes `n m d` operations. The first search of all
//! lines takes about `s (n + m) min(n, m)` steps for `s` slopes, each further passage a small share
//! of that. Memory is two numbers a cell. Refinement takes time in proportion to the number of
//! passages, with a bound for each.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::geometry::lines::{Line, Stretch, lines};
use crate::geometry::spans::covered_share;
use crate::geometry::time_map::TimeMap;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::runs::evidence::{AGAINST, LIMIT, evidence};
use crate::recording::runs::run::{Run, aligned, run_slopes};
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::recording::segments::Segments;

/// Least evidence of a run: more than one cell can give. Unrelated songs reach it now and then; the
/// spectrograms decide ([`passages`](crate::recording::passages)). A larger value loses faint
/// passages, a smaller one costs time for false positives.
const LEAST_EVIDENCE: f32 = 3.5;
/// Cells on each side of a passage that are struck out with it: neighbouring segments overlap by
/// three quarters.
const STRIKE_OUT_CELLS: usize = 4;
/// A run is explained by stronger ones when they cover at least this share of it in both songs.
const EXPLAINED_SHARE: f64 = 0.6;
/// Most runs that are searched for, the explained ones included: bounds the time for songs made of
/// one loop.
const MOST_SEARCHES: usize = 48;
/// Most rows between two runs of one line that are joined: 6 s, about a quiet bar.
const MOST_ROWS_BETWEEN: usize = 8;
/// Greatest distance between a run and the line of another one that it is joined with, in columns:
/// `max(0.02 * rows between their middles, 1.5)`.
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
    let lines: Vec<Line> = lines(run_slopes(), matrix.rows, matrix.columns).collect();
    let mut queue: BinaryHeap<Candidate> = lines
        .iter()
        .enumerate()
        .filter_map(|(line, of)| {
            Some(Candidate {
                evidence: of.best(&evidence, matrix.columns)?.sum,
                line,
            })
        })
        .filter(|candidate| candidate.evidence >= least)
        .collect();
    let mut found = Vec::new();
    let mut searches = 0;
    while let Some(candidate) = queue.pop().filter(|_| searches < MOST_SEARCHES) {
        // Striking out only lowers evidence, so that the last known value of a line is an upper
        // bound: the first line that still reaches its own is the best of all.
        let Some(best) = lines[candidate.line]
            .best(&evidence, matrix.columns)
            .filter(|best| best.sum >= least)
        else {
            continue;
        };
        if best.sum < candidate.evidence {
            queue.push(Candidate {
                evidence: best.sum,
                ..candidate
            });
            continue;
        }
        let run = Run::new(&best, mean_logit(matrix, &best));
        strike_out(&mut evidence, matrix, &best);
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
        (column - line.map.at(row)).abs() <= least.max(per_row * apart)
    };
    let column = |run: &Run| (run.first_column() + run.last_column()) / 2.0;
    run.first_row > before.last_row
        && run.first_row - before.last_row <= MOST_ROWS_BETWEEN
        && run.first_column() > before.last_column()
        && run.first_column() - before.last_column() <= MOST_ROWS_BETWEEN as f64
        && beside(before, middle(run), column(run))
        && beside(run, middle(before), column(before))
}

fn union(before: &Run, after: &Run) -> Run {
    let rows = |run: &Run| (run.last_row - run.first_row + 1) as f32;
    let (before_rows, after_rows) = (rows(before), rows(after));
    Run {
        last_row: after.last_row,
        map: TimeMap::fitted_to(
            (before.first_row as f64, after.last_row as f64),
            (before.first_column(), after.last_column()),
        ),
        evidence: before.evidence + after.evidence,
        mean_logit: (before.mean_logit * before_rows + after.mean_logit * after_rows)
            / (before_rows + after_rows),
        ..before.clone()
    }
}

/// The evidence that a line had when it was last searched.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    evidence: f32,
    line: usize,
}

impl Ord for Candidate {
    /// More evidence first; among equals the earlier line, so that results don't depend on the
    /// order of the heap.
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
    let columns = |run: &Run| (run.first_column(), run.last_column() + 1.0);
    let share = |span: fn(&Run) -> (f64, f64)| {
        covered_share(span(run), stronger.iter().map(span).collect())
    };
    share(rows) >= EXPLAINED_SHARE && share(columns) >= EXPLAINED_SHARE
}

fn cells(stretch: &Stretch, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (stretch.first_row..=stretch.last_row).map(move |row| {
        // The same rounding as in `Line::best`.
        (
            row,
            ((stretch.map.at(row as f64) + 0.5).max(0.0) as usize).min(columns - 1),
        )
    })
}

fn mean_logit(matrix: &ScoreMatrix, stretch: &Stretch) -> f32 {
    // In f64, so that the mean of equal logits is that logit and a song with itself scores exactly
    // 1.
    let sum: f64 = cells(stretch, matrix.columns)
        .map(|(row, column)| f64::from(matrix.row(row)[column]))
        .sum();
    (sum / (stretch.last_row - stretch.first_row + 1) as f64) as f32
}

fn strike_out(evidence: &mut [f32], matrix: &ScoreMatrix, stretch: &Stretch) {
    for (row, column) in cells(stretch, matrix.columns) {
        let first = row.saturating_sub(STRIKE_OUT_CELLS);
        let last = (row + STRIKE_OUT_CELLS).min(matrix.rows - 1);
        let near = column.saturating_sub(STRIKE_OUT_CELLS)
            ..=(column + STRIKE_OUT_CELLS).min(matrix.columns - 1);
        for row in first..=last {
            evidence[row * matrix.columns..][near.clone()].fill(AGAINST);
        }
    }
}

/// The stretch of the left song that a run covers, start and end in seconds, and its map to the
/// right song. The middles of two segments that match are the same moment; where the tempo differs,
/// their starts and ends are not.
#[must_use]
pub fn rough_secs(run: &Run, left: &Segments, right: &Segments) -> ((f64, f64), TimeMap) {
    let span = (
        left.start_secs(run.first_row),
        left.start_secs(run.last_row) + left.length_secs,
    );
    let map = TimeMap {
        anchor: (
            span.0 + left.length_secs / 2.0,
            run.first_column() * right.hop_secs + right.length_secs / 2.0,
        ),
        slope: run.map.slope * right.hop_secs / left.hop_secs,
    };
    (span, map)
}

#[cfg(test)]
mod tests;
