//! The straight map from one song's axis to the other's.

/// A straight line that maps positions in the left song to positions in the right one:
///
/// ```text
/// right = anchor.1 + slope * (left - anchor.0)
/// ```
///
/// The unit is its owner's: segments in a score matrix, columns in a spectrogram, seconds in a
/// passage. The line is kept by a point on it and not by its value at zero, because a search turns
/// it about the middle of a passage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeMap {
    /// A position in the left song and the position in the right song that it is mapped to.
    pub anchor: (f64, f64),
    /// Distance in the right song for a distance of 1 in the left song: 1 / speed ratio. Negative
    /// where the right song plays backwards.
    pub slope: f64,
}

impl TimeMap {
    /// The map of one span `(start, end)` onto another.
    #[must_use]
    pub fn fitted_to(left: (f64, f64), right: (f64, f64)) -> Self {
        Self {
            anchor: (left.0, right.0),
            slope: (right.1 - right.0) / (left.1 - left.0),
        }
    }

    /// The regression of the right positions on the left ones, by least squares. The left
    /// positions are not all the same.
    #[must_use]
    pub fn regressed(points: &[(f64, f64)]) -> Self {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (left, right) = (mean(|point| point.0), mean(|point| point.1));
        let (mut products, mut squares) = (0.0, 0.0);
        for point in points {
            products += (point.0 - left) * (point.1 - right);
            squares += (point.0 - left) * (point.0 - left);
        }
        Self {
            anchor: (left, right),
            slope: products / squares,
        }
    }

    /// The position in the right song.
    #[must_use]
    pub fn at(&self, left: f64) -> f64 {
        self.anchor.1 + self.slope * (left - self.anchor.0)
    }

    /// The span `(start, end)` in the right song; its start comes first on a falling line, too.
    #[must_use]
    pub fn span(&self, (start, end): (f64, f64)) -> (f64, f64) {
        let (start, end) = (self.at(start), self.at(end));
        if self.slope < 0.0 {
            (end, start)
        } else {
            (start, end)
        }
    }

    /// The same line in a right song that is read backwards, of this length.
    #[must_use]
    pub fn reversed(&self, right_length: f64) -> Self {
        Self {
            anchor: (self.anchor.0, right_length - self.anchor.1),
            slope: -self.slope,
        }
    }

    /// The map from the right song to the left one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            anchor: (self.anchor.1, self.anchor.0),
            slope: 1.0 / self.slope,
        }
    }

    /// The same line, kept by another point on it.
    #[must_use]
    pub fn anchored_at(&self, left: f64) -> Self {
        Self {
            anchor: (left, self.at(left)),
            ..*self
        }
    }

    /// The same line in another unit, of which `per_unit` make one of the present unit.
    #[must_use]
    pub fn in_unit(&self, per_unit: f64) -> Self {
        Self {
            anchor: (self.anchor.0 * per_unit, self.anchor.1 * per_unit),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: TimeMap = TimeMap {
        anchor: (10.0, 40.0),
        slope: 1.5,
    };

    #[test]
    fn the_line_goes_through_its_anchor() {
        assert_eq!((MAP.at(10.0), MAP.at(14.0)), (40.0, 46.0));
        assert_eq!(MAP.span((8.0, 12.0)), (37.0, 43.0));
    }

    #[test]
    fn a_map_is_fitted_to_two_spans() {
        let map = TimeMap::fitted_to((2.0, 6.0), (10.0, 12.0));
        assert_eq!((map.slope, map.span((2.0, 6.0))), (0.5, (10.0, 12.0)));
    }

    #[test]
    fn a_map_is_the_regression_of_points() {
        let exact = TimeMap::regressed(&[8.0, 9.0, 20.0].map(|left| (left, MAP.at(left))));
        assert!((exact.slope - MAP.slope).abs() < 1e-12 && (exact.at(30.0) - 70.0).abs() < 1e-12);
        // Of three points, the middle one moves the line and doesn't turn it.
        let moved = TimeMap::regressed(&[(0.0, 0.0), (1.0, 3.0), (2.0, 0.0)]);
        assert_eq!((moved.anchor, moved.slope), ((1.0, 1.0), 0.0));
    }

    #[test]
    fn the_inverse_undoes_the_map() {
        for left in [-3.0, 0.0, 10.0, 64.5] {
            assert!((MAP.inverse().at(MAP.at(left)) - left).abs() < 1e-12);
        }
    }

    #[test]
    fn another_anchor_leaves_the_line_where_it_is() {
        let moved = MAP.anchored_at(20.0);
        assert_eq!((moved.anchor, moved.at(0.0)), ((20.0, 55.0), MAP.at(0.0)));
    }

    #[test]
    fn a_song_read_backwards_is_met_from_its_end() {
        let backwards = MAP.reversed(100.0);
        assert_eq!((backwards.at(10.0), backwards.at(14.0)), (60.0, 54.0));
        assert_eq!(backwards.span((8.0, 12.0)), (57.0, 63.0));
        assert_eq!(backwards.inverse().span((57.0, 63.0)), (8.0, 12.0));
        assert_eq!(backwards.reversed(100.0), MAP);
    }

    #[test]
    fn another_unit_scales_both_axes() {
        let halves = MAP.in_unit(2.0);
        assert_eq!((halves.slope, halves.at(28.0)), (1.5, 92.0));
    }
}
