//! Follows a copy from one of its passages through cuts and insertions.
//!
//! Where a stretch was cut out of a copy, what comes after the cut lies on another line, a few
//! seconds beside the first one. A single line can't fit both. So the lag between the songs is
//! followed window by window, along the line of a passage that was found: the path with the
//! greatest sum of correlations, less a penalty for each jump of the lag (the Viterbi algorithm: A.
//! Viterbi, IEEE Transactions on Information Theory 13(2), 1967). A window may also belong to no
//! lag at all. Each stretch of the path without a jump is a part of the copy.

use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};
use crate::recording::refinement::refine::WINDOW_COLUMNS;

/// Greatest lag from the line, in columns: 6 s either way.
const REACH: usize = 64;
/// Penalty for a jump of the lag, in correlations of one window. By chance another lag is better in
/// a window, but not in several windows after each other.
const JUMP_PENALTY: f64 = 1.0;
/// Penalty for a drift of the lag by one column from a window to the next: less than 5 % of speed.
const DRIFT_PENALTY: f64 = 0.1;
/// Correlation of a window that belongs to no lag: the path has one only where it is higher.
const NO_LAG_CORRELATION: f64 = 0.3;
/// Least windows of a part: 6 s.
const LEAST_WINDOWS: usize = 3;
/// Lags of neighbouring windows of one part differ by no more than this, in columns.
const SAME_LAG: isize = 1;

/// A part of a copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Start and end in the left song, in columns.
    pub span: (f64, f64),
    /// Map from columns of the left spectrogram to columns of the right one.
    pub map: TimeMap,
}

/// The parts of a copy along the whole left song, given the line of one of them. Empty if the
/// windows don't correlate.
#[must_use]
pub fn follow(pair: &SpectrogramPair<'_>, overlay: &Overlay) -> Vec<Part> {
    let windows = pair.left.columns() / WINDOW_COLUMNS;
    parts(overlay, &best_path(&correlations(pair, overlay, windows)))
}

/// The stretches of a path without a jump.
fn parts(overlay: &Overlay, path: &[Option<usize>]) -> Vec<Part> {
    let windows = path.len();
    let mut parts = Vec::new();
    let mut first = 0;
    for end in 1..=windows {
        let goes_on = end < windows
            && matches!(
                (path[end - 1], path[end]),
                (Some(before), Some(lag)) if before.abs_diff(lag) as isize <= SAME_LAG
            );
        if goes_on {
            continue;
        }
        let lags: Vec<usize> = path[first..end].iter().copied().flatten().collect();
        if lags.len() >= LEAST_WINDOWS {
            parts.push(part(overlay, first, &lags));
        }
        first = end;
    }
    parts
}

/// The part of windows with these lags: its line is fitted to the first and the last of them.
fn part(overlay: &Overlay, first: usize, lags: &[usize]) -> Part {
    let column = |window: usize| (window * WINDOW_COLUMNS) as f64;
    let span = (column(first), column(first + lags.len()));
    let lag = |index: usize| lags[index] as f64 - REACH as f64;
    let (start, end) = overlay.map.span(span);
    let right = (start + lag(0), end + lag(lags.len() - 1));
    Part {
        span,
        map: TimeMap::fitted_to(span, right),
    }
}

/// Correlation of each window at each lag, shape `[windows][2 * REACH + 1]`.
fn correlations(pair: &SpectrogramPair<'_>, overlay: &Overlay, windows: usize) -> Vec<Vec<f64>> {
    (0..windows)
        .map(|window| {
            let centre = (window * WINDOW_COLUMNS) as f64 + WINDOW_COLUMNS as f64 / 2.0;
            (0..=2 * REACH)
                .map(|lag| {
                    let lag = lag as f64 - REACH as f64;
                    pair.correlation(overlay, centre, WINDOW_COLUMNS, lag)
                })
                .collect()
        })
        .collect()
}

/// The lag of each window on the best path; `None` where it belongs to no lag.
fn best_path(correlations: &[Vec<f64>]) -> Vec<Option<usize>> {
    const LAGS: usize = 2 * REACH + 1;
    /// The state after the lags: no lag.
    const NO_LAG: usize = LAGS;
    let mut values = vec![0.0; LAGS + 1];
    let mut origins: Vec<Vec<usize>> = Vec::with_capacity(correlations.len());
    for window in correlations {
        let best = argmax(&values);
        let mut next = Vec::with_capacity(LAGS + 1);
        let mut origin = Vec::with_capacity(LAGS + 1);
        for state in 0..=LAGS {
            let (mut value, mut from) = (values[state], state);
            if values[best] - JUMP_PENALTY > value {
                (value, from) = (values[best] - JUMP_PENALTY, best);
            }
            if state < NO_LAG {
                for near in [state.wrapping_sub(1), state + 1] {
                    if near < NO_LAG && values[near] - DRIFT_PENALTY > value {
                        (value, from) = (values[near] - DRIFT_PENALTY, near);
                    }
                }
            }
            next.push(value + window.get(state).copied().unwrap_or(NO_LAG_CORRELATION));
            origin.push(from);
        }
        values = next;
        origins.push(origin);
    }
    let mut state = argmax(&values);
    let mut path: Vec<Option<usize>> = origins
        .iter()
        .rev()
        .map(|origin| {
            let lag = (state < NO_LAG).then_some(state);
            state = origin[state];
            lag
        })
        .collect();
    path.reverse();
    path
}

