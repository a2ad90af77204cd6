//! Copies whose speed drifts, as that of a tape, a turntable, or a DJ who rides the pitch.
//!
//! A straight line fits such a copy for some twenty seconds. So it is found in pieces of different
//! speed. Here the [path] of its peaks is followed through the pieces and out to its ends. Where
//! the speed changes little by little along the path, the pieces become one passage with a range of
//! speed. Where it changes at once, as in a song whose tempo was changed from some place on, they
//! stay as they are.

use crate::geometry::spans::covered_share;
use crate::geometry::time_map::TimeMap;
use crate::recording::distinct::is_same;
use crate::recording::mixture::line;
use crate::recording::passage::{Drift, Passage};
use crate::recording::peaks::path::{Path, Point, fitted, path};
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::refinement::alignment::{Alignment, COMPLETED_SECS};

/// Shortest passage from which a path is followed, in seconds.
const LEAST_SECS: f64 = 8.0;
/// Seconds over which a speed is measured. The place of a window is known to some 20 ms, so that
/// the speed is known to 0.2 %.
const SPEED_SECS: f64 = 8.0;
/// Ratio of the greatest and the least speed from which it drifts, without the first and the last
/// 16 s, where a step of the speed can't be told from a drift. The page names changes of 1.5 % and
/// more. Along 80 passages at a constant speed, with cuts or 6 dB below other music, the ratio is
/// up to 1.007 without a step, and up to 1.032 where the path slips over a cut, which is a step.
const LEAST_RANGE: f64 = 1.015;
/// Share `near / far` from which a change of the slope is a step. `near` is the slope of the next
/// 8 s minus that of the last 8 s, `far` the same for the 8 s beyond those on either side. An even
/// drift gives a third.
///
/// | copies of validation songs | greatest share |
/// |---|---:|
/// | 21 of 23 on a tape whose speed varies by 1.5 % | 0.43 to 0.73 |
/// | the other two | 0.92, 4.1 |
/// | 6 drifts by 3 to 8 % in 20 s to 2 minutes, of each of 3 songs | 0.39 to 0.77 |
/// | 22 with a step of the tempo by 6 % | 0.90 to 0.98 |
const SHARE_OF_STEP: f64 = 0.8;
/// Least change of the slope that is tested for a step. Smaller ones are errors of the measurement:
/// up to 0.009 where peaks stay in their frames for long.
const LEAST_STEP: f64 = 0.012;
/// The same, as a share of the greatest change along the path.
const TESTED_SHARE: f64 = 0.6;
/// Distance from the path within which a passage is a piece of it, in seconds.
const SAME_SECS: f64 = 0.3;
/// Share of a passage that the path covers in both songs, where it makes the passage superfluous.
const COVERED_SHARE: f64 = 0.7;
/// Greatest distance of the time map from the path, in seconds.
const KNOT_ERROR_SECS: f64 = 0.02;

/// Joins the pieces of copies whose speed drifts.
#[must_use]
pub fn joined_drifts<'a, P: Into<PreparedPeaks<'a>>>(
    mut passages: Vec<Passage>,
    songs: [P; 2],
    songs_secs: [f64; 2],
) -> Vec<Passage> {
    let is_followed = |passage: &Passage| {
        passage.alignment.secs() >= LEAST_SECS
            && !passage.alignment.is_backwards()
            && !passage.is_edited
    };
    if !passages.iter().any(is_followed) {
        return passages;
    }
    let [left, right] = songs;
    let pair = PeakPair::new(left, right);
    passages.sort_by(|a, b| b.alignment.secs().total_cmp(&a.alignment.secs()));
    let mut index = 0;
    while index < passages.len() {
        let passage = &passages[index];
        if is_followed(passage) && passage.drift.is_none() {
            let frame_secs = pair.left.frame_secs;
            let path = path(&pair, &line(&passage.alignment, frame_secs));
            let drifting = path
                .and_then(|path| DriftingPath::of(&path, frame_secs))
                .filter(|drifting| drifting.has_piece(passage));
            if let Some(drifting) = drifting {
                let (pieces, others): (Vec<_>, Vec<_>) = passages
                    .into_iter()
                    .partition(|passage| drifting.has_piece(passage));
                let joined = drifting.passage(&pieces, songs_secs);
                passages = others;
                if let Some(joined) = joined {
                    // A line that crosses the path from piece to piece is a repetition.
                    passages.retain(|other| !is_same(other, &joined));
                    passages.push(joined);
                }
                index = 0;
                continue;
            }
        }
        index += 1;
    }
    passages
}

