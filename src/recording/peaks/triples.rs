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
    used: Vec<bool>,
    /// Whether any pair with this second interval is used.
    has_used: Vec<bool>,
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
        let used: Vec<bool> = (0..INTERVALS * INTERVALS)
            .map(|index| {
                let second = (index / INTERVALS) as i32 - REACH_BANDS;
                let third = (index % INTERVALS) as i32 - REACH_BANDS;
                is_wanted(index / INTERVALS)
                    && !is_plain(second)
                    && !is_plain(third)
                    && !is_plain(third - second)
                    && f64::from(hash(index)) < limit
            })
            .collect();
        let has_used = used
            .chunks(INTERVALS)
            .map(|row| row.contains(&true))
            .collect();
        Self { used, has_used }
    }

    /// Calls `then` for each triple of a song, ordered by the first peak.
    pub fn each(&self, map: &PeakMap, mut then: impl FnMut(Triple)) {
        let mut near: Vec<(u32, usize)> = Vec::new();
        for (index, first) in map.peaks.iter().enumerate() {
            near.clear();
            let later = map.peaks[index + 1..]
                .iter()
                .map(|peak| (peak.frame - first.frame, bands(first, peak)))
                .take_while(|&(frames, _)| frames <= MOST_FRAMES)
                .filter(|&(frames, bands)| frames >= LEAST_FRAMES && bands.abs() <= REACH_BANDS);
            near.extend(later.map(|(frames, bands)| (frames, (bands + REACH_BANDS) as usize)));
            for (place, &(second, second_interval)) in near.iter().enumerate() {
                if !self.has_used[second_interval] {
                    continue;
                }
                let used = &self.used[second_interval * INTERVALS..][..INTERVALS];
                for &(third, third_interval) in &near[place + 1..] {
                    if !used[third_interval] || third < second + LEAST_FRAMES {
                        continue;
                    }
                    let intervals = second_interval * INTERVALS + third_interval;
                    then(Triple {
                        key: intervals as u32 * PLACES + second * PLACES / third,
                        frame: first.frame,
                        pitch: first.pitch,
                        frames: third as u16,
                    });
                }
            }
        }
    }
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
            Selection::new(thinning)
                .used
                .iter()
                .filter(|&&used| used)
                .count()
        };
        assert!((110..170).contains(&count(1.0)), "{}", count(1.0));
        assert!((20..50).contains(&count(4.0)), "{}", count(4.0));
        let all = Selection::new(1.0);
        let few = Selection::of_few_intervals(1.0);
        assert_eq!(few.has_used.iter().filter(|&&used| used).count(), 6);
        assert!(
            few.used
                .iter()
                .zip(&all.used)
                .all(|(few, all)| *all || !few)
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
