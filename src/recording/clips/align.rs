//! The best alignment of two clips: exhaustive cross-correlation of their [equalised
//! spectrograms](crate::recording::refinement::equalised).
//!
//! For two songs the search starts from a [line through the score matrix](crate::geometry::lines).
//! A clip has few segments and no line, but so few columns that every offset, speed and
//! transposition can be tried. The greatest correlation of two different clips is the greatest of
//! some ten thousand chance values, about 0.2 over 3 s; that of a clip and its copy is mostly above
//! 0.6.

use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::equalised::Equalised;
use crate::recording::refinement::whitened::{
    BANDS_PER_SEMITONE, MAX_SEMITONES, WhitenedSpectrogram, product,
};

/// Greatest transposition, in bands either way.
const MOST_BANDS: isize = (MAX_SEMITONES * BANDS_PER_SEMITONE) as isize;
/// Natural logarithm of the ratio of neighbouring speeds: over 3 s, they differ by no more than a
/// column at the ends.
const SPEED_STEP: f64 = 0.06;
/// Speeds tried either way: to 2.05 times and 0.49 times the speed.
const MOST_SPEED_STEPS: i32 = 12;
/// Least overlap, in columns, the geometric mean of both clips: 1.3 s.
const LEAST_COLUMNS: f64 = 14.0;
/// Overlap from which a correlation counts in full, in columns: 3 s, a segment. Over less it counts
/// in proportion, because chance correlations are higher there.
const FULL_COLUMNS: f64 = 32.0;
/// Distance from which an alignment is another one, in columns, in both clips: 0.3 s. A greatest
/// correlation of copies is narrower than that.
const ELSEWHERE_COLUMNS: f64 = 3.2;

/// The best alignment of two clips.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipAlignment {
    /// Correlation coefficient, reduced if only a part of the clips overlaps; -1..1.
    pub correlation: f64,
    /// Map from seconds of the left clip to seconds of the right one; either may lie outside.
    pub map: TimeMap,
    /// Bands by which the right clip is higher.
    pub shift_bands: isize,
    /// Root mean square of the correlations of all alignments that were tried; 0..1. High for two
    /// drones, and for two passages over one beat, which correlate in every position.
    pub spread: f64,
    /// How far the correlation stands above the greatest one at another offset, 0..1. Low where the
    /// clips resemble each other in many places, as two texts read by one voice.
    pub prominence: f64,
}

impl ClipAlignment {
    fn mirrored(self) -> Self {
        Self {
            map: self.map.inverse(),
            shift_bands: -self.shift_bands,
            ..self
        }
    }

    /// Whether it lies elsewhere than `other` at the middle of both clips, of these lengths.
    fn is_elsewhere(
        &self,
        other: &Self,
        [left_secs, right_secs]: [f64; 2],
        column_secs: f64,
    ) -> bool {
        let least_secs = ELSEWHERE_COLUMNS * column_secs;
        let apart = |one: &TimeMap, other: &TimeMap, secs: f64| {
            (one.at(secs / 2.0) - other.at(secs / 2.0)).abs()
        };
        apart(&self.map, &other.map, left_secs) > least_secs
            && apart(&self.map.inverse(), &other.map.inverse(), right_secs) > least_secs
    }
}

/// The best alignment of two clips with the same
/// [preset](crate::recording::refinement::whitened::Preset); `None` if one of them is empty.
/// Exchanging the clips inverts the alignment and changes nothing else. The cost grows with the
/// square of their length: it is meant for clips of some seconds.
#[must_use]
pub fn align_clips(
    left: &WhitenedSpectrogram,
    right: &WhitenedSpectrogram,
) -> Option<ClipAlignment> {
    let (left, right) = (Clip::new(left), Clip::new(right));
    let (mut there, mut back) = (Search::default(), Search::default());
    // The slower clip has more columns, of which some are skipped; so each takes its place in turn.
    for step in 0..=MOST_SPEED_STEPS {
        let slope = libm::exp(f64::from(step) * SPEED_STEP);
        there.at_slope(&left, &right, slope);
        if step > 0 {
            back.at_slope(&right, &left, slope);
        }
    }
    let tries = there.tries + back.tries;
    let spread = ((there.squares + back.squares) / f64::from(tries)).sqrt();
    let mut tried = there.best_at_offsets;
    tried.extend(
        back.best_at_offsets
            .into_iter()
            .map(ClipAlignment::mirrored),
    );
    let best = *tried
        .iter()
        .reduce(|best, one| match one.correlation > best.correlation {
            true => one,
            false => best,
        })?;
    let column_secs = left.column_secs;
    let lengths_secs = [&left, &right].map(|clip| clip.columns() as f64 * column_secs);
    let elsewhere = tried
        .iter()
        .filter(|one| one.is_elsewhere(&best, lengths_secs, column_secs))
        .map(|one| one.correlation)
        .fold(0.0, f64::max);
    Some(ClipAlignment {
        spread,
        prominence: (best.correlation - elsewhere).max(0.0),
        ..best
    })
}

