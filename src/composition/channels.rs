//! What of a song is kept for comparing compositions: its harmony and its melody, twice a second,
//! in twelve pitch classes.

use serde::{Deserialize, Serialize};

use crate::composition::pitch_levels::{self, PITCHES, PitchLevels};
use crate::composition::salience::{PitchFrames, pitch_class};
use crate::config::FeatureConfig;

/// Pitch classes.
pub const CLASSES: usize = 12;
/// Frames that become one: 0.46 s.
const POOLED_FRAMES: usize = 5;

/// The shortest passage in seconds: shorter ones are found in most pairs of songs. With less sound
/// than this, a song has nothing to compare.
pub const LEAST_SECS: f64 = 8.0;

/// Classes that a major scale leaves out.
const CLASSES_OUT_OF_SCALE: usize = 5;

/// Pitches around middle D count most for the harmony: below lie the bass and the drums, above it
/// partials. Centre and width of a Gaussian, in pitches above A0.
const HARMONY_PITCHES: (f32, f32) = (41.0, 16.0);
/// The melody is mostly the highest voice, two octaves around A4. Centre and width, as above.
const MELODY_PITCHES: (f32, f32) = (51.0, 12.0);

/// Harmony and melody of a song.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channels {
    /// Distance between two frames in seconds.
    pub frame_secs: f64,
    /// Level of each pitch class, companded, shape `[frames, 12]`, from C on.
    pub harmony: Vec<u8>,
    /// Salience of the melody's pitch class, companded, of the same shape.
    pub melody: Vec<u8>,
}

impl Channels {
    /// The channels of `samples`, mono at the configured rate.
    #[must_use]
    pub fn new(samples: &[f32], config: &FeatureConfig) -> Self {
        let pitches = PitchFrames::new(&PitchLevels::new(samples, config));
        Self::of(&pitches, pitch_levels::frame_secs(config))
    }

    fn of(pitches: &PitchFrames, frame_secs: f64) -> Self {
        let weights = |(centre, width): (f32, f32)| -> [f32; PITCHES] {
            std::array::from_fn(|pitch| {
                let distance = (pitch as f32 - centre) / width;
                libm::expf(-0.5 * distance * distance)
            })
        };
        let harmony_weights = weights(HARMONY_PITCHES);
        let melody_weights = weights(MELODY_PITCHES);
        let harmony = pitches.frames().iter().map(|frame| {
            let mut classes = [0.0; CLASSES];
            for (pitch, level) in frame.iter().enumerate() {
                classes[pitch_class(pitch)] += level * harmony_weights[pitch];
            }
            classes
        });
        let melody = pitches.salience().map(|frame| {
            let weighted = |pitch: usize| frame[pitch] * melody_weights[pitch];
            let best = (1..PITCHES).fold(0, |best, pitch| {
                if weighted(pitch) > weighted(best) {
                    pitch
                } else {
                    best
                }
            });
            let mut classes = [0.0; CLASSES];
            classes[pitch_class(best)] = frame[best];
            classes
        });
        Self {
            frame_secs: frame_secs * POOLED_FRAMES as f64,
            harmony: pooled(harmony),
            melody: pooled(melody),
        }
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.harmony.len() / CLASSES
    }

    /// Length in seconds.
    #[must_use]
    pub fn secs(&self) -> f64 {
        self.frames() as f64 * self.frame_secs
    }

    /// Silences the frames without music; `has_music_at` is told the time of their middle.
    pub fn retain(&mut self, has_music_at: impl Fn(f64) -> bool) {
        for channel in [&mut self.harmony, &mut self.melody] {
            for (index, frame) in channel.chunks_exact_mut(CLASSES).enumerate() {
                if !has_music_at((index as f64 + 0.5) * self.frame_secs) {
                    frame.fill(0);
                }
            }
        }
    }

    /// The first `frames` frames.
    #[must_use]
    pub fn beginning(&self, frames: usize) -> Self {
        let first = |channel: &[u8]| channel[..channel.len().min(frames * CLASSES)].to_vec();
        Self {
            frame_secs: self.frame_secs,
            harmony: first(&self.harmony),
            melody: first(&self.melody),
        }
    }

    /// How evenly the melody visits all classes between two times, 0 to 5/12: the share of the five
    /// rarest classes.
    #[must_use]
    pub fn evenness(&self, (start_secs, end_secs): (f64, f64)) -> f32 {
        let frame = |secs: f64| (secs / self.frame_secs).round() as usize;
        let frames = self.melody.as_chunks::<CLASSES>().0.iter();
        let mut shares = [0.0; CLASSES];
        for frame in frames.take(frame(end_secs)).skip(frame(start_secs)) {
            let sum: f32 = frame.iter().copied().map(f32::from).sum();
            for (share, &level) in shares.iter_mut().zip(frame) {
                *share += f32::from(level) / sum.max(1.0);
            }
        }
        shares.sort_by(f32::total_cmp);
        let rarest: f32 = shares[..CLASSES_OUT_OF_SCALE].iter().sum();
        rarest / shares.iter().sum::<f32>().max(1.0)
    }

