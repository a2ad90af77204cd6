//! How well two clips agree: their [profiles](crate::recording::whitened) laid upon each other in every way in which a copy may have been changed.
//!
//! A song has a [line through its score matrix](crate::geometry::lines) to begin from. A clip of a few seconds has one segment or a few, and no line: here every offset, speed and
//! pitch is tried, which so few columns allow. The best correlation of two different clips is one of the best of some ten thousand accidents, about 0.2 over 3 s; of a clip
//! and its copy it is mostly above 0.6.

use crate::recording::whitened::{BANDS_PER_SEMITONE, MAX_SEMITONES, SpectralProfile, product};

/// Greatest shift of pitch tried, in bands either way.
const MOST_BANDS: isize = (MAX_SEMITONES * BANDS_PER_SEMITONE) as isize;
/// Speeds from one try to the next, as a natural logarithm: over 3 s neighbours part by no more than a column at the ends.
const SPEED_STEP: f64 = 0.06;
/// Speeds tried either way: to 2.05 times and 0.49 times the speed.
const MOST_SPEED_STEPS: i32 = 12;
/// Columns that must lie upon each other, in the geometric mean of both clips: 1.3 s.
const LEAST_COLUMNS: f64 = 14.0;
/// Columns from which a correlation counts in full: 3 s, a segment. Over less it counts in proportion, as chance has an easier game.
const FULL_COLUMNS: f64 = 32.0;

/// The best way to lay one clip upon another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Correlation coefficient, less where only a part of the clips lies upon each other; -1..1.
    pub correlation: f64,
    /// Seconds of the right clip for one of the left.
    pub slope: f64,
    /// Second of the right clip at which the left one begins; may lie outside.
    pub right_at_start_secs: f64,
    /// Bands by which the right clip is higher.
    pub bands: isize,
    /// Root mean square of the correlations of all ways that were tried, which is the same for all of them: how alike the clips are wherever they lie, as two drones are and two
    /// passages over one beat; 0..1.
    pub spread: f64,
}

impl Agreement {
    /// The second of the right clip that lies upon one of the left.
    #[must_use]
    pub fn right_of(&self, left_secs: f64) -> f64 {
        self.right_at_start_secs + self.slope * left_secs
    }

    fn mirrored(self) -> Self {
        Self {
            correlation: self.correlation,
            slope: 1.0 / self.slope,
            right_at_start_secs: -self.right_at_start_secs / self.slope,
            bands: -self.bands,
            spread: self.spread,
        }
    }
}

/// The best agreement of two clips of one [view](crate::recording::whitened::View), whose order changes nothing but the direction; `None` where nothing moves in one of them, so that there is nothing to compare. The cost
/// grows with the square of their length: it is for clips of some seconds.
#[must_use]
pub fn agreement(left: &SpectralProfile, right: &SpectralProfile) -> Option<Agreement> {
    let (left, right) = (Clip::new(left), Clip::new(right));
    let (mut there, mut back) = (Search::default(), Search::default());
    // The slower clip has the more columns, of which some are passed over; so each is the slower one in its turn.
    for step in 0..=MOST_SPEED_STEPS {
        let slope = libm::exp(f64::from(step) * SPEED_STEP);
        there.at_slope(&left, &right, slope);
        if step > 0 {
            back.at_slope(&right, &left, slope);
        }
    }
    let tries = there.tries + back.tries;
    let spread = ((there.squares + back.squares) / f64::from(tries)).sqrt();
    let mirrored = back.best.map(Agreement::mirrored);
    let best = match (there.best, mirrored) {
        (Some(there), Some(back)) if back.correlation > there.correlation => back,
        (there, back) => there.or(back)?,
    };
    Some(Agreement { spread, ..best })
}

/// A clip's profile, and running sums of its squares over the bands of each column: shape `[columns, bands + 1]`.
struct Clip<'a> {
    profile: &'a SpectralProfile,
    bands: usize,
    squares: Vec<i32>,
}

