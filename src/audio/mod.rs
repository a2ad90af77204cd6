//! Samples of a song, whole or in parts, resampled to the model's rate.

mod resampler;
pub mod stream;
pub mod waveform;
