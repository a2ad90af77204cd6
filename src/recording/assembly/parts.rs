//! The parts of a copy that was assembled of pieces: cut, rearranged, with insertions, repetitions
//! or steps of the speed.
//!
//! Each piece lies on a time map of its own. A passage that was fitted to one piece goes on into
//! the next one as long as beat and key are the same, and one line of a wrong speed passes near
//! several pieces. Where the right map is known, it correlates much better than those. So all time
//! maps compete for each column of a song: the path through them with the greatest sum of
//! correlations, less a penalty for each change (the Viterbi algorithm: A. Viterbi, IEEE
//! Transactions on Information Theory 13(2), 1967). Where no map correlates, other lags near the
//! path are tried.
//!
//! A path gives every column of the left song one place in the right song. A piece that plays twice
//! has two places, and the right song's second piece is missed. So a second path goes along the
//! right song, and the parts of both are joined.
//!
//! The constants were chosen on 672 edits and copies of 30 validation songs.

use crate::geometry::lines::smallest_first;
use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};
use crate::recording::refinement::refine::WINDOW_COLUMNS;

/// Columns on each side of a column that are correlated with it: a single one is too noisy.
const NEIGHBOURS: usize = 1;
/// Correlation below which a column rather belongs to no map.
const NO_MAP_CORRELATION: f32 = 0.4;
/// A higher correlation counts no more: of two places with the same music, one correlates a little
/// better by chance. 0.8 and more find all radio edits of the fitted copies, 0.75 not all.
const FULL_CORRELATION: f32 = 0.8;
/// What a column costs at which only one of the songs has an onset, in correlations.
const UNPAIRED_COST: f32 = 0.2;
/// Penalty for a change of the map, in correlations of a column. Of 6, 7.5, 9 and 12, the one that
/// finds most of the fitted copies.
const CHANGE_PENALTY: f32 = 9.0;
/// Additional penalty for each e-fold distance of a change, in columns: of several maps that
/// explain a repetition equally, the nearest is taken.
const DISTANCE_PENALTY: f32 = 0.1;
/// What a column gains on a map that the other song's path has there: both paths then take the same
/// one of several equal maps.
const AGREEMENT_GAIN: f32 = 0.1;
/// Most maps that compete.
const MOST_MAPS: usize = 32;
/// Cost of each column on a map that is nearly, but not quite, at the original speed. Most copies
/// at such a speed are cut ones, whose exact parts correlate hardly better where notes are long.
const SPEED_COST: f32 = 0.08;
/// Greatest distance from the path at which other lags are tried, in columns: 10.7 s.
const REACH: i32 = 115;
/// The same for the original speed in windows that a map of another speed explains.
const REACH_OF_SPEED: i32 = 22;
/// Least gain of the correlation of such a window.
const LEAST_SPEED_GAIN: f64 = 0.05;
/// Windows in which other lags are tried, at most.
const MOST_WINDOWS: usize = 128;
/// Correlation of a window that the path explains.
const EXPLAINED_CORRELATION: f32 = 0.6;
/// Least correlation of a window at another lag. By chance windows of 2 s reach 0.6.
const LEAST_CORRELATION: f64 = 0.7;
/// Rounds of trying other lags.
const ROUNDS: usize = 3;
/// Greatest difference from the original speed that cuts and insertions imitate: a second in ten.
const MOST_SPEED_OF_CUTS: f64 = 0.1;
/// Shortest part, in columns: 2 s.
const LEAST_COLUMNS: usize = 22;
/// A gap between two parts on one map that is no longer than this belongs to them, in columns: 2 s.
const CLOSED_COLUMNS: f64 = 22.0;

/// A part of an assembled copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Start and end in the left song, in columns.
    pub span: (f64, f64),
    /// Its place in the maps.
    pub map: usize,
}

/// The parts that lie on these maps, or on others near them, which are added to them.
#[must_use]
pub fn assembly(pair: &SpectrogramPair<'_>, maps: &mut Vec<Overlay>) -> Vec<Part> {
    let of_left = along(pair, maps, &[]);
    let swapped = pair.swapped();
    let mut inverses: Vec<Overlay> = maps.iter().map(Overlay::inverse).collect();
    let known: Vec<Part> = of_left.iter().map(|part| part.inverse(maps)).collect();
    let of_right = along(&swapped, &mut inverses, &known);
    maps.extend(inverses[maps.len()..].iter().map(Overlay::inverse));
    let of_right = of_right.iter().map(|part| part.inverse(&inverses));
    joined(of_left.into_iter().chain(of_right).collect())
}

