//! Which moments of two songs resemble each other: cross-correlations of stretches of frames, and
//! of them those that are among the nearest of both songs.

use crate::composition::channels::CLASSES;
use crate::composition::frames::Frames;

/// Doublings of the stretch that is compared: 2^3 frames are 3.7 s. Longer ones were worse on real
/// covers, and find fewer tempi.
const DOUBLINGS: usize = 3;
/// Frames of a stretch.
pub const STRETCH_FRAMES: usize = 1 << DOUBLINGS;
/// Share of a song that counts as near to a moment of the other one. 0.03 finds more covers than
/// the usual 0.095, and fires less on songs that share only their chords.
const NEAR_SHARE: f64 = 0.03;
/// Stretches that correlate by less are never near, however few are nearer.
const LEAST: f32 = 0.1;
/// Halvings of the range of correlations in which the threshold of a moment is sought.
const HALVINGS: usize = 8;

/// Correlations of every stretch of the left song with every one of the right song, -1..1.
#[derive(Clone, Debug)]
pub struct Correlations {
    /// Stretches of the left song.
    pub rows: usize,
    /// Stretches of the right song.
    pub columns: usize,
    /// Shape `[rows, columns]`.
    pub values: Vec<f32>,
}

impl Correlations {
    /// The right song is taken to be `semitones` higher.
    #[must_use]
    pub fn new(left: &Frames, right: &Frames, semitones: usize) -> Self {
        let columns = right.count();
        // Class by class, so that the inner loop runs over frames.
        let mut classes = vec![0.0; CLASSES * columns];
        for (column, vector) in right.vectors().iter().enumerate() {
            for (class, value) in vector.iter().enumerate() {
                let left_class = (class + CLASSES - semitones) % CLASSES;
                classes[left_class * columns + column] = *value;
            }
        }
        let mut values = vec![0.0; left.count() * columns];
        for (row, vector) in values.chunks_exact_mut(columns.max(1)).zip(left.vectors()) {
            for (weight, class) in vector.iter().zip(classes.chunks_exact(columns.max(1))) {
                for (sum, value) in row.iter_mut().zip(class) {
                    *sum += weight * value;
                }
            }
        }
        let frames = Self {
            rows: left.count(),
            columns,
            values,
        };
        frames.stretches()
    }

    /// The sum of two matrices of one shape, by halves.
    #[must_use]
    pub fn mean(mut self, other: &Self) -> Self {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = 0.5 * (*value + other);
        }
        self
    }

    /// Means along diagonals of [`STRETCH_FRAMES`].
    fn stretches(mut self) -> Self {
        for doubling in 0..DOUBLINGS {
            let offset = 1 << doubling;
            let (rows, columns) = (
                self.rows.saturating_sub(offset),
                self.columns.saturating_sub(offset),
            );
            let mut sums = Vec::with_capacity(rows * columns);
            for row in 0..rows {
                let start = row * self.columns;
                let later = (row + offset) * self.columns + offset;
                let here = &self.values[start..start + columns];
                let there = &self.values[later..later + columns];
                sums.extend(here.iter().zip(there).map(|(one, other)| one + other));
            }
            self = Self {
                rows,
                columns,
                values: sums,
            };
        }
        for value in &mut self.values {
            *value /= STRETCH_FRAMES as f32;
        }
        self
    }

    /// 1.0 where a stretch of each song is among the nearest of the other one's, else 0.0; of the
    /// same shape.
    #[must_use]
    pub fn mutual_neighbours(&self) -> Vec<f32> {
        let (of_rows, of_columns) = (self.row_thresholds(), self.column_thresholds());
        let mut near = vec![0.0; self.values.len()];
        let columns = self.columns.max(1);
        let rows = near
            .chunks_exact_mut(columns)
            .zip(self.values.chunks_exact(columns));
        for ((near, values), &of_row) in rows.zip(&of_rows) {
            for ((near, &value), &of_column) in near.iter_mut().zip(values).zip(&of_columns) {
                *near = if value >= of_row && value >= of_column {
                    1.0
                } else {
                    0.0
                };
            }
        }
        near
    }

    /// For each row a threshold that [`NEAR_SHARE`] of its values reach, but at least [`LEAST`].
    fn row_thresholds(&self) -> Vec<f32> {
        let wanted = wanted(self.columns);
        self.values
            .chunks_exact(self.columns.max(1))
            .map(|row| {
                let (mut low, mut high) = (LEAST, 1.0);
                for _ in 0..HALVINGS {
                    let middle = 0.5 * (low + high);
                    let reached: u32 = row.iter().map(|&value| u32::from(value >= middle)).sum();
                    if reached >= wanted {
                        low = middle
                    } else {
                        high = middle
                    }
                }
                low
            })
            .collect()
    }

    /// The same for each column.
    fn column_thresholds(&self) -> Vec<f32> {
        let wanted = wanted(self.rows);
        let mut ranges = vec![(LEAST, 1.0_f32); self.columns];
        let mut middles = vec![0.0; self.columns];
        let mut reached = vec![0_u32; self.columns];
        for _ in 0..HALVINGS {
            for (middle, (low, high)) in middles.iter_mut().zip(&ranges) {
                *middle = 0.5 * (low + high);
            }
            reached.fill(0);
            for row in self.values.chunks_exact(self.columns.max(1)) {
                for ((count, &value), &middle) in reached.iter_mut().zip(row).zip(&middles) {
                    *count += u32::from(value >= middle);
                }
            }
            for ((range, &middle), &count) in ranges.iter_mut().zip(&middles).zip(&reached) {
                if count >= wanted {
                    range.0 = middle
                } else {
                    range.1 = middle
                }
            }
        }
        ranges.into_iter().map(|(low, _)| low).collect()
    }
}