/// A clip's equalised spectrogram in whole numbers, shape `[columns, bands]`, and running sums of
/// its squares over the bands of each column, shape `[columns, bands + 1]`.
struct Clip {
    bands: usize,
    values: Vec<i8>,
    squares: Vec<i32>,
    column_secs: f64,
}

impl Clip {
    fn new(spectrogram: &WhitenedSpectrogram) -> Self {
        let bands = spectrogram.preset.bands();
        let values = Equalised::new(spectrogram, |_| true).in_whole_numbers();
        let mut squares = Vec::with_capacity(spectrogram.columns() * (bands + 1));
        for column in values.chunks_exact(bands) {
            let mut sum = 0;
            squares.push(sum);
            squares.extend(column.iter().map(|&value| {
                sum += i32::from(value) * i32::from(value);
                sum
            }));
        }
        Self {
            bands,
            values,
            squares,
            column_secs: spectrogram.column_secs,
        }
    }

    fn columns(&self) -> usize {
        self.values.len() / self.bands
    }

    fn column(&self, column: usize) -> &[i8] {
        &self.values[column * self.bands..][..self.bands]
    }

    /// Sum of the squares of a column's bands from `first` to before `end`.
    fn energy(&self, column: usize, first: usize, end: usize) -> i32 {
        let sums = &self.squares[column * (self.bands + 1)..];
        sums[end] - sums[first]
    }
}

/// Result of the search in one direction, in which one of the clips is the slower one.
#[derive(Default)]
struct Search {
    /// The best transposition at each speed and offset.
    best_at_offsets: Vec<ClipAlignment>,
    /// Sum of the squares of all correlations.
    squares: f64,
    tries: u32,
}

impl Search {
    /// Tries all offsets and transpositions at `slope` columns of `slow` for one of `quick`, at
    /// least 1.
    fn at_slope(&mut self, quick: &Clip, slow: &Clip, slope: f64) {
        // The column of `slow` under the middle of each column of `quick`, before any offset.
        let places: Vec<isize> = (0..quick.columns())
            .map(|column| (slope * (column as f64 + 0.5)) as isize)
            .collect();
        let slow_columns = slow.columns() as isize;
        let last = places.last().copied().unwrap_or(0);
        for offset in -last..slow_columns {
            let first = places.partition_point(|place| place + offset < 0);
            let end = places.partition_point(|place| place + offset < slow_columns);
            let columns = (end - first) as f64 * slope.sqrt();
            if columns < LEAST_COLUMNS {
                continue;
            }
            let share = (columns / FULL_COLUMNS).min(1.0);
            let mut best: Option<ClipAlignment> = None;
            let met = |place: &isize| (place + offset) as usize;
            let pairs = || (first..end).zip(places[first..end].iter().map(met));
            for shift_bands in -MOST_BANDS..=MOST_BANDS {
                let Some(coefficient) = coefficient(quick, slow, pairs(), shift_bands) else {
                    continue;
                };
                let correlation = share * coefficient;
                self.squares += correlation * correlation;
                self.tries += 1;
                if best.is_none_or(|best| correlation > best.correlation) {
                    best = Some(ClipAlignment {
                        correlation,
                        map: TimeMap {
                            anchor: (0.0, offset as f64 * slow.column_secs),
                            slope,
                        },
                        shift_bands,
                        spread: 0.0,
                        prominence: 0.0,
                    });
                }
            }
            self.best_at_offsets.extend(best);
        }
    }
}

