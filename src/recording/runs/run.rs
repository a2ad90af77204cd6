//! A run: consecutive segments on a line of the score matrix.

use std::ops::RangeInclusive;

use crate::geometry::lines::{Stretch, slopes};
use crate::geometry::time_map::TimeMap;

/// Slopes of runs, in columns per row: tempo changed by up to a factor of 1.45 either way.
/// Spectral peaks find greater changes.
pub const SLOPES: RangeInclusive<f64> = 0.69..=1.45;
/// Natural logarithm of the ratio of neighbouring slopes: 2.5 %. Along a passage of 30 s the
/// nearest slope then stays within half a segment hop of the true one.
const SLOPE_STEP: f64 = 0.0247;

/// A run: consecutive cells on a line of the matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// First segment of the left song.
    pub first_row: usize,
    /// Last segment of the left song.
    pub last_row: usize,
    /// Map from rows to columns, between two columns in general; anchored at the first row.
    pub map: TimeMap,
    /// Sum of evidence.
    pub evidence: f32,
    /// Mean logit of its cells.
    pub mean_logit: f32,
}

impl Run {
    /// The run on a stretch of evidence.
    #[must_use]
    pub fn new(stretch: &Stretch, mean_logit: f32) -> Self {
        Self {
            first_row: stretch.first_row,
            last_row: stretch.last_row,
            map: stretch.map,
            evidence: stretch.sum,
            mean_logit,
        }
    }

    /// Column at a row.
    #[must_use]
    pub fn column_at(&self, row: usize) -> f64 {
        self.map.at(row as f64)
    }

    /// Column at the first row.
    #[must_use]
    pub fn first_column(&self) -> f64 {
        self.column_at(self.first_row)
    }

    /// Column at the last row.
    #[must_use]
    pub fn last_column(&self) -> f64 {
        self.column_at(self.last_row)
    }
}

/// The slopes of all lines that are searched.
#[must_use]
pub fn run_slopes() -> Vec<f64> {
    slopes(&SLOPES, SLOPE_STEP)
}

