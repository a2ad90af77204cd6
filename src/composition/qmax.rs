//! Local alignment of two songs by the moments that resemble each other: the longest path, whose
//! tempo may vary and which may be interrupted briefly (`Qmax`; J. Serrà, X. Serra, R. Andrzejak,
//! New Journal of Physics 11, 2009).

/// What a cell without resemblance costs. One with it gains 1.
const GAP: f32 = 0.5;
/// Steps of a path into a cell: rows and columns back.
const STEPS: [(usize, usize); 3] = [(1, 1), (2, 1), (1, 2)];

/// Value of the best path that ends in each cell; shape `[rows, columns]`.
#[derive(Clone, Debug)]
pub struct Paths {
    columns: usize,
    values: Vec<f32>,
}

/// Row and column.
pub type Cell = (usize, usize);

/// Value of the best path through `near`, shape `[rows, columns]`, 1.0 where moments resemble each
/// other and else 0.0.
#[must_use]
pub fn qmax(near: &[f32], columns: usize) -> f32 {
    // Row `n` is kept at `n % 3`, with two columns of zeros before the first.
    let mut rows = [(); 3].map(|()| vec![0.0; columns + 2]);
    let mut best = 0.0_f32;
    for near in near.chunks_exact(columns.max(1)) {
        let [row, one_up, two_up] = &mut rows;
        best = best.max(fill(row, one_up, two_up, near));
        rows.rotate_right(1);
        // The oldest row is overwritten next.
    }
    best
}

impl Paths {
    /// All paths through `near`.
    #[must_use]
    pub fn new(near: &[f32], columns: usize) -> Self {
        let width = columns + 2;
        let mut values = vec![0.0; 2 * width];
        for near in near.chunks_exact(columns.max(1)) {
            let start = values.len();
            values.resize(start + width, 0.0);
            let (before, row) = values.split_at_mut(start);
            let (two_up, one_up) = before[start - 2 * width..].split_at(width);
            fill(row, one_up, two_up, near);
        }
        Self {
            columns: width,
            values,
        }
    }

    /// The best path, first to last cell, with its value.
    #[must_use]
    pub fn best(&self) -> (Vec<Cell>, f32) {
        let mut end = 0;
        for (cell, value) in self.values.iter().enumerate() {
            if *value > self.values[end] {
                end = cell;
            }
        }
        let value = self.values[end];
        let mut path = Vec::new();
        let (mut row, mut column) = (end / self.columns, end % self.columns);
        while self.values[row * self.columns + column] > 0.0 {
            path.push((row - 2, column - 2));
            let before = STEPS.map(|(rows, columns)| {
                (
                    self.values[(row - rows) * self.columns + column - columns],
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
        (path, value)
    }
}

/// One row of the values of paths, from the two rows before it. The first two columns stay zero.
/// Returns the greatest value.
fn fill(row: &mut [f32], one_up: &[f32], two_up: &[f32], near: &[f32]) -> f32 {
    let count = near.len();
    let straight = &one_up[1..=count];
    let down = &two_up[1..=count];
    let across = &one_up[..count];
    let mut best = 0.0_f32;
    for ((((value, &near), &straight), &down), &across) in row[2..]
        .iter_mut()
        .zip(near)
        .zip(straight)
        .zip(down)
        .zip(across)
    {
        let before = straight.max(down).max(across);
        let next = before + near - GAP * (1.0 - near);
        *value = if next > 0.0 { next } else { 0.0 };
        best = best.max(*value);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells with resemblance, drawn as `#`.
    fn near(rows: &[&str]) -> (Vec<f32>, usize) {
        let cells = rows.concat();
        let near = cells.chars().map(|cell| f32::from(u8::from(cell == '#')));
        (near.collect(), rows[0].len())
    }

    /// The definition, cell by cell.
    fn slow_qmax(near: &[f32], columns: usize) -> f32 {
        let rows = near.len() / columns;
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
                let is_near = near[row * columns + column] > 0.0;
                let value = if is_near { before + 1.0 } else { before - GAP };
                values[row][column] = value.max(0.0);
                best = best.max(value);
            }
        }
        best
    }

    #[test]
    fn values_are_those_of_the_definition() {
        let mut state = 1_u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u8::from(state >> 24 < 60))
        };
        for (rows, columns) in [(1, 1), (1, 7), (5, 1), (12, 17), (40, 30)] {
            let near: Vec<f32> = (0..rows * columns).map(|_| draw()).collect();
            let value = slow_qmax(&near, columns);
            assert_eq!(qmax(&near, columns), value, "{rows} x {columns}");
            assert_eq!(Paths::new(&near, columns).best().1, value);
        }
    }

    #[test]
    fn a_path_bends_and_bridges_a_gap() {
        let (near, columns) = near(&[
            "#......", //
            ".#.....", ".......", "...#...", ".....#.", "#.....#",
        ]);
        let (path, value) = Paths::new(&near, columns).best();
        assert_eq!(path, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 6)]);
        assert_eq!(value, 5.0 - GAP);
    }

    #[test]
    fn nothing_has_no_path() {
        assert_eq!(qmax(&[], 0), 0.0);
        assert_eq!(Paths::new(&[0.0; 6], 3).best(), (vec![], 0.0));
    }
}
