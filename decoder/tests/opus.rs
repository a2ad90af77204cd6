//! Opus in its modes for music and for speech: the tones that were encoded.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "all")]

mod tones;

use tones::decoded;

/// A second of 440 Hz on the left and 660 Hz on the right, by `sox synth` and
/// `opusenc --bitrate 32`.
const MUSIC: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/opus-tones");
/// A second of 440 Hz, by `opusenc --bitrate 12 --speech`.
const SPEECH: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/opus-speech");
const RATE_HZ: usize = 48_000;
/// The coder's beginning.
const SKIPPED_SAMPLES: usize = RATE_HZ / 10;

/// Share of the energy that is this tone's, without the coder's beginning and end.
fn share(samples: &[f64], hz: f64) -> f64 {
    let inner = &samples[SKIPPED_SAMPLES..RATE_HZ - SKIPPED_SAMPLES];
    tones::share(inner, hz, RATE_HZ)
}

#[test]
fn each_channel_of_music_has_its_tone() {
    let channels = decoded(MUSIC, RATE_HZ);
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
    let channels = decoded(SPEECH, RATE_HZ);
    assert_eq!(channels.len(), 1);
    assert!(channels[0].len().abs_diff(RATE_HZ) < RATE_HZ / 100);
    assert!(
        share(&channels[0], 440.0) > 0.9,
        "{}",
        share(&channels[0], 440.0)
    );
}
