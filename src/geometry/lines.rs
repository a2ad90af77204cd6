//! Straight lines through a score matrix: the best run on each, and its place between the cells.
//!
//! A line has one cell in each row, at the column nearest to it. The lines of one slope, one for
//! each whole offset, cross every cell exactly once. There are about `rows * slope + columns` of
//! them for each slope, and a search of one line takes time in proportion to its rows.

use crate::geometry::time_map::TimeMap;

/// Slopes of the lines, in columns per row: tempo changed by up to a factor of 1.45 either way.
pub const SLOPES: std::ops::RangeInclusive<f64> = 0.69..=1.45;
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
    /// From rows to columns, between two columns in general; anchored at the first row.
    pub map: TimeMap,
    /// Sum of evidence.
    pub evidence: f32,
    /// Mean logit of its cells.
    pub mean_logit: f32,
}

impl Run {
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

/// A line through the matrix, from the first row at which it lies inside to the last one.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// From rows to columns, which are rounded.
    map: TimeMap,
    first_row: usize,
    last_row: usize,
}

/// Slopes `step` apart in logarithm, 1 among them, ordered by their change of tempo: of several
/// lines with the same evidence the search then takes the one that changes the tempo least.
fn slopes(step: f64) -> Vec<f64> {
    let slower = (libm::log(*SLOPES.start()) / step).ceil() as i32;
    let faster = (libm::log(*SLOPES.end()) / step).floor() as i32;
    let mut steps: Vec<i32> = (slower..=faster).collect();
    steps.sort_by_key(|step| step.abs());
    steps
        .into_iter()
        .map(|count| libm::exp(f64::from(count) * step))
        .collect()
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
    for slope in slopes(FINE_SLOPE_STEP) {
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

/// All lines of all slopes that cross the matrix.
pub fn lines(rows: usize, columns: usize) -> impl Iterator<Item = Line> {
    slopes(SLOPE_STEP).into_iter().flat_map(move |slope| {
        let rise = (slope * (rows - 1) as f64).ceil() as i64;
        (-rise..columns as i64).filter_map(move |offset| {
            let offset = offset as f64;
            // Rows at which the rounded column lies inside.
            let first = ((-0.5 - offset) / slope).ceil().max(0.0) as usize;
            let last = ((columns as f64 - 0.5 - offset) / slope).ceil() as i64 - 1;
            let last = (last.max(0) as usize).min(rows - 1);
            (first <= last).then_some(Line {
                map: TimeMap {
                    anchor: (0.0, offset),
                    slope,
                },
                first_row: first,
                last_row: last,
            })
        })
    })
}

impl Line {
    /// The run with the greatest sum of evidence; `None` if no cell has positive evidence. Its mean
    /// logit is left for the caller.
    ///
    /// Kadane's algorithm (J. Bentley, "Programming pearls: algorithm design techniques", CACM
    /// 27(9), 1984): the best run that ends at a row extends the best run that ended at the row
    /// before, or begins here.
    pub fn best(&self, evidence: &[f32], columns: usize) -> Option<Run> {
        let (mut sum, mut since) = (0.0_f32, 0);
        let mut best = (0.0_f32, 0, 0);
        for row in self.first_row..=self.last_row {
            if sum <= 0.0 {
                (sum, since) = (0.0, row);
            }
            // A half added and the fraction cut off: rounding in one instruction in a browser,
            // where `round` takes many.
            let column = ((self.map.at(row as f64) + 0.5) as usize).min(columns - 1);
            sum += evidence[row * columns + column];
            if sum > best.0 {
                best = (sum, since, row);
            }
        }
        let (evidence, first_row, last_row) = best;
        (evidence > 0.0).then(|| Run {
            first_row,
            last_row,
            map: self.map.anchored_at(first_row as f64),
            evidence,
            mean_logit: 0.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_cover_their_range_least_change_first() {
        let mut slopes = slopes(SLOPE_STEP);
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
    fn the_lines_of_each_slope_cross_every_cell_once() {
        for (rows, columns) in [(1, 1), (1, 9), (9, 1), (12, 7), (7, 12)] {
            let mut crossed = vec![0; rows * columns];
            for line in lines(rows, columns) {
                for row in line.first_row..=line.last_row {
                    let column = (line.map.at(row as f64) + 0.5) as usize;
                    assert!(
                        column < columns,
                        "{line:?} leaves a matrix of {columns} columns"
                    );
                    crossed[row * columns + column] += 1;
                }
            }
            assert!(
                crossed
                    .iter()
                    .all(|&count| count == slopes(SLOPE_STEP).len()),
                "{rows} x {columns}"
            );
        }
    }

    #[test]
    fn the_best_run_is_that_of_all_runs() {
        let (rows, columns) = (14, 11);
        let evidence: Vec<f32> = (0..rows * columns)
            .map(|cell| ((cell * 7919 + cell * cell * 31) % 13) as f32 - 6.0)
            .collect();
        let mut found = 0;
        for line in lines(rows, columns) {
            let along: Vec<f32> = (line.first_row..=line.last_row)
                .map(|row| evidence[row * columns + (line.map.at(row as f64) + 0.5) as usize])
                .collect();
            let greatest = (0..along.len())
                .flat_map(|first| (first + 1..=along.len()).map(move |end| (first, end)))
                .map(|(first, end)| along[first..end].iter().sum::<f32>())
                .fold(0.0, f32::max);
            let best = line.best(&evidence, columns);
            assert_eq!(
                best.as_ref().map_or(0.0, |run| run.evidence),
                greatest,
                "{line:?}"
            );
            if let Some(run) = best {
                let run = &along[run.first_row - line.first_row..=run.last_row - line.first_row];
                assert_eq!(run.iter().sum::<f32>(), greatest);
                found += 1;
            }
        }
        assert!(found > 100);
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
