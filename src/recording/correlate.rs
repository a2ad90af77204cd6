//! Two songs' [profiles](crate::recording::whitened) laid upon each other along a line, and how well they correlate there.

use crate::recording::whitened::{SpectralProfile, product};

/// A line through both songs, in columns: `right = middle.1 + slope * (left - middle.0)`.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// A column of the left song, and the one of the right song beside it.
    pub middle: (f64, f64),
    /// Columns of the right song for one of the left.
    pub slope: f64,
    /// Bands by which the right song is higher.
    pub shift: isize,
}

impl Course {
    /// The right song's column for one of the left.
    #[must_use]
    pub fn right_of(&self, left: f64) -> f64 {
        self.middle.1 + self.slope * (left - self.middle.0)
    }
}

/// The profiles of two songs.
#[derive(Clone, Debug)]
pub struct ProfilePair<'a> {
    /// The left song's.
    pub left: &'a SpectralProfile,
    /// The right song's.
    pub right: &'a SpectralProfile,
    /// Sums of squares of the left song's columns, and of the right song's: windows are laid upon each other by the thousand, and share them.
    squares: [Vec<i32>; 2],
    /// Columns multiplied so far, for tests of the cost.
    #[cfg(test)]
    pub(crate) columns_multiplied: std::cell::Cell<usize>,
}

impl<'a> ProfilePair<'a> {
    /// A pair.
    #[must_use]
    pub fn new(left: &'a SpectralProfile, right: &'a SpectralProfile) -> Self {
        let squares = |profile: &SpectralProfile| {
            (0..profile.columns() as isize)
                .filter_map(|column| profile.column(column))
                .map(|column| product(column, column, 0))
                .collect()
        };
        Self {
            left,
            right,
            squares: [squares(left), squares(right)],
            #[cfg(test)]
            columns_multiplied: std::cell::Cell::default(),
        }
    }

    /// Sum of products, and of the squares of both sides, of the window of `width` columns around left column `centre`.
    #[must_use]
    pub fn window(&self, course: &Course, centre: f64, width: usize, lag: f64) -> [f64; 3] {
        let first = (centre - width as f64 / 2.0).round();
        let mut sums = [0_i64; 3];
        #[cfg(test)]
        self.columns_multiplied
            .set(self.columns_multiplied.get() + width);
        for step in 0..width {
            let left_place = first + step as f64;
            let right_place = course.right_of(left_place + 0.5) - 0.5 + lag;
            let places = [left_place as isize, right_place.round() as isize];
            let (Some(left), Some(right)) =
                (self.left.column(places[0]), self.right.column(places[1]))
            else {
                continue;
            };
            sums[0] += i64::from(product(left, right, course.shift));
            sums[1] += i64::from(self.squares[0][places[0] as usize]);
            sums[2] += i64::from(self.squares[1][places[1] as usize]);
        }
        sums.map(|sum| sum as f64)
    }

    /// Their correlation coefficient.
    #[must_use]
    pub fn correlation(&self, course: &Course, centre: f64, width: usize, lag: f64) -> f64 {
        coefficient(self.window(course, centre, width, lag))
    }
}

/// Centres of up to `most` windows of `width` columns, evenly over a span.
#[must_use]
pub fn centres(span: (f64, f64), width: usize, most: usize) -> Vec<f64> {
    let room = (span.1 - span.0 - width as f64).max(0.0);
    let count = ((room / (width as f64 / 2.0)).ceil() as usize + 1).min(most);
    let first = span.0 + width as f64 / 2.0;
    (0..count)
        .map(|window| first + room * window as f64 / (count - 1).max(1) as f64)
        .collect()
}

/// Correlation coefficient by the sums of products and squares.
#[must_use]
pub fn coefficient([products, left, right]: [f64; 3]) -> f64 {
    products / (left * right).sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_span_evenly_and_end_where_it_ends() {
        assert_eq!(
            centres((10.0, 14.0), 4, 24),
            [12.0],
            "no longer than a window"
        );
        assert_eq!(centres((0.0, 12.0), 4, 24), [2.0, 4.0, 6.0, 8.0, 10.0]);
        let many = centres((0.0, 1_000.0), 4, 24);
        assert_eq!((many.len(), many[0], many[23]), (24, 2.0, 998.0));
    }

    #[test]
    fn a_line_goes_through_its_middle() {
        let course = Course {
            middle: (10.0, 40.0),
            slope: 1.5,
            shift: 0,
        };
        assert_eq!((course.right_of(10.0), course.right_of(14.0)), (40.0, 46.0));
    }

    #[test]
    fn a_coefficient_is_one_for_what_is_the_same_and_none_for_silence() {
        assert_eq!(coefficient([50.0, 50.0, 50.0]), 1.0);
        assert_eq!(coefficient([-30.0, 90.0, 10.0]), -1.0);
        assert_eq!(coefficient([0.0; 3]), 0.0);
    }
}