/// Correlation coefficient over pairs of columns; `None` if one of the clips is empty there.
fn coefficient(
    quick: &Clip,
    slow: &Clip,
    pairs: impl Iterator<Item = (usize, usize)>,
    shift_bands: isize,
) -> Option<f64> {
    let (down, up) = ((-shift_bands).max(0) as usize, shift_bands.max(0) as usize);
    let [mut products, mut quick_squares, mut slow_squares] = [0_i64; 3];
    for (column, place) in pairs {
        let (one, other) = (quick.column(column), slow.column(place));
        products += i64::from(product(one, other, shift_bands));
        quick_squares += i64::from(quick.energy(column, down, quick.bands - up));
        slow_squares += i64::from(slow.energy(place, up, slow.bands - down));
    }
    let energies = quick_squares as f64 * slow_squares as f64;
    (quick_squares != 0 && slow_squares != 0).then(|| products as f64 / energies.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::recording::refinement::whitened::Preset;
    use crate::test_sound::{self, mel_power};

    /// 3 s of notes with three partials, by a list of semitones above 440 Hz, played at `speed` and
    /// transposed by `semitones`; `from_secs` are left out at the start.
    fn clip(melody: &[i32], speed: f64, semitones: f64, from_secs: f64) -> WhitenedSpectrogram {
        const NOTES_PER_SEC: f64 = 4.0;
        let samples: Vec<f32> = (0..66_048)
            .map(|n| {
                let secs = from_secs + f64::from(n) / 22_050.0;
                let place = secs * NOTES_PER_SEC * speed;
                let key = f64::from(melody[place as usize % melody.len()]) + semitones;
                let hz = 440.0 * (key / 12.0).exp2();
                let loud = (-3.0 * place.fract()).exp();
                (1..=3)
                    .map(|k| (std::f64::consts::TAU * hz * f64::from(k) * secs).sin())
                    .sum::<f64>() as f32
                    * 0.1
                    * loud as f32
            })
            .collect();
        whitened(&samples)
    }

    fn whitened(samples: &[f32]) -> WhitenedSpectrogram {
        WhitenedSpectrogram::new(&mel_power(samples), Preset::Clip, &FeatureConfig::default())
    }

    const MELODY: [i32; 17] = [0, 7, 3, 12, 5, 10, 2, 9, 14, 4, 0, 11, 6, 8, 1, 13, 5];
    const OTHER: [i32; 13] = [4, 4, 9, 0, 13, 6, 6, 2, 11, 8, 1, 12, 3];

    #[test]
    fn a_clip_correlates_with_itself_and_with_nothing_else() {
        let (one, other) = (clip(&MELODY, 1.0, 0.0, 0.0), clip(&OTHER, 1.0, 0.0, 0.0));
        let itself = align_clips(&one, &one).unwrap();
        assert_eq!((itself.map.slope, itself.shift_bands), (1.0, 0));
        assert_eq!(itself.map.at(0.0), 0.0);
        assert!((itself.correlation - 1.0).abs() < 1e-12);
        let others = align_clips(&one, &other).unwrap().correlation;
        assert!(others < 0.5, "{others}");
    }

    #[test]
    fn offset_speed_and_pitch_are_found() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        for (speed, semitones, from_secs) in [
            (1.0, 0.0, 0.4),
            (1.0, 5.0, 0.0),
            (1.2, -3.0, 0.2),
            (0.8, 2.0, 0.0),
            (1.9, 0.0, 0.0),
        ] {
            let found = align_clips(&one, &clip(&MELODY, speed, semitones, from_secs)).unwrap();
            let what = format!("{speed} {semitones} {from_secs}: {found:?}");
            assert!(found.correlation > 0.55, "{what}");
            assert!((found.map.slope * speed - 1.0).abs() < 0.08, "{what}");
            assert!(
                (found.shift_bands as f64 - 2.0 * semitones).abs() <= 1.0,
                "{what}"
            );
            let middle_secs = found.map.at(1.5);
            assert!(
                (middle_secs - (1.5 / speed - from_secs)).abs() < 0.15,
                "{what}"
            );
        }
    }

    #[test]
    fn an_octave_is_tried_and_more_than_thirteen_semitones_are_not() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let bands = |semitones| {
            let other = clip(&MELODY, 1.0, semitones, 0.0);
            align_clips(&one, &other).unwrap().shift_bands
        };
        assert!((bands(12.0) - 24).abs() <= 1 && (bands(-12.0) + 24).abs() <= 1);
        assert!((bands(16.0) - 32).abs() > 1, "{}", bands(16.0));
    }

    #[test]
    fn an_overlap_of_a_second_is_too_little() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let starts_at = |secs| {
            let found = align_clips(&one, &clip(&MELODY, 1.0, 0.0, secs)).unwrap();
            (found.map.at(0.0) + secs).abs() < 0.15
        };
        assert!(starts_at(1.6), "1.4 s are enough");
        assert!(!starts_at(1.85), "1.15 s are not");
        // Two thirds of a second are too little at any speed.
        let blip: Vec<f32> = (0..14_336).map(|n| (n as f32 * 0.2).sin()).collect();
        assert_eq!(align_clips(&one, &whitened(&blip)), None);
    }

    #[test]
    fn exchanging_the_clips_inverts_the_alignment() {
        let (one, other) = (clip(&MELODY, 1.0, 0.0, 0.0), clip(&MELODY, 1.3, 2.0, 0.3));
        let (there, back) = (
            align_clips(&one, &other).unwrap(),
            align_clips(&other, &one).unwrap(),
        );
        assert_eq!(there.correlation, back.correlation);
        assert!((there.spread - back.spread).abs() < 1e-12);
        assert_eq!(there.shift_bands, -back.shift_bands);
        assert!((there.map.slope * back.map.slope - 1.0).abs() < 1e-12);
        assert!((back.map.at(there.map.at(1.0)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_tune_correlates_with_itself_in_more_positions_than_noise() {
        let spread = |clip: &WhitenedSpectrogram| align_clips(clip, clip).unwrap().spread;
        let mut next = test_sound::noise(1);
        let noise: Vec<f32> = (0..66_048).map(|_| next()).collect();
        let (tune, noise) = (
            spread(&clip(&MELODY, 1.0, 0.0, 0.0)),
            spread(&whitened(&noise)),
        );
        assert!(tune > 1.5 * noise, "{tune} {noise}");
        assert!(noise > 0.01 && tune < 0.1, "{tune} {noise}");
    }

    #[test]
    fn a_copy_stands_out_and_parts_of_a_loop_do_not() {
        let prominence = |left: &WhitenedSpectrogram, right: &WhitenedSpectrogram| {
            let [there, back] = [align_clips(left, right), align_clips(right, left)]
                .map(|found| found.unwrap().prominence);
            assert!((there - back).abs() < 1e-12, "{there} {back}");
            there
        };
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let copy = prominence(&one, &clip(&MELODY, 1.0, 2.0, 0.3));
        let other = prominence(&one, &clip(&OTHER, 1.0, 0.0, 0.0));
        assert!(copy > 0.2 && other < 0.1, "{copy} {other}");
        let of_loop = clip(&MELODY[..4], 1.0, 0.0, 0.0);
        let (itself, of_loop) = (prominence(&one, &one), prominence(&of_loop, &of_loop));
        assert!(of_loop < itself - 0.1, "{of_loop} {itself}");
    }

    #[test]
    fn a_shorter_overlap_counts_for_less() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let correlation = |from_secs| {
            align_clips(&one, &clip(&MELODY, 1.0, 0.0, from_secs))
                .unwrap()
                .correlation
        };
        let (near, far) = (correlation(0.2), correlation(1.2));
        assert!(far < near * 0.75, "{near} {far}");
    }

    #[test]
    fn silence_has_no_alignment() {
        let silence = whitened(&[0.0; 66_048]);
        assert_eq!(align_clips(&silence, &clip(&MELODY, 1.0, 0.0, 0.0)), None);
        assert_eq!(align_clips(&silence, &silence), None);
    }
}
