//! Equalised spectrograms: of a whitened one, each column and each band has its share of the sum.
//!
//! Where another song plays, too, its loud columns and bands would outweigh all others of a plain
//! sum of products.

use crate::recording::analysis::Analysis;
use crate::recording::refinement::whitened::WhitenedSpectrogram;

/// Added to the root of a column's sum of squares, so that what is nearly silent isn't amplified.
/// In validation songs the median column has 229.
const COLUMN_FLOOR: f32 = 60.0;
/// Added to a band's root mean square, so that an empty one isn't amplified. The median band
/// of validation songs has 24.
const BAND_FLOOR: f32 = 1.0;
/// Columns and bands of a whitened spectrogram in one of a pooled one: 186 ms, a semitone.
pub const POOLED: usize = 2;
/// Root mean square of the whole numbers of an equalised spectrogram. Of 127, so that only values
/// beyond 4.5 times it are cut off.
const WHOLE_ROOT_MEAN_SQUARE: f32 = 28.0;

/// An equalised spectrogram.
#[derive(Clone, Debug)]
pub struct Equalised {
    /// Shape `[columns, bands]`.
    values: Vec<f32>,
    pub bands: usize,
}

impl Equalised {
    /// That of a song, silent where the song is blank.
    #[must_use]
    pub fn of(song: &Analysis) -> Self {
        Self::new(&song.whitened, |secs| song.segments.has_music_at(secs))
    }

    /// That of a whitened one, silent at the seconds at which there is no music.
    #[must_use]
    pub fn new(whitened: &WhitenedSpectrogram, has_music_at: impl Fn(f64) -> bool) -> Self {
        let bands = whitened.preset.bands();
        let scales: Vec<f32> = whitened
            .root_mean_squares()
            .into_iter()
            .map(|root| 1.0 / (root as f32 + BAND_FLOOR))
            .collect();
        let mut values = Vec::with_capacity(whitened.columns() * bands);
        let columns = (0..).map_while(|column| whitened.column(column));
        for (index, column) in columns.enumerate() {
            if !has_music_at((index as f64 + 0.5) * whitened.column_secs) {
                values.extend(column.iter().map(|_| 0.0));
                continue;
            }
            let squares: i32 = column
                .iter()
                .map(|&value| i32::from(value) * i32::from(value))
                .sum();
            let scale = 1.0 / ((squares as f32).sqrt() + COLUMN_FLOOR);
            let of_bands = column.iter().zip(&scales);
            values.extend(of_bands.map(|(&value, band)| f32::from(value) * band * scale));
        }
        Self { values, bands }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len() / self.bands
    }

    /// A column, shape `[bands]`; `None` beyond the song's ends.
    #[must_use]
    pub fn column(&self, column: isize) -> Option<&[f32]> {
        let first = usize::try_from(column).ok()?.checked_mul(self.bands)?;
        self.values.get(first..first + self.bands)
    }

    /// The values as whole numbers, whose sums of products are exact in any order; shape
    /// `[columns, bands]`.
    #[must_use]
    pub fn in_whole_numbers(&self) -> Vec<i8> {
        let squares: f32 = self.values.iter().map(|value| value * value).sum();
        let root = (squares / self.values.len().max(1) as f32).sqrt();
        let scale = WHOLE_ROOT_MEAN_SQUARE / root.max(f32::MIN_POSITIVE);
        let limit = f32::from(i8::MAX);
        let scaled = self.values.iter().map(|value| value * scale);
        scaled
            .map(|value| value.round().clamp(-limit, limit) as i8)
            .collect()
    }

    /// The sums of [`POOLED`] columns and bands each.
    #[must_use]
    pub fn pooled(&self) -> Self {
        let bands = self.bands / POOLED;
        let columns = self.columns().div_ceil(POOLED);
        let mut values = vec![0.0; columns * bands];
        for (index, column) in self.values.chunks_exact(self.bands).enumerate() {
            let pooled = &mut values[index / POOLED * bands..][..bands];
            for (sum, of_band) in pooled.iter_mut().zip(column.chunks_exact(POOLED)) {
                *sum += of_band.iter().sum::<f32>();
            }
        }
        Self { values, bands }
    }
}

