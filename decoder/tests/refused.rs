//! Files that Symphonia refuses, and decoders that read them.
#![cfg(feature = "all")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::f32::consts::TAU;
use std::io::Cursor;

use soundalike_decoder::{Refusal, SoundFile};

/// Tones and a chirp in MP3 of free format: `ffmpeg -f lavfi -i aevalsrc=… -ar 16000 -b:a 16k
/// -write_xing 0`, the bit rate of its frames set to zero, after an ID3 tag.
const FREE_FORMAT: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/free-format-mp3");
const FREE_FORMAT_TAG_BYTES: usize = 15;
const FREE_FORMAT_FRAME_BYTES: usize = 72;
/// One tone in each of six channels: `ffmpeg -f lavfi -i aevalsrc=…:c=5.1 -c:a aac -b:a 96k`.
const SURROUND: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/aac-surround");
const SURROUND_HZ: [f32; 6] = [300.0, 600.0, 900.0, 60.0, 1500.0, 1800.0];
const RATE_HZ: f32 = 16_000.0;

fn open(file: Vec<u8>) -> SoundFile {
    SoundFile::open(Box::new(Cursor::new(file)), None).unwrap()
}

/// The samples of a file and the number of its channels.
fn decoded(mut file: SoundFile) -> (Vec<f32>, usize) {
    let (mut samples, mut channels) = (Vec::new(), 0);
    while let Some(part) = file.next_part() {
        assert_eq!(part.sample_rate_hz as f32, RATE_HZ);
        samples.extend_from_slice(part.interleaved);
        channels = part.channels;
    }
    (samples, channels)
}

#[test]
fn a_wav_file_of_a_codec_of_telephones_is_named() {
    let head = b"RIFF\x6a\xdc\x01\0WAVEfmt \x14\0\0\x001\0\x01\0".to_vec();
    let refused = SoundFile::open(Box::new(Cursor::new(head)), Some("wav"));
    assert_eq!(
        refused.err(),
        Some(Refusal::Foreign("a WAV file of GSM 6.10"))
    );
}

/// The same frames with their bit rate: 16 kbit/s has the number 2.
fn with_bit_rate(free: &[u8]) -> Vec<u8> {
    let mut file = free[FREE_FORMAT_TAG_BYTES..].to_vec();
    for frame in file.chunks_mut(FREE_FORMAT_FRAME_BYTES) {
        frame[2] |= 2 << 4;
    }
    file
}

#[test]
fn frames_of_free_format_have_the_samples_of_frames_with_a_bit_rate() {
    let (free, free_channels) = decoded(open(FREE_FORMAT.to_vec()));
    let (plain, channels) = decoded(open(with_bit_rate(FREE_FORMAT)));
    assert_eq!((free.len(), free_channels), (plain.len(), channels));
    assert!(free.len() > 9_000 && plain.iter().any(|sample| sample.abs() > 0.3));
    // Two decoders round differently.
    let differences = free.iter().zip(&plain).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f32::max);
    assert!(largest < 1e-4, "{largest}");
}

#[test]
fn a_file_of_free_format_states_its_length_by_its_size() {
    let file = open(FREE_FORMAT.to_vec());
    let stated_secs = file.stated_secs().unwrap();
    let (samples, _) = decoded(file);
    assert!((stated_secs - samples.len() as f64 / f64::from(RATE_HZ)).abs() < 0.001);
}

#[test]
fn a_damaged_frame_of_free_format_costs_its_own_sound_alone() {
    let mut file = FREE_FORMAT.to_vec();
    let (whole, _) = decoded(open(file.clone()));
    let at = FREE_FORMAT_TAG_BYTES + 5 * FREE_FORMAT_FRAME_BYTES;
    file[at..at + FREE_FORMAT_FRAME_BYTES].fill(0);
    let (rest, _) = decoded(open(file.clone()));
    assert_eq!(rest.len(), whole.len() - 576);
    file.truncate(at + 10);
    assert_eq!(decoded(open(file)).0.len(), 5 * 576);
}

#[test]
fn what_only_begins_like_free_format_is_refused() {
    let header = &FREE_FORMAT[FREE_FORMAT_TAG_BYTES..FREE_FORMAT_TAG_BYTES + 4];
    for length in [0, 3, 100, 10_000] {
        let file = [header, &vec![0; length]].concat();
        assert!(SoundFile::open(Box::new(Cursor::new(file)), None).is_err());
    }
}

#[test]
fn six_channels_of_aac_are_in_the_order_of_wav_files() {
    let (samples, channels) = decoded(open(SURROUND.to_vec()));
    assert_eq!(channels, 6);
    for (channel, hz) in SURROUND_HZ.iter().enumerate() {
        let own: Vec<f32> = samples.iter().skip(channel).step_by(6).copied().collect();
        // From 0.1 s on: the encoder's delay and its first frames are left out.
        let middle = &own[1_600..8_000];
        let level_of = |hz: f32| {
            let turn = |at: usize| TAU * hz * at as f32 / RATE_HZ;
            let parts = middle.iter().enumerate().map(|(at, sample)| {
                let (sin, cos) = turn(at).sin_cos();
                (sample * sin, sample * cos)
            });
            let (sin, cos) = parts.fold((0.0, 0.0), |(s, c), (a, b)| (s + a, c + b));
            2.0 * f32::hypot(sin, cos) / middle.len() as f32
        };
        let level = level_of(*hz);
        // The encoder lowers the channel of low frequencies to 0.40.
        assert!((level - 0.5).abs() < 0.11, "channel {channel}: {level}");
        let others = SURROUND_HZ.iter().filter(|other| *other != hz);
        assert!(others.into_iter().all(|other| level_of(*other) < 0.02));
    }
}