/// How many of so many are near.
fn wanted(count: usize) -> u32 {
    (NEAR_SHARE * count as f64).floor().max(1.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a melody, drawn by a hash of the seed, `semitones` higher.
    fn melody(seed: u32, frames: u32, semitones: usize) -> Frames {
        let kept: Vec<u8> = (0..frames)
            .flat_map(|frame| {
                let hash = (seed + frame / 2).wrapping_mul(2_654_435_761) >> 24;
                let class = (hash as usize + semitones) % CLASSES;
                std::array::from_fn::<u8, CLASSES, _>(|at| if at == class { 255 } else { 0 })
            })
            .collect();
        Frames::new(&kept, 1.0)
    }

    #[test]
    fn correlations_are_means_along_diagonals() {
        let (left, right) = (melody(1, 20, 0), melody(50, 26, 0));
        for semitones in [0, 7] {
            let found = Correlations::new(&left, &right, semitones);
            assert_eq!((found.rows, found.columns), (13, 19));
            for (row, column) in [(0, 0), (3, 11), (12, 18)] {
                let mut sum = 0.0;
                for offset in 0..STRETCH_FRAMES {
                    for class in 0..CLASSES {
                        sum += left.vectors()[row + offset][class]
                            * right.vectors()[column + offset][(class + semitones) % CLASSES];
                    }
                }
                let mean = sum / STRETCH_FRAMES as f32;
                let value = found.values[row * found.columns + column];
                assert!((value - mean).abs() < 1e-5, "{value} {mean}");
            }
        }
    }

    #[test]
    fn a_transposed_melody_correlates_in_its_transposition_alone() {
        let (left, right) = (melody(1, 60, 0), melody(1, 60, 5));
        for semitones in 0..CLASSES {
            let found = Correlations::new(&left, &right, semitones);
            let diagonal = (0..found.rows).map(|row| found.values[row * found.columns + row]);
            let least = diagonal.fold(1.0, f32::min);
            assert_eq!(least > 0.99, semitones == 5, "{semitones}: {least}");
        }
    }

    #[test]
    fn near_are_the_nearest_of_both_songs() {
        let found = Correlations::new(&melody(1, 90, 0), &melody(20, 120, 0), 0);
        let near = found.mutual_neighbours();
        let sorted = |values: Vec<f32>| {
            let mut values = values;
            values.sort_by(|a, b| b.total_cmp(a));
            values
        };
        // The thresholds of the definition, except for the width of the last halving.
        let width = (1.0 - LEAST) / (1 << HALVINGS) as f32;
        let (mut some, mut wrong) = (0, 0);
        for row in 0..found.rows {
            for column in 0..found.columns {
                let value = found.values[row * found.columns + column];
                let in_row = found.values[row * found.columns..][..found.columns].to_vec();
                let in_column = found.values.iter().skip(column).step_by(found.columns);
                let of_row = sorted(in_row)[(NEAR_SHARE * found.columns as f64) as usize - 1];
                let of_column = sorted(in_column.copied().collect())
                    [(NEAR_SHARE * found.rows as f64) as usize - 1];
                let above = value - of_row.max(of_column).max(LEAST);
                let is_near = near[row * found.columns + column] > 0.0;
                some += usize::from(is_near);
                wrong += usize::from(above.abs() > width && is_near != (above > 0.0));
            }
        }
        assert_eq!(wrong, 0);
        assert!(some > 20, "{some}");
    }

    #[test]
    fn songs_shorter_than_a_stretch_have_no_cells() {
        let found = Correlations::new(&melody(1, 5, 0), &melody(1, 90, 0), 0);
        assert!(found.values.is_empty() && found.mutual_neighbours().is_empty());
    }
}
