//! The passages of a report against the true ones of a pair.

use crate::mixes::take::Passage;
use crate::song_tables::ReportedPassage;

/// Greatest error of a place in the right song at which it is still on the right map.
const ON_MAP_SECS: f64 = 0.3;
/// Distance of the times at which maps are compared.
const STEP_SECS: f64 = 0.1;
/// Least share of a true passage that must be covered for it to count as found.
const FOUND_SHARE: f64 = 0.5;

/// What the report of one pair has right and wrong, in seconds of the left song.
#[derive(Debug, Default)]
pub struct Accuracy {
    /// Length of all true passages; a source that is used twice counts twice.
    pub true_secs: f64,
    /// Those of them that are covered by a passage on the right map.
    pub covered_secs: f64,
    /// Reported where one of the songs has no true passage.
    pub outside_secs: f64,
    /// Reported within true passages of both songs, but on another map: a repeat in the song, or a
    /// wrong place.
    pub elsewhere_secs: f64,
    /// Every true passage, with the errors of the reported one if it was found.
    pub uses: Vec<Option<Errors>>,
}

/// Errors of the reported passage that covers most of a true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// Errors of start and end in the left song.
    pub left_secs: [f64; 2],
    /// Errors of start and end in the right song.
    pub right_secs: [f64; 2],
    /// Reported speed by true speed.
    pub speed_ratio: f64,
    pub semitones: f64,
}

impl Accuracy {
    pub fn of(truth: &[Passage], reported: &[ReportedPassage]) -> Self {
        let mut accuracy = Self::default();
        for passage in truth {
            let covers = |found: &ReportedPassage, left_secs: f64| {
                found_right_secs(found, left_secs)
                    .is_some_and(|right| is_near(true_right_secs(passage, left_secs), right))
            };
            let share = |by: &dyn Fn(f64) -> bool| {
                let times: Vec<f64> = steps(passage.left_secs).collect();
                let covered = times.iter().filter(|at_secs| by(**at_secs)).count();
                covered as f64 / times.len() as f64
            };
            let secs = passage.left_secs[1] - passage.left_secs[0];
            let covered = share(&|at_secs| reported.iter().any(|found| covers(found, at_secs)));
            accuracy.true_secs += secs;
            accuracy.covered_secs += covered * secs;
            let best = reported
                .iter()
                .map(|found| (share(&|at_secs| covers(found, at_secs)), found))
                .max_by(|one, other| one.0.total_cmp(&other.0));
            accuracy.uses.push(match best {
                Some((best, found)) if covered >= FOUND_SHARE && best > 0.0 => {
                    Some(Errors::of(passage, found))
                }
                _ => None,
            });
        }
        for found in reported {
            accuracy.add_wrong(truth, found);
        }
        accuracy
    }

    /// Adds the seconds of a reported passage that are on no true map.
    fn add_wrong(&mut self, truth: &[Passage], found: &ReportedPassage) {
        let span_secs = [found.left_start_secs, found.left_end_secs];
        let count = steps(span_secs).count();
        let step_secs = (span_secs[1] - span_secs[0]) / count.max(1) as f64;
        for left_secs in steps(span_secs) {
            let Some(right_secs) = found_right_secs(found, left_secs) else {
                continue;
            };
            let is_true = truth.iter().any(|passage| {
                is_within(passage.left_secs, left_secs)
                    && is_near(true_right_secs(passage, left_secs), right_secs)
            });
            let is_copied = truth
                .iter()
                .any(|passage| is_within(passage.left_secs, left_secs))
                && truth
                    .iter()
                    .any(|passage| is_within(passage.right_secs, right_secs));
            if !is_true && is_copied {
                self.elsewhere_secs += step_secs;
            } else if !is_true {
                self.outside_secs += step_secs;
            }
        }
    }
}

impl Errors {
    fn of(truth: &Passage, found: &ReportedPassage) -> Self {
        let errors = |truth: [f64; 2], found: [f64; 2]| {
            [(found[0] - truth[0]).abs(), (found[1] - truth[1]).abs()]
        };
        Self {
            left_secs: errors(
                truth.left_secs,
                [found.left_start_secs, found.left_end_secs],
            ),
            right_secs: errors(
                truth.right_secs,
                [found.right_start_secs, found.right_end_secs],
            ),
            speed_ratio: found.speed_ratio / truth.speed_ratio,
            semitones: found.pitch_shift_semitones - truth.semitones,
        }
    }
}

/// The middles of equal steps between two times.
fn steps([start_secs, end_secs]: [f64; 2]) -> impl Iterator<Item = f64> {
    let secs = (end_secs - start_secs).max(0.0);
    let count = (secs / STEP_SECS).ceil();
    (0..count as usize).map(move |step| start_secs + secs * (step as f64 + 0.5) / count)
}

fn is_near(one_secs: f64, other_secs: f64) -> bool {
    (one_secs - other_secs).abs() <= ON_MAP_SECS
}

fn is_within([start_secs, end_secs]: [f64; 2], at_secs: f64) -> bool {
    (start_secs - ON_MAP_SECS..=end_secs + ON_MAP_SECS).contains(&at_secs)
}

