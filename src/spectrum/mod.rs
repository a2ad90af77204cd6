//! From samples to the log-mel spectrogram, after librosa's conventions.

pub mod lanes;
pub mod log_mel;
pub mod mel;
pub mod power;
