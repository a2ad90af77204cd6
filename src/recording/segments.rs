//! The 3-second segments of a song: their starts, and which of them are silent or blank.

use serde::{Deserialize, Serialize};

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::recording::blank::blank_segments;
use crate::recording::encoder::config::{
    FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES, feature_frames,
};
use crate::spectrum::log_mel::MelSpectrogram;

/// The segments of a song.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Segments {
    /// Number of segments, at least one.
    pub count: usize,
    /// Seconds between the starts of two segments. The first starts at 0.
    pub hop_secs: f64,
    /// Length of a segment in seconds.
    pub length_secs: f64,
    /// Whether most frames of a segment are silent, for each segment.
    pub silent: Vec<bool>,
    /// Whether there is nothing to recognise in a segment, for each segment. Silent ones are blank,
    /// too.
    pub blank: Vec<bool>,
}

/// Most segments of a clip: less than 7 s.
const MOST_SEGMENTS_OF_CLIP: usize = 5;
/// Most segments of a song that is compared with a clip as if both were clips: less than 14 s, as a
/// clip lasts at half its speed.
const MOST_SEGMENTS_BESIDE_CLIP: usize = 14;

impl Segments {
    /// The segments of the song with that mel power.
    #[must_use]
    pub fn of(mel: &MelSpectrogram, config: &FeatureConfig) -> Self {
        let window = feature_frames(config.segment_frames());
        let available = feature_frames(mel.frames());
        let count = available.saturating_sub(window) / SEGMENT_HOP_FEATURE_FRAMES + 1;
        let silent_frames: Vec<bool> = mel
            .frame_maxima_db(config)
            .map(|maximum_db| maximum_db < SILENCE_DB)
            .collect();
        let hop_frames = SEGMENT_HOP_FEATURE_FRAMES * FRAMES_PER_FEATURE_FRAME;
        let spans = (0..count).map(|segment| {
            let first = segment * hop_frames;
            (first, (first + config.segment_frames()).min(mel.frames()))
        });
        let silent: Vec<bool> = spans
            .clone()
            .map(|(first, end)| {
                let silent = silent_frames[first..end].iter().filter(|&&silent| silent);
                silent.count() * 2 > end - first
            })
            .collect();
        let blank = blank_segments(mel, config, spans)
            .into_iter()
            .zip(&silent)
            .map(|(blank, silent)| blank || *silent)
            .collect();
        Self {
            count,
            hop_secs: Self::hop_secs(config),
            length_secs: config.segment_secs(),
            silent,
            blank,
        }
    }

    /// Whether the song is a clip: too short for a run.
    #[must_use]
    pub const fn is_clip(&self) -> bool {
        self.count <= MOST_SEGMENTS_OF_CLIP
    }

    /// Whether the song is compared with a clip as if both were clips.
    #[must_use]
    pub const fn is_compared_with_clips(&self) -> bool {
        self.count <= MOST_SEGMENTS_BESIDE_CLIP
    }

    /// Seconds between the starts of two segments.
    #[must_use]
    pub fn hop_secs(config: &FeatureConfig) -> f64 {
        (SEGMENT_HOP_FEATURE_FRAMES * FRAMES_PER_FEATURE_FRAME) as f64 * config.frame_hop_secs()
    }

    /// Whether at least half of the segments that cover this time aren't blank. Beyond the last
    /// segment, that one counts.
    #[must_use]
    pub fn has_music_at(&self, secs: f64) -> bool {
        let last = ((secs / self.hop_secs) as usize).min(self.count - 1);
        let first = libm::ceil((secs - self.length_secs) / self.hop_secs).max(0.0) as usize;
        let blank = &self.blank[first.min(last)..=last];
        2 * blank.iter().filter(|&&blank| blank).count() <= blank.len()
    }

    /// The same segments, none of them marked as blank.
    #[must_use]
    pub fn without_blanks(mut self) -> Self {
        self.blank.fill(false);
        self
    }

    /// Share of the segments that are blank, 0..1.
    #[must_use]
    pub fn blank_share(&self) -> f64 {
        let blank = self.blank.iter().filter(|&&blank| blank).count();
        blank as f64 / self.count as f64
    }

    /// Start of a segment in seconds.
    #[must_use]
    pub fn start_secs(&self, segment: usize) -> f64 {
        segment as f64 * self.hop_secs
    }
}

/// `count` segments of a song, none of them blank.
#[cfg(test)]
pub(crate) fn test_segments(count: usize) -> Segments {
    Segments {
        count,
        hop_secs: 0.75,
        length_secs: 3.0,
        silent: vec![false; count],
        blank: vec![false; count],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mel_of(frames: usize, loud: impl Fn(usize) -> bool) -> MelSpectrogram {
        let power = (0..frames)
            .flat_map(|frame| [if loud(frame) { 1.0 } else { 0.0 }; 128])
            .collect();
        MelSpectrogram {
            mel_bands: 128,
            power,
        }
    }

    #[test]
    fn there_is_music_where_half_of_the_segments_have_some() {
        let mut segments = test_segments(8);
        segments.blank = vec![true, true, false, false, true, true, true, false];
        let hop = segments.hop_secs;
        let at = |secs| segments.has_music_at(secs);
        // Three blank segments and one with music cover the first place, two and two the second.
        assert!(!at(2.1 * hop) && at(3.1 * hop));
        assert!(at(5.9 * hop) && !at(6.1 * hop));
        assert!(
            at(7.0 * hop + segments.length_secs + 1.0),
            "to the end of the song"
        );
    }

    #[test]
    fn the_shortest_song_has_one_segment() {
        let segments = Segments::of(&mel_of(130, |_| true), &FeatureConfig::default());
        assert_eq!((segments.count, segments.silent), (1, vec![false]));
    }

    #[test]
    fn segments_start_every_second_feature_frame() {
        let segments = Segments::of(&mel_of(1_000, |_| true), &FeatureConfig::default());
        // 63 feature frames, 9 in a segment, a hop of 2.
        assert_eq!(segments.count, 28);
        // One more feature frame is not enough for a further hop, two are.
        let count =
            |frames| Segments::of(&mel_of(frames, |_| true), &FeatureConfig::default()).count;
        assert_eq!((count(1_016), count(1_032)), (28, 29));
        assert!((segments.start_secs(1) - 32.0 * 512.0 / 22_050.0).abs() < 1e-12);
    }

    #[test]
    fn segments_in_a_pause_are_silent() {
        let segments = Segments::of(
            &mel_of(1_000, |frame| frame < 500),
            &FeatureConfig::default(),
        );
        assert!(segments.silent[..13].iter().all(|silent| !silent));
        assert!(segments.silent[15..].iter().all(|silent| *silent));
        assert!(segments.blank[15..].iter().all(|blank| *blank));
    }
}
