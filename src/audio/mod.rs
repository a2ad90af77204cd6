//! Samples: a whole song or one that comes in parts, brought to the model's rate.

mod resampler;
pub mod stream;
pub mod waveform;
