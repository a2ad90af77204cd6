//! Local alignment of two songs by the moments that resemble each other: the longest path, whose
//! tempo may vary and which may be interrupted briefly (`Qmax`; J. Serrà, X. Serra, R. Andrzejak,
//! New Journal of Physics 11, 2009).

use crate::composition::recurrence::Neighbours;

/// What a cell gains where moments are near, and what another one costs, in halves: 1 and 0.5.
/// Paths of 16,000 cells fit 16 bits.
const GAIN: i16 = 2;
const GAP: i16 = 1;
/// The unit of values.
const UNIT: f32 = 0.5;
/// Steps of a path into a cell: rows and columns back.
const STEPS: [(usize, usize); 3] = [(1, 1), (2, 1), (1, 2)];

/// Value of the best path that ends in each cell; shape `[rows, columns]`, after two rows and two
/// columns of zeros.
#[derive(Clone, Debug)]
pub struct Paths {
    width: usize,
    values: Vec<i16>,
    /// Place and value of the first of the greatest values.
    best: (usize, i16),
}

/// Row and column.
pub type Cell = (usize, usize);

/// Value of the best path through cells that are near.
#[must_use]
pub fn qmax(near: &Neighbours) -> f32 {
    // Row `n` is kept at `n % 3`, with two columns of zeros before the first.
    let mut rows = [(); 3].map(|()| vec![0; near.columns + 2]);
    let mut best = 0;
    for near in near.cells.chunks_exact(near.columns.max(1)) {
        let [row, one_up, two_up] = &mut rows;
        best = best.max(fill(row, one_up, two_up, near));
        rows.rotate_right(1);
        // The oldest row is overwritten next.
    }
    UNIT * f32::from(best)
}

impl Paths {
    /// All paths through cells that are near.
    #[must_use]
    pub fn new(near: &Neighbours) -> Self {
        let width = near.columns + 2;
        let rows = near.cells.len() / near.columns.max(1);
        let mut values = vec![0; (rows + 2) * width];
        let mut best_row = (0, 0);
        for (row, near) in near.cells.chunks_exact(near.columns.max(1)).enumerate() {
            let (before, row_values) = values.split_at_mut((row + 2) * width);
            let (two_up, one_up) = before[row * width..].split_at(width);
            let best = fill(&mut row_values[..width], one_up, two_up, near);
            if best > best_row.1 {
                best_row = (row + 2, best);
            }
        }
        let (row, best) = best_row;
        let row_values = &values[row * width..][..width];
        let column = row_values.iter().position(|&value| value == best);
        Self {
            best: (row * width + column.unwrap_or(0), best),
            width,
            values,
        }
    }

    /// The best path, first to last cell, with its value.
    #[must_use]
    pub fn best(&self) -> (Vec<Cell>, f32) {
        let (end, value) = self.best;
        let mut path = Vec::new();
        let (mut row, mut column) = (end / self.width, end % self.width);
        while self.values[row * self.width + column] > 0 {
            path.push((row - 2, column - 2));
            let before = STEPS.map(|(rows, columns)| {
                (
                    self.values[(row - rows) * self.width + column - columns],
                    rows,
                    columns,
                )
            });
            let best = before
                .into_iter()
                .reduce(|best, other| if other.0 > best.0 { other } else { best });
            let Some((_, rows, columns)) = best else {
                break;
            };
            (row, column) = (row - rows, column - columns);
        }
        path.reverse();
        (path, UNIT * f32::from(value))
    }
}

/// One row of the values of paths, from the two rows before it. The first two columns stay zero.
/// Returns the greatest value.
fn fill(row: &mut [i16], one_up: &[i16], two_up: &[i16], near: &[u8]) -> i16 {
    let count = near.len();
    let straight = &one_up[1..=count];
    let down = &two_up[1..=count];
    let across = &one_up[..count];
    let mut best = 0;
    for ((((value, &near), &straight), &down), &across) in row[2..]
        .iter_mut()
        .zip(near)
        .zip(straight)
        .zip(down)
        .zip(across)
    {
        let before = straight.max(down).max(across);
        // Of a near cell all bits are set.
        let gain = (i16::from(near.cast_signed()) & (GAIN + GAP)) - GAP;
        *value = (before + gain).max(0);
        best = best.max(*value);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sound::noise;

    /// Cells with resemblance, drawn as `#`.
    fn near(rows: &[&str]) -> Neighbours {
        let cells = rows.concat();
        let near = cells.chars().map(|cell| if cell == '#' { 255 } else { 0 });
        Neighbours {
            columns: rows[0].len(),
            cells: near.collect(),
        }
    }

    /// The definition, cell by cell.
    fn slow_qmax(near: &Neighbours) -> f32 {
        let columns = near.columns;
        let rows = near.cells.len() / columns;
        let mut values = vec![vec![0.0_f32; columns]; rows];
        let mut best = 0.0_f32;
        for row in 0..rows {
            for column in 0..columns {
                let mut before = 0.0_f32;
                for (up, back) in STEPS {
                    if row >= up && column >= back {
                        before = before.max(values[row - up][column - back]);
                    }
                }
                let is_near = near.cells[row * columns + column] > 0;
                let value = if is_near { before + 1.0 } else { before - 0.5 };
                values[row][column] = value.max(0.0);
                best = best.max(value);
            }
        }
        best
    }

    #[test]
    fn values_are_those_of_the_definition() {
        let mut noise = noise(1);
        let mut draw = || if noise() < -0.27 { 255 } else { 0 };
        for (rows, columns) in [(1, 1), (1, 7), (5, 1), (12, 17), (40, 30)] {
            let cells = (0..rows * columns).map(|_| draw()).collect();
            let near = Neighbours { columns, cells };
            let value = slow_qmax(&near);
            assert_eq!(qmax(&near), value, "{rows} x {columns}");
            assert_eq!(Paths::new(&near).best().1, value);
        }
    }

    #[test]
    fn a_path_bends_and_bridges_a_gap() {
        let near = near(&[
            "#......", //
            ".#.....", ".......", "...#...", ".....#.", "#.....#",
        ]);
        let (path, value) = Paths::new(&near).best();
        assert_eq!(path, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 6)]);
        assert_eq!(value, 4.5);
    }

    #[test]
    fn nothing_has_no_path() {
        for (rows, columns) in [(0, 0), (0, 3), (2, 3)] {
            let cells = vec![0; rows * columns];
            let near = Neighbours { columns, cells };
            assert_eq!(qmax(&near), 0.0);
            assert_eq!(Paths::new(&near).best(), (vec![], 0.0));
        }
    }
}
