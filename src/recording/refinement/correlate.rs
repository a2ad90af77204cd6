//! The correlation of two [whitened spectrograms](super::whitened) along a line.

use std::ops::Range;

use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::alignment::Alignment;
use crate::recording::refinement::whitened::{BANDS_PER_SEMITONE, WhitenedSpectrogram, product};

/// The right song's spectrogram laid over the left song's.
#[derive(Clone, Copy, Debug)]
pub struct Overlay {
    /// Map from columns of the left spectrogram to columns of the right one.
    pub map: TimeMap,
    /// Bands by which the right song is higher.
    pub shift_bands: isize,
}

impl Overlay {
    /// From seconds and semitones, with columns of this length.
    #[must_use]
    pub fn of(map_secs: &TimeMap, semitones: f64, column_secs: f64) -> Self {
        Self {
            map: map_secs.in_unit(1.0 / column_secs),
            shift_bands: libm::round(semitones * BANDS_PER_SEMITONE as f64) as isize,
        }
    }

    /// The left song's spectrogram laid over the right song's.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self {
            map: self.map.inverse(),
            shift_bands: -self.shift_bands,
        }
    }
}

/// The spectrograms of two songs.
#[derive(Clone, Debug)]
pub struct SpectrogramPair<'a> {
    /// The left song's.
    pub left: &'a WhitenedSpectrogram,
    /// The right song's.
    pub right: &'a WhitenedSpectrogram,
    /// Sums of squares of each column, left and right: thousands of windows share them.
    squares: [Vec<i32>; 2],
    /// Columns multiplied so far, for tests of the cost.
    #[cfg(test)]
    pub(crate) columns_multiplied: std::cell::Cell<usize>,
}

