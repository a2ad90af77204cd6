//! The exact place, speed, pitch and ends of a passage, by the [whitened
//! spectrograms](crate::recording::refinement::whitened).
//!
//! The score matrix gives a passage to about a second, because a segment is 3 s long. Here short
//! windows of the left passage are correlated with the right song at every lag near the rough line.
//! The straight line along which the sum of the correlations is greatest gives offset and speed at
//! once: a Radon transform of the correlations over window and lag. A single window may prefer a
//! wrong lag, a beat or a bar away; all windows together fit one line only.

use crate::geometry::lines::smallest_first;
use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::alignment::Alignment;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair, centres, coefficient};
use crate::recording::refinement::whitened::{BANDS_PER_SEMITONE, MAX_SEMITONES};
use crate::recording::runs::run::SLOPES;

/// Length of a window, in columns: 2 s, some four beats.
pub const WINDOW_COLUMNS: usize = 22;
/// Most windows of a passage; in a longer passage they lie apart.
const MOST_WINDOWS: usize = 12;
/// Relative distance of the slopes that are tried: windows still correlate half a step away.
const SLOPE_STEP: f64 = 0.06;
/// Rounds of finding the ends and fitting the line again. Each round finds ends up to 8 s farther
/// out, and farther ends determine the slope better.
const ROUNDS: usize = 4;
/// Columns by which the line moves in a round, at most: its ends are all that may still be wrong.
const LAGS_OF_ROUND: i32 = 1;

/// The exact alignment near a rough one, given by its seconds in the left song and by its map.
#[must_use]
pub fn refined(
    pair: &SpectrogramPair<'_>,
    left_secs: (f64, f64),
    rough_secs: &TimeMap,
) -> Alignment {
    let column_secs = pair.left.column_secs;
    let span = (left_secs.0 / column_secs, left_secs.1 / column_secs);
    let mut overlay = Overlay {
        map: rough_secs
            .in_unit(1.0 / column_secs)
            .anchored_at((span.0 + span.1) / 2.0),
        shift_bands: 0,
    };
    overlay.shift_bands = pair.best_shift_bands(&overlay, span);
    overlay = pair.with_best_slope(&overlay, span);
    fitted_to_ends(pair, overlay, span)
}

/// The exact alignment of a stretch that is given by its columns of the left song. Its place is
/// known to a column, and its pitch to a band.
#[must_use]
pub fn refined_part(pair: &SpectrogramPair<'_>, span: (f64, f64), overlay: Overlay) -> Alignment {
    let (centre, width) = ((span.0 + span.1) / 2.0, (span.1 - span.0) as usize);
    let correlation = |shift_bands: isize| {
        let shifted = Overlay {
            shift_bands,
            ..overlay
        };
        pair.correlation(&shifted, centre, width, 0.0)
    };
    let near = [0, -1, 1].map(|step| overlay.shift_bands + step);
    let best = near
        .into_iter()
        .reduce(|best, shift| {
            if correlation(shift) > correlation(best) {
                shift
            } else {
                best
            }
        })
        .unwrap_or(overlay.shift_bands);
    let overlay = Overlay {
        shift_bands: best,
        ..overlay
    };
    fitted_to_ends(pair, overlay, span)
}

/// The alignment near an overlay whose place is known to a column.
fn fitted_to_ends(
    pair: &SpectrogramPair<'_>,
    mut overlay: Overlay,
    mut span: (f64, f64),
) -> Alignment {
    let column_secs = pair.left.column_secs;
    for _ in 0..ROUNDS {
        span = pair.ends(&overlay, span);
        overlay = pair.fitted(&overlay, span, LAGS_OF_ROUND).overlay;
    }
    let span = pair.ends(&overlay, span);
    let (bands, correlation) = pair.shift_and_correlation(&overlay, span);
    Alignment {
        left_secs: (span.0 * column_secs, span.1 * column_secs),
        map: overlay.map.in_unit(column_secs),
        semitones: bands / BANDS_PER_SEMITONE as f64,
        correlation,
    }
}

/// A line, and how well the windows correlate along it.
struct Fit {
    overlay: Overlay,
    /// Sum of the correlations of all windows.
    sum: f64,
}

/// The correlation of every window with the right song at every lag from `-reach` to `reach`
/// columns.
struct CorrelationTable {
    /// Centres of the windows, in left columns.
    centres: Vec<f64>,
    /// Shape `[windows][2 * reach + 1]`.
    rows: Vec<Vec<f64>>,
    reach: i32,
}

