//! Triples of peaks, by which stretches of two songs find each other at any pitch and speed.
//!
//! Three peaks, one after the other, are described by two intervals and by where the second lies
//! between the first and the third. Neither a transposition nor a change of speed changes that: the
//! triple has the same key in both songs. Which triple it is tells pitch and speed. (Fingerprints
//! of pairs: A. Wang, ISMIR 2003; of triples: J. Six, M. Leman, "Panako", ISMIR 2014.)

use wide::f32x8;

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
/// Most triples of a key in an index. A key with more of them is common in the song and tells
/// little: one in two, three ... is taken.
const MOST_PER_KEY: usize = 32;
/// Triples of a group.
pub const LANES: usize = 8;

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

/// The triples of a song by key, at most [`MOST_PER_KEY`] of each.
#[derive(Debug)]
pub struct Index {
    /// The first group of each key, and the end of the last one.
    starts: Vec<u32>,
    groups: Vec<Group>,
}

/// Triples with one key, side by side.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Frame of the first peak.
    pub frame: f32x8,
    /// Pitch of the first peak.
    pub pitch: f32x8,
    /// Frames from the first to the third, at most [`MOST_FRAMES`]; 0 where a group has no triple.
    pub frames: [u8; LANES],
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
    /// Sorts triples by key. Those of one key stay in their order.
    #[must_use]
    pub fn new(triples: &[Triple]) -> Self {
        let mut ends = vec![0_u32; KEYS];
        for triple in triples {
            ends[triple.key as usize] += 1;
        }
        let mut end = 0;
        for count in &mut ends {
            end += *count;
            *count = end;
        }
        let mut sorted = vec![Triple::default(); triples.len()];
        for triple in triples.iter().rev() {
            let place = &mut ends[triple.key as usize];
            *place -= 1;
            sorted[*place as usize] = *triple;
        }
        let mut starts = Vec::with_capacity(KEYS + 1);
        let mut groups = Vec::with_capacity(triples.len() / LANES + KEYS / PLACES as usize);
        for of_key in sorted.chunk_by(|one, other| one.key == other.key) {
            starts.resize(of_key[0].key as usize + 1, groups.len() as u32);
            let every = of_key.len().div_ceil(MOST_PER_KEY);
            let some: Vec<&Triple> = of_key.iter().step_by(every).collect();
            groups.extend(some.chunks(LANES).map(Group::new));
        }
        starts.resize(KEYS + 1, groups.len() as u32);
        Self { starts, groups }
    }

    /// The triples of a key.
    #[must_use]
    pub fn of(&self, key: u32) -> &[Group] {
        let [start, end] = [key, key + 1].map(|key| self.starts[key as usize] as usize);
        &self.groups[start..end]
    }
}

impl Group {
    fn new(triples: &[&Triple]) -> Self {
        let lanes = |value: fn(&Triple) -> f32| {
            let mut lanes = [0.0; LANES];
            for (lane, triple) in lanes.iter_mut().zip(triples) {
                *lane = value(triple);
            }
            f32x8::from(lanes)
        };
        let mut frames = [0; LANES];
        for (lane, triple) in frames.iter_mut().zip(triples) {
            *lane = triple.frames as u8;
        }
        Self {
            frame: lanes(|triple| triple.frame as f32),
            pitch: lanes(|triple| f32::from(triple.pitch)),
            frames,
        }
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
    fn the_index_has_the_triples_of_each_key_in_their_order() {
        let map = song(6.0, 2);
        let mut triples = Vec::new();
        Selection::new(1.0).each(&map, |triple| triples.push(triple));
        let index = Index::new(&triples);
        let mut found = 0;
        for key in 0..KEYS as u32 {
            let of_key: Vec<_> = triples.iter().filter(|one| one.key == key).collect();
            let every = of_key.len().div_ceil(MOST_PER_KEY).max(1);
            let expected = of_key.iter().step_by(every).map(|one| {
                (
                    one.frame as f32,
                    f32::from(one.pitch),
                    usize::from(one.frames),
                )
            });
            let groups = index.of(key).iter();
            let indexed = groups.flat_map(|group| {
                let (frames, pitches) = (group.frame.to_array(), group.pitch.to_array());
                (0..LANES).map(move |lane| {
                    let length = usize::from(group.frames[lane]);
                    (frames[lane], pitches[lane], length)
                })
            });
            let indexed: Vec<_> = indexed.filter(|&(_, _, frames)| frames > 0).collect();
            assert!(indexed.len() <= MOST_PER_KEY);
            assert!(indexed.iter().copied().eq(expected), "{key}: {indexed:?}");
            found += indexed.len();
        }
        assert!(found > 1_000, "{found}");
    }
}
