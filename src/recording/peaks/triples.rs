//! Triples of peaks, by which stretches of two songs find each other at any pitch and speed.
//!
//! Three peaks, one after the other, are described by two intervals and by where the second lies
//! between the first and the third. Neither a transposition nor a change of speed changes that: the
//! triple has the same key in both songs. Which triple it is tells pitch and speed. (Fingerprints
//! of pairs: A. Wang, ISMIR 2003; of triples: J. Six, M. Leman, "Panako", ISMIR 2014.)

use crate::recording::peaks::peak_map::{Peak, PeakMap, STEPS_PER_BAND};
use crate::spectrum::log_bands::BANDS_PER_OCTAVE;

/// Least and greatest distance of the third peak from the first, and least distance of two
/// neighbours, in frames: 0.14 and 1.9 s.
const LEAST_FRAMES: u32 = 3;
pub const MOST_FRAMES: u32 = 40;
/// Greatest interval to the first peak, in bands: an octave.
const REACH_BANDS: i32 = BANDS_PER_OCTAVE as i32;
/// Values of an interval.
const INTERVALS: usize = 2 * REACH_BANDS as usize + 1;
/// Places of the second peak between the first and the third.
const PLACES: u32 = 16;
/// Number of keys.
const KEYS: usize = INTERVALS * INTERVALS * PLACES as usize;
/// Of the pairs of intervals, one in so many is used. With more, hardly more blocks find their
/// place (0.63 of those of a mash-up of equal loudness, and 0.67 with four times as many).
const ONE_IN: f64 = 16.0;

/// Three peaks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Triple {
    pub key: u32,
    /// Frame of the first peak.
    pub frame: u32,
    /// Pitch of the first peak.
    pub pitch: u16,
    /// Frames from the first to the third.
    pub frames: u16,
}

/// Which pairs of intervals are used. A choice by the intervals alone is the same in both songs.
#[derive(Debug)]
pub struct Selection {
    /// By the interval to the second peak, those to the third with which it is used.
    used: Vec<Vec<usize>>,
}

/// The triples of a song, by key.
#[derive(Debug)]
pub struct Index {
    starts: Vec<u32>,
    triples: Vec<Triple>,
}

impl Selection {
    /// A selection of one in `16 * thinning` pairs of intervals. Repeated notes and octaves are
    /// left out: every song is full of them.
    #[must_use]
    pub fn new(thinning: f64) -> Self {
        Self::with_intervals(thinning, |_| true)
    }

    /// The pairs of [`Selection::new`] with one of few intervals to the second peak, all of them
    /// whole semitones. Its triples are found in a fraction of the time.
    #[must_use]
    pub fn of_few_intervals(thinning: f64) -> Self {
        const ONE_IN: usize = 8;
        let thinning = (thinning / ONE_IN as f64).max(1.0);
        Self::with_intervals(thinning, |second| second % ONE_IN == 2)
    }

    fn with_intervals(thinning: f64, is_wanted: impl Fn(usize) -> bool) -> Self {
        let is_plain = |interval: i32| interval.rem_euclid(BANDS_PER_OCTAVE as i32) == 0;
        // Multiplicative hashing (D. Knuth, "The Art of Computer Programming", 6.4).
        let hash = |index: usize| (index as u32).wrapping_mul(2_654_435_761) >> 16;
        let limit = 65_536.0 / (ONE_IN * thinning);
        let is_used = |second_interval: usize, third_interval: usize| {
            let second = second_interval as i32 - REACH_BANDS;
            let third = third_interval as i32 - REACH_BANDS;
            is_wanted(second_interval)
                && !is_plain(second)
                && !is_plain(third)
                && !is_plain(third - second)
                && f64::from(hash(second_interval * INTERVALS + third_interval)) < limit
        };
        let used = (0..INTERVALS)
            .map(|second| {
                let thirds = 0..INTERVALS;
                thirds.filter(|&third| is_used(second, third)).collect()
            })
            .collect();
        Self { used }
    }

    /// Calls `then` for each triple of a song, ordered by the first peak. Triples of one key and
    /// first peak come in the order of their other peaks.
    pub fn each(&self, map: &PeakMap, mut then: impl FnMut(Triple)) {
        /// Ends a list.
        const NONE: u32 = u32::MAX;
        let mut near: Vec<Near> = Vec::new();
        let (mut from, mut to) = (0, 0);
        for first in &map.peaks {
            let is_within = |place: usize, frames: u32| {
                map.peaks
                    .get(place)
                    .is_some_and(|peak| peak.frame <= first.frame + frames)
            };
            while is_within(from, LEAST_FRAMES - 1) {
                from += 1;
            }
            while is_within(to, MOST_FRAMES) {
                to += 1;
            }
            // Each is written and the next one over it unless it is wanted: a branch for each would
            // be mispredicted half of the time.
            near.resize_with(to - from, Near::default);
            let mut count = 0;
            for peak in &map.peaks[from..to] {
                let interval = bands(first, peak) + REACH_BANDS;
                near[count] = Near {
                    frames: peak.frame - first.frame,
                    interval: interval as u32,
                    next: NONE,
                };
                count += usize::from((0..INTERVALS as i32).contains(&interval));
            }
            near.truncate(count);
            // Hardly one in forty pairs of intervals is used, so that the third peak is looked for
            // in a list of those with its interval.
            let mut lists = [NONE; INTERVALS];
            for (place, peak) in near.iter_mut().enumerate().rev() {
                let list = &mut lists[peak.interval as usize];
                peak.next = std::mem::replace(list, place as u32);
            }
            for second in &near {
                for &third_interval in &self.used[second.interval as usize] {
                    let intervals = second.interval * INTERVALS as u32 + third_interval as u32;
                    let mut place = lists[third_interval];
                    while let Some(third) = near.get(place as usize) {
                        place = third.next;
                        if third.frames < second.frames + LEAST_FRAMES {
                            continue;
                        }
                        then(Triple {
                            key: intervals * PLACES + second.frames * PLACES / third.frames,
                            frame: first.frame,
                            pitch: first.pitch,
                            frames: third.frames as u16,
                        });
                    }
                }
            }
        }
    }

