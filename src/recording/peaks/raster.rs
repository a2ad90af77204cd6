//! The evidence of a peak: whether it meets a peak of the other song, and how unlikely that is by
//! chance.
//!
//! If the right song plays the left one there, a peak of the left song meets one of the right with
//! probability `p1 = p0 + q (1 - p0)`: it survived (`q`), or another one is there by chance (`p0`).
//! The evidence of a peak is the logarithm of the likelihood ratio:
//!
//! ```text
//! met:    ln(p1 / p0) = ln(1 + q (1 - p0) / p0)
//! missed: ln((1 - p1) / (1 - p0)) = ln(1 - q)
//! ```
//!
//! `p0` is the share of the frames near the place in which the right song has a peak of that pitch.
//! A note that is held, or repeated at every beat, is met by chance nearly everywhere. So it is no
//! evidence, and a drone doesn't match all drones.

use std::ops::Range;

use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::{BLOCK_FRAMES, PITCHES, Peak, PeakMap};

/// `q`: share of a song's peaks that survive in a faint mixture. On validation tracks more copies
/// exceed all unrelated songs than with a share of 0.3: 0.96 instead of 0.84 of those that lie 6 dB
/// below another song.
const SURVIVING_SHARE: f64 = 0.15;
/// Steps and frames by which two peaks that meet may differ: a quarter of a semitone, 46 ms.
pub const PITCH_REACH: usize = 2;
pub const FRAME_REACH: usize = 1;
/// Blocks either side that are near a place: 2.5 s in all.
const NEAR_BLOCKS: usize = 2;
/// Weight of the whole song in `p0`, in frames.
const PRIOR_FRAMES: f64 = 20.0;
/// Steps either way by which [`Raster::sums`] transposes, and all transpositions.
pub const MOST_SHIFTS: i32 = 2;
const SHIFTS: usize = 2 * MOST_SHIFTS as usize + 1;
/// Words of 64 pitches in a frame.
const WORDS: usize = PITCHES.div_ceil(64);

/// Where a song has peaks, and the evidence of meeting one there.
#[derive(Debug)]
pub struct Raster {
    /// One bit for each pitch of each frame, shape `[frames, WORDS]`.
    bits: Vec<u64>,
    frames: usize,
    /// Evidence of a peak that is met, shape `[blocks, PITCHES]`.
    met: Vec<f32>,
    /// Evidence of a peak that is missed.
    missed: f32,
}

impl Raster {
    /// The raster of the right song.
    #[must_use]
    pub fn new(map: &PeakMap) -> Self {
        let bits = bits(map);
        let blocks = map.frames.div_ceil(BLOCK_FRAMES);
        let mut counts = vec![0_u32; blocks * PITCHES];
        for (frame, words) in bits.chunks_exact(WORDS).enumerate() {
            let counts = &mut counts[frame / BLOCK_FRAMES * PITCHES..];
            for (word, &bits) in words.iter().enumerate() {
                let mut rest = bits;
                while rest != 0 {
                    counts[word * 64 + rest.trailing_zeros() as usize] += 1;
                    rest &= rest - 1;
                }
            }
        }
        let overall: Vec<f64> = (0..PITCHES)
            .map(|pitch| {
                let count: u32 = counts.iter().skip(pitch).step_by(PITCHES).sum();
                // As if each pitch had a peak somewhere: one that never occurs must not count
                // without bound.
                f64::from(count + 2) / (map.frames as f64 + 50.0)
            })
            .collect();
        let mut met = Vec::with_capacity(counts.len());
        // Cache of the evidence in blocks away from the ends, by pitch and count, as logarithms are
        // slow.
        const ALL_FRAMES: usize = (2 * NEAR_BLOCKS + 1) * BLOCK_FRAMES;
        let mut known: Vec<[Option<f32>; PITCHES]> = vec![[None; PITCHES]; ALL_FRAMES + 1];
        for block in 0..blocks {
            let near = block.saturating_sub(NEAR_BLOCKS)..(block + NEAR_BLOCKS + 1).min(blocks);
            let frames = (near.end * BLOCK_FRAMES).min(map.frames) - near.start * BLOCK_FRAMES;
            met.extend((0..PITCHES).map(|pitch| {
                let count: u32 = near
                    .clone()
                    .map(|near| counts[near * PITCHES + pitch])
                    .sum();
                let evidence = || {
                    let chance = (f64::from(count) + PRIOR_FRAMES * overall[pitch])
                        / (frames as f64 + PRIOR_FRAMES);
                    evidence_of_meeting(chance)
                };
                match known.get_mut(count as usize) {
                    Some(of_count) if frames == ALL_FRAMES => {
                        *of_count[pitch].get_or_insert_with(evidence)
                    }
                    _ => evidence(),
                }
            }));
        }
        Self {
            bits,
            frames: map.frames,
            met,
            missed: libm::log(1.0 - SURVIVING_SHARE) as f32,
        }
    }

