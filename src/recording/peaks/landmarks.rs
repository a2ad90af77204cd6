//! Landmarks: pairs of peaks by which a song is found among thousands, also under louder music.
//!
//! A landmark is a peak's pitch, the interval to a later peak, and the time between them (A. Wang,
//! "An industrial-strength audio search algorithm", ISMIR 2003). Where a song is mixed with other
//! music, some of its peaks stay, and so do some of its landmarks, all of them at one offset of
//! time. Pitch and speed must be the same in both songs: that is what makes a landmark rare enough
//! to be looked up without knowing the song.
//!
//! Which pairs are used depends on pitch and interval alone, so that both songs use the same ones.
//! By chance, the offsets of equal landmarks scatter over the whole song. With a mean of `m` of
//! them within three frames, `n` at one offset are as much evidence as a Poisson distribution says:
//!
//! ```text
//! evidence = n ln(n / m) - (n - m)
//! ```

use crate::recording::peaks::peak_map::{Peak, PeakMap, STEPS_PER_BAND};
use crate::song::Song;
use crate::spectrum::log_bands::{BANDS, BANDS_PER_OCTAVE};

/// Least and greatest distance of the two peaks, in frames: 0.09 and 1.9 s.
const LEAST_FRAMES: u32 = 2;
const MOST_FRAMES: u32 = 40;
const DISTANCES: usize = (MOST_FRAMES - LEAST_FRAMES) as usize + 1;
/// Greatest interval either way, in bands: an octave.
const REACH_BANDS: i32 = BANDS_PER_OCTAVE as i32;
/// Pitches in bands: the highest peak may round up to one more.
const PITCHES: usize = BANDS + 1;
/// Of the pairs of pitch and interval, one in so many is used: 26 landmarks a second. Among 1,002
/// songs, twice as many find hardly more copies under louder music.
const ONE_IN: f64 = 32.0;
/// Seconds of a searched song from which on fewer pairs are used, so that a search takes no longer.
const FULL_DETAIL_SECS: f64 = 60.0;
/// Frames within which offsets are equal.
const SAME_FRAMES: usize = 3;
/// Least mean of landmarks at an offset: fewer are no measurement.
const LEAST_MEAN: f64 = 0.05;

/// Bytes of a kept landmark: its key, and the frames since the one before.
const BYTES: usize = 3;
/// Key of a filler, which only has frames.
const FILLER: u16 = u16::MAX;

/// The number of each pair of pitch and interval that is used, `[PITCHES, intervals]`.
struct Pairs(Vec<Option<u16>>);

impl Pairs {
    /// One in [`ONE_IN`] times `thinning` pairs. Repeated notes and octaves are left out: every
    /// song is full of them. The numbers don't depend on the thinning.
    fn new(thinning: f64) -> Self {
        // Multiplicative hashing (D. Knuth, "The Art of Computer Programming", 6.4).
        let hash = |pitch: usize, interval: i32| {
            let index = (pitch * 256) as u32 + (interval + 128) as u32;
            f64::from(index.wrapping_mul(2_654_435_761) >> 16) / 65_536.0
        };
        let mut next = 0;
        let mut numbers = Vec::with_capacity(PITCHES * (2 * REACH_BANDS as usize + 1));
        for pitch in 0..PITCHES {
            for interval in -REACH_BANDS..=REACH_BANDS {
                let is_inside = (0..PITCHES as i32).contains(&(pitch as i32 + interval));
                let is_plain = interval.rem_euclid(REACH_BANDS) == 0;
                let share = hash(pitch, interval);
                let is_known = is_inside && !is_plain && share < 1.0 / ONE_IN;
                let is_used = is_known && share < 1.0 / (ONE_IN * thinning);
                numbers.push(is_used.then_some(next));
                next += u16::from(is_known);
            }
        }
        Self(numbers)
    }

    /// The first key of a pair of pitches, if it is used: the one of the least distance.
    fn key(&self, first: i32, second: i32) -> Option<usize> {
        let interval = second - first;
        if interval.abs() > REACH_BANDS {
            return None;
        }
        let index = first as usize * (2 * REACH_BANDS as usize + 1);
        let number = self.0.get(index + (interval + REACH_BANDS) as usize)?;
        number.map(|number| usize::from(number) * DISTANCES)
    }
}