/// A path whose speed drifts, in seconds.
struct DriftingPath {
    points: Vec<Point>,
    /// Start and end in the left song.
    left_secs: (f64, f64),
    /// Least and greatest slope.
    slopes: (f64, f64),
}

impl DriftingPath {
    /// A path in seconds, unless its speed is constant or changes at once.
    fn of(path: &Path, frame_secs: f64) -> Option<Self> {
        let points: Vec<Point> = path
            .points
            .iter()
            .map(|point| point.in_unit(frame_secs))
            .collect();
        let slopes = range(
            points
                .iter()
                .filter_map(|point| slope(&points, point.left, (-0.5, 0.5))),
        )?;
        // Near the ends a step couldn't be told from a drift.
        let tested = range(
            points
                .iter()
                .filter(|point| change(&points, point.left, 1.0).is_some())
                .filter_map(|point| slope(&points, point.left, (-0.5, 0.5))),
        )?;
        let drifts = tested.1 >= LEAST_RANGE * tested.0 && !has_step(&points);
        drifts.then_some(Self {
            points,
            left_secs: (path.span.0 * frame_secs, path.span.1 * frame_secs),
            slopes,
        })
    }

    /// The place in the right song.
    fn at(&self, left_secs: f64) -> f64 {
        let after = self.points.partition_point(|point| point.left < left_secs);
        let after = after.clamp(1, self.points.len() - 1);
        self.line(after).at(left_secs)
    }

    /// The line from the point before this one to it.
    fn line(&self, after: usize) -> TimeMap {
        let [from, to] = [&self.points[after - 1], &self.points[after]];
        TimeMap::fitted_to((from.left, to.left), (from.right, to.right))
    }

    /// Whether a passage is a piece of the path.
    fn has_piece(&self, passage: &Passage) -> bool {
        let alignment = &passage.alignment;
        let (start, end) = alignment.left_secs;
        let middle = (start + end) / 2.0;
        let covered = covered_share(alignment.left_secs, vec![self.left_secs]);
        covered >= COVERED_SHARE && (self.at(middle) - alignment.map.at(middle)).abs() <= SAME_SECS
    }

    /// The passage that its pieces become.
    fn passage(&self, pieces: &[Passage], songs_secs: [f64; 2]) -> Option<Passage> {
        let strongest = pieces
            .iter()
            .max_by(|a, b| a.copied().total_cmp(&b.copied()))?;
        let secs: f64 = pieces.iter().map(|piece| piece.alignment.secs()).sum();
        let mean = |of: fn(&Passage) -> f64| {
            pieces
                .iter()
                .map(|piece| piece.alignment.secs() * of(piece))
                .sum::<f64>()
                / secs
        };
        let mut knots = Vec::new();
        let end = |after: usize| {
            Alignment {
                left_secs: self.left_secs,
                map: self.line(after),
                semitones: 0.0,
                correlation: 0.0,
            }
            .within(songs_secs[0], songs_secs[1], COMPLETED_SECS)
            .left_secs
        };
        let left_secs = (end(1).0, end(self.points.len() - 1).1);
        knots.push((left_secs.0, self.at(left_secs.0)));
        knots.extend(
            self.points
                .iter()
                .map(|point| (point.left, point.right))
                .filter(|knot| knot.0 > left_secs.0 && knot.0 < left_secs.1),
        );
        knots.push((left_secs.1, self.at(left_secs.1)));
        let right_secs = (knots[0].1, knots[knots.len() - 1].1);
        Some(Passage {
            alignment: Alignment {
                left_secs,
                map: TimeMap::fitted_to(left_secs, right_secs),
                semitones: mean(|piece| piece.alignment.semitones),
                correlation: mean(|piece| piece.alignment.correlation),
            },
            shares: (mean(|piece| piece.shares.0), mean(|piece| piece.shares.1)),
            drift: Some(Drift {
                knots: thinned(&knots),
                slopes: self.slopes,
            }),
            ..strongest.clone()
        })
    }
}