/// Index of the greatest value, the first among equals.
fn argmax(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
    use crate::test_sound::{mel_power, noise};

    /// Both songs from their starts, at the same speed and pitch.
    const SAME_PLACE: Overlay = Overlay {
        map: TimeMap {
            anchor: (0.0, 0.0),
            slope: 1.0,
        },
        shift_bands: 0,
    };

    /// Windows that correlate by 0.2 at every lag and by `correlation` at the lags given, from
    /// `-REACH` to `REACH`.
    fn windows(lags: &[isize], correlation: f64) -> Vec<Vec<f64>> {
        let with_lag = |lag: &isize| {
            let mut window = vec![0.2; 2 * REACH + 1];
            window[(lag + REACH as isize) as usize] = correlation;
            window
        };
        lags.iter().map(with_lag).collect()
    }

    fn lags(path: &[Option<usize>]) -> Vec<Option<isize>> {
        path.iter()
            .map(|lag| lag.map(|lag| lag as isize - REACH as isize))
            .collect()
    }

    #[test]
    fn the_path_jumps_where_something_was_cut_out() {
        let cut = [3, 3, 3, 3, -19, -19, -19, -19];
        let path = best_path(&windows(&cut, 0.9));
        assert_eq!(lags(&path), cut.map(Some));
    }

    #[test]
    fn a_single_window_with_another_lag_is_no_jump() {
        let path = best_path(&windows(&[3, 3, 3, 20, 3, 3, 3], 0.9));
        assert_eq!(lags(&path), [Some(3); 7]);
    }

    #[test]
    fn a_drift_of_a_column_is_followed() {
        let drift = [0, 0, 0, 1, 1, 1, 2, 2, 2];
        let path = best_path(&windows(&drift, 0.9));
        assert_eq!(lags(&path), drift.map(Some));
    }

    #[test]
    fn windows_that_do_not_correlate_have_no_lag() {
        assert_eq!(lags(&best_path(&windows(&[5; 6], 0.35))), [Some(5); 6]);
        assert_eq!(best_path(&windows(&[5; 6], 0.25)), [None; 6]);
        let path = best_path(&[windows(&[5; 6], 0.9), windows(&[5; 15], 0.1)].concat());
        assert_eq!(lags(&path[..6]), [Some(5); 6]);
        assert_eq!(path[6..], [None; 15]);
    }

    #[test]
    fn a_jump_needs_a_gain_of_one() {
        // Each window at the other lag gains 0.7.
        let end = |path: &[isize]| lags(&best_path(&windows(path, 0.9))).pop().flatten();
        assert_eq!(end(&[3, 3, 3, 20]), Some(3));
        assert_eq!(end(&[3, 3, 3, 20, 20]), Some(20));
    }

    #[test]
    fn a_drift_needs_a_gain_of_a_tenth() {
        let end = |gain: f64| {
            let mut windows = windows(&[3, 3, 3, 4], 0.9);
            windows[3][REACH + 3] = 0.9 - gain;
            lags(&best_path(&windows)).pop().flatten()
        };
        assert_eq!(end(0.07), Some(3));
        assert_eq!(end(0.15), Some(4));
    }

    /// The parts of a path with these lags.
    fn parts_of(lags: &[isize]) -> Vec<Part> {
        let index = |lag: &isize| Some((lag + REACH as isize) as usize);
        parts(&SAME_PLACE, &lags.iter().map(index).collect::<Vec<_>>())
    }

    #[test]
    fn a_part_has_at_least_three_windows_of_two_seconds() {
        assert_eq!(parts_of(&[5; 2]), []);
        let [part] = parts_of(&[5; 3])[..] else {
            panic!("no part")
        };
        assert_eq!(
            (part.span, part.map.span(part.span)),
            ((0.0, 66.0), (5.0, 71.0))
        );
    }

    #[test]
    fn a_part_goes_on_through_a_drift_and_ends_at_a_jump() {
        let spans =
            |lags: &[isize]| -> Vec<_> { parts_of(lags).iter().map(|part| part.span).collect() };
        assert_eq!(spans(&[0, 0, 0, 1, 1, 1]), [(0.0, 132.0)]);
        assert_eq!(spans(&[0, 0, 0, 2, 2, 2]), [(0.0, 66.0), (66.0, 132.0)]);
    }

    #[test]
    fn a_part_is_followed_up_to_six_seconds_away() {
        let samples = |seed: u32, secs: f64| -> Vec<f32> {
            let count = (secs * 22_050.0) as usize;
            std::iter::repeat_with(noise(seed)).take(count).collect()
        };
        let whitened = |samples: &[f32]| {
            let config = FeatureConfig::default();
            WhitenedSpectrogram::new(&mel_power(samples), Preset::Song, &config)
        };
        let left = samples(1, 16.0);
        let found = |inserted_secs: f64| {
            let right = [samples(2, inserted_secs), left.clone()].concat();
            let (left, right) = (whitened(&left), whitened(&right));
            let parts = follow(&SpectrogramPair::new(&left, &right), &SAME_PLACE);
            parts
                .first()
                .map(|part| part.map.at(0.0) * left.column_secs)
        };
        let near = found(5.5).expect("a part");
        assert!((near - 5.5).abs() < 0.1, "{near} s");
        assert_eq!(found(6.5), None);
    }
}