impl Part {
    /// The same part of swapped songs.
    fn inverse(&self, maps: &[Overlay]) -> Self {
        Self {
            span: maps[self.map].map.span(self.span),
            ..*self
        }
    }
}

/// Parts on one map that overlap, or nearly, become one.
fn joined(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by(|a, b| a.map.cmp(&b.map).then(a.span.0.total_cmp(&b.span.0)));
    let mut joined: Vec<Part> = Vec::new();
    for part in parts {
        match joined.last_mut() {
            Some(last) if last.map == part.map && part.span.0 - last.span.1 <= CLOSED_COLUMNS => {
                last.span.1 = last.span.1.max(part.span.1);
            }
            _ => joined.push(part),
        }
    }
    joined.sort_by(|a, b| a.span.0.total_cmp(&b.span.0));
    joined
}

/// The parts along the left song. Other maps near the path are added to `maps`.
fn along(pair: &SpectrogramPair<'_>, maps: &mut Vec<Overlay>, known: &[Part]) -> Vec<Part> {
    let mut gains: Vec<Vec<f32>> = Vec::new();
    let mut path = Vec::new();
    for round in 0..=ROUNDS {
        for (index, map) in maps.iter().enumerate().skip(gains.len()) {
            gains.push(gains_on(pair, map));
            let known = known.iter().filter(|part| part.map == index);
            known.for_each(|part| favour(&mut gains[index], part.span));
        }
        path = best_path(&gains, maps);
        if round == ROUNDS || !add_near_maps(pair, maps, &path, &gains) {
            break;
        }
    }
    parts(&path)
}

/// Adds to the gains on a map where the other song's path has it.
fn favour(gains: &mut [f32], (start, end): (f64, f64)) {
    let near = gains.iter_mut().take(end as usize).skip(start as usize);
    near.for_each(|gain| *gain += AGREEMENT_GAIN);
}

/// What each column of the left song gains on a map.
fn gains_on(pair: &SpectrogramPair<'_>, overlay: &Overlay) -> Vec<f32> {
    let speed_cost = match is_nearly_original(overlay) {
        true => SPEED_COST,
        false => 0.0,
    };
    pair.track(overlay, 0..pair.left.columns(), NEIGHBOURS)
        .into_iter()
        .map(|[products, left, right]| {
            if left.min(right) > 0.0 {
                (products / (left * right).sqrt()).min(FULL_CORRELATION)
                    - NO_MAP_CORRELATION
                    - speed_cost
            } else if left.max(right) > 0.0 {
                -UNPAIRED_COST
            } else {
                0.0
            }
        })
        .collect()
}

/// The map of each column on the best path; `None` where it belongs to no map.
fn best_path(gains: &[Vec<f32>], maps: &[Overlay]) -> Vec<Option<usize>> {
    let columns = gains.first().map_or(0, Vec::len);
    let none = maps.len();
    let mut values = vec![0.0_f32; maps.len() + 1];
    let mut origins: Vec<Vec<u8>> = Vec::with_capacity(columns);
    for column in 0..columns {
        let places: Vec<f64> = maps.iter().map(|map| map.map.at(column as f64)).collect();
        let distance_penalty = |from: usize, to: usize| {
            let distance = (places[from] - places[to]).abs() as f32;
            DISTANCE_PENALTY * libm::log1pf(distance)
        };
        let mut next = Vec::with_capacity(maps.len() + 1);
        let mut origin = Vec::with_capacity(maps.len() + 1);
        for to in 0..=none {
            let (mut best, mut from) = (values[to], to);
            for (other, value) in values.iter().enumerate() {
                let is_none = other == none || to == none;
                let value = value - CHANGE_PENALTY * if is_none { 0.5 } else { 1.0 };
                if value <= best {
                    continue;
                }
                let value = if is_none {
                    value
                } else {
                    value - distance_penalty(other, to)
                };
                if value > best {
                    (best, from) = (value, other);
                }
            }
            next.push(best + gains.get(to).map_or(0.0, |gains| gains[column]));
            origin.push(from as u8);
        }
        values = next;
        origins.push(origin);
    }
    let mut state = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[state] {
            state = index;
        }
    }
    let mut path: Vec<Option<usize>> = origins
        .iter()
        .rev()
        .map(|origin| {
            let map = (state != none).then_some(state);
            state = usize::from(origin[state]);
            map
        })
        .collect();
    path.reverse();
    path
}

/// The stretches of a path without a change.
fn parts(path: &[Option<usize>]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut first = 0;
    for end in 1..=path.len() {
        if end < path.len() && path[end] == path[first] {
            continue;
        }
        if let Some(map) = path[first].filter(|_| end - first >= LEAST_COLUMNS) {
            parts.push(Part {
                span: (first as f64, end as f64),
                map,
            });
        }
        first = end;
    }
    parts
}

