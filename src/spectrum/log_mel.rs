//! The log-mel spectrogram of a song.

use crate::config::FeatureConfig;
use crate::spectrum::lanes::LANES;
use crate::spectrum::mel::MelBank;
use crate::spectrum::stft::Stft;

/// A plan for spectrograms: frames and mel bank. An analysis allocates nothing but its result.
pub struct LogMelPlan {
    config: FeatureConfig,
    stft: Stft,
    mel_bank: MelBank,
}

impl std::fmt::Debug for LogMelPlan {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LogMelPlan")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Mel power of every frame of a song, not yet relative to a level: shape `[frames, mel_bands]`,
/// frame by frame.
#[derive(Clone, Debug, PartialEq)]
pub struct MelSpectrogram {
    /// Mel bands of a frame.
    pub mel_bands: usize,
    /// Power, `frames * mel_bands` values.
    pub power: Vec<f32>,
}

/// Decibels relative to a reference level: shape `[mel_bands, frames]`, band by band, as in librosa
/// and in the encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct LogMelSpectrogram {
    /// Mel bands, the rows.
    pub mel_bands: usize,
    /// Frames, the columns.
    pub frames: usize,
    /// dB values, row by row.
    pub db: Vec<f32>,
}

impl LogMelPlan {
    /// Plans the analysis.
    #[must_use]
    pub fn new(config: &FeatureConfig) -> Self {
        Self {
            config: config.clone(),
            stft: Stft::new(config.fft_samples, config.hop_samples),
            mel_bank: MelBank::new(config.sample_rate_hz, config.fft_samples, config.mel_bands),
        }
    }

    /// The configuration of this plan.
    #[must_use]
    pub fn config(&self) -> &FeatureConfig {
        &self.config
    }

    /// Mel power of `samples` (mono, at the configured rate), in frames centred on every hop, with
    /// zeros beyond the ends. `progress` is called with the fraction done every few hundred frames.
    #[must_use]
    pub fn mel_power(&mut self, samples: &[f32], mut progress: impl FnMut(f32)) -> MelSpectrogram {
        const FRAMES_BETWEEN_PROGRESS: usize = 512;
        let (frames, mel_bands) = (self.config.frames_in(samples.len()), self.config.mel_bands);
        let mut power = vec![0.0; frames * mel_bands];
        for (group, mel_power) in power.chunks_mut(LANES * mel_bands).enumerate() {
            let frame = group * LANES;
            let bins = self.stft.four_frames(samples, frame);
            for (band, values) in self.mel_bank.apply(bins).enumerate() {
                for (frame, value) in mel_power.chunks_exact_mut(mel_bands).zip(values) {
                    frame[band] = value;
                }
            }
            if frame.is_multiple_of(FRAMES_BETWEEN_PROGRESS) {
                progress(frame as f32 / frames as f32);
            }
        }
        progress(1.0);
        MelSpectrogram { mel_bands, power }
    }

    /// Calls `then` for each frame of `samples` with the power in every FFT bin, shape
    /// `[fft_samples / 2 + 1]`.
    pub fn each_frame_power(&mut self, samples: &[f32], mut then: impl FnMut(&[f32])) {
        let frames = self.config.frames_in(samples.len());
        let mut power = vec![0.0; self.config.fft_bins()];
        for first in (0..frames).step_by(LANES) {
            let bins = self.stft.four_frames(samples, first);
            for lane in 0..LANES.min(frames - first) {
                for (value, lanes) in power.iter_mut().zip(bins) {
                    *value = lanes.values()[lane];
                }
                then(&power);
            }
        }
    }

    /// The log-mel spectrogram of one segment in dB relative to its maximum, `[mel_bands, frames]`.
    /// Equal to `librosa.power_to_db(melspectrogram, ref=np.max, amin=1e-10, top_db=80)`.
    #[must_use]
    pub fn segment_db(&mut self, samples: &[f32]) -> LogMelSpectrogram {
        let mel = self.mel_power(samples, |_| ());
        let reference_db = mel
            .frame_maxima_db(&self.config)
            .fold(f32::NEG_INFINITY, f32::max);
        mel.relative_db(&self.config, reference_db)
    }
}

impl MelSpectrogram {
    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.power.len() / self.mel_bands
    }

    /// Mel power of the loudest band of every frame, in dB, at least the power floor.
    pub fn frame_maxima_db<'a>(
        &'a self,
        config: &'a FeatureConfig,
    ) -> impl Iterator<Item = f32> + 'a {
        self.power
            .chunks_exact(self.mel_bands)
            .map(|frame| decibels(frame.iter().copied().fold(config.power_floor, f32::max)))
    }

    /// The level of the song in dB: a high quantile of the frames' maxima (`level_quantile`, linear
    /// between ranks).
    #[must_use]
    pub fn level_db(&self, config: &FeatureConfig) -> f32 {
        let maxima: Vec<f32> = self.frame_maxima_db(config).collect();
        if maxima.is_empty() {
            return decibels(config.power_floor);
        }
        quantile(maxima, config.level_quantile)
    }

    /// Decibels relative to `reference_db`, clamped to `-dynamic_range_db..=headroom_db`.
    #[must_use]
    pub fn relative_db(&self, config: &FeatureConfig, reference_db: f32) -> LogMelSpectrogram {
        let frames = self.frames();
        let mut db = vec![0.0; self.power.len()];
        for (frame, mel_power) in self.power.chunks_exact(self.mel_bands).enumerate() {
            for (band, power) in mel_power.iter().enumerate() {
                db[band * frames + frame] = (decibels(power.max(config.power_floor))
                    - reference_db)
                    .clamp(-config.dynamic_range_db, config.headroom_db);
            }
        }
        LogMelSpectrogram {
            mel_bands: self.mel_bands,
            frames,
            db,
        }
    }
}

impl LogMelSpectrogram {
    /// The input of the encoder: `(dB - centre_db) / spread_db`, of the same shape.
    #[must_use]
    pub fn normalised(&self, config: &FeatureConfig) -> Vec<f32> {
        self.db
            .iter()
            .map(|db| (db - config.centre_db) / config.spread_db)
            .collect()
    }
}

/// A quantile of at least one value, linear between ranks.
#[must_use]
pub fn quantile(mut values: Vec<f32>, quantile: f32) -> f32 {
    values.sort_unstable_by(f32::total_cmp);
    let rank = quantile * (values.len() - 1) as f32;
    let (below, above) = (values[rank.floor() as usize], values[rank.ceil() as usize]);
    below + (above - below) * rank.fract()
}

/// Power to decibels, `10 log10(power)`.
#[must_use]
pub fn decibels(power: f32) -> f32 {
    10.0 * libm::log10f(power)
}

/// Decibels to power, `10^(db / 10)`.
#[must_use]
pub fn power_of_decibels(db: f32) -> f32 {
    libm::powf(10.0, db / 10.0)
}