    /// Calls `then` with the index of each of the left song's peaks in `range` that has a place in
    /// the right song on the line, and its evidence.
    pub fn each(
        &self,
        left: &PeakMap,
        line: &PeakLine,
        range: Range<usize>,
        mut then: impl FnMut(usize, f32),
    ) {
        self.each_place(left, line, range, |index, is_met, met| {
            then(index, if is_met { met } else { self.missed });
        });
    }

    /// The weighted evidence of those of the left song's peaks that have these indices, on a line
    /// and its transpositions by up to two steps either way, the lowest first. All of them take
    /// little more time than one.
    #[must_use]
    pub fn sums(
        &self,
        (left, weights): (&PeakMap, &[f32]),
        line: &PeakLine,
        indices: impl Iterator<Item = usize>,
    ) -> [f32; SHIFTS] {
        let frame_of = frames_on(line);
        let mut sums = [0.0; SHIFTS];
        for index in indices {
            let peak = &left.peaks[index];
            let frame = frame_of(peak);
            if frame as u64 >= self.frames as u64 {
                continue;
            }
            let frame = frame as usize;
            let lowest = i32::from(peak.pitch) + line.shift_steps - MOST_SHIFTS;
            if lowest >= 0 && lowest as usize + SHIFTS <= PITCHES {
                let lowest = lowest as usize;
                let words = &self.bits[frame * WORDS..][..WORDS];
                let low = words[lowest / 64] >> (lowest % 64);
                let next = words.get(lowest / 64 + 1).copied().unwrap_or_default();
                // In two steps, for all bits may be shifted out.
                let bits = low | next << 1 << (63 - lowest % 64);
                let met = &self.met[frame / BLOCK_FRAMES * PITCHES + lowest..][..SHIFTS];
                for (shift, (sum, &met)) in sums.iter_mut().zip(met).enumerate() {
                    let is_met = (bits >> shift) & 1 == 1;
                    *sum += weights[index] * if is_met { met } else { self.missed };
                }
            } else {
                for (sum, pitch) in sums.iter_mut().zip(lowest..) {
                    if (0..PITCHES as i32).contains(&pitch) {
                        let (is_met, met) = self.at(frame, pitch as usize);
                        *sum += weights[index] * if is_met { met } else { self.missed };
                    }
                }
            }
        }
        sums
    }

