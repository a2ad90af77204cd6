//! Which moments of two songs resemble each other: those that are among the nearest of both songs.

use wide::u8x16;

use crate::composition::correlations::PERFECT;

/// Share of a song that counts as near to a moment of the other one. 0.03 finds more covers than
/// the usual 0.095, and fires less on songs that share only their chords.
const NEAR_SHARE: f64 = 0.03;
/// Moments that correlate by less are never near, however few are nearer.
const LEAST: f32 = 0.1;
/// Correlations are compared in levels of so many units: 255 from [`LEAST`] to a perfect one.
const LEVEL_SHIFT: u32 = 6;

/// Cells that are compared at once.
const LANES: usize = 16;
/// Vectors of columns whose thresholds are sought at once: a cache line.
const BLOCK: usize = 4;

/// Levels of the correlations of all moments of the left song with those of the right one.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Moments of the right song.
    columns: usize,
    /// Shape `[rows, columns]`, each row padded with zeros to whole vectors.
    values: Vec<u8>,
    /// Level that is near in each row.
    of_rows: Vec<u8>,
}

/// Which moments of two songs are near each other.
#[derive(Clone, Debug)]
pub struct Neighbours {
    /// Moments of the right song, padded with some that are never near.
    pub columns: usize,
    /// 255 where moments are near and else 0; shape `[rows, columns]`.
    pub cells: Vec<u8>,
}

impl Levels {
    /// Levels without a row yet.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            values: Vec::new(),
            of_rows: Vec::new(),
        }
    }

    /// Adds the correlations of the next moment of the left song.
    pub fn push(&mut self, correlations: &[i16]) {
        let start = self.values.len();
        self.values
            .extend(correlations.iter().map(|&value| level(value)));
        self.values.resize(start + self.width(), 0);
        let (row, _) = self.values[start..].as_chunks();
        let wanted = wanted(self.columns);
        // Rows that follow each other have much the same threshold.
        let guess = self.of_rows.last().copied().unwrap_or(1);
        self.of_rows
            .push(threshold(guess, |level| reached(row, level) >= wanted));
    }

    /// The moments of each song that are among the nearest of the other one's.
    #[must_use]
    pub fn mutual_neighbours(mut self) -> Neighbours {
        let of_columns = self.column_thresholds();
        let width = self.width();
        let rows = self.values.chunks_exact_mut(width.max(1));
        for (row, &of_row) in rows.zip(&self.of_rows) {
            let of_row = u8x16::splat(of_row);
            for (cells, &of_column) in row.as_chunks_mut().0.iter_mut().zip(&of_columns) {
                let values = u8x16::from(*cells);
                let is_near = values.simd_eq(values.max(of_row).max(u8x16::from(of_column)));
                *cells = is_near.to_array();
            }
        }
        Neighbours {
            columns: width,
            cells: self.values,
        }
    }

    /// Columns with their padding.
    fn width(&self) -> usize {
        self.columns.next_multiple_of(LANES)
    }

    /// Level that is near in each column.
    fn column_thresholds(&self) -> Vec<[u8; LANES]> {
        let vectors = self.width() / LANES;
        let mut thresholds = Vec::with_capacity(vectors);
        while thresholds.len() + BLOCK <= vectors {
            thresholds.extend(self.thresholds_of::<BLOCK>(thresholds.len()));
        }
        while thresholds.len() < vectors {
            thresholds.extend(self.thresholds_of::<1>(thresholds.len()));
        }
        thresholds
    }

    /// Level that is near in each column of some vectors.
    fn thresholds_of<const BLOCK: usize>(&self, start: usize) -> [[u8; LANES]; BLOCK] {
        let wanted = wanted(self.of_rows.len());
        let mut thresholds = [[0; LANES]; BLOCK];
        for bit in BITS {
            let higher = thresholds.map(|vector| vector.map(|level| level | bit));
            let rows = self.values.chunks_exact(self.width());
            let blocks = rows.filter_map(|row| row.as_chunks().0[start..].first_chunk());
            let counts = reached_by_column(blocks, higher);
            let levels = thresholds.as_flattened_mut().iter_mut();
            let tried = higher.as_flattened().iter().zip(counts.as_flattened());
            for (level, (&higher, &count)) in levels.zip(tried) {
                if count >= wanted {
                    *level = higher;
                }
            }
        }
        thresholds.map(|vector| vector.map(|level| level.max(1)))
    }
}

/// Bits of a level, from the highest.
const BITS: [u8; 8] = [128, 64, 32, 16, 8, 4, 2, 1];

