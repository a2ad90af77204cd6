//! Music for the tests.
#![allow(dead_code, reason = "not every test needs all")]

use std::f32::consts::TAU;

/// Rate of all songs.
pub const RATE_HZ: u32 = 22_050;

/// A different tune for every `number`: decaying notes with partials.
pub fn music(number: u32, secs: u32) -> Vec<f32> {
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let note_samples = (RATE_HZ as f32 * (0.2 + 0.15 * random())) as usize;
    let notes: Vec<f32> = (0..128)
        .map(|_| 110.0 * ((random() * 24.0).round() / 12.0).exp2())
        .collect();
    (0..(secs * RATE_HZ) as usize)
        .map(|n| {
            let (note, at) = (n / note_samples, n % note_samples);
            let (hz, secs) = (notes[note % notes.len()], n as f32 / RATE_HZ as f32);
            let tone: f32 = (1..=5)
                .map(|k| (TAU * hz * k as f32 * secs).sin() / k as f32)
                .sum();
            0.25 * tone * (-6.0 * at as f32 / RATE_HZ as f32).exp() + 0.02 * (random() - 0.5)
        })
        .collect()
}

/// 6 % faster and about a semitone higher, by linear interpolation.
pub fn faster(samples: &[f32]) -> Vec<f32> {
    let count = (samples.len() as f32 / 1.06) as usize - 1;
    (0..count)
        .map(|n| {
            let place = n as f32 * 1.06;
            let (at, part) = (place as usize, place.fract());
            samples[at] * (1.0 - part) + samples[at + 1] * part
        })
        .collect()
}
