//! A passage's exact place, speed, pitch and ends, from the audio's [profile](crate::recording::whitened).
//!
//! The score matrix knows a passage to about a second, because a segment is 3 s long. Here the two songs themselves are laid upon each other: short
//! windows of the left passage are correlated with the right song at every lag near the rough line, and the straight line along which the sum of
//! correlations is greatest gives offset and speed at once (a Radon transform of the correlations over window and lag). One window alone may well
//! prefer a wrong lag, a beat or a bar away; all of them agree on one line only.

use crate::geometry::lines::SLOPES;
use crate::recording::alignment::Alignment;
use crate::recording::correlate::{Course, ProfilePair, centres, coefficient};
use crate::recording::whitened::{BANDS_PER_SEMITONE, MAX_SEMITONES};

/// Length of a window, in columns: 2 s, some four beats.
const WINDOW_COLUMNS: usize = 22;
/// Windows of a passage at most; in longer ones they lie apart.
const MOST_WINDOWS: usize = 12;
/// Slopes from one try to the next: windows still correlate half a step away.
const SLOPE_STEP: f64 = 0.06;
/// How often ends are looked for and the line straightened between them. Each time ends come into sight that lie 8 s farther out, and farther ends fix the slope better.
const ROUNDS: usize = 4;
/// By how many columns the line is moved each time: one that fits already needs no more where its ends are now.
const LAGS_OF_ROUND: i32 = 1;

/// The alignment near a rough one.
#[must_use]
pub fn refined(pair: &ProfilePair<'_>, rough: &Alignment) -> Alignment {
    let column_secs = pair.left.column_secs;
    let columns = |(start, end): (f64, f64)| (start / column_secs, end / column_secs);
    let (left_span, right_span) = (columns(rough.left_secs), columns(rough.right_secs));
    let middle = |span: (f64, f64)| (span.0 + span.1) / 2.0;
    let mut course = Course {
        middle: (middle(left_span), middle(right_span)),
        slope: rough.slope(),
        shift: 0,
    };
    course.shift = pair.shift(&course, left_span);
    course = pair.turned(&course, left_span);
    let mut left_span = left_span;
    for _ in 0..ROUNDS {
        left_span = pair.ends(&course, left_span);
        course = pair.straightened(&course, left_span, LAGS_OF_ROUND).1;
    }
    let left_span = pair.ends(&course, left_span);
    let right_span = (course.right_of(left_span.0), course.right_of(left_span.1));
    let secs = |span: (f64, f64)| (span.0 * column_secs, span.1 * column_secs);
    let (bands, correlation) = pair.shift_and_correlation(&course, left_span);
    Alignment {
        left_secs: secs(left_span),
        right_secs: secs(right_span),
        semitones: bands / BANDS_PER_SEMITONE as f64,
        correlation,
    }
}

