//! The golden segment: three seconds of sound by a formula, of which every backend must compute the
//! known embedding.

use std::f64::consts::TAU;

use crate::config::FeatureConfig;

/// Chords of decaying harmonic tones over soft noise, one segment long. Integer arithmetic and the
/// functions of `libm` make it the same on every machine.
#[must_use]
pub fn segment(config: &FeatureConfig) -> Vec<f32> {
    const CHORDS_HZ: [[f64; 3]; 4] = [
        [220.0, 277.18, 329.63],
        [246.94, 311.13, 369.99],
        [196.0, 246.94, 293.66],
        [261.63, 329.63, 392.0],
    ];
    let sample_rate_hz = f64::from(config.sample_rate_hz);
    let chord_secs = config.segment_secs() / CHORDS_HZ.len() as f64;
    let mut state = 1;
    (0..config.segment_samples)
        .map(|sample| {
            let noise = f64::from(next_random(&mut state) >> 8) / f64::from(1 << 23) - 1.0;
            let secs = sample as f64 / sample_rate_hz;
            let chord = ((secs / chord_secs) as usize).min(CHORDS_HZ.len() - 1);
            let since_onset_secs = secs - chord as f64 * chord_secs;
            let tones: f64 = CHORDS_HZ[chord]
                .iter()
                .flat_map(|hz| {
                    (1..=6).map(move |harmonic| (hz * f64::from(harmonic), f64::from(harmonic)))
                })
                .map(|(hz, harmonic)| libm::sin(TAU * hz * secs) / harmonic)
                .sum();
            (0.15 * tones * libm::exp(-4.0 * since_onset_secs) + 0.002 * noise) as f32
        })
        .collect()
}

/// The next value of a linear congruential generator, that of Numerical Recipes.
pub(crate) fn next_random(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state
}
