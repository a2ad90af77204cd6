//! A place at full resolution: how far it exceeds chance, where it begins and ends.

use crate::geometry::time_map::TimeMap;
use crate::recording::correlogram::blocks::BLOCK;
use crate::recording::correlogram::places::Place;
use crate::recording::refinement::equalised::{Equalised, POOLED};

/// Lags and bands of the spectrograms either side of a pooled place.
const LAGS: isize = 2;
const BANDS: isize = 1;

/// A place at full resolution.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Meeting {
    /// The sum of products, in standard deviations.
    pub evidence: f32,
    /// The evidence of the pooled place.
    pub rough_evidence: f32,
    /// Bands by which the right song is higher.
    pub shift_bands: isize,
    /// Columns by which the right song plays it later.
    pub lag: isize,
    /// First column of the left song and the one after the last one.
    pub span: (usize, usize),
}

impl Meeting {
    /// Length in blocks.
    #[must_use]
    pub fn blocks(&self) -> f32 {
        (self.span.1 - self.span.0) as f32 / (BLOCK * POOLED) as f32
    }
}

/// Sums over columns of one song and their partners.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    product: f32,
    square: f32,
    /// Squares of the sums of products of single columns.
    column_square: f32,
}

impl Sums {
    /// Those of [products](EqualisedPair::products).
    pub fn of(products: impl Iterator<Item = [f32; 2]>) -> Self {
        let mut sums = Self::default();
        for [product, square] in products {
            sums.product += product;
            sums.square += square;
            sums.column_square += product * product;
        }
        sums
    }

    /// The sum of products in standard deviations, if independent ones had so many times the
    /// variance; 0 where one song is silent.
    #[must_use]
    pub fn deviations(&self, dispersion: f32) -> f32 {
        self.product / (self.square * dispersion).sqrt().max(f32::MIN_POSITIVE)
    }

    /// The sum of products in root sums of the squares of columns: the root of the number of
    /// columns if all are equal. It is low where a single onset makes the evidence, as of a tone
    /// that begins.
    #[must_use]
    pub fn steadiness(&self) -> f32 {
        self.product / self.column_square.sqrt().max(f32::MIN_POSITIVE)
    }
}

/// Two equalised spectrograms.
#[derive(Clone, Copy, Debug)]
pub struct EqualisedPair<'a> {
    pub left: &'a Equalised,
    pub right: &'a Equalised,
}