impl CorrelationTable {
    /// Sum of the correlations along the line with lag `lag` at column `middle` and `turn` columns
    /// of lag more for each column after it. Between whole lags it is interpolated.
    fn sum_along(&self, middle: f64, turn: f64, lag: f64) -> f64 {
        self.centres
            .iter()
            .zip(&self.rows)
            .map(|(&centre, row)| {
                let place = lag + turn * (centre - middle) + f64::from(self.reach);
                let (below, part) = (place as usize, place.fract());
                let above = (below + 1).min(row.len() - 1);
                row[below] + (row[above] - row[below]) * part
            })
            .sum()
    }
}

impl SpectrogramPair<'_> {
    /// The transposition, in bands, at which the windows reach the greatest correlations near the
    /// line.
    fn best_shift_bands(&self, overlay: &Overlay, span: (f64, f64)) -> isize {
        /// Greatest error of the rough line here, in columns: 1.3 s.
        const LAGS: i32 = 14;
        /// Columns from one lag to the next: the correlation of a window falls to nothing within
        /// four.
        const LAG_STEP: usize = 2;
        // Shorter windows than for the line, because the slope isn't known yet.
        let width = (WINDOW_COLUMNS / 2).min((span.1 - span.0) as usize);
        let centres = centres(span, width, MOST_WINDOWS);
        let most_bands = (MAX_SEMITONES * BANDS_PER_SEMITONE) as i32;
        let mut best = (f64::NEG_INFINITY, 0);
        for shift_bands in smallest_first(most_bands) {
            let shift_bands = shift_bands as isize;
            let overlay = Overlay {
                shift_bands,
                ..*overlay
            };
            let sum: f64 = centres
                .iter()
                .map(|&centre| {
                    (-LAGS..=LAGS)
                        .step_by(LAG_STEP)
                        .map(|lag| self.correlation(&overlay, centre, width, f64::from(lag)))
                        .fold(f64::NEG_INFINITY, f64::max)
                })
                .sum();
            if sum > best.0 {
                best = (sum, shift_bands);
            }
        }
        best.1
    }

    /// The best line of all slopes that are possible after the score matrix.
    fn with_best_slope(&self, overlay: &Overlay, span: (f64, f64)) -> Overlay {
        /// Greatest error of the rough line at the ends of a passage, in columns: 2.8 s.
        const ERROR_AT_ENDS: f64 = 30.0;
        /// Greatest error in its middle, in columns: 3 s, the distance at which a found run strikes
        /// out its surroundings.
        const LAGS: i32 = 32;
        let half = ((span.1 - span.0) / 2.0).max(WINDOW_COLUMNS as f64 / 2.0);
        let greatest_turn = libm::log1p(ERROR_AT_ENDS / half / overlay.map.slope);
        let steps = (greatest_turn / SLOPE_STEP).ceil() as i32;
        let mut best = Fit {
            overlay: *overlay,
            sum: f64::NEG_INFINITY,
        };
        for step in smallest_first(steps) {
            let slope = overlay.map.slope * libm::exp(f64::from(step) * SLOPE_STEP);
            if !SLOPES.contains(&slope) {
                continue;
            }
            let map = TimeMap {
                slope,
                ..overlay.map
            };
            let fit = self.fitted(&Overlay { map, ..*overlay }, span, LAGS);
            if fit.sum > best.sum {
                best = fit;
            }
        }
        best.overlay
    }

    /// The line along which the windows correlate best, of those that are moved by up to `lags`
    /// columns and turned by up to half a step of slopes.
    fn fitted(&self, overlay: &Overlay, span: (f64, f64), lags: i32) -> Fit {
        const TURNS: i32 = 12;
        /// Lags are interpolated between columns, half a column apart.
        const LAGS_PER_COLUMN: i32 = 2;
        /// Greatest distance by which a turn moves the ends, in columns.
        const MOST_AT_ENDS: f64 = 12.0;
        let middle = (span.0 + span.1) / 2.0;
        let half = (span.1 - span.0) / 2.0;
        let overlay = &Overlay {
            map: overlay.map.anchored_at(middle),
            ..*overlay
        };
        let slope = overlay.map.slope;
        let greatest_turn = (SLOPE_STEP / 2.0).min(MOST_AT_ENDS / half);
        let reach = lags + (greatest_turn * slope * half).ceil() as i32 + 1;
        let table = self.correlation_table(overlay, span, reach);
        let (mut greatest, mut best_turn, mut best_lag) = (f64::NEG_INFINITY, 0.0, 0.0);
        for turn_step in smallest_first(TURNS) {
            let turn = slope * greatest_turn * f64::from(turn_step) / f64::from(TURNS);
            if !SLOPES.contains(&(slope + turn)) {
                continue;
            }
            for lag_step in smallest_first(lags * LAGS_PER_COLUMN) {
                let lag = f64::from(lag_step) / f64::from(LAGS_PER_COLUMN);
                let sum = table.sum_along(middle, turn, lag);
                if sum > greatest {
                    (greatest, best_turn, best_lag) = (sum, turn, lag);
                }
            }
        }
        let (left, right) = overlay.map.anchor;
        Fit {
            overlay: Overlay {
                map: TimeMap {
                    anchor: (left, right + best_lag),
                    slope: slope + best_turn,
                },
                ..*overlay
            },
            sum: greatest,
        }
    }

    fn correlation_table(
        &self,
        overlay: &Overlay,
        span: (f64, f64),
        reach: i32,
    ) -> CorrelationTable {
        let width = WINDOW_COLUMNS.min((span.1 - span.0) as usize);
        let centres = centres(span, width, MOST_WINDOWS);
        let rows = centres
            .iter()
            .map(|&centre| {
                (-reach..=reach)
                    .map(|lag| self.correlation(overlay, centre, width, f64::from(lag)))
                    .collect()
            })
            .collect();
        CorrelationTable {
            centres,
            rows,
            reach,
        }
    }

    /// Start and end of the passage on its line, in left columns.
    ///
    /// From inside of the passage outwards, each column adds its correlation less half of the mean
    /// correlation inside. An end is where this running sum is greatest.
    fn ends(&self, overlay: &Overlay, span: (f64, f64)) -> (f64, f64) {
        /// Ends are looked for this far outside and inside of the rough ones, in columns: 8 s.
        const REACH: isize = 86;
        /// With a lower correlation inside, the rough ends stay.
        const LEAST_CORRELATION: f64 = 0.1;
        /// Columns that are correlated together: a single one is too noisy.
        const COLUMNS_TOGETHER: usize = 3;
        /// Subtracted from the correlation of each column, as a share of the correlation inside.
        const THRESHOLD_SHARE: f64 = 0.5;
        /// Subtracted for a column without a partner, as a share of the correlation inside.
        const UNPAIRED_SHARE: f64 = 0.25;
        let first = span.0.round() as isize;
        let last = span.1.round() as isize;
        let middle = (first + last) / 2;
        let local =
            |column: isize| self.window(overlay, column as f64 + 0.5, COLUMNS_TOGETHER, 0.0);
        let inside = self.window(overlay, middle as f64, (last - first) as usize, 0.0);
        let inside = coefficient(inside);
        if inside < LEAST_CORRELATION {
            return span;
        }
        let end_among = |columns: &mut dyn Iterator<Item = isize>| {
            let (mut sum, mut best) = (0.0, (f64::NEG_INFINITY, 0));
            for column in columns {
                let [products, left, right] = local(column);
                let is_inside = (first..last).contains(&column);
                if left.min(right) > 0.0 {
                    sum += products / (left * right).sqrt() - THRESHOLD_SHARE * inside;
                } else if !is_inside || left.max(right) > 0.0 {
                    // Beyond an end of a song, or only one of the songs has any onset here.
                    sum -= UNPAIRED_SHARE * inside;
                }
                // Inside of the rough passage, columns without any onset leave the sum as it is,
                // and belong to it.
                if sum > best.0 || sum == best.0 && is_inside {
                    best = (sum, column);
                }
            }
            best.1
        };
        let start = end_among(&mut (first - REACH..(first + REACH).min(middle)).rev());
        let end = end_among(&mut ((last - REACH).max(middle)..last + REACH));
        (start as f64, end as f64 + 1.0)
    }

    /// The transposition in bands, between two bands by the vertex of a parabola, and the
    /// correlation along the whole passage.
    fn shift_and_correlation(&self, overlay: &Overlay, span: (f64, f64)) -> (f64, f64) {
        let width = ((span.1 - span.0) as usize).max(1);
        let centre = (span.0 + span.1) / 2.0;
        let at = |offset: isize| {
            let overlay = Overlay {
                shift_bands: overlay.shift_bands + offset,
                ..*overlay
            };
            self.window(&overlay, centre, width, 0.0)
        };
        let [below, middle, above] = [-1, 0, 1].map(at);
        let both_empty = middle[1] == 0.0 && middle[2] == 0.0;
        let [below, middle, above] = [below, middle, above].map(coefficient);
        let shift = overlay.shift_bands as f64 + vertex(below, middle, above);
        // Two empty spectrograms are equal.
        (shift, if both_empty { 1.0 } else { middle })
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