/// Number of keys.
fn keys(pairs: &Pairs) -> usize {
    let last = pairs.0.iter().flatten().max();
    last.map_or(0, |last| (usize::from(*last) + 1) * DISTANCES)
}

/// Calls `then` for each two peaks that may be a landmark, ordered by the first.
fn each_pair(map: &PeakMap, mut then: impl FnMut(&Peak, &Peak)) {
    let (mut from, mut to) = (0, 0);
    for first in &map.peaks {
        let is_before = |place: usize, frames: u32| {
            let peak: Option<&Peak> = map.peaks.get(place);
            peak.is_some_and(|peak| peak.frame < first.frame + frames)
        };
        while is_before(from, LEAST_FRAMES) {
            from += 1;
        }
        while is_before(to, MOST_FRAMES + 1) {
            to += 1;
        }
        for second in &map.peaks[from..to] {
            then(first, second);
        }
    }
}

fn band(pitch: u16) -> i32 {
    (i32::from(pitch) + STEPS_PER_BAND / 2).div_euclid(STEPS_PER_BAND)
}

/// The bands that a pitch may have in a copy: its own, and the nearest one if it is near the edge.
fn bands(pitch: u16) -> impl Iterator<Item = i32> {
    let own = band(pitch);
    let offset = i32::from(pitch) - own * STEPS_PER_BAND;
    let beside = match offset {
        _ if 4 * offset >= STEPS_PER_BAND => Some(own + 1),
        _ if 4 * offset <= -STEPS_PER_BAND => Some(own - 1),
        _ => None,
    };
    std::iter::once(own).chain(beside.filter(|band| (0..PITCHES as i32).contains(band)))
}

/// The landmarks of a song, as a catalogue keeps them: 19 kB for four minutes.
#[must_use]
pub fn landmarks(song: &Song) -> Vec<u8> {
    of_peaks(&song.recording.peaks)
}

fn of_peaks(map: &PeakMap) -> Vec<u8> {
    let pairs = Pairs::new(1.0);
    let mut bytes = Vec::new();
    let mut last = 0;
    each_pair(map, |first, second| {
        let Some(key) = pairs.key(band(first.pitch), band(second.pitch)) else {
            return;
        };
        let mut push = |key: u16, frames: u8| {
            bytes.extend(key.to_le_bytes());
            bytes.push(frames);
        };
        let mut frames = first.frame - last;
        while frames > u32::from(u8::MAX) {
            push(FILLER, u8::MAX);
            frames -= u32::from(u8::MAX);
        }
        let distance = second.frame - first.frame - LEAST_FRAMES;
        push((key + distance as usize) as u16, frames as u8);
        last = first.frame;
    });
    bytes
}

/// The landmarks of a song that is looked for, by key.
#[derive(Clone, Debug)]
pub struct LandmarkSearch {
    /// Where the frames of each key begin.
    starts: Vec<u32>,
    /// The frames of each key, as the distance from the song's end.
    to_end: Vec<u32>,
    frames: usize,
}

impl LandmarkSearch {
    /// Prepares the search for a song.
    #[must_use]
    pub fn new(song: &Song) -> Self {
        Self::of_peaks(&song.recording.peaks)
    }

    fn of_peaks(map: &PeakMap) -> Self {
        let pairs = Pairs::new((map.secs() / FULL_DETAIL_SECS).max(1.0));
        let mut found: Vec<(u32, u32)> = Vec::new();
        each_pair(map, |first, second| {
            let distance = second.frame - first.frame;
            let to_end = map.frames as u32 - first.frame;
            for key in bands(first.pitch)
                .flat_map(|one| bands(second.pitch).map(move |other| (one, other)))
                .filter_map(|(one, other)| pairs.key(one, other))
            {
                // A copy's frames begin between ours.
                let distances = distance - 1..=distance + 1;
                let distances = distances.filter(|one| (LEAST_FRAMES..=MOST_FRAMES).contains(one));
                found.extend(distances.map(|one| (key as u32 + one - LEAST_FRAMES, to_end)));
            }
        });
        found.sort_unstable();
        found.dedup();
        let mut starts = vec![0; keys(&pairs) + 1];
        for &(key, _) in &found {
            starts[key as usize + 1] += 1;
        }
        for key in 1..starts.len() {
            starts[key] += starts[key - 1];
        }
        Self {
            starts,
            to_end: found.into_iter().map(|(_, to_end)| to_end).collect(),
            frames: map.frames,
        }
    }

