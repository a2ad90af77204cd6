//! Recordings of a song by poor equipment, and its versions on the net.

use std::f64::consts::TAU;

use anyhow::Result;
use rand::Rng as _;

use crate::mixes::rows::Row;
use crate::mixes::scene::Scene;
use crate::mixes::sounds::resample;
use crate::mixes::take::{Take, mono};

/// Speed of a worn tape, from 1.5 % slower to 1.5 % faster.
const DRIFT: f64 = 0.015;
/// Music relative to the noise of a phone's recording.
const PHONE_SNR_DB: f64 = 15.0;

pub const ROWS: [Row; 4] = [
    Row::new("nightcore", 20.0, |scene| {
        scene.at_speed(scene.whole(), 1.25)
    }),
    Row::new("slowed-reverb", 20.0, |scene| {
        let slow = scene.at_speed(scene.beginning(80.0), 0.8)?;
        scene.with_effects(slow, "reverb 60 50 80")
    }),
    Row::new("phone", 20.0, phone),
    Row::new("tape-drift", 24.0, |scene| {
        let period_secs = scene.rng.random_range(40.0..90.0);
        let phase = scene.rng.random_range(0.0..TAU);
        Ok(resample::drifting(scene.whole(), DRIFT, period_secs, phase))
    }),
];

/// The band of a telephone, in a room, with noise.
fn phone(scene: &mut Scene<'_>) -> Result<Take> {
    let narrow = scene.with_effects(scene.whole(), "sinc 300-3400 reverb 40 50 40")?;
    let noise = (0..narrow.sound.samples.len())
        .map(|_| scene.rng.random_range(-1.0..1.0_f32))
        .collect();
    let noisy = narrow.under(&mono(noise), -PHONE_SNR_DB)?;
    scene.with_effects(noisy, "rate 8000 rate 22050")
}
