//! Samples to log-mel spectrogram, by librosa's conventions, and to levels on a log frequency axis.

pub mod lanes;
pub mod log_bands;
pub mod log_mel;
pub mod low_bands;
pub mod mel;
pub mod power;
pub mod stft;