impl<'a> Clip<'a> {
    fn new(profile: &'a SpectralProfile) -> Self {
        let bands = profile.view.bands();
        let mut squares = Vec::with_capacity(profile.columns() * (bands + 1));
        for column in (0..).map_while(|column| profile.column(column)) {
            let mut sum = 0;
            squares.push(sum);
            squares.extend(column.iter().map(|&value| {
                sum += i32::from(value) * i32::from(value);
                sum
            }));
        }
        Self {
            profile,
            bands,
            squares,
        }
    }

    /// Sum of the squares of a column's bands from `first` to before `end`.
    fn energy(&self, column: usize, first: usize, end: usize) -> i32 {
        let sums = &self.squares[column * (self.bands + 1)..];
        sums[end] - sums[first]
    }
}

/// What has been found in one direction: one of the clips is the slower one.
#[derive(Default)]
struct Search {
    best: Option<Agreement>,
    /// Of the correlations of all tries.
    squares: f64,
    tries: u32,
}

impl Search {
    /// Tries all offsets and pitches at `slope` columns of `slow` for one of `quick`; at least 1.
    fn at_slope(&mut self, quick: &Clip<'_>, slow: &Clip<'_>, slope: f64) {
        // The column of `slow` under the middle of each of `quick`, before any offset.
        let places: Vec<isize> = (0..quick.profile.columns())
            .map(|column| (slope * (column as f64 + 0.5)) as isize)
            .collect();
        let slow_columns = slow.profile.columns() as isize;
        let last = places.last().copied().unwrap_or(0);
        for offset in -last..slow_columns {
            let first = places.partition_point(|place| place + offset < 0);
            let end = places.partition_point(|place| place + offset < slow_columns);
            let columns = (end - first) as f64 * slope.sqrt();
            if columns < LEAST_COLUMNS {
                continue;
            }
            let share = (columns / FULL_COLUMNS).min(1.0);
            for bands in -MOST_BANDS..=MOST_BANDS {
                let (down, up) = ((-bands).max(0) as usize, bands.max(0) as usize);
                let mut sums = [0_i64; 3];
                for (column, place) in (first..end).zip(&places[first..end]) {
                    let place = place + offset;
                    let (Some(one), Some(other)) = (
                        quick.profile.column(column as isize),
                        slow.profile.column(place),
                    ) else {
                        continue;
                    };
                    sums[0] += i64::from(product(one, other, bands));
                    sums[1] += i64::from(quick.energy(column, down, quick.bands - up));
                    sums[2] += i64::from(slow.energy(place as usize, up, slow.bands - down));
                }
                let [products, one, other] = sums.map(|sum| sum as f64);
                if one == 0.0 || other == 0.0 {
                    continue;
                }
                let correlation = share * products / (one * other).sqrt();
                self.squares += correlation * correlation;
                self.tries += 1;
                if self.best.is_none_or(|best| correlation > best.correlation) {
                    self.best = Some(Agreement {
                        correlation,
                        slope,
                        right_at_start_secs: offset as f64 * slow.profile.column_secs,
                        bands,
                        spread: 0.0,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::recording::whitened::View;
    use crate::spectrum::log_mel::LogMelPlan;

    /// Notes of three partials, by a list of semitones above 440 Hz, at a speed and pitch of their own, from a second of that on.
    fn clip(melody: &[i32], speed: f64, semitones: f64, from_secs: f64) -> SpectralProfile {
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
        profile(&samples)
    }

    fn profile(samples: &[f32]) -> SpectralProfile {
        let config = FeatureConfig::default();
        let mel = LogMelPlan::new(&config).mel_power(samples, |_| ());
        SpectralProfile::new(&mel, View::Clip, &config)
    }

    const MELODY: [i32; 17] = [0, 7, 3, 12, 5, 10, 2, 9, 14, 4, 0, 11, 6, 8, 1, 13, 5];
    const OTHER: [i32; 13] = [4, 4, 9, 0, 13, 6, 6, 2, 11, 8, 1, 12, 3];

    #[test]
    fn a_clip_agrees_with_itself_and_with_nothing_else() {
        let (one, other) = (clip(&MELODY, 1.0, 0.0, 0.0), clip(&OTHER, 1.0, 0.0, 0.0));
        let itself = agreement(&one, &one).unwrap();
        assert_eq!((itself.slope, itself.bands), (1.0, 0));
        assert_eq!(itself.right_at_start_secs, 0.0);
        assert!((itself.correlation - 1.0).abs() < 1e-12);
        let others = agreement(&one, &other).unwrap().correlation;
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
            let found = agreement(&one, &clip(&MELODY, speed, semitones, from_secs)).unwrap();
            let what = format!("{speed} {semitones} {from_secs}: {found:?}");
            assert!(found.correlation > 0.55, "{what}");
            assert!((found.slope * speed - 1.0).abs() < 0.08, "{what}");
            assert!(
                (found.bands as f64 - 2.0 * semitones).abs() <= 1.0,
                "{what}"
            );
            let middle_secs = found.right_of(1.5);
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
            agreement(&one, &other).unwrap().bands
        };
        assert!((bands(12.0) - 24).abs() <= 1 && (bands(-12.0) + 24).abs() <= 1);
        assert!((bands(16.0) - 32).abs() > 1, "{}", bands(16.0));
    }

    #[test]
    fn a_second_in_common_is_too_little() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let starts_at = |secs| {
            let found = agreement(&one, &clip(&MELODY, 1.0, 0.0, secs)).unwrap();
            (found.right_at_start_secs + secs).abs() < 0.15
        };
        assert!(starts_at(1.6), "1.4 s are enough");
        assert!(!starts_at(1.85), "1.15 s are not");
        // Two thirds of a second have nothing to say at any speed.
        let blip: Vec<f32> = (0..14_336).map(|n| (n as f32 * 0.2).sin()).collect();
        assert_eq!(agreement(&one, &profile(&blip)), None);
    }

    #[test]
    fn the_order_changes_nothing_but_the_direction() {
        let (one, other) = (clip(&MELODY, 1.0, 0.0, 0.0), clip(&MELODY, 1.3, 2.0, 0.3));
        let (there, back) = (
            agreement(&one, &other).unwrap(),
            agreement(&other, &one).unwrap(),
        );
        assert_eq!(there.correlation, back.correlation);
        assert!((there.spread - back.spread).abs() < 1e-12);
        assert_eq!(there.bands, -back.bands);
        assert!((there.slope * back.slope - 1.0).abs() < 1e-12);
        assert!((back.right_of(there.right_of(1.0)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_tune_agrees_with_itself_in_more_positions_than_noise() {
        let spread = |clip: &SpectralProfile| agreement(clip, clip).unwrap().spread;
        let mut state = 1_u32;
        let noise: Vec<f32> = (0..66_048)
            .map(|_| {
                // Numerical Recipes' linear congruential generator.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state as f32 / u32::MAX as f32 - 0.5
            })
            .collect();
        let (tune, noise) = (
            spread(&clip(&MELODY, 1.0, 0.0, 0.0)),
            spread(&profile(&noise)),
        );
        assert!(tune > 1.5 * noise, "{tune} {noise}");
        assert!(noise > 0.01 && tune < 0.1, "{tune} {noise}");
    }

    #[test]
    fn less_in_common_counts_for_less() {
        let one = clip(&MELODY, 1.0, 0.0, 0.0);
        let correlation = |from_secs| {
            agreement(&one, &clip(&MELODY, 1.0, 0.0, from_secs))
                .unwrap()
                .correlation
        };
        let (near, far) = (correlation(0.2), correlation(1.2));
        assert!(far < near * 0.75, "{near} {far}");
    }

    #[test]
    fn where_nothing_moves_there_is_nothing_to_compare() {
        let silence = profile(&[0.0; 66_048]);
        assert_eq!(agreement(&silence, &clip(&MELODY, 1.0, 0.0, 0.0)), None);
        assert_eq!(agreement(&silence, &silence), None);
    }
}