    /// Whether there is enough melody and harmony to compare.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        let sounding = |frame: &[u8; CLASSES]| frame.iter().any(|&level| level > 0);
        let frames = self.melody.as_chunks::<CLASSES>().0.iter();
        frames.filter(|frame| sounding(frame)).count() as f64 * self.frame_secs >= LEAST_SECS
    }

    /// Whether both channels have the frames of a song of this length.
    #[must_use]
    pub fn is_consistent(&self, config: &FeatureConfig, duration_secs: f64) -> bool {
        let frames = self.frames() as f64;
        self.frame_secs == pitch_levels::frame_secs(config) * POOLED_FRAMES as f64
            && self.harmony.len() == self.melody.len()
            && self.harmony.len().is_multiple_of(CLASSES)
            && (frames * self.frame_secs - duration_secs).abs() <= 2.0 * self.frame_secs
    }
}

/// Sums of [`POOLED_FRAMES`] frames, as square roots relative to that of the greatest sum.
fn pooled(frames: impl Iterator<Item = [f32; CLASSES]>) -> Vec<u8> {
    let mut sums: Vec<f32> = Vec::new();
    for (index, frame) in frames.enumerate() {
        if index % POOLED_FRAMES == 0 {
            sums.extend([0.0; CLASSES]);
        }
        let start = sums.len() - CLASSES;
        for (sum, value) in sums[start..].iter_mut().zip(frame) {
            *sum += value;
        }
    }
    let greatest = sums
        .iter()
        .fold(f32::MIN_POSITIVE, |greatest, &sum| greatest.max(sum));
    sums.iter()
        .map(|sum| (255.0 * (sum / greatest).sqrt()).round() as u8)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A melody of one note a second over a held chord of C.
    fn song(notes: &[i32]) -> Vec<f32> {
        let hz = |semitones: i32| 440.0 * (f64::from(semitones) / 12.0).exp2();
        let tone = |hz: f64, n: usize| (std::f64::consts::TAU * hz * n as f64 / 22_050.0).sin();
        let sample = |n: usize| {
            let chord = [-21, -17, -14].map(|note| 0.1 * tone(hz(note), n));
            (0.3 * tone(hz(notes[n / 22_050]), n) + chord.iter().sum::<f64>()) as f32
        };
        (0..notes.len() * 22_050).map(sample).collect()
    }

    fn strongest(channel: &[u8], frame: usize) -> usize {
        let classes = &channel[frame * CLASSES..(frame + 1) * CLASSES];
        (0..CLASSES).fold(0, |best, class| {
            if classes[class] > classes[best] {
                class
            } else {
                best
            }
        })
    }

    #[test]
    fn the_melody_follows_the_notes_over_the_chord() {
        let notes = [0, 2, 3, -2, 5, 7];
        let channels = Channels::new(&song(&notes), &FeatureConfig::default());
        for (second, note) in notes.into_iter().enumerate() {
            let frame = ((second as f64 + 0.5) / channels.frame_secs) as usize;
            let class = (9 + note).rem_euclid(12) as usize;
            assert_eq!(strongest(&channels.melody, frame), class, "second {second}");
            let chord = &channels.harmony[frame * CLASSES..];
            assert!(
                [0, 4, 7].iter().all(|&class| chord[class] > 40),
                "{chord:?}"
            );
        }
    }

    #[test]
    fn a_chromatic_scale_visits_all_classes_evenly_and_a_major_scale_does_not() {
        let channels = |notes: &[i32]| Channels::new(&song(notes), &FeatureConfig::default());
        let chromatic = channels(&std::array::from_fn::<i32, 24, _>(|second| {
            second as i32 % 12
        }));
        assert!(chromatic.evenness((0.0, 24.0)) > 0.35);
        // Seven of its notes.
        assert!(chromatic.evenness((1.0, 7.5)) < 0.1);
        let major = [0, 2, 4, 5, 7, 9, 11].repeat(3);
        assert!(channels(&major).evenness((0.0, 21.0)) < 0.1);
        assert_eq!(chromatic.evenness((30.0, 40.0)), 0.0);
    }

    #[test]
    fn four_minutes_are_kept_in_15_kb() {
        let frames =
            240.0 / (POOLED_FRAMES as f64 * pitch_levels::frame_secs(&FeatureConfig::default()));
        assert!(2.0 * CLASSES as f64 * frames < 15_000.0);
    }

    #[test]
    fn frames_without_music_are_silent_and_not_compared() {
        let mut channels = Channels::new(&song(&[0; 10]), &FeatureConfig::default());
        assert!(channels.is_comparable());
        channels.retain(|secs| secs >= 5.0);
        assert!(!channels.is_comparable());
        assert!(
            channels.harmony[..10 * CLASSES]
                .iter()
                .all(|&level| level == 0)
        );
        assert!(
            channels.harmony[11 * CLASSES..]
                .iter()
                .any(|&level| level > 0)
        );
    }
}