    /// The evidence that a song with these [`landmarks`] plays somewhere in the searched one.
    /// `counts` is memory that is used again.
    #[must_use]
    pub fn evidence(&self, landmarks: &[u8], counts: &mut Vec<u16>) -> f64 {
        let frames: usize = landmarks
            .chunks_exact(BYTES)
            .map(|one| usize::from(one[2]))
            .sum();
        counts.clear();
        counts.resize(frames + self.frames + SAME_FRAMES, 0);
        let (mut frame, mut total) = (0, 0_usize);
        for landmark in landmarks.chunks_exact(BYTES) {
            frame += usize::from(landmark[2]);
            let key = usize::from(u16::from_le_bytes([landmark[0], landmark[1]]));
            // A filler, a pair that the searched song doesn't use, or damage.
            let Some(&[start, end]) = self.starts.get(key..key + 2) else {
                continue;
            };
            for &to_end in &self.to_end[start as usize..end as usize] {
                let count = &mut counts[frame + to_end as usize];
                *count = count.saturating_add(1);
            }
            total += (end - start) as usize;
        }
        let most = counts
            .windows(SAME_FRAMES)
            .map(|same| same.iter().map(|&count| u32::from(count)).sum::<u32>())
            .max();
        let most = f64::from(most.unwrap_or(0));
        let mean = SAME_FRAMES as f64 * total as f64 / (frames + self.frames).max(1) as f64;
        let mean = mean.max(LEAST_MEAN);
        if most <= mean {
            return 0.0;
        }
        most * libm::log(most / mean) - (most - mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, song};

    fn evidence(query: &PeakMap, source: &PeakMap) -> f64 {
        LandmarkSearch::of_peaks(query).evidence(&of_peaks(source), &mut vec![9; 7])
    }

    #[test]
    fn a_song_under_another_one_has_more_evidence_than_all_others() {
        let source = song(120.0, 1);
        let excerpt = changed(&source, (800, 1_230), 1.0, 0);
        for query in [&excerpt, &mixed(&song(20.0, 2), &excerpt, 0, 2)] {
            let others = (3..60).map(|seed| evidence(query, &song(120.0, seed)));
            let (own, most) = (evidence(query, &source), others.fold(0.0, f64::max));
            assert!(own > 1.5 * most && most > 1.0, "{own} and {most}");
        }
    }

    #[test]
    fn peaks_that_moved_by_a_frame_or_a_step_are_met() {
        let source = song(60.0, 1);
        let mut moved = source.clone();
        for (index, peak) in moved.peaks.iter_mut().enumerate() {
            peak.frame += index as u32 % 2;
            peak.pitch = (peak.pitch + index as u16 / 2 % 2).min(570);
        }
        moved.peaks.sort_unstable();
        let (same, moved) = (evidence(&source, &source), evidence(&moved, &source));
        assert!(moved > 0.5 * same, "{moved} of {same}");
    }

    #[test]
    fn long_pauses_and_long_songs_keep_their_offsets() {
        let one = song(30.0, 1);
        // The song begins after a minute of silence.
        let late = PeakMap {
            peaks: one
                .peaks
                .iter()
                .map(|peak| Peak {
                    frame: peak.frame + 1_300,
                    ..*peak
                })
                .collect(),
            frames: one.frames + 1_300,
            ..one
        };
        let far = evidence(&one, &song(30.0, 2));
        assert!(evidence(&one, &late) > 5.0 * far && evidence(&late, &one) > 5.0 * far);
        let long = song(600.0, 3);
        let kept = LandmarkSearch::of_peaks(&long);
        assert!(kept.to_end.len() < 12 * 60 * 26 && evidence(&long, &long) > 20.0 * far);
    }

    #[test]
    fn damaged_landmarks_are_no_evidence_and_no_panic() {
        let one = song(30.0, 1);
        let search = LandmarkSearch::of_peaks(&one);
        for bytes in [&[][..], &[1, 2], &[255; 3_000], &[0; 300]] {
            assert!(search.evidence(bytes, &mut Vec::new()).is_finite());
        }
        let silence = PeakMap {
            peaks: Vec::new(),
            ..one
        };
        assert_eq!(evidence(&silence, &one), 0.0);
        assert_eq!(evidence(&one, &silence), 0.0);
    }
}
