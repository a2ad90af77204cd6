//! The score matrix: every segment of one song against every segment of another.

use crate::recording::encoder::embeddings::Embeddings;
use crate::recording::encoder::head::ScoringHead;

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

    /// The logits of one left segment, shape `[columns]`.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.logits[row * self.columns..(row + 1) * self.columns]
    }

    /// The median of every row.
    pub fn row_medians(&self) -> impl Iterator<Item = f32> {
        (0..self.rows).map(|row| median(self.row(row).to_vec()))
    }

    /// The median of every column.
    pub fn column_medians(&self) -> impl Iterator<Item = f32> {
        (0..self.columns).map(|column| {
            let column = self.logits.iter().skip(column).step_by(self.columns);
            median(column.copied().collect())
        })
    }
}

/// The middle value (the upper one of two); the list is not empty.
#[must_use]
pub fn median(mut values: Vec<f32>) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_those_of_rows_and_columns() {
        let matrix = ScoreMatrix {
            rows: 3,
            columns: 2,
            logits: vec![1.0, 9.0, 2.0, 8.0, 3.0, 7.0],
        };
        assert_eq!(matrix.row(1), [2.0, 8.0]);
        assert_eq!(matrix.row_medians().collect::<Vec<_>>(), [9.0, 8.0, 7.0]);
        assert_eq!(matrix.column_medians().collect::<Vec<_>>(), [2.0, 8.0]);
    }
}
