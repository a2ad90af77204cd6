//! The spectral peaks of a song.
//!
//! A peak is a local maximum of the [levels on a log frequency axis](crate::spectrum::log_bands).
//! Peaks of drums are left out, so that two songs with the same drums stay apart: near a tonal
//! peak, the median over time is greater than the median over frequency (D. FitzGerald,
//! "Harmonic/percussive separation using median filtering", DAFx 2010). Of each second, the peaks
//! that stand out most from their surroundings are kept.

use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::spectrum::log_bands::{BANDS, LogBands, frame_secs};

/// Steps of pitch for each band: a step is an eighth of a semitone.
pub const STEPS_PER_BAND: i32 = 4;
/// Steps of pitch for each semitone.
pub const STEPS_PER_SEMITONE: i32 = 2 * STEPS_PER_BAND;
/// Number of steps that a pitch can have.
pub const PITCHES: usize = BANDS * STEPS_PER_BAND as usize;
/// Most peaks of a second. As many as partials of a few voices; more of them are noise.
const PEAKS_PER_SEC: f64 = 45.0;
/// Frames among which the most prominent peaks are kept: 1 s.
pub const BLOCK_FRAMES: usize = 22;
/// Range below the loudest value of the song in which peaks are looked for.
const RANGE_DB: f32 = 70.0;
/// Bands and frames either side in which a peak is the greatest value: a semitone and 93 ms.
const REACH: usize = 2;

/// A peak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peak {
    /// Its frame.
    pub frame: u32,
    /// Its pitch above the lowest band, in steps.
    pub pitch: u16,
}

/// The peaks of a song.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct PeakMap {
    /// Ordered by frame, then by pitch.
    pub peaks: Vec<Peak>,
    /// Number of frames.
    pub frames: usize,
    /// Length of a frame's hop in seconds.
    pub frame_secs: f64,
}

impl PeakMap {
    /// The peaks of `samples`, mono at the configured rate.
    #[must_use]
    pub fn new(samples: &[f32], config: &FeatureConfig) -> Self {
        let bands = LogBands::new(samples, config);
        let frame_secs = frame_secs(config);
        let loudest = bands.db.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut peaks = Vec::new();
        let mut block: Vec<(f32, Peak)> = Vec::new();
        for first in (0..bands.frames).step_by(BLOCK_FRAMES) {
            block.clear();
            for frame in first..(first + BLOCK_FRAMES).min(bands.frames) {
                let candidates = bands.maxima(frame).filter(|&band| {
                    bands.frame(frame)[band] > loudest - RANGE_DB
                        && bands.is_maximum_over_time(frame, band)
                        && bands.is_tonal(frame, band)
                });
                block.extend(candidates.map(|band| {
                    let peak = Peak {
                        frame: frame as u32,
                        pitch: bands.pitch(frame, band),
                    };
                    (bands.prominence_db(frame, band), peak)
                }));
            }
            peaks.extend(most_prominent(&block, most_peaks(BLOCK_FRAMES, frame_secs)));
        }
        Self {
            peaks,
            frames: bands.frames,
            frame_secs,
        }
    }

    /// The map without the peaks at the times for which `keeps`, given seconds, is false.
    #[must_use]
    pub fn retaining(mut self, keeps: impl Fn(f64) -> bool) -> Self {
        self.peaks
            .retain(|peak| keeps(f64::from(peak.frame) * self.frame_secs));
        self
    }

    /// Length in seconds, from the first frame to the last one.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.frames.saturating_sub(1) as f64 * self.frame_secs
    }

    /// The peaks of the song that plays backwards.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let last = self.frames.saturating_sub(1) as u32;
        let mut peaks: Vec<Peak> = self
            .peaks
            .iter()
            .map(|peak| Peak {
                frame: last - peak.frame,
                ..*peak
            })
            .collect();
        peaks.sort_unstable();
        Self { peaks, ..*self }
    }

    /// Whether it can be the peaks of a song of this length. Guards against forged bytes.
    #[must_use]
    pub fn is_consistent(&self, duration_secs: f64, config: &FeatureConfig) -> bool {
        let blocks = self.frames.div_ceil(BLOCK_FRAMES);
        self.frame_secs == frame_secs(config)
            && self.frames as f64 * self.frame_secs <= duration_secs + 2.0 * self.frame_secs
            && self.peaks.len() <= blocks * most_peaks(BLOCK_FRAMES, self.frame_secs)
            && self.peaks.is_sorted()
            && self.peaks.iter().all(|peak| {
                (peak.frame as usize) < self.frames && usize::from(peak.pitch) < PITCHES
            })
    }

    /// Indices of the peaks of these frames.
    #[must_use]
    pub fn range(&self, (start, end): (f64, f64)) -> std::ops::Range<usize> {
        let before = |place: f64| {
            self.peaks
                .partition_point(|peak| f64::from(peak.frame) < place)
        };
        let first = before(start);
        first..before(end).max(first)
    }
}

