//! Samples of a song, whole or in parts, resampled to the model's rate.

pub mod gain;
mod resampler;
pub mod stream;
pub mod waveform;
