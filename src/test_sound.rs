//! Sounds and their spectrograms, for the engine's own tests.

use crate::config::FeatureConfig;
use crate::recording::encoder::golden::next_random;
use crate::spectrum::log_mel::{LogMelPlan, MelSpectrogram};

/// White noise between -0.5 and 0.5, sample by sample.
pub(crate) fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || next_random(&mut state) as f32 / u32::MAX as f32 - 0.5
}

/// Mel power of samples at the model's rate.
pub(crate) fn mel_power(samples: &[f32]) -> MelSpectrogram {
    LogMelPlan::new(&FeatureConfig::default()).mel_power(samples, |_| ())
}