#[cfg(test)]
pub(crate) fn test_equalised(pieces: &[(u32, usize)]) -> Equalised {
    use crate::recording::refinement::whitened::test_spectrogram;

    Equalised::new(&test_spectrogram(pieces), |_| true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::whitened::test_spectrogram;

    fn squares(song: &Equalised, columns: std::ops::Range<isize>) -> f32 {
        let columns = columns.filter_map(|column| song.column(column));
        columns.flatten().map(|value| value * value).sum()
    }

    #[test]
    fn loud_columns_and_bands_count_little_more_than_faint_ones() {
        let (loud, faint) = (test_spectrogram(&[(1, 64)]), test_spectrogram(&[(2, 64)]));
        let silence = test_spectrogram(&[(0, 64)]);
        // A tenth as strong.
        let mut all = loud.followed_by(&faint.blended(&silence, 0.1));
        let share = |all: &WhitenedSpectrogram| {
            let equalised = Equalised::new(all, |_| true);
            squares(&equalised, 64..128) / squares(&equalised, 0..64)
        };
        assert!((0.2..0.5).contains(&share(&all)), "{}", share(&all));
        all.scale_bands_below(44, 0.2);
        let equalised = Equalised::new(&all, |_| true);
        let column = equalised.column(9).unwrap();
        let sum = |bands: &[f32]| bands.iter().map(|value| value * value).sum::<f32>();
        let share = sum(&column[..44]) / sum(&column[44..]);
        assert!((0.6..1.6).contains(&share), "{share}");
    }

    #[test]
    fn there_is_silence_where_there_is_no_music() {
        let song = test_spectrogram(&[(1, 40)]);
        let equalised = Equalised::new(&song, |secs| secs > 20.0 * song.column_secs);
        assert_eq!(squares(&equalised, 0..20), 0.0);
        assert!(
            equalised
                .column(20)
                .unwrap()
                .iter()
                .any(|value| *value != 0.0)
        );
        assert_eq!(equalised.columns(), 40);
    }

    #[test]
    fn whole_numbers_are_scaled_by_their_root_mean_square() {
        let song = test_equalised(&[(1, 64), (0, 64)]);
        let values = song.in_whole_numbers();
        assert_eq!(values.len(), 128 * song.bands);
        assert!(values[64 * song.bands..].iter().all(|value| *value == 0));
        let squares: f32 = values.iter().map(|v| f32::from(*v) * f32::from(*v)).sum();
        let root = (squares / values.len() as f32).sqrt();
        assert!((27.0..29.0).contains(&root), "{root}");
        let first = song.column(0).unwrap();
        let scale = f32::from(values[5]) / first[5];
        assert!((first[6] * scale - f32::from(values[6])).abs() < 1.5);
        let silence = test_equalised(&[(0, 4)]).in_whole_numbers();
        assert!(silence.iter().all(|value| *value == 0));
    }

    #[test]
    fn pooled_values_are_sums_of_four() {
        let song = test_equalised(&[(1, 5)]);
        let pooled = song.pooled();
        assert_eq!((pooled.columns(), pooled.bands), (3, 44));
        let value = |column: isize, band: usize| song.column(column).map_or(0.0, |of| of[band]);
        for (column, band) in [(0_usize, 0_usize), (1, 43), (2, 7)] {
            let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
            let sum: f32 = pairs
                .map(|(later, above)| value((2 * column + later) as isize, 2 * band + above))
                .iter()
                .sum();
            let found = pooled.column(column as isize).unwrap()[band];
            assert!((found - sum).abs() < 1e-6, "{column} {band}");
        }
    }
}