/// The time in the right song of a time in the left one; `None` outside of the passage.
fn found_right_secs(found: &ReportedPassage, left_secs: f64) -> Option<f64> {
    let is_inside = (found.left_start_secs..=found.left_end_secs).contains(&left_secs);
    is_inside.then(|| {
        interpolated(
            [found.left_start_secs, found.right_start_secs],
            [found.left_end_secs, found.right_end_secs],
            left_secs,
        )
    })
}

fn true_right_secs(passage: &Passage, left_secs: f64) -> f64 {
    let after = passage.knots.partition_point(|knot| knot[0] < left_secs);
    if let (Some(before), Some(after)) = (after.checked_sub(1), passage.knots.get(after)) {
        return interpolated(passage.knots[before], *after, left_secs);
    }
    interpolated(
        [passage.left_secs[0], passage.right_secs[0]],
        [passage.left_secs[1], passage.right_secs[1]],
        left_secs,
    )
}

/// The time in the right song on the line through two points `[left, right]`.
fn interpolated(from: [f64; 2], to: [f64; 2], left_secs: f64) -> f64 {
    let share = (left_secs - from[0]) / (to[0] - from[0]).max(1e-9);
    from[1] + share * (to[1] - from[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(left_secs: [f64; 2], right_secs: [f64; 2]) -> Passage {
        Passage {
            left_secs,
            right_secs,
            speed_ratio: (left_secs[1] - left_secs[0]) / (right_secs[1] - right_secs[0]),
            semitones: 1.0,
            knots: Vec::new(),
        }
    }

    fn found(left_secs: [f64; 2], right_secs: [f64; 2]) -> ReportedPassage {
        ReportedPassage {
            left_start_secs: left_secs[0],
            left_end_secs: left_secs[1],
            right_start_secs: right_secs[0],
            right_end_secs: right_secs[1],
            speed_ratio: (left_secs[1] - left_secs[0]) / (right_secs[1] - right_secs[0]),
            pitch_shift_semitones: 1.2,
        }
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.15
    }

    #[test]
    fn a_passage_covers_its_part_of_the_truth() {
        let accuracy = Accuracy::of(
            &[truth([10.0, 30.0], [50.0, 60.0])],
            &[found([14.0, 32.0], [52.0, 61.0])],
        );
        assert!(close(accuracy.covered_secs, 16.0), "{accuracy:?}");
        assert!(close(accuracy.outside_secs, 1.7), "{accuracy:?}");
        assert_eq!(accuracy.elsewhere_secs, 0.0);
        let errors = accuracy.uses[0].unwrap();
        assert_eq!(errors.left_secs, [4.0, 2.0]);
        assert_eq!(errors.right_secs, [2.0, 1.0]);
        assert!((errors.speed_ratio - 1.0).abs() < 1e-9);
        assert!((errors.semitones - 0.2).abs() < 1e-9);
    }

    #[test]
    fn a_cut_is_not_covered_by_one_passage_across_it() {
        let cut = [
            truth([0.0, 20.0], [0.0, 20.0]),
            truth([22.0, 40.0], [20.0, 38.0]),
        ];
        let across = Accuracy::of(&cut, &[found([0.0, 40.0], [0.0, 40.0])]);
        assert!(close(across.covered_secs, 20.0), "{across:?}");
        assert!(across.uses[0].is_some() && across.uses[1].is_none());
        assert!(across.elsewhere_secs + across.outside_secs > 19.0);
        let both = Accuracy::of(
            &cut,
            &[
                found([0.0, 20.0], [0.0, 20.0]),
                found([22.0, 40.0], [20.0, 38.0]),
            ],
        );
        assert!(close(both.covered_secs, 38.0));
        assert_eq!(both.outside_secs + both.elsewhere_secs, 0.0);
    }

    #[test]
    fn each_use_of_a_loop_counts() {
        let uses: Vec<Passage> = (0..4)
            .map(|index| {
                let start = 4.0 * f64::from(index);
                truth([10.0, 14.0], [start, start + 4.0])
            })
            .collect();
        let once = Accuracy::of(&uses, &[found([10.0, 14.0], [8.0, 12.0])]);
        assert!(close(once.covered_secs, 4.0) && close(once.true_secs, 16.0));
        let found = once.uses.iter().map(Option::is_some);
        assert_eq!(found.collect::<Vec<_>>(), [false, false, true, false]);
    }

    #[test]
    fn a_drift_is_followed_by_its_knots() {
        let mut drift = truth([0.0, 40.0], [0.0, 40.0]);
        drift.knots = vec![[0.0, 0.0], [20.0, 20.5], [40.0, 40.0]];
        let straight = Accuracy::of(&[drift], &[found([0.0, 40.0], [0.0, 40.0])]);
        // Off by more than 0.3 s from 12 s to 28 s.
        assert!(close(straight.covered_secs, 24.0), "{straight:?}");
    }

    #[test]
    fn other_music_is_outside() {
        let accuracy = Accuracy::of(&[], &[found([0.0, 5.0], [10.0, 15.0])]);
        assert!(close(accuracy.outside_secs, 5.0));
        assert_eq!(accuracy.true_secs, 0.0);
    }
}