/// The highest level that enough values reach, but at least 1: a galloping search from a guess.
/// (J. Bentley, A. Yao, Information Processing Letters 5(3), 1976.)
fn threshold(guess: u8, is_enough: impl Fn(u8) -> bool) -> u8 {
    // Enough values reach `low`, or it is 1. `high` is too high.
    let (mut low, mut high) = (1, 256);
    let mut step = 1;
    let mut tried = u16::from(guess);
    while high - low > 1 {
        // Twice as far as before, until the threshold lies between two levels; then their middle.
        let is_reached = is_enough(tried as u8);
        *(if is_reached { &mut low } else { &mut high }) = tried;
        tried = match (low, high) {
            (_, 256) => (low + step).min(255),
            (1, _) => high.saturating_sub(step).max(2),
            _ => low.midpoint(high),
        };
        step *= 2;
    }
    low as u8
}

/// Level of a correlation: 0 below [`LEAST`], 1 from there on.
fn level(correlation: i16) -> u8 {
    const LEAST_CORRELATION: i16 = (LEAST * PERFECT) as i16;
    (((correlation - LEAST_CORRELATION) >> LEVEL_SHIFT) + 1).clamp(0, 255) as u8
}

/// How many values of a row reach `level`.
fn reached(row: &[[u8; LANES]], level: u8) -> u32 {
    let level = u8x16::splat(level);
    let mut count = 0;
    // A lane counts to 255.
    for blocks in row.chunks(255) {
        let mut counts = u8x16::default();
        for &block in blocks {
            let values = u8x16::from(block);
            // True is -1.
            counts -= values.simd_eq(values.max(level));
        }
        count += counts.to_array().map(u32::from).iter().sum::<u32>();
    }
    count
}

/// How many values of each column reach its level.
fn reached_by_column<'a, const BLOCK: usize>(
    mut rows: impl Iterator<Item = &'a [[u8; LANES]; BLOCK]>,
    levels: [[u8; LANES]; BLOCK],
) -> [[u32; LANES]; BLOCK] {
    let levels = levels.map(u8x16::from);
    let mut sums = [[0; LANES]; BLOCK];
    let mut is_over = false;
    while !is_over {
        let mut counts = [u8x16::default(); BLOCK];
        is_over = true;
        // A lane counts to 255.
        for (index, row) in rows.by_ref().take(255).enumerate() {
            for vector in 0..BLOCK {
                let values = u8x16::from(row[vector]);
                counts[vector] -= values.simd_eq(values.max(levels[vector]));
            }
            is_over = index < 254;
        }
        let counts = counts.map(u8x16::to_array);
        let sums = sums.as_flattened_mut().iter_mut();
        for (sum, &count) in sums.zip(counts.as_flattened()) {
            *sum += u32::from(count);
        }
    }
    sums
}

/// How many of so many are near.
fn wanted(count: usize) -> u32 {
    (NEAR_SHARE * count as f64).floor().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Correlations of a hash, shape `[rows, columns]`.
    fn drawn(rows: usize, columns: usize) -> Vec<Vec<i16>> {
        let value = |index: usize| {
            let hash = (index as u32 + 1).wrapping_mul(2_654_435_761) >> 8;
            (hash % (2 * PERFECT as u32)) as i16 - PERFECT as i16
        };
        (0..rows)
            .map(|row| {
                (0..columns)
                    .map(|column| value(row * columns + column))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn near_are_the_nearest_of_both_songs() {
        // More rows than a lane can count, and columns that fill no vector.
        for (rows, columns) in [(90, 120), (530, 70), (5, 4_200), (1, 1)] {
            let found = drawn(rows, columns);
            let mut levels = Levels::new(columns);
            for row in &found {
                levels.push(row);
            }
            let near = levels.mutual_neighbours();
            assert_eq!(near.columns, columns.next_multiple_of(LANES));
            let nearest = |values: Vec<i16>| {
                let mut levels: Vec<u8> = values.into_iter().map(level).collect();
                levels.sort_by(|a, b| b.cmp(a));
                levels[wanted(levels.len()) as usize - 1].max(1)
            };
            let of_rows: Vec<u8> = found.iter().cloned().map(nearest).collect();
            let of_columns: Vec<u8> = (0..columns)
                .map(|column| nearest(found.iter().map(|row| row[column]).collect()))
                .collect();
            for row in 0..rows {
                for column in 0..near.columns {
                    let is_near = column < columns
                        && level(found[row][column]) >= of_rows[row].max(of_columns[column]);
                    let cell = near.cells[row * near.columns + column];
                    assert_eq!(cell, if is_near { 255 } else { 0 }, "{row} {column}");
                }
            }
        }
    }

    #[test]
    fn levels_divide_what_can_be_near() {
        assert_eq!(level((0.99 * LEAST * PERFECT) as i16), 0);
        assert_eq!(level((1.01 * LEAST * PERFECT) as i16), 1);
        assert_eq!(level(PERFECT as i16), 255);
        assert_eq!(level((0.99 * PERFECT) as i16), 254);
        assert_eq!(level(-PERFECT as i16), 0);
    }

    #[test]
    fn nothing_has_no_neighbours() {
        assert!(Levels::new(0).mutual_neighbours().cells.is_empty());
        assert!(Levels::new(20).mutual_neighbours().cells.is_empty());
    }
}