/// The most prominent peaks, in their order. Among equals the first ones are taken.
fn most_prominent(peaks: &[(f32, Peak)], most: usize) -> impl Iterator<Item = Peak> {
    let mut prominences: Vec<f32> = peaks.iter().map(|&(prominence, _)| prominence).collect();
    prominences.sort_unstable_by(f32::total_cmp);
    let least = prominences[prominences.len().saturating_sub(most)..]
        .first()
        .copied();
    let least = least.unwrap_or(f32::INFINITY);
    let greater = prominences
        .iter()
        .filter(|&&prominence| prominence > least)
        .count();
    let mut equals = most - greater.min(most);
    peaks.iter().filter_map(move |&(prominence, peak)| {
        let is_kept = prominence > least || prominence == least && equals > 0;
        equals -= usize::from(is_kept && prominence == least);
        is_kept.then_some(peak)
    })
}

/// Most peaks of so many frames.
fn most_peaks(frames: usize, frame_secs: f64) -> usize {
    (PEAKS_PER_SEC * frames as f64 * frame_secs) as usize
}

impl LogBands {
    /// The bands that are greatest among their neighbours in a frame.
    fn maxima(&self, frame: usize) -> impl Iterator<Item = usize> {
        let values = self.frame(frame);
        (0..BANDS).filter(move |&band| {
            values[near(band, REACH, BANDS)]
                .iter()
                .all(|&other| other <= values[band])
        })
    }

    fn is_maximum_over_time(&self, frame: usize, band: usize) -> bool {
        let value = self.frame(frame)[band];
        near(frame, REACH, self.frames).all(|frame| {
            self.frame(frame)[near(band, REACH, BANDS)]
                .iter()
                .all(|&other| other <= value)
        })
    }

    /// Whether a value lasts more than it spreads: its median over time exceeds its median over
    /// frequency.
    fn is_tonal(&self, frame: usize, band: usize) -> bool {
        /// Frames either side: 0.4 s in all.
        const FRAMES: usize = 4;
        /// Bands either side: six semitones in all.
        const AROUND: usize = 6;
        const LEAST_DB: f32 = 2.0;
        let mut values = [0.0; 2 * FRAMES + 1];
        let frames = near(frame, FRAMES, self.frames);
        let over_time = &mut values[..frames.len()];
        for (value, frame) in over_time.iter_mut().zip(frames) {
            *value = self.frame(frame)[band];
        }
        let time_median = median(over_time);
        let mut values = [0.0; 2 * AROUND + 1];
        let column = &self.frame(frame)[near(band, AROUND, BANDS)];
        values[..column.len()].copy_from_slice(column);
        time_median >= median(&mut values[..column.len()]) + LEAST_DB
    }

    /// How far a value exceeds the mean of its frame's octave and the mean of its band's two
    /// seconds.
    fn prominence_db(&self, frame: usize, band: usize) -> f32 {
        let mean = |values: &mut dyn Iterator<Item = f32>| {
            let (sum, count) =
                values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
            sum / count
        };
        let column = &self.frame(frame)[near(band, 12, BANDS)];
        let rows = near(frame, BLOCK_FRAMES - 1, self.frames);
        let bands = near(band, REACH, BANDS);
        let over_bands: f32 = mean(&mut column.iter().copied());
        let over_time: f32 =
            mean(&mut rows.flat_map(|frame| self.frame(frame)[bands.clone()].iter().copied()));
        self.frame(frame)[band] - 0.5 * (over_bands + over_time)
    }

    /// The pitch of a maximum, by the parabola through its band and the two beside it.
    fn pitch(&self, frame: usize, band: usize) -> u16 {
        let values = self.frame(frame);
        let offset = match values.get(band.wrapping_sub(1)).zip(values.get(band + 1)) {
            Some((below, above)) => {
                let curvature = below - 2.0 * values[band] + above;
                let offset = 0.5 * (below - above) / curvature;
                if curvature < 0.0 {
                    offset.clamp(-0.5, 0.5)
                } else {
                    0.0
                }
            }
            None => 0.0,
        };
        let steps = ((band as f32 + offset) * STEPS_PER_BAND as f32).round();
        (steps.max(0.0) as u16).min(PITCHES as u16 - 1)
    }
}