/// Least and greatest of some slopes.
fn range(slopes: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    slopes.fold(None, |range, slope| {
        let (least, greatest) = range.unwrap_or((slope, slope));
        Some((slope.min(least), slope.max(greatest)))
    })
}

/// The slope around a place, over seconds from it in multiples of [`SPEED_SECS`].
fn slope(points: &[Point], left_secs: f64, (from, to): (f64, f64)) -> Option<f64> {
    /// Least points, of one a second.
    const LEAST_POINTS: usize = 6;
    let (from, to) = (
        left_secs + from * SPEED_SECS - 0.1,
        left_secs + to * SPEED_SECS + 0.1,
    );
    let from = points.partition_point(|point| point.left < from);
    let to = points.partition_point(|point| point.left < to);
    let points = &points[from..to];
    if points.len() < LEAST_POINTS {
        return None;
    }
    fitted(points).map(|map| map.slope)
}

/// Change of the slope from before a place to after it; `apart` in multiples of [`SPEED_SECS`].
fn change(points: &[Point], left_secs: f64, apart: f64) -> Option<f64> {
    let after = slope(points, left_secs, (apart, apart + 1.0))?;
    let before = slope(points, left_secs, (-apart - 1.0, -apart))?;
    Some(after - before)
}

/// Whether the speed changes at once somewhere.
fn has_step(points: &[Point]) -> bool {
    let changes: Vec<(f64, f64)> = points
        .iter()
        .filter_map(|point| {
            let near = change(points, point.left, 0.0)?;
            Some((near.abs(), change(points, point.left, 1.0)?.abs()))
        })
        .collect();
    let greatest = changes
        .iter()
        .fold(0.0, |most: f64, change| most.max(change.0));
    changes.iter().any(|&(near, far)| {
        near >= LEAST_STEP.max(TESTED_SHARE * greatest) && near >= SHARE_OF_STEP * far
    })
}