/// Adds the maps on which windows correlate that the path doesn't explain. Whether there are any.
fn add_near_maps(
    pair: &SpectrogramPair<'_>,
    maps: &mut Vec<Overlay>,
    path: &[Option<usize>],
    gains: &[Vec<f32>],
) -> bool {
    let known = maps.len();
    let mut windows = 0;
    let mut first = 0;
    while first + WINDOW_COLUMNS <= path.len() && windows < MOST_WINDOWS && maps.len() < MOST_MAPS {
        let window = first..first + WINDOW_COLUMNS;
        first += WINDOW_COLUMNS / 2;
        let explained: f32 = window
            .clone()
            .filter_map(|column| path[column].map(|map| gains[map][column] + NO_MAP_CORRELATION))
            .sum();
        let centre = ((window.start + window.end) / 2) as f64;
        let mut near: Vec<Overlay> = Vec::new();
        let (mut reach, mut least) = (REACH, LEAST_CORRELATION);
        if explained >= EXPLAINED_CORRELATION * WINDOW_COLUMNS as f32 {
            let map = path[centre as usize].map(|map| &maps[map]);
            let Some(map) = map.filter(|map| is_nearly_original(map)) else {
                continue;
            };
            near.push(at_original_speed(map, centre));
            let present = pair.correlation(map, centre, WINDOW_COLUMNS, 0.0);
            (reach, least) = (REACH_OF_SPEED, least.max(present + LEAST_SPEED_GAIN));
        } else {
            let before = path[..window.end].iter().rev().find_map(|&map| map);
            let after = path[window.start..].iter().find_map(|&map| map);
            for map in [before, after].into_iter().flatten() {
                let original = Some(&maps[map])
                    .filter(|map| is_nearly_original(map))
                    .map(|map| at_original_speed(map, centre));
                for overlay in [Some(maps[map]), original].into_iter().flatten() {
                    if !near.iter().any(|other| is_same(other, &overlay, centre)) {
                        near.push(overlay);
                    }
                }
            }
        }
        windows += 1;
        let found = near
            .iter()
            .map(|overlay| at_best_lag(pair, overlay, (centre, WINDOW_COLUMNS), (reach, 1.0)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((overlay, _)) = found.filter(|(_, value)| *value >= least) else {
            continue;
        };
        if !maps.iter().any(|other| is_same(other, &overlay, centre)) {
            maps.push(overlay);
        }
    }
    maps.len() > known
}

/// Whether cuts and insertions of a copy at the original speed may imitate the speed of a map.
fn is_nearly_original(overlay: &Overlay) -> bool {
    let off = (overlay.map.slope - 1.0).abs();
    off > 0.0 && off <= MOST_SPEED_OF_CUTS && overlay.shift_bands.abs() <= 1
}

/// The map at the original speed and pitch that crosses another one at a column.
pub fn at_original_speed(overlay: &Overlay, column: f64) -> Overlay {
    let map = overlay.map.anchored_at(column);
    Overlay {
        map: TimeMap { slope: 1.0, ..map },
        shift_bands: 0,
    }
}

/// The overlay at the lag, up to so many steps of `step` columns, at which `width` columns around
/// `centre` correlate best, and their correlation.
pub fn at_best_lag(
    pair: &SpectrogramPair<'_>,
    overlay: &Overlay,
    (centre, width): (f64, usize),
    (steps, step): (i32, f64),
) -> (Overlay, f64) {
    let (mut greatest, mut best) = (f64::NEG_INFINITY, 0.0);
    for count in smallest_first(steps) {
        let lag = f64::from(count) * step;
        let value = pair.correlation(overlay, centre, width, lag);
        if value > greatest {
            (greatest, best) = (value, lag);
        }
    }
    let mut map = overlay.map.anchored_at(centre);
    map.anchor.1 += best;
    (Overlay { map, ..*overlay }, greatest)
}

/// Whether two maps are the same near a column: they pair it with the same one, and those 8 s away
/// with neighbours at most.
pub fn is_same(one: &Overlay, other: &Overlay, column: f64) -> bool {
    const FAR_COLUMNS: f64 = 86.0;
    let distance = |column: f64| {
        let place = |overlay: &Overlay| (overlay.map.at(column + 0.5) - 0.5).round();
        (place(one) - place(other)).abs()
    };
    (one.shift_bands - other.shift_bands).abs() <= 1
        && distance(column) == 0.0
        && distance(column - FAR_COLUMNS) <= 1.0
        && distance(column + FAR_COLUMNS) <= 1.0
}

#[cfg(test)]
mod tests;
