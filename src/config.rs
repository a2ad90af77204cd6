//! The one home of every number that features, model and matching share.

use serde::{Deserialize, Serialize};

/// How audio becomes the log-mel frames that the encoder reads.
///
/// The numbers follow librosa's conventions, so that anyone can check them with
/// `librosa.feature.melspectrogram` and `librosa.power_to_db`. Weights carry the configuration they were
/// trained with, and [`Model::load`](crate::Model::load) refuses any other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureConfig {
    /// Samples per second of all audio that the engine looks at. 22,050 Hz keeps what identifies music
    /// (up to 11 kHz) at half the cost of CD rate; it is also librosa's default.
    pub sample_rate_hz: u32,
    /// Length of the periodic Hann window and of the FFT: 93 ms, which separates notes a semitone apart from
    /// about 180 Hz up.
    pub fft_samples: usize,
    /// Distance between frames: 23 ms, a quarter of the window.
    pub hop_samples: usize,
    /// Slaney mel bands from 0 Hz to half the sample rate.
    pub mel_bands: usize,
    /// Length of a segment, the fixed stretch that one embedding stands for: 3.0 s.
    pub segment_samples: usize,
    /// Power below which everything counts as silence (`amin` of librosa's `power_to_db`).
    pub power_floor: f32,
    /// Decibels kept below the reference level (`top_db`).
    pub dynamic_range_db: f32,
    /// Decibels kept above the reference level. A song's level is a quantile of its frames, so that single
    /// loud frames lie above it; within one segment the reference is the maximum and nothing does.
    pub headroom_db: f32,
    /// The quantile of the frames' maxima that is a song's level. 0.98: the loud parts, but not one click.
    pub level_quantile: f32,
    /// The affine map before the encoder, `(dB - centre_db) / spread_db`, fixed so that a frame looks the same in
    /// a segment and in a whole song.
    pub centre_db: f32,
    /// See [`centre_db`](Self::centre_db).
    pub spread_db: f32,
}

impl Default for FeatureConfig {
    fn default() -> Self {
        Self {
            sample_rate_hz: 22_050,
            fft_samples: 2_048,
            hop_samples: 512,
            mel_bands: 128,
            segment_samples: 66_150,
            power_floor: 1e-10,
            dynamic_range_db: 80.0,
            headroom_db: 6.0,
            level_quantile: 0.98,
            centre_db: -40.0,
            spread_db: 20.0,
        }
    }
}

impl FeatureConfig {
    /// Frames of a centred STFT over `samples` samples: one at the start and one after every hop.
    #[must_use]
    pub fn frames_in(&self, samples: usize) -> usize {
        1 + samples / self.hop_samples
    }

    /// Frames of one segment: 130.
    #[must_use]
    pub fn segment_frames(&self) -> usize {
        self.frames_in(self.segment_samples)
    }

    /// Length of one segment in seconds.
    #[must_use]
    pub fn segment_secs(&self) -> f64 {
        self.segment_samples as f64 / f64::from(self.sample_rate_hz)
    }

    /// Distance between two frames in seconds.
    #[must_use]
    pub fn frame_hop_secs(&self) -> f64 {
        self.hop_samples as f64 / f64::from(self.sample_rate_hz)
    }

    /// Linear frequency bins of the FFT, 0 Hz and half the sample rate included.
    #[must_use]
    pub fn fft_bins(&self) -> usize {
        self.fft_samples / 2 + 1
    }
}

/// Sample rate at which browsers are asked to decode, in Hz. Fixed, because `decodeAudioData` resamples to the rate of its
/// context, each browser in its own way; the step down to the model rate is then the same Rust code everywhere.
pub const DECODE_RATE_HZ: u32 = 44_100;

/// Longest song accepted, in seconds: 90 minutes, which browsers can still decode (2 GB as stereo at 44.1 kHz).
pub const MAX_SONG_SECS: f64 = 5_400.0;

/// Sample rates that are taken for audio at all, in Hz: below, nothing musical is left; above, no recorder exists.
pub const SAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// A frame whose loudest mel band stays this far below full scale, in dB of mel power, counts as silent: about
/// -65 dBFS for a sine, below the noise of a cassette and far above dither.
pub const SILENCE_DB: f32 = -30.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_130_frames() {
        assert_eq!(FeatureConfig::default().segment_frames(), 130);
        assert_eq!(FeatureConfig::default().segment_secs(), 3.0);
    }
}
