//! The path of a copy whose speed may drift. It is tracked by short windows: each is searched near
//! the extrapolation of those before it.

use crate::geometry::time_map::TimeMap;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_pair::{Grid, LEAST_BLOCK_EVIDENCE, PeakPair};

/// Half of the length of a window, in frames: windows of 4 s, as [`LEAST_BLOCK_EVIDENCE`] is for.
const HALF_FRAMES: f64 = 43.0;
/// Frames from one window to the next: 1 s.
const STEP_FRAMES: f64 = 21.5;
/// Windows whose places lead to the next one: 8 s.
const LEADING: usize = 8;
/// So many windows without evidence end the path: 3 s, as a pause or a spoken word lasts.
const MOST_MISSED: usize = 3;
/// How far a window may lie from where the others lead: 0.14 s, which is more than its speed can
/// change in a second, and less than a beat.
const NEARBY: Grid = Grid {
    offsets: (3, 1.0),
    slopes: (0, 0.0),
    shifts: 1,
};

/// A window of a path.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its middle in the left song.
    pub left: f64,
    /// Its middle in the right song.
    pub right: f64,
    /// Transposition, in steps of pitch.
    shift_steps: i32,
}

impl Point {
    /// The point in another unit, of which `per_unit` make one of the present unit.
    #[must_use]
    pub fn in_unit(self, per_unit: f64) -> Self {
        Self {
            left: self.left * per_unit,
            right: self.right * per_unit,
            ..self
        }
    }
}

/// A path: its windows in the left song's order, and its ends in the left song.
#[derive(Clone, Debug)]
pub struct Path {
    /// The windows with evidence.
    pub points: Vec<Point>,
    /// Start and end, in frames.
    pub span: (f64, f64),
}

/// The path through the middle of a line, as far as there is evidence.
#[must_use]
pub fn path(pair: &PeakPair<'_>, line: &PeakLine) -> Option<Path> {
    let middle = (line.span.0 + line.span.1) / 2.0;
    let start = Point {
        left: middle,
        right: line.map.at(middle),
        shift_steps: line.shift_steps,
    };
    let slope = line.map.slope;
    let start = found(pair, &start, slope)?;
    let mut points = walked(pair, start, slope, -1.0);
    points.reverse();
    points.pop();
    points.extend(walked(pair, start, slope, 1.0));
    let first = end_stretch(pair, &points[..LEADING.min(points.len())])?;
    let last = end_stretch(pair, &points[points.len().saturating_sub(LEADING)..])?;
    let span = (first.0, last.1);
    points.retain(|point| (span.0..span.1).contains(&point.left));
    Some(Path { points, span })
}

/// The stretch with the greatest evidence on the line through the points at an end of a path: the
/// path ends where it ends.
fn end_stretch(pair: &PeakPair<'_>, points: &[Point]) -> Option<(f64, f64)> {
    let (first, last) = (points.first()?, points.last()?);
    let line = PeakLine {
        span: (first.left, last.left),
        map: fitted(points)?,
        shift_steps: points[points.len() / 2].shift_steps,
        evidence: 0.0,
    };
    Some(pair.stretch(&line).span)
}

/// The path from a point, where the slope is known, forwards (1) or backwards (-1).
fn walked(pair: &PeakPair<'_>, start: Point, slope: f64, direction: f64) -> Vec<Point> {
    let mut path = vec![start];
    let mut missed = 0;
    while missed < MOST_MISSED {
        let last = path[path.len() - 1];
        let recent = &path[path.len().saturating_sub(LEADING)..];
        let slope = fitted(recent).map_or(slope, |map| map.slope);
        let left = last.left + direction * STEP_FRAMES * (missed + 1) as f64;
        if left < HALF_FRAMES || left + HALF_FRAMES > pair.left.frames as f64 {
            break;
        }
        let next = Point {
            left,
            right: TimeMap {
                anchor: (last.left, last.right),
                slope,
            }
            .at(left),
            ..last
        };
        match found(pair, &next, slope) {
            Some(point) => {
                path.push(point);
                missed = 0;
            }
            None => missed += 1,
        }
    }
    path
}

/// The window near a point where its evidence is greatest, if that is enough.
fn found(pair: &PeakPair<'_>, point: &Point, slope: f64) -> Option<Point> {
    let line = PeakLine {
        span: (point.left - HALF_FRAMES, point.left + HALF_FRAMES),
        map: TimeMap {
            anchor: (point.left, point.right),
            slope,
        },
        shift_steps: point.shift_steps,
        evidence: 0.0,
    };
    let best = pair.placed(&line, &NEARBY);
    (best.evidence >= LEAST_BLOCK_EVIDENCE).then(|| Point {
        left: point.left,
        right: best.map.at(point.left),
        shift_steps: best.shift_steps,
    })
}

/// The regression of the right places on the left ones, by least squares; `None` for less than
/// three points.
#[must_use]
pub fn fitted(points: &[Point]) -> Option<TimeMap> {
    if points.len() < 3 {
        return None;
    }
    let places: Vec<_> = points
        .iter()
        .map(|point| (point.left, point.right))
        .collect();
    Some(TimeMap::regressed(&places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{drifting, mixed, song};

    #[test]
    fn a_drift_is_followed_to_its_ends() {
        let (one, other) = (song(60.0, 1), song(110.0, 2));
        // From 2 to 5 % faster, from 20 s on under other music.
        let place = |frame: f64| frame * (0.98 - 0.015 * frame / one.frames as f64);
        let mixture = mixed(&other, &drifting(&one, place), 430, 2);
        let middle = one.frames as f64 / 2.0;
        let line = PeakLine {
            span: (middle - 100.0, middle + 100.0),
            map: TimeMap {
                anchor: (middle, 430.0 + place(middle)),
                slope: 0.965,
            },
            shift_steps: 0,
            evidence: 0.0,
        };
        let path = path(&PeakPair::new(&one, &mixture), &line).unwrap();
        assert!(
            path.span.0 < 6.0 && path.span.1 > one.frames as f64 - 6.0,
            "{:?}",
            path.span
        );
        assert!(path.points.len() >= 54, "{}", path.points.len());
        for point in &path.points {
            let off = point.right - 430.0 - place(point.left);
            assert!(off.abs() < 1.0, "{point:?}: {off}");
        }
    }

    #[test]
    fn unrelated_songs_have_no_path() {
        let (one, other) = (song(60.0, 1), song(60.0, 2));
        let line = PeakLine {
            span: (500.0, 700.0),
            map: TimeMap::fitted_to((0.0, 1.0), (0.0, 1.0)),
            shift_steps: 0,
            evidence: 0.0,
        };
        assert!(path(&PeakPair::new(&one, &other), &line).is_none());
    }
}