/// As few of some knots as describe them within [`KNOT_ERROR_SECS`] (D. Douglas, T. Peucker,
/// Cartographica 10(2), 1973).
fn thinned(knots: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let [first, .., last] = knots else {
        return knots.to_vec();
    };
    let map = TimeMap::fitted_to((first.0, last.0), (first.1, last.1));
    let off = |index: &usize| (map.at(knots[*index].0) - knots[*index].1).abs();
    match (1..knots.len() - 1).max_by(|a, b| off(a).total_cmp(&off(b))) {
        Some(farthest) if off(&farthest) > KNOT_ERROR_SECS => {
            let mut thin = thinned(&knots[..=farthest]);
            thin.pop();
            thin.extend(thinned(&knots[farthest..]));
            thin
        }
        _ => vec![*first, *last],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::passage::test_passage;
    use crate::recording::peaks::peak_map::test_peaks::{drifting, mixed, song};

    /// The passages of a song of two minutes and of a copy that plays each second at another
    /// place, if it is found in straight pieces between these seconds.
    fn joined(place_secs: impl Fn(f64) -> f64, ends_secs: &[f64]) -> Vec<Passage> {
        let original = song(120.0, 1);
        let frame_secs = original.frame_secs;
        let copy = drifting(&original, |frame| {
            place_secs(frame * frame_secs) / frame_secs
        });
        let pieces = ends_secs.windows(2).map(|ends| {
            let left_secs = (ends[0], ends[1]);
            let mut passage = test_passage((0.6, 0.9));
            passage.alignment.left_secs = left_secs;
            passage.alignment.map =
                TimeMap::fitted_to(left_secs, (place_secs(ends[0]), place_secs(ends[1])));
            passage
        });
        joined_drifts(
            pieces.collect(),
            [&original, &copy],
            [120.0, copy.frames as f64 * frame_secs],
        )
    }

    #[test]
    fn the_pieces_of_a_drift_become_one_passage_with_its_range_of_speed() {
        // 2 % slower to 3 % faster.
        let place = |secs: f64| secs * (1.02 - 0.025 * secs / 120.0);
        let [passage] = &joined(place, &[4.0, 45.0, 80.0, 112.0])[..] else {
            panic!("not one passage")
        };
        let (start, end) = passage.alignment.left_secs;
        assert!(start < 0.1 && end > 119.9, "{start} to {end}");
        let drift = passage.drift.as_ref().unwrap();
        assert!((drift.slopes.0 - 0.972).abs() < 0.004, "{:?}", drift.slopes);
        assert!((drift.slopes.1 - 1.018).abs() < 0.004, "{:?}", drift.slopes);
        assert_eq!(drift.knots[0].0, start);
        assert_eq!(drift.knots[drift.knots.len() - 1].0, end);
        assert!((3..40).contains(&drift.knots.len()), "{:?}", drift.knots);
        for (left, right) in &drift.knots {
            assert!((place(*left) - right).abs() < 0.1, "{left} {right}");
        }
        assert_eq!(passage.shares, (0.6, 0.9));
        assert!((passage.alignment.map.at(120.0) - place(120.0)).abs() < 0.1);
    }

    #[test]
    fn a_constant_speed_and_one_that_changes_at_once_stay_as_they_are() {
        let places: [fn(f64) -> f64; 3] = [
            |secs| secs,
            |secs| 0.95 * secs,
            |secs| secs.min(60.0) + 0.95 * (secs - 60.0).max(0.0),
        ];
        for place in places {
            let passages = joined(place, &[1.0, 60.0, 119.0]);
            assert_eq!(passages.len(), 2);
            assert!(passages.iter().all(|passage| passage.drift.is_none()));
        }
    }

    #[test]
    fn a_use_elsewhere_is_no_piece() {
        let place = |secs: f64| secs * (1.02 - 0.025 * secs / 120.0);
        let original = song(120.0, 1);
        let frame_secs = original.frame_secs;
        let copy = drifting(&original, |frame| place(frame * frame_secs) / frame_secs);
        let longer = mixed(&song(160.0, 2), &copy, 0, 1);
        let passage = |left_secs: (f64, f64), right_secs: (f64, f64)| {
            let mut passage = test_passage((0.6, 0.9));
            passage.alignment.left_secs = left_secs;
            passage.alignment.map = TimeMap::fitted_to(left_secs, right_secs);
            passage
        };
        let piece = passage((4.0, 45.0), (place(4.0), place(45.0)));
        let elsewhere = passage((30.0, 37.0), (140.0, 147.0));
        let passages = vec![piece, elsewhere.clone()];
        let joined = joined_drifts(passages, [&original, &longer], [120.0, 160.0]);
        assert_eq!(joined.len(), 2);
        assert!(joined.contains(&elsewhere));
        assert!(joined.iter().any(|passage| passage.drift.is_some()));
    }

    #[test]
    fn a_time_map_keeps_the_knots_that_it_needs() {
        let line: Vec<(f64, f64)> = (0..9)
            .map(|at| (f64::from(at), 2.0 * f64::from(at)))
            .collect();
        assert_eq!(thinned(&line), [(0.0, 0.0), (8.0, 16.0)]);
        let mut bent = line;
        bent[4].1 += 0.03;
        assert_eq!(
            thinned(&bent)[..],
            [bent[0], bent[3], bent[4], bent[5], bent[8]]
        );
    }
}