impl<'a> SpectrogramPair<'a> {
    /// A pair.
    #[must_use]
    pub fn new(left: &'a WhitenedSpectrogram, right: &'a WhitenedSpectrogram) -> Self {
        let squares = |spectrogram: &WhitenedSpectrogram| {
            (0..spectrogram.columns() as isize)
                .filter_map(|column| spectrogram.column(column))
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

    /// The right song's spectrogram first.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self::new(self.right, self.left)
    }

    /// Sums over a window of `width` columns around left column `centre`: products, squares of the
    /// left song, squares of the right song. The right song is read `lag` columns after the place
    /// that the overlay says.
    #[must_use]
    pub fn window(&self, overlay: &Overlay, centre: f64, width: usize, lag: f64) -> [f64; 3] {
        let first = (centre - width as f64 / 2.0).round();
        let mut sums = [0_i64; 3];
        #[cfg(test)]
        self.columns_multiplied
            .set(self.columns_multiplied.get() + width);
        for step in 0..width {
            if let Some(column) = self.column(overlay, first + step as f64, lag) {
                for (sum, value) in sums.iter_mut().zip(column) {
                    *sum += i64::from(value);
                }
            }
        }
        sums.map(|sum| sum as f64)
    }

    /// The same sums over one left column; `None` beyond the songs' ends.
    #[must_use]
    pub fn column(&self, overlay: &Overlay, left_place: f64, lag: f64) -> Option<[i32; 3]> {
        let right_place = overlay.map.at(left_place + 0.5) - 0.5 + lag;
        let places = [left_place as isize, right_place.round() as isize];
        let (left, right) = (self.left.column(places[0])?, self.right.column(places[1])?);
        Some([
            product(left, right, overlay.shift_bands),
            self.squares[0][places[0] as usize],
            self.squares[1][places[1] as usize],
        ])
    }

    /// The sums around each of a range of left columns, over it and so many `neighbours` on each
    /// side that are in the range, too. Between two right columns their weighted mean is taken.
    /// Beyond the songs' ends, only the left song has something.
    #[must_use]
    pub fn track(
        &self,
        overlay: &Overlay,
        columns: Range<usize>,
        neighbours: usize,
    ) -> Vec<[f32; 3]> {
        let sums: Vec<[f32; 3]> = columns
            .map(|column| {
                self.interpolated(overlay, column)
                    .unwrap_or([0.0, 1.0, 0.0])
            })
            .collect();
        (0..sums.len())
            .map(|index| {
                let first = index.saturating_sub(neighbours);
                let mut sum = [0.0; 3];
                for one in &sums[first..(index + neighbours + 1).min(sums.len())] {
                    for (sum, value) in sum.iter_mut().zip(one) {
                        *sum += value;
                    }
                }
                sum
            })
            .collect()
    }

    /// Correlation coefficient along an alignment, between right columns, too. So it's comparable
    /// with that of an alignment whose lag is a whole number of columns.
    #[must_use]
    pub fn correlation_along(&self, alignment: &Alignment) -> f64 {
        let overlay = Overlay::of(&alignment.map, alignment.semitones, self.left.column_secs);
        let (start, end) = alignment.left_secs;
        let column = |secs: f64| (secs / self.left.column_secs).round() as usize;
        let mut sums = [0.0; 3];
        for one in
            (column(start)..column(end)).filter_map(|column| self.interpolated(&overlay, column))
        {
            for (sum, value) in sums.iter_mut().zip(one) {
                *sum += f64::from(value);
            }
        }
        coefficient(sums)
    }

    /// The same sums over one left column, and the mean of the two right columns between which the
    /// overlay places it, weighted by their nearness: half a column away, music correlates by 0.1
    /// to 0.3 less.
    fn interpolated(&self, overlay: &Overlay, left_column: usize) -> Option<[f32; 3]> {
        let right_place = overlay.map.at(left_column as f64 + 0.5) - 0.5;
        let near_place = right_place.round();
        let far_place = near_place + (right_place - near_place).signum();
        let far_place = far_place.clamp(0.0, self.right.columns() as f64 - 1.0);
        let left = self.left.column(left_column as isize)?;
        let near = self.right.column(near_place as isize)?;
        let far = self.right.column(far_place as isize)?;
        let far_weight = (right_place - near_place).abs() as f32;
        let near_weight = 1.0 - far_weight;
        let mean = |[near, far]: [i32; 2]| near_weight * near as f32 + far_weight * far as f32;
        let shift = overlay.shift_bands;
        let of_both = product(near, far, 0);
        let squares = &self.squares[1];
        Some([
            mean([product(left, near, shift), product(left, far, shift)]),
            self.squares[0][left_column] as f32,
            near_weight * mean([squares[near_place as usize], of_both])
                + far_weight * mean([of_both, squares[far_place as usize]]),
        ])
    }

    /// Correlation coefficient over the same window.
    #[must_use]
    pub fn correlation(&self, overlay: &Overlay, centre: f64, width: usize, lag: f64) -> f64 {
        coefficient(self.window(overlay, centre, width, lag))
    }
}

/// Centres of up to `most` windows of `width` columns, evenly over a span.
#[must_use]
pub fn centres(span: (f64, f64), width: usize, most: usize) -> Vec<f64> {
    let spare = (span.1 - span.0 - width as f64).max(0.0);
    let count = ((spare / (width as f64 / 2.0)).ceil() as usize + 1).min(most);
    let first = span.0 + width as f64 / 2.0;
    (0..count)
        .map(|window| first + spare * window as f64 / (count - 1).max(1) as f64)
        .collect()
}

/// Correlation coefficient from the sums of products and of squares.
#[must_use]
pub fn coefficient([products, left, right]: [f64; 3]) -> f64 {
    products / (left * right).sqrt().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::alignment::test_alignment;
    use crate::recording::refinement::whitened::test_spectrogram;

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

    /// The overlay of songs at the same speed with this lag.
    fn at_lag(lag: f64) -> Overlay {
        let map = TimeMap {
            anchor: (0.0, lag),
            slope: 1.0,
        };
        Overlay {
            map,
            shift_bands: 0,
        }
    }

    #[test]
    fn between_two_columns_their_weighted_mean_is_correlated() {
        let song = test_spectrogram(&[(1, 200)]);
        let pair = SpectrogramPair::new(&song, &song);
        let along = |lag: f64| {
            let map = at_lag(lag).map.in_unit(song.column_secs);
            let left_secs = (2.0 * song.column_secs, 198.0 * song.column_secs);
            pair.correlation_along(&Alignment {
                left_secs,
                map,
                ..test_alignment(1.0, 0.0)
            })
        };
        // Neighbouring columns of noise don't correlate.
        for (lag, expected) in [
            (0.0, 1.0),
            (0.5, 0.707),
            (-0.5, 0.707),
            (0.25, 0.949),
            (-0.25, 0.949),
        ] {
            assert!(
                (along(lag) - expected).abs() < 0.01,
                "{lag}: {}",
                along(lag)
            );
            let [products, left, right] = pair.track(&at_lag(lag), 0..200, 100)[100].map(f64::from);
            let correlation = products / (left * right).sqrt();
            assert!(
                (correlation - expected).abs() < 0.01,
                "{lag}: {correlation}"
            );
        }
        assert!(along(1.0).abs() < 0.1);
    }

    #[test]
    fn a_track_sums_each_column_and_its_neighbours() {
        let song = test_spectrogram(&[(1, 6)]);
        let pair = SpectrogramPair::new(&song, &song);
        let squares = |column: usize| pair.squares[0][column] as f32;
        let sums = pair.track(&at_lag(0.0), 1..5, 1);
        let of_left: Vec<f32> = sums.iter().map(|sums| sums[1]).collect();
        let [a, b, c, d] = [1, 2, 3, 4].map(squares);
        assert_eq!(of_left, [a + b, a + b + c, b + c + d, c + d]);
        // Beyond the right song's end.
        assert_eq!(pair.track(&at_lag(4.0), 0..6, 0)[3], [0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_coefficient_is_one_for_equal_spectra_and_zero_for_silence() {
        assert_eq!(coefficient([50.0, 50.0, 50.0]), 1.0);
        assert_eq!(coefficient([-30.0, 90.0, 10.0]), -1.0);
        assert_eq!(coefficient([0.0; 3]), 0.0);
    }
}