impl ProfilePair<'_> {
    /// The shift of pitch, in bands, at which the windows find the best lags.
    fn shift(&self, course: &Course, span: (f64, f64)) -> isize {
        /// How far the matrix may be wrong here, in columns: 1.3 s.
        const LAGS: i32 = 14;
        /// Columns from one lag to the next: the correlation of a window falls to nothing within some four.
        const LAG_STEP: usize = 2;
        // Shorter windows than for the line, because the slope isn't known yet.
        let width = (WINDOW_COLUMNS / 2).min((span.1 - span.0) as usize);
        let centres = centres(span, width, MOST_WINDOWS);
        let most = (MAX_SEMITONES * BANDS_PER_SEMITONE) as isize;
        let mut shifts: Vec<isize> = (-most..=most).collect();
        shifts.sort_by_key(|shift| shift.abs());
        let mut best = (f64::NEG_INFINITY, 0);
        for shift in shifts {
            let course = Course { shift, ..*course };
            let sum: f64 = centres
                .iter()
                .map(|&centre| {
                    (-LAGS..=LAGS)
                        .step_by(LAG_STEP)
                        .map(|lag| self.correlation(&course, centre, width, f64::from(lag)))
                        .fold(f64::NEG_INFINITY, f64::max)
                })
                .sum();
            if sum > best.0 {
                best = (sum, shift);
            }
        }
        best.1
    }

    /// The best line of all slopes that the score matrix leaves open.
    fn turned(&self, course: &Course, span: (f64, f64)) -> Course {
        /// How far the matrix may be wrong at the ends of a passage, in columns: 2.8 s.
        const WRONG_AT_ENDS: f64 = 30.0;
        /// How far it may be wrong in the middle, in columns: 3 s, as far as a found run strikes out its surroundings.
        const LAGS: i32 = 32;
        let half = ((span.1 - span.0) / 2.0).max(WINDOW_COLUMNS as f64 / 2.0);
        let wrong = libm::log1p(WRONG_AT_ENDS / half / course.slope);
        let steps = (wrong / SLOPE_STEP).ceil() as i32;
        let mut tries: Vec<i32> = (-steps..=steps).collect();
        tries.sort_by_key(|step| step.abs());
        let mut best = (f64::NEG_INFINITY, *course);
        for step in tries {
            let slope = course.slope * libm::exp(f64::from(step) * SLOPE_STEP);
            if !SLOPES.contains(&slope) {
                continue;
            }
            let found = self.straightened(&Course { slope, ..*course }, span, LAGS);
            if found.0 > best.0 {
                best = found;
            }
        }
        best.1
    }

    /// The line near `course`, moved by up to `lags` columns and turned by up to half a step of slopes, along which the windows correlate best; with their sum.
    fn straightened(&self, course: &Course, span: (f64, f64), lags: i32) -> (f64, Course) {
        const TURNS: i32 = 12;
        /// A line is turned no further than this moves its ends, in columns.
        const MOST_AT_ENDS: f64 = 12.0;
        let width = WINDOW_COLUMNS.min((span.1 - span.0) as usize);
        let centres = centres(span, width, MOST_WINDOWS);
        let half = (span.1 - span.0) / 2.0;
        let turn = (SLOPE_STEP / 2.0).min(MOST_AT_ENDS / half);
        let middle = (span.0 + span.1) / 2.0;
        let course = &Course {
            middle: (middle, course.right_of(middle)),
            ..*course
        };
        let reach = lags + (turn * course.slope * half).ceil() as i32 + 1;
        let table: Vec<Vec<f64>> = centres
            .iter()
            .map(|&centre| {
                (-reach..=reach)
                    .map(|lag| self.correlation(course, centre, width, f64::from(lag)))
                    .collect()
            })
            .collect();
        // Lags between columns are interpolated, half a column apart.
        const PER_COLUMN: i32 = 2;
        let mut best = (f64::NEG_INFINITY, 0.0, 0.0);
        let plainest_first = |most: i32| {
            let mut steps: Vec<i32> = (-most..=most).collect();
            steps.sort_by_key(|step| step.abs());
            steps
        };
        for turn_step in plainest_first(TURNS) {
            let turned = course.slope * turn * f64::from(turn_step) / f64::from(TURNS);
            if !SLOPES.contains(&(course.slope + turned)) {
                continue;
            }
            for lag_step in plainest_first(lags * PER_COLUMN) {
                let lag = f64::from(lag_step) / f64::from(PER_COLUMN);
                let sum: f64 = centres
                    .iter()
                    .zip(&table)
                    .map(|(&centre, row)| {
                        let place = lag + turned * (centre - course.middle.0) + f64::from(reach);
                        let (below, part) = (place as usize, place.fract());
                        let above = (below + 1).min(row.len() - 1);
                        row[below] + (row[above] - row[below]) * part
                    })
                    .sum();
                if sum > best.0 {
                    best = (sum, turned, lag);
                }
            }
        }
        let straightened = Course {
            middle: (course.middle.0, course.middle.1 + best.2),
            slope: course.slope + best.1,
            ..*course
        };
        (best.0, straightened)
    }

    /// Where the passage starts and ends on its line, in left columns: the stretch with the greatest sum of correlation above half of that inside.
    fn ends(&self, course: &Course, span: (f64, f64)) -> (f64, f64) {
        /// Ends are looked for this far outside and inside of the rough ones, in columns: 8 s.
        const REACH: isize = 86;
        /// Below, the profiles say too little: the rough ends stay.
        const LEAST_CORRELATION: f64 = 0.1;
        /// Columns that are correlated together, for one alone says little.
        const COLUMNS_TOGETHER: usize = 3;
        /// What outside of the passage is to fall short of: this share of the correlation inside.
        const SHARE_INSIDE: f64 = 0.5;
        /// What a column without a partner counts against the passage: this share of the correlation inside.
        const SHARE_AGAINST: f64 = 0.25;
        let first = span.0.round() as isize;
        let last = span.1.round() as isize;
        let middle = (first + last) / 2;
        let local = |column: isize| self.window(course, column as f64 + 0.5, COLUMNS_TOGETHER, 0.0);
        let inside = self.window(course, middle as f64, (last - first) as usize, 0.0);
        let inside = coefficient(inside);
        if inside < LEAST_CORRELATION {
            return span;
        }
        let extended = |columns: &mut dyn Iterator<Item = isize>| {
            let (mut sum, mut best) = (0.0, (f64::NEG_INFINITY, 0));
            for column in columns {
                let [products, left, right] = local(column);
                let is_inside = (first..last).contains(&column);
                if left.min(right) > 0.0 {
                    sum += products / (left * right).sqrt() - SHARE_INSIDE * inside;
                } else if !is_inside || left.max(right) > 0.0 {
                    // Beyond an end of a song, or something moves in one of them only.
                    sum -= SHARE_AGAINST * inside;
                }
                if sum > best.0 || sum == best.0 && is_inside {
                    best = (sum, column);
                }
            }
            best.1
        };
        let start = extended(&mut (first - REACH..(first + REACH).min(middle)).rev());
        let end = extended(&mut ((last - REACH).max(middle)..last + REACH));
        (start as f64, end as f64 + 1.0)
    }

    /// The shift of pitch in bands, a parabola's vertex between them, and the correlation along the whole passage.
    fn shift_and_correlation(&self, course: &Course, span: (f64, f64)) -> (f64, f64) {
        let width = ((span.1 - span.0) as usize).max(1);
        let centre = (span.0 + span.1) / 2.0;
        let at = |offset: isize| {
            let course = Course {
                shift: course.shift + offset,
                ..*course
            };
            self.window(&course, centre, width, 0.0)
        };
        let [below, middle, above] = [-1, 0, 1].map(at);
        let nothing_moves = middle[1] == 0.0 && middle[2] == 0.0;
        let [below, middle, above] = [below, middle, above].map(coefficient);
        let shift = course.shift as f64 + vertex(below, middle, above);
        // Where nothing moves in either song, nothing differs.
        (shift, if nothing_moves { 1.0 } else { middle })
    }
}

/// Offset of a parabola's vertex from the middle of three neighbouring values, within half a step.
fn vertex(below: f64, middle: f64, above: f64) -> f64 {
    let curvature = below - 2.0 * middle + above;
    if curvature < 0.0 {
        (0.5 * (below - above) / curvature).clamp(-0.5, 0.5)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
