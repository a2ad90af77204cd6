//! The channels of a file as one: those that cancel out in the mean, and surround sound.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use soundalike_native::audio_file;

const RATE_HZ: u32 = 44_100;

fn tone(sample: u32) -> f32 {
    0.3 * (sample as f32 * 0.05).sin()
}

/// A WAV file of one second, whose channels are given for each sample.
fn write<const N: usize>(path: &Path, channels: impl Fn(u32) -> [f32; N]) {
    let spec = hound::WavSpec {
        channels: N as u16,
        sample_rate: RATE_HZ,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in 0..RATE_HZ {
        for value in channels(sample) {
            writer.write_sample(value).unwrap();
        }
    }
    writer.finalize().unwrap();
}

fn mono<const N: usize>(channels: impl Fn(u32) -> [f32; N]) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("channels.wav");
    write(&path, channels);
    audio_file::decode(&path).unwrap().samples().to_vec()
}

#[test]
fn channels_that_cancel_out_are_kept_by_their_difference() {
    let inverted = mono(|sample| [tone(sample), -tone(sample)]);
    assert!(inverted == mono(|sample| [tone(sample)]));
    // Ordinary stereo, as wide as music is, keeps its mean.
    let wide = mono(|sample| [tone(sample), tone(sample * 3)]);
    let mean = |sample| 0.5 * (tone(sample) + tone(sample * 3));
    assert!(wide == (0..RATE_HZ).map(mean).collect::<Vec<_>>());
}

#[test]
fn surround_sound_is_mixed_as_players_do() {
    let voice = mono(|sample| [0.0, 0.0, tone(sample), 0.0, 0.0, 0.0]);
    // The gain of the centre over the sum of all gains.
    let gain = 1.0 / (2.0 * std::f32::consts::FRAC_1_SQRT_2 + 2.0);
    let difference = |(sample, value): (u32, &f32)| (value - gain * tone(sample)).abs();
    let largest = (0..).zip(&voice).map(difference).fold(0.0, f32::max);
    assert!(largest < 1e-6, "{largest}");
    let low = mono(|sample| [0.0, 0.0, 0.0, tone(sample), 0.0, 0.0]);
    assert!(low.iter().all(|value| *value == 0.0));
}