    /// Whether triples with this key are used.
    #[must_use]
    pub fn uses(&self, key: u32) -> bool {
        let intervals = (key / PLACES) as usize;
        self.used[intervals / INTERVALS].contains(&(intervals % INTERVALS))
    }
}

/// A peak near the first one of a triple.
#[derive(Default)]
struct Near {
    /// Frames from the first peak.
    frames: u32,
    /// Interval to it, from 0.
    interval: u32,
    /// Place of the next peak with this interval.
    next: u32,
}

/// The interval between two peaks, in bands.
fn bands(one: &Peak, other: &Peak) -> i32 {
    let steps = i32::from(other.pitch) - i32::from(one.pitch);
    (steps + STEPS_PER_BAND / 2).div_euclid(STEPS_PER_BAND)
}

impl Index {
    /// Sorts the triples of a song by key.
    #[must_use]
    pub fn new(map: &PeakMap, selection: &Selection) -> Self {
        let mut unsorted = Vec::new();
        selection.each(map, |triple| unsorted.push(triple));
        let mut starts = vec![0_u32; KEYS + 1];
        for triple in &unsorted {
            starts[triple.key as usize + 1] += 1;
        }
        for key in 0..KEYS {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut triples = vec![Triple::default(); unsorted.len()];
        for triple in unsorted {
            let place = &mut next[triple.key as usize];
            triples[*place as usize] = triple;
            *place += 1;
        }
        Self { starts, triples }
    }

    /// The triples of a key.
    #[must_use]
    pub fn of(&self, key: u32) -> &[Triple] {
        let [start, end] = [key, key + 1].map(|key| self.starts[key as usize] as usize);
        &self.triples[start..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};

    fn keys(map: &PeakMap) -> Vec<u32> {
        let mut keys = Vec::new();
        Selection::new(1.0).each(map, |triple| keys.push(triple.key));
        keys
    }

    #[test]
    fn a_transposition_keeps_the_keys_and_twice_the_speed_most_of_them() {
        let one = song(8.0, 1);
        // Pitches that stay inside the bands.
        let inside = PeakMap {
            peaks: one
                .peaks
                .iter()
                .copied()
                .filter(|peak| (64..512).contains(&peak.pitch))
                .collect(),
            ..one
        };
        let span = (0, inside.frames as u32);
        let original = keys(&inside);
        assert!(original.len() > 1_000, "{}", original.len());
        assert_eq!(keys(&changed(&inside, span, 1.0, 40)), original);
        // At half the speed, only triples of up to 20 frames have a counterpart.
        let mut slow = keys(&changed(&inside, span, 0.5, 0));
        slow.sort_unstable();
        let short = {
            let mut short = Vec::new();
            Selection::new(1.0).each(&inside, |triple| {
                if triple.frames <= 20 {
                    short.push(triple.key);
                }
            });
            short
        };
        assert!(short.len() > 100 && short.iter().all(|key| slow.binary_search(key).is_ok()));
    }

    #[test]
    fn thinning_uses_fewer_intervals() {
        let count = |thinning| {
            let used = Selection::new(thinning).used;
            used.iter().map(Vec::len).sum::<usize>()
        };
        assert!((110..170).contains(&count(1.0)), "{}", count(1.0));
        assert!((20..50).contains(&count(4.0)), "{}", count(4.0));
        let all = Selection::new(1.0);
        let few = Selection::of_few_intervals(1.0);
        assert_eq!(
            few.used.iter().filter(|thirds| !thirds.is_empty()).count(),
            6
        );
        assert!(
            few.used
                .iter()
                .zip(&all.used)
                .all(|(few, all)| few.is_empty() || few == all)
        );
    }

    #[test]
    fn the_index_has_every_triple_under_its_key() {
        let (map, selection) = (song(6.0, 2), Selection::new(1.0));
        let index = Index::new(&map, &selection);
        let mut count = 0;
        selection.each(&map, |triple| {
            count += 1;
            assert!(index.of(triple.key).contains(&triple));
        });
        assert_eq!(index.triples.len(), count);
    }
}
