//! The correlation of two [whitened spectrograms](super::whitened) along a line.

use crate::geometry::time_map::TimeMap;
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
    fn the_coefficient_is_one_for_equal_spectra_and_zero_for_silence() {
        assert_eq!(coefficient([50.0, 50.0, 50.0]), 1.0);
        assert_eq!(coefficient([-30.0, 90.0, 10.0]), -1.0);
        assert_eq!(coefficient([0.0; 3]), 0.0);
    }
}