/// The run, moved and turned to the line with the greatest mean logit over the same rows.
///
/// The search uses whole columns, coarse slopes and limited evidence, so that for a short passage
/// many lines are equally good. The mean of the logits themselves, interpolated between columns, is
/// greatest on the true line. `logits` has `columns` values a row.
pub fn aligned(logits: &[f32], columns: usize, run: Run) -> Run {
    const FINE_SLOPE_STEP: f64 = SLOPE_STEP / 2.0;
    /// Greatest distance by which the middle of the run moves, in columns.
    const REACH_COLUMNS: i32 = 2;
    const STEPS_PER_COLUMN: i32 = 4;
    /// Penalty in logits for a change of tempo by a factor of e. Needed because a short passage has
    /// nearly the same mean logit at many slopes.
    const PREFERENCE: f64 = 0.3;
    let rows = run.first_row..=run.last_row;
    let last_column = (columns - 1) as f64;
    let mean_logit = |map: &TimeMap| {
        let mut sum = 0.0;
        for row in rows.clone() {
            let column = map.at(row as f64).clamp(0.0, last_column);
            let (below, part) = (column as usize, column.fract() as f32);
            let above = (below + 1).min(columns - 1);
            let row = &logits[row * columns..(row + 1) * columns];
            sum += f64::from(row[below] + (row[above] - row[below]) * part);
        }
        sum / (run.last_row - run.first_row + 1) as f64
    };
    let reach = REACH_COLUMNS * STEPS_PER_COLUMN;
    let mut shifts: Vec<i32> = (-reach..=reach).collect();
    shifts.sort_by_key(|shift| shift.abs());
    let middle_row = (run.first_row + run.last_row) as f64 / 2.0;
    let middle_column = run.map.at(middle_row);
    let (mut greatest, mut best) = (f64::NEG_INFINITY, run.map);
    for slope in slopes(&SLOPES, FINE_SLOPE_STEP) {
        for shift in &shifts {
            let column = middle_column + f64::from(*shift) / f64::from(STEPS_PER_COLUMN);
            let map = TimeMap {
                anchor: (middle_row, column),
                slope,
            };
            let value = mean_logit(&map) - PREFERENCE * libm::log(slope).abs();
            if value > greatest {
                (greatest, best) = (value, map);
            }
        }
    }
    let first_row = run.first_row as f64;
    let first_column = best.at(first_row).clamp(0.0, last_column);
    Run {
        map: TimeMap {
            anchor: (first_row, first_column),
            ..best
        },
        ..run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_cover_their_range_least_change_first() {
        let mut slopes = run_slopes();
        assert_eq!(slopes[0], 1.0);
        slopes.sort_by(f64::total_cmp);
        let (first, last) = (slopes[0], slopes[slopes.len() - 1]);
        assert!((SLOPES.start() / first - 1.0).abs() < SLOPE_STEP && first >= *SLOPES.start());
        assert!((SLOPES.end() / last - 1.0).abs() < SLOPE_STEP && last <= *SLOPES.end());
        // Tempo changed by up to a factor of 1.45, either way.
        assert!((1.0 / 1.46..1.0 / 1.42).contains(&first) && (1.42..1.46).contains(&last));
        // Along the 40 segments of 30 s, half a step stays within half a column. Each slope costs
        // the time of all its lines.
        assert!(slopes.windows(2).all(|pair| pair[1] / pair[0] < 1.026));
        assert!(slopes.len() < 40, "{} slopes", slopes.len());
    }

    #[test]
    fn a_roughly_found_run_is_moved_onto_the_true_line() {
        // A ridge as overlapping segments give it: the logit falls by one for each column.
        let (rows, columns) = (40, 80);
        for (slope, first) in [
            (1.0, 20.0),
            (0.9, 12.3),
            (1.25, 8.6),
            (0.72, 30.0),
            (1.296, 8.6),
        ] {
            let logits: Vec<f32> = (0..rows * columns)
                .map(|cell| {
                    let (row, column) = ((cell / columns) as f64, (cell % columns) as f64);
                    (5.0 - (column - (first + slope * row)).abs()) as f32
                })
                .collect();
            let rough = Run {
                first_row: 4,
                last_row: 24,
                map: TimeMap {
                    anchor: (4.0, first + slope * 4.0 + 1.2),
                    slope: slope * 1.06,
                },
                evidence: 30.0,
                mean_logit: 4.0,
            };
            let run = aligned(&logits, columns, rough);
            // Half a fine step of the slope, and half a step of the middle's column.
            assert!(
                (run.map.slope / slope - 1.0).abs() < 0.008,
                "{slope}: {run:?}"
            );
            let middle = (run.first_column() + run.last_column()) / 2.0;
            assert!(
                (middle - (first + slope * 14.0)).abs() < 0.15,
                "{slope}: {run:?}"
            );
        }
    }

    /// A run of 21 rows, aligned on logits that fall by `fall` for each column away from a line of
    /// slope 1.1 through its middle.
    fn aligned_near_a_faster_line(fall: f32) -> Run {
        let columns = 60;
        let logits: Vec<f32> = (0..40 * columns)
            .map(|cell| {
                let (row, column) = ((cell / columns) as f64, (cell % columns) as f64);
                4.0 - fall * (column - (20.0 + 1.1 * (row - 14.0))).abs() as f32
            })
            .collect();
        let rough = Run {
            first_row: 4,
            last_row: 24,
            map: TimeMap {
                anchor: (4.0, 10.0),
                slope: 1.0,
            },
            evidence: 30.0,
            mean_logit: 4.0,
        };
        aligned(&logits, columns, rough)
    }

    #[test]
    fn a_change_of_tempo_must_raise_the_mean_logit() {
        // Slope 1.1 costs 0.029 logits. The line of slope 1 is half a column off in the mean.
        let run = aligned_near_a_faster_line(0.1);
        assert!((run.map.slope - 1.0).abs() < 0.01, "{run:?}");
        let run = aligned_near_a_faster_line(0.2);
        assert!((run.map.slope - 1.1).abs() < 0.012, "{run:?}");
    }

    #[test]
    fn a_better_line_farther_away_is_another_run() {
        let columns = 40;
        let logits: Vec<f32> = (0..30 * columns)
            .map(|cell| {
                let off = (cell % columns) as f32 - (cell / columns) as f32;
                (5.0 - off.abs()).max(6.0 - (off - 3.5).abs())
            })
            .collect();
        let rough = Run {
            first_row: 4,
            last_row: 24,
            map: TimeMap {
                anchor: (4.0, 4.0),
                slope: 1.0,
            },
            evidence: 30.0,
            mean_logit: 4.0,
        };
        let run = aligned(&logits, columns, rough);
        assert_eq!(run.first_column(), 4.0);
    }

    #[test]
    fn among_equal_lines_the_one_of_least_change_is_taken() {
        let rough = Run {
            first_row: 2,
            last_row: 12,
            map: TimeMap {
                anchor: (2.0, 3.0),
                slope: 1.3,
            },
            evidence: 30.0,
            mean_logit: 4.0,
        };
        let run = aligned(&[4.0; 30 * 30], 30, rough);
        assert!((run.map.slope - 1.0).abs() < 0.01, "{run:?}");
    }
}