/// The places from `reach` before to `reach` after one of `count` places.
fn near(place: usize, reach: usize, count: usize) -> std::ops::Range<usize> {
    place.saturating_sub(reach)..(place + reach + 1).min(count)
}

fn median(values: &mut [f32]) -> f32 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
pub(crate) mod test_peaks {
    use super::*;
    use crate::test_sound;

    /// The peaks of a made-up song of so many seconds: 40 a second, at random.
    pub(crate) fn song(secs: f64, seed: u32) -> PeakMap {
        let frame_secs = frame_secs(&FeatureConfig::default());
        let frames = (secs / frame_secs) as usize;
        let mut next = test_sound::noise(seed);
        let mut random = |count: usize| ((next() + 0.5) * count as f32) as usize % count;
        let mut peaks: Vec<Peak> = (0..(40.0 * secs) as usize)
            .map(|_| Peak {
                frame: random(frames) as u32,
                pitch: random(PITCHES) as u16,
            })
            .collect();
        peaks.sort_unstable();
        PeakMap {
            peaks,
            frames,
            frame_secs,
        }
    }

    /// The peaks of a made-up tune of so many notes. One voice plays the notes of a scale on an
    /// exact grid of time, 0.2 s each, up and down by a few steps. A note has six partials, each of
    /// them a peak in three frames.
    pub(crate) fn tune(notes: u32, seed: u32) -> PeakMap {
        const FRAMES_OF_NOTE: u32 = 4;
        const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
        let mut next = test_sound::noise(seed);
        let mut peaks = Vec::new();
        let mut degree = 4;
        for note in 0..notes {
            degree += [-2, -1, -1, 1, 1, 2][((next() + 0.5) * 6.0) as usize % 6];
            degree = degree.clamp(0, 9);
            let semitones = 30 + 12 * (degree / 7) + SCALE[degree as usize % 7];
            for partial in 1..=6 {
                let pitch = STEPS_PER_SEMITONE as f64
                    * (f64::from(semitones) + 12.0 * f64::from(partial).log2());
                let peak = |frame| Peak {
                    frame: FRAMES_OF_NOTE * note + frame,
                    pitch: pitch.round() as u16,
                };
                let is_inside = pitch < PITCHES as f64;
                peaks.extend((0..3).filter(|_| is_inside).map(peak));
            }
        }
        peaks.sort_unstable();
        PeakMap {
            peaks,
            frames: (FRAMES_OF_NOTE * notes) as usize,
            frame_secs: frame_secs(&FeatureConfig::default()),
        }
    }

    /// A stretch of a song, played at `speed` and transposed by `steps`.
    pub(crate) fn changed(map: &PeakMap, span: (u32, u32), speed: f64, steps: i32) -> PeakMap {
        let peaks = map.peaks.iter().filter_map(|peak| {
            let pitch = i32::from(peak.pitch) + steps;
            ((span.0..span.1).contains(&peak.frame) && (0..PITCHES as i32).contains(&pitch)).then(
                || Peak {
                    frame: (f64::from(peak.frame - span.0) / speed).round() as u32,
                    pitch: pitch as u16,
                },
            )
        });
        PeakMap {
            peaks: peaks.collect(),
            frames: (f64::from(span.1 - span.0) / speed) as usize + 1,
            ..*map
        }
    }

    /// A song that plays each frame at another place.
    pub(crate) fn drifting(map: &PeakMap, place: impl Fn(f64) -> f64) -> PeakMap {
        let moved = |peak: &Peak| Peak {
            frame: place(f64::from(peak.frame)).round() as u32,
            ..*peak
        };
        PeakMap {
            peaks: map.peaks.iter().map(moved).collect(),
            frames: place(map.frames as f64) as usize + 1,
            ..*map
        }
    }

    /// The peaks of both songs, the second from frame `at` of the first on. Of the second song, one
    /// peak in `every` survives.
    pub(crate) fn mixed(one: &PeakMap, other: &PeakMap, at: u32, every: usize) -> PeakMap {
        let surviving = other.peaks.iter().step_by(every).map(|peak| Peak {
            frame: peak.frame + at,
            ..*peak
        });
        let mut peaks: Vec<Peak> = one.peaks.iter().copied().chain(surviving).collect();
        peaks.retain(|peak| (peak.frame as usize) < one.frames);
        peaks.sort_unstable();
        PeakMap { peaks, ..*one }
    }
}

#[cfg(test)]
mod tests;
