//! Opus in its modes for music and for speech: the tones that were encoded.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "all")]

use std::f64::consts::TAU;
use std::io::Cursor;

use soundalike_decoder::SoundFile;

/// A second of 440 Hz on the left and 660 Hz on the right, by `sox synth` and
/// `opusenc --bitrate 32`.
const MUSIC: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/opus-tones");
/// A second of 440 Hz, by `opusenc --bitrate 12 --speech`.
const SPEECH: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/opus-speech");
const RATE_HZ: usize = 48_000;
/// The coder's beginning.
const SKIPPED_SAMPLES: usize = RATE_HZ / 10;

/// The channels of a file.
fn decoded(file: &'static [u8]) -> Vec<Vec<f64>> {
    let mut file = SoundFile::open(Box::new(Cursor::new(file)), None).unwrap();
    let mut channels = Vec::new();
    while let Some(part) = file.next_part() {
        assert_eq!(part.sample_rate_hz as usize, RATE_HZ);
        channels.resize_with(part.channels, Vec::new);
        for (channel, samples) in channels.iter_mut().enumerate() {
            let own = part.interleaved[channel..].iter().step_by(part.channels);
            samples.extend(own.copied().map(f64::from));
        }
    }
    channels
}

/// Share of the energy that is this tone's.
fn share(samples: &[f64], hz: f64) -> f64 {
    let samples = &samples[SKIPPED_SAMPLES..RATE_HZ - SKIPPED_SAMPLES];
    let angle = |at: usize| TAU * hz * at as f64 / RATE_HZ as f64;
    let of = |wave: fn(f64) -> f64| -> f64 {
        let products = samples.iter().enumerate();
        products.map(|(at, sample)| sample * wave(angle(at))).sum()
    };
    let energy: f64 = samples.iter().map(|sample| sample * sample).sum();
    2.0 * (of(f64::sin).powi(2) + of(f64::cos).powi(2)) / (energy * samples.len() as f64)
}

#[test]
fn each_channel_of_music_has_its_tone() {
    let channels = decoded(MUSIC);
    assert_eq!(channels.len(), 2);
    for (samples, hz) in channels.iter().zip([440.0, 660.0]) {
        assert!(samples.len().abs_diff(RATE_HZ) < RATE_HZ / 100);
        assert!(share(samples, hz) > 0.98, "{}", share(samples, hz));
        let peak = samples[SKIPPED_SAMPLES..]
            .iter()
            .copied()
            .fold(0.0, f64::max);
        assert!((0.45..0.55).contains(&peak), "{peak}");
    }
}

#[test]
fn speech_has_its_tone() {
    let channels = decoded(SPEECH);
    assert_eq!(channels.len(), 1);
    assert!(channels[0].len().abs_diff(RATE_HZ) < RATE_HZ / 100);
    assert!(
        share(&channels[0], 440.0) > 0.9,
        "{}",
        share(&channels[0], 440.0)
    );
}