    /// Share of the left song's peaks on a line that survive in the right song: the share that is
    /// met, less the share that is met by chance (the method of moments).
    #[must_use]
    pub fn surviving_share(&self, left: &PeakMap, line: &PeakLine) -> f64 {
        let (mut surviving, mut possible) = (0.0, 0.0);
        self.each_place(left, line, left.range(line.span), |_, is_met, met| {
            let chance = chance_of(met);
            possible += 1.0 - chance;
            surviving += f64::from(u8::from(is_met)) - chance;
        });
        if possible > 0.0 {
            (surviving / possible).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    /// Calls `then` with the index of each peak, whether it is met, and its evidence if it is.
    fn each_place(
        &self,
        left: &PeakMap,
        line: &PeakLine,
        range: Range<usize>,
        mut then: impl FnMut(usize, bool, f32),
    ) {
        let frame_of = frames_on(line);
        for (index, peak) in left.peaks[range.clone()].iter().enumerate() {
            let frame = frame_of(peak);
            let pitch = i32::from(peak.pitch) + line.shift_steps;
            if frame as u64 >= self.frames as u64 || pitch as u32 >= PITCHES as u32 {
                continue;
            }
            let (is_met, met) = self.at(frame as usize, pitch as usize);
            then(range.start + index, is_met, met);
        }
    }

    /// [`Raster::each`], as if the right song began again after its end and ended before its start.
    pub fn each_around(
        &self,
        left: &PeakMap,
        line: &PeakLine,
        range: Range<usize>,
        mut then: impl FnMut(usize, f32),
    ) {
        let frame_of = frames_on(line);
        for (index, peak) in left.peaks[range.clone()].iter().enumerate() {
            let pitch = i32::from(peak.pitch) + line.shift_steps;
            if pitch as u32 >= PITCHES as u32 {
                continue;
            }
            let frame = frame_of(peak).rem_euclid(self.frames as i64) as usize;
            let (is_met, met) = self.at(frame, pitch as usize);
            then(range.start + index, if is_met { met } else { self.missed });
        }
    }

    /// Whether a peak is met at a place, and its evidence if it is.
    pub fn at(&self, frame: usize, pitch: usize) -> (bool, f32) {
        let is_met = (self.bits[frame * WORDS + pitch / 64] >> (pitch % 64)) & 1 == 1;
        (is_met, self.met[frame / BLOCK_FRAMES * PITCHES + pitch])
    }
}

/// The right song's frame of each of the left song's peaks on a line.
fn frames_on(line: &PeakLine) -> impl Fn(&Peak) -> i64 {
    // Whole numbers: a line is evaluated at millions of peaks. Frame numbers of the longest song
    // take 17 bits, so that products take fewer than 63.
    const FRACTION_BITS: u32 = 24;
    let scale = f64::from(1 << FRACTION_BITS);
    let slope = (line.map.slope * scale) as i64;
    let start = ((line.map.at(0.0) + 0.5) * scale) as i64;
    move |peak| (start + slope * i64::from(peak.frame)) >> FRACTION_BITS
}

/// Evidence of a peak that is met, by the probability that it is met by chance.
fn evidence_of_meeting(chance: f64) -> f32 {
    libm::log(1.0 + SURVIVING_SHARE * (1.0 - chance) / chance) as f32
}

/// The inverse of [`evidence_of_meeting`].
fn chance_of(met: f32) -> f64 {
    SURVIVING_SHARE / (libm::expm1(f64::from(met)) + SURVIVING_SHARE)
}

/// The peaks of a map, widened by the reach within which two peaks meet.
fn bits(map: &PeakMap) -> Vec<u64> {
    let mut bits = vec![0_u64; map.frames * WORDS];
    for peak in &map.peaks {
        let (frame, pitch) = (peak.frame as usize, usize::from(peak.pitch));
        for frame in frame.saturating_sub(FRAME_REACH)..(frame + FRAME_REACH + 1).min(map.frames) {
            for pitch in pitch.saturating_sub(PITCH_REACH)..(pitch + PITCH_REACH + 1).min(PITCHES) {
                bits[frame * WORDS + pitch / 64] |= 1 << (pitch % 64);
            }
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::peaks::peak_map::test_peaks::{mixed, song};

    fn line(right: f64, shift_steps: i32) -> PeakLine {
        PeakLine {
            span: (0.0, 0.0),
            map: TimeMap {
                anchor: (0.0, right),
                slope: 1.0,
            },
            shift_steps,
            evidence: 0.0,
        }
    }

    fn evidence(left: &PeakMap, right: &PeakMap, line: &PeakLine) -> f32 {
        let mut sum = 0.0;
        Raster::new(right).each(left, line, 0..left.peaks.len(), |_, value| sum += value);
        sum
    }

    #[test]
    fn peaks_meet_within_46_ms_and_a_quarter_of_a_semitone() {
        let song = song(20.0, 1);
        let at = |frames, steps| evidence(&song, &song, &line(frames, steps));
        let exact = at(0.0, 0);
        assert!(exact > 500.0, "{exact}");
        for (frames, steps) in [(1.0, 0), (-1.0, 0), (0.0, 2), (0.0, -2)] {
            assert!(at(frames, steps) > 0.9 * exact, "{frames} {steps}");
        }
        for (frames, steps) in [(2.0, 0), (-2.0, 0), (0.0, 3), (0.0, -3)] {
            assert!(at(frames, steps) < 0.0, "{frames} {steps}");
        }
    }

    #[test]
    fn a_note_that_is_repeated_all_the_time_is_no_evidence() {
        let drone = |secs: u32| PeakMap {
            peaks: (0..secs * 10)
                .flat_map(|n| {
                    [80, 200, 300].map(|pitch| Peak {
                        frame: 2 * n,
                        pitch,
                    })
                })
                .collect(),
            frames: secs as usize * 20,
            frame_secs: 0.046,
        };
        let drone = drone(20);
        let sum = evidence(&drone, &drone, &line(0.0, 0));
        assert!(sum < 0.1 * drone.peaks.len() as f32, "{sum}");
    }

    #[test]
    fn the_surviving_share_is_that_of_a_mixture() {
        let (song, other) = (song(60.0, 1), song(60.0, 2));
        let line = PeakLine {
            span: (0.0, song.frames as f64),
            ..line(0.0, 0)
        };
        for every in [1, 2, 4, 10] {
            let mixture = mixed(&other, &song, 0, every);
            let share = Raster::new(&mixture).surviving_share(&song, &line);
            assert!(
                (share - 1.0 / every as f64).abs() < 0.05,
                "{every}: {share}"
            );
        }
        let share = Raster::new(&other).surviving_share(&song, &line);
        assert!(share < 0.03, "{share}");
    }

    #[test]
    fn the_chance_of_a_meeting_is_kept_in_its_evidence() {
        for chance in [0.01, 0.2, 0.9, 1.0] {
            assert!((chance_of(evidence_of_meeting(chance)) - chance).abs() < 1e-6);
        }
    }

    #[test]
    fn peaks_beyond_the_ends_of_the_other_song_are_not_counted() {
        let song = song(10.0, 1);
        let mut count = 0;
        let raster = Raster::new(&song);
        let half = song.frames as f64 / 2.0;
        raster.each(&song, &line(half, 0), 0..song.peaks.len(), |_, _| {
            count += 1
        });
        let inside = song.range((0.0, half)).len();
        assert!(
            count <= inside && count + 10 > inside,
            "{count} of {inside}"
        );
    }
}
