//! The numbers that features, model and matching share.

use serde::{Deserialize, Serialize};

/// How audio becomes the log-mel frames that the encoder reads.
///
/// The numbers follow librosa's conventions and can be checked with
/// `librosa.feature.melspectrogram` and `librosa.power_to_db`. A weights file carries the
/// configuration of its training, and a [`Model`](crate::Model) loads no file of another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureConfig {
    /// Sample rate of the analysis. 22,050 Hz, librosa's default, keeps the frequencies that
    /// identify music (up to 11 kHz) at half the cost of the CD's rate.
    pub sample_rate_hz: u32,
    /// Length of the periodic Hann window and of the FFT: 93 ms. From about 180 Hz up it separates
    /// notes a semitone apart.
    pub fft_samples: usize,
    /// Distance between two frames: 23 ms, a quarter of the window.
    pub hop_samples: usize,
    /// Number of mel bands, on Slaney's scale from 0 Hz to half the sample rate.
    pub mel_bands: usize,
    /// Length of a segment, of which the encoder makes one embedding: 3.0 s.
    pub segment_samples: usize,
    /// Smaller powers are raised to this one before the logarithm (`amin` of librosa's
    /// `power_to_db`).
    pub power_floor: f32,
    /// Range below the reference level, in dB (`top_db`). Lower values are raised to its end.
    pub dynamic_range_db: f32,
    /// Range above the reference level, in dB. The reference of a song is a quantile of its frames,
    /// so that a few loud frames exceed it. The reference of a single segment is its maximum.
    pub headroom_db: f32,
    /// The level of a song is this quantile of its frames' maxima. 0.98: a loud passage sets it, a
    /// click doesn't.
    pub level_quantile: f32,
    /// The encoder's input is `(dB - centre_db) / spread_db`. Both are constants, so that a frame
    /// has the same values in a segment and in a whole song.
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
    /// Number of frames of a centred STFT over `samples` samples: one at the start and one after
    /// every hop.
    #[must_use]
    pub fn frames_in(&self, samples: usize) -> usize {
        1 + samples / self.hop_samples
    }

    /// Number of frames of a segment: 130.
    #[must_use]
    pub fn segment_frames(&self) -> usize {
        self.frames_in(self.segment_samples)
    }

    /// Length of a segment in seconds.
    #[must_use]
    pub fn segment_secs(&self) -> f64 {
        self.segment_samples as f64 / f64::from(self.sample_rate_hz)
    }

    /// Distance between two frames in seconds.
    #[must_use]
    pub fn frame_hop_secs(&self) -> f64 {
        self.hop_samples as f64 / f64::from(self.sample_rate_hz)
    }

    /// Number of bins of the FFT, from 0 Hz to half the sample rate.
    #[must_use]
    pub fn fft_bins(&self) -> usize {
        self.fft_samples / 2 + 1
    }
}

/// Sample rate at which browsers decode, in Hz. It is fixed because `decodeAudioData` resamples to
/// the rate of its context, each browser in its own way. The step down to the model's rate is then
/// the same Rust code everywhere.
pub const DECODE_RATE_HZ: u32 = 44_100;

/// The channels of a stereo song cancel out in their mean if half of their difference has more than
/// this many times its energy. The difference is then the song. In excerpts of 163 songs of the
/// training packages (40 s each), the difference has at most 1.3 dB more energy than the mean; 4 is
/// 6 dB. An inverted channel exchanges the two, so that it is recognised in each song whose
/// difference lies more than 6 dB below its mean.
pub const CANCELLING_RATIO: f64 = 4.0;

/// Duration of the longest accepted song, in seconds. Browsers can still decode 90 minutes (2 GB as
/// stereo at 44.1 kHz).
pub const MAX_SONG_SECS: f64 = 5_400.0;

/// Accepted sample rates of songs, in Hz. Below them hardly any music is left; no recorder exceeds
/// them.
pub const SAMPLE_RATES_HZ: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// A frame is silent if the mel power of its loudest band is below this, in dB. For a sine the
/// threshold is about -65 dBFS: below the noise of a cassette, far above dither.
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
