//! Decodes a file in memory, and measures its tones.

use std::f64::consts::TAU;
use std::io::Cursor;

use soundalike_decoder::SoundFile;

/// The channels of a file of this sample rate.
pub fn decoded(file: &'static [u8], rate_hz: usize) -> Vec<Vec<f64>> {
    let mut file = SoundFile::open(Box::new(Cursor::new(file)), None).unwrap();
    let mut channels = Vec::new();
    while let Some(part) = file.next_part() {
        assert_eq!(part.sample_rate_hz as usize, rate_hz);
        channels.resize_with(part.channels, Vec::new);
        for (channel, samples) in channels.iter_mut().enumerate() {
            let own = part.interleaved[channel..].iter().step_by(part.channels);
            samples.extend(own.copied().map(f64::from));
        }
    }
    channels
}

/// Share of the energy that is this tone's.
pub fn share(samples: &[f64], hz: f64, rate_hz: usize) -> f64 {
    let angle = |at: usize| TAU * hz * at as f64 / rate_hz as f64;
    let of = |wave: fn(f64) -> f64| -> f64 {
        let products = samples.iter().enumerate();
        products.map(|(at, sample)| sample * wave(angle(at))).sum()
    };
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    2.0 * (of(f64::sin).powi(2) + of(f64::cos).powi(2)) / (energy * samples.len() as f64)
}
