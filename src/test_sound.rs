//! Sounds, their spectrograms, and numbers to draw them by, for the engine's own tests.

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

/// A number below 2^31 drawn by an index: a step of SplitMix64 (G. Steele and others, "Fast
/// splittable pseudorandom number generators", OOPSLA 2014).
pub(crate) fn drawn(index: u64) -> usize {
    let mut z = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z >> 33) as usize
}