impl EqualisedPair<'_> {
    /// The place near a pooled one where the evidence is greatest.
    #[must_use]
    pub fn meeting(&self, place: &Place) -> Meeting {
        let length = BLOCK * POOLED;
        let first = place.first * length;
        let end = (first + place.count * length).min(self.left.columns());
        let mut best = Meeting {
            evidence: f32::NEG_INFINITY,
            rough_evidence: place.evidence,
            shift_bands: place.shift * POOLED as isize,
            lag: place.lag * POOLED as isize,
            span: (first, end),
        };
        let middle = best;
        for lag in -LAGS..=LAGS {
            let lag = middle.lag + lag;
            best = self.better(best, Meeting { lag, ..middle }, place.dispersion);
        }
        let middle = best;
        for shift in (-BANDS..=BANDS).filter(|shift| *shift != 0) {
            let shift_bands = middle.shift_bands + shift;
            let shifted = Meeting {
                shift_bands,
                ..middle
            };
            best = self.better(best, shifted, place.dispersion);
        }
        best
    }

    /// The one of two with more evidence. That of the second isn't known yet.
    fn better(&self, one: Meeting, mut other: Meeting, dispersion: f32) -> Meeting {
        other.evidence = self.sums(&other).deviations(dispersion);
        if other.evidence > one.evidence {
            other
        } else {
            one
        }
    }

    /// Sums over a column of the left song in a meeting: products and their squares.
    fn products_at(&self, meeting: &Meeting, column: usize) -> [f32; 2] {
        let column = column as isize;
        self.products(meeting.shift_bands, column, column + meeting.lag)
    }

    /// Sums over a column of the left song and a partner, so many bands higher: products and their
    /// squares.
    #[must_use]
    pub fn products(&self, shift_bands: isize, column: isize, partner: isize) -> [f32; 2] {
        let columns = (self.left.column(column), self.right.column(partner));
        let (Some(left), Some(right)) = columns else {
            return [0.0; 2];
        };
        let (up, down) = (shift_bands.max(0) as usize, (-shift_bands).max(0) as usize);
        let left = left[down..].as_chunks::<8>();
        let right = right[up..].as_chunks::<8>();
        let mut sums = [[0.0_f32; 8]; 2];
        for (left, right) in left.0.iter().zip(right.0) {
            for lane in 0..8 {
                let product = left[lane] * right[lane];
                sums[0][lane] += product;
                sums[1][lane] += product * product;
            }
        }
        for (left, right) in left.1.iter().zip(right.1) {
            let product = left * right;
            sums[0][0] += product;
            sums[1][0] += product * product;
        }
        sums.map(|of_lanes| of_lanes.iter().sum())
    }

    /// The sums over the columns of a meeting.
    #[must_use]
    pub fn sums(&self, meeting: &Meeting) -> Sums {
        let columns = meeting.span.0..meeting.span.1;
        Sums::of(columns.map(|column| self.products_at(meeting, column)))
    }

    /// Correlation coefficient of a column of the left song and its partner; 0 where one is silent.
    fn correlation(&self, meeting: &Meeting, column: usize) -> f32 {
        let column = column as isize;
        let columns = (
            self.left.column(column),
            self.right.column(column + meeting.lag),
        );
        let (Some(left), Some(right)) = columns else {
            return 0.0;
        };
        let square = |column: &[f32]| column.iter().map(|value| value * value).sum::<f32>();
        let [product, _] = self.products(meeting.shift_bands, column, column + meeting.lag);
        product / (square(left) * square(right)).sqrt().max(f32::MIN_POSITIVE)
    }

    /// Start and end of a meeting in columns of the left song.
    ///
    /// Inside, the columns correlate by the mean `m`, and outside by 0. So the stretch is the
    /// likeliest one in which the sum of `correlation - m / 2` is greatest (a change of the mean of
    /// normally distributed values).
    #[must_use]
    pub fn stretch(&self, meeting: &Meeting) -> (usize, usize) {
        const ROUNDS: usize = 3;
        let first = (-meeting.lag).max(0) as usize;
        let end = (self.right.columns() as isize - meeting.lag).max(0) as usize;
        let overlap = first..end.min(self.left.columns());
        let correlations: Vec<f32> = overlap
            .clone()
            .map(|column| self.correlation(meeting, column))
            .collect();
        let (mut start, mut end) = (
            meeting.span.0.max(overlap.start),
            meeting.span.1.min(overlap.end),
        );
        for _ in 0..ROUNDS {
            let inside = correlations.get(start - overlap.start..end - overlap.start);
            let inside = inside.unwrap_or_default();
            let sounding = inside.iter().filter(|correlation| **correlation != 0.0);
            let mean = inside.iter().sum::<f32>() / sounding.count().max(1) as f32;
            if mean <= 0.0 {
                break;
            }
            let (mut sum, mut from, mut greatest) = (0.0, overlap.start, 0.0);
            for (column, correlation) in overlap.clone().zip(&correlations) {
                if sum <= 0.0 {
                    (sum, from) = (0.0, column);
                }
                if *correlation != 0.0 {
                    sum += correlation - mean / 2.0;
                }
                if sum > greatest {
                    (greatest, start, end) = (sum, from, column + 1);
                }
            }
        }
        (start, end)
    }

    /// The map of columns, between two lags by the vertex of a parabola.
    #[must_use]
    pub fn map(&self, meeting: &Meeting) -> TimeMap {
        let sum = |lag: isize| -> f32 {
            let columns = meeting.span.0..meeting.span.1;
            columns
                .map(|column| self.products_at(&Meeting { lag, ..*meeting }, column)[0])
                .sum()
        };
        let [below, middle, above] = [-1, 0, 1].map(|lag| f64::from(sum(meeting.lag + lag)));
        let curvature = below - 2.0 * middle + above;
        let between = match curvature < 0.0 {
            true => (0.5 * (below - above) / curvature).clamp(-0.5, 0.5),
            false => 0.0,
        };
        TimeMap {
            anchor: (0.0, meeting.lag as f64 + between),
            slope: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::equalised::test_equalised;
    use crate::recording::refinement::whitened::test_spectrogram;

    fn place(lag: isize, first: usize, count: usize) -> Place {
        Place {
            lag,
            first,
            count,
            dispersion: 1.0,
            ..Place::default()
        }
    }

    #[test]
    fn a_meeting_is_found_near_its_pooled_place() {
        let copied = 2 * BLOCK * POOLED;
        let [left, right] = [
            test_equalised(&[(1, copied), (4, 200)]),
            test_equalised(&[(7, 41), (1, copied), (8, 300)]),
        ];
        let pair = EqualisedPair {
            left: &left,
            right: &right,
        };
        let meeting = pair.meeting(&place(20, 0, 2));
        assert_eq!((meeting.lag, meeting.shift_bands), (41, 0));
        assert_eq!((meeting.span, meeting.blocks()), ((0, copied), 2.0));
        // A product of each pair of values, nearly all of one sign.
        assert!(meeting.evidence > 60.0, "{meeting:?}");
        let elsewhere = pair.meeting(&place(60, 0, 2));
        assert!((0.0..5.0).contains(&elsewhere.evidence), "{elsewhere:?}");
        assert!((pair.map(&meeting).at(0.0) - 41.0).abs() < 0.1);
    }

    #[test]
    fn a_single_onset_is_not_steady() {
        let silence = test_spectrogram(&[(0, 63)]);
        let onset = test_spectrogram(&[(5, 1)]).followed_by(&silence);
        let onset = Equalised::new(&onset, |_| true);
        let music = test_equalised(&[(1, 64)]);
        let whole = Meeting {
            span: (0, 64),
            ..Meeting::default()
        };
        let steadiness = |song: &Equalised| {
            let pair = EqualisedPair {
                left: song,
                right: song,
            };
            pair.sums(&whole).steadiness()
        };
        assert!((steadiness(&onset) - 1.0).abs() < 1e-3);
        assert!((steadiness(&music) - 8.0).abs() < 0.2);
    }

    #[test]
    fn a_stretch_begins_and_ends_with_the_copy() {
        // Correlates by 0.3 there, from column 30 to column 200 of the left song.
        let copy = test_spectrogram(&[(2, 170)]).blended(&test_spectrogram(&[(9, 170)]), 0.3);
        let right = test_spectrogram(&[(7, 50)])
            .followed_by(&copy)
            .followed_by(&test_spectrogram(&[(8, 300)]));
        let (left, right) = (
            test_equalised(&[(1, 30), (2, 170), (3, 100)]),
            Equalised::new(&right, |_| true),
        );
        let pair = EqualisedPair {
            left: &left,
            right: &right,
        };
        let meeting = Meeting {
            lag: 20,
            span: (64, 192),
            ..Meeting::default()
        };
        let (start, end) = pair.stretch(&meeting);
        assert!(
            start.abs_diff(30) <= 3 && end.abs_diff(200) <= 3,
            "{start} {end}"
        );
        // Songs that don't overlap there.
        let beyond = Meeting {
            lag: 900,
            ..meeting
        };
        let (start, end) = pair.stretch(&beyond);
        assert!(end <= start, "{start} {end}");
    }

    #[test]
    fn silence_inside_of_a_copy_belongs_to_it() {
        let pieces = [(1, 100), (0, 60), (2, 100)];
        let song = test_equalised(&pieces);
        let pair = EqualisedPair {
            left: &song,
            right: &song,
        };
        let meeting = Meeting {
            span: (0, 64),
            ..Meeting::default()
        };
        assert_eq!(pair.stretch(&meeting), (0, 260));
    }
}
