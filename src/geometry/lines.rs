//! Straight lines through a matrix, and the stretch with the greatest sum on each.
//!
//! A line has one cell in each row, at the column nearest to it. The lines of one slope, one for
//! each whole offset, cross every cell exactly once. There are about `rows * slope + columns` of
//! them for each slope, and a search of one line takes time in proportion to its rows.

use std::ops::RangeInclusive;

use crate::geometry::time_map::TimeMap;

/// A line through the matrix, from the first row at which it lies inside to the last one.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Map from rows to columns, which are rounded.
    map: TimeMap,
    first_row: usize,
    last_row: usize,
}

/// Consecutive cells on a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Its first row.
    pub first_row: usize,
    /// Its last row.
    pub last_row: usize,
    /// Map from rows to columns, anchored at the first row.
    pub map: TimeMap,
    /// Sum of its cells.
    pub sum: f32,
}

/// Slopes within a range, `step` apart in logarithm, 1 among them, those nearest to 1 first: of
/// several lines with the same sum a search then takes the one that changes the tempo least.
pub fn slopes(range: &RangeInclusive<f64>, step: f64) -> Vec<f64> {
    let slower = (libm::log(*range.start()) / step).ceil() as i32;
    let faster = (libm::log(*range.end()) / step).floor() as i32;
    let mut steps: Vec<i32> = (slower..=faster).collect();
    steps.sort_by_key(|step| step.abs());
    steps
        .into_iter()
        .map(|count| libm::exp(f64::from(count) * step))
        .collect()
}

/// All lines of these slopes that cross the matrix.
pub fn lines(slopes: Vec<f64>, rows: usize, columns: usize) -> impl Iterator<Item = Line> {
    slopes.into_iter().flat_map(move |slope| {
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
    /// The stretch with the greatest sum; `None` if no cell is positive.
    ///
    /// Kadane's algorithm (J. Bentley, "Programming pearls: algorithm design techniques", CACM
    /// 27(9), 1984): the best stretch that ends at a row extends the best one that ended at the row
    /// before, or begins here. `cells` has `columns` values a row.
    pub fn best(&self, cells: &[f32], columns: usize) -> Option<Stretch> {
        let (mut sum, mut since) = (0.0_f32, 0);
        let mut best = (0.0_f32, 0, 0);
        for row in self.first_row..=self.last_row {
            if sum <= 0.0 {
                (sum, since) = (0.0, row);
            }
            // A half added and the fraction cut off: rounding in one instruction in a browser,
            // where `round` takes many.
            let column = ((self.map.at(row as f64) + 0.5) as usize).min(columns - 1);
            sum += cells[row * columns + column];
            if sum > best.0 {
                best = (sum, since, row);
            }
        }
        let (sum, first_row, last_row) = best;
        (sum > 0.0).then(|| Stretch {
            first_row,
            last_row,
            map: self.map.anchored_at(first_row as f64),
            sum,
        })
    }
}

/// Whole steps from `-most` to `most`, the smallest first: among equals the least change is taken.
pub fn smallest_first(most: i32) -> impl Iterator<Item = i32> {
    (0..=2 * most).map(|step| {
        if step % 2 == 0 {
            step / 2
        } else {
            -(step + 1) / 2
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_slopes() -> Vec<f64> {
        slopes(&(0.69..=1.45), 0.0247)
    }

    #[test]
    fn the_lines_of_each_slope_cross_every_cell_once() {
        for (rows, columns) in [(1, 1), (1, 9), (9, 1), (12, 7), (7, 12)] {
            let mut crossed = vec![0; rows * columns];
            for line in lines(all_slopes(), rows, columns) {
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
                crossed.iter().all(|&count| count == all_slopes().len()),
                "{rows} x {columns}"
            );
        }
    }

    #[test]
    fn the_best_stretch_is_that_of_all_stretches() {
        let (rows, columns) = (14, 11);
        let cells: Vec<f32> = (0..rows * columns)
            .map(|cell| ((cell * 7919 + cell * cell * 31) % 13) as f32 - 6.0)
            .collect();
        let mut found = 0;
        for line in lines(all_slopes(), rows, columns) {
            let along: Vec<f32> = (line.first_row..=line.last_row)
                .map(|row| cells[row * columns + (line.map.at(row as f64) + 0.5) as usize])
                .collect();
            let greatest = (0..along.len())
                .flat_map(|first| (first + 1..=along.len()).map(move |end| (first, end)))
                .map(|(first, end)| along[first..end].iter().sum::<f32>())
                .fold(0.0, f32::max);
            let best = line.best(&cells, columns);
            assert_eq!(
                best.as_ref().map_or(0.0, |run| run.sum),
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
    fn small_steps_come_first() {
        assert_eq!(smallest_first(2).collect::<Vec<_>>(), [0, -1, 1, -2, 2]);
    }
}
