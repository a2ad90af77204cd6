//! The same samples in every container of plain sound, and files that lie about themselves.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use soundalike_decoder::{Refusal, SoundFile};

const RATE_HZ: u32 = 44_100;
const FRAMES: usize = 10_000;

/// Two channels, whose samples differ.
fn samples() -> Vec<i16> {
    let frame = |index: usize| [(index % 2_000) as i16, -((index % 3_000) as i16)];
    (0..FRAMES).flat_map(frame).collect()
}

fn little() -> Vec<u8> {
    samples().iter().flat_map(|s| s.to_le_bytes()).collect()
}

fn big() -> Vec<u8> {
    samples().iter().flat_map(|s| s.to_be_bytes()).collect()
}

/// The fields of a format chunk: PCM, two channels of 16 bits.
fn format(is_big_endian: bool) -> Vec<u8> {
    let shorts = |value: u16| {
        if is_big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let longs = |value: u32| {
        if is_big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    [
        shorts(1).as_slice(),
        &shorts(2),
        &longs(RATE_HZ),
        &longs(RATE_HZ * 4),
        &shorts(4),
        &shorts(16),
    ]
    .concat()
}

/// A WAV file of some kind, with the sizes of its two chunks.
fn wav(marker: &[u8], size: u32, between: &[u8], data_size: u32, data: &[u8]) -> Vec<u8> {
    let is_big_endian = marker == b"RIFX";
    let long = |value: u32| {
        if is_big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    [
        marker,
        &long(size),
        b"WAVE",
        between,
        b"fmt ",
        &long(16),
        &format(is_big_endian),
        b"data",
        &long(data_size),
        data,
    ]
    .concat()
}

fn au(size: u32) -> Vec<u8> {
    let fields = [24, size, 3, RATE_HZ, 2].map(u32::to_be_bytes).concat();
    [b".snd", fields.as_slice(), &big()].concat()
}

fn wave64() -> Vec<u8> {
    let guid = |name: &[u8]| [name, &[0_u8; 12]].concat();
    let data = little();
    [
        guid(b"riff"),
        1_000_u64.to_le_bytes().to_vec(),
        guid(b"wave"),
        guid(b"fmt "),
        40_u64.to_le_bytes().to_vec(),
        format(false),
        guid(b"data"),
        (data.len() as u64 + 24).to_le_bytes().to_vec(),
        data,
    ]
    .concat()
}

fn aiff() -> Vec<u8> {
    let data = big();
    // 44,100 as an 80-bit number.
    let rate = [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0];
    let size = 4 + 26 + 16 + data.len() as u32;
    [
        b"FORM".as_slice(),
        &size.to_be_bytes(),
        b"AIFFCOMM",
        &18_u32.to_be_bytes(),
        &2_u16.to_be_bytes(),
        &(FRAMES as u32).to_be_bytes(),
        &16_u16.to_be_bytes(),
        &rate,
        b"SSND",
        &(data.len() as u32 + 8).to_be_bytes(),
        &[0; 8],
        &data,
    ]
    .concat()
}

/// A file with more after its sound, as when a program adds a title.
fn tagged(file: &[u8]) -> Vec<u8> {
    [file, b"LIST\x04\0\0\0INFO"].concat()
}

/// The samples of a file, which must be stereo at 44.1 kHz, as 16 bits.
fn decoded(bytes: Vec<u8>) -> Result<Vec<i16>, Refusal> {
    let mut file = SoundFile::open(Box::new(Cursor::new(bytes)), None)?;
    let mut samples = Vec::new();
    while let Some(part) = file.next_part() {
        assert_eq!((part.channels, part.sample_rate_hz), (2, RATE_HZ));
        samples.extend(part.interleaved.iter().map(|s| (s * 32_768.0) as i16));
    }
    Ok(samples)
}

#[test]
fn every_container_of_plain_sound_gives_the_same_samples() {
    let bytes = little().len() as u32;
    let long_size = [
        b"ds64".as_slice(),
        &28_u32.to_le_bytes(),
        &[0; 8],
        &u64::from(bytes).to_le_bytes(),
        &[0; 12],
    ]
    .concat();
    for (name, file) in [
        ("WAV", wav(b"RIFF", bytes + 36, b"", bytes, &little())),
        (
            "WAV of a wrong size",
            wav(b"RIFF", 100, b"", bytes, &little()),
        ),
        ("streamed WAV", wav(b"RIFF", 0, b"", 0, &little())),
        (
            "endless WAV",
            wav(b"RIFF", u32::MAX, b"", u32::MAX, &little()),
        ),
        (
            "RF64",
            wav(b"RF64", u32::MAX, &long_size, u32::MAX, &tagged(&little())),
        ),
        (
            "RIFX",
            wav(b"RIFX", bytes + 36, b"", bytes, &tagged(&big())),
        ),
        ("AU", tagged(&au(bytes))),
        ("streamed AU", au(u32::MAX)),
        ("Wave64", tagged(&wave64())),
        ("AIFF", aiff()),
    ] {
        let stated = SoundFile::open(Box::new(Cursor::new(file.clone())), None).unwrap();
        let stated = stated.stated_secs();
        let secs = FRAMES as f64 / f64::from(RATE_HZ);
        assert!(
            stated.is_none_or(|stated| (stated - secs).abs() < 0.001),
            "{name}: {stated:?} s"
        );
        let decoded = decoded(file).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert!(decoded == samples(), "{name}: {} samples", decoded.len());
    }
}

#[test]
fn a_truncated_file_gives_what_is_there() {
    let bytes = little().len() as u32;
    let half = &little()[..little().len() / 2];
    for file in [
        wav(b"RIFX", bytes + 36, b"", bytes, &big()[..big().len() / 2]),
        wav(b"RIFF", bytes + 36, b"", bytes, half),
    ] {
        let decoded = decoded(file).unwrap();
        // A packet is missing at most.
        assert!(decoded.len() + 2 * 4096 >= FRAMES, "{}", decoded.len());
        assert!(decoded == samples()[..decoded.len()]);
    }
}

#[test]
fn files_that_cannot_be_decoded_are_told_apart() {
    let mut foreign = wav(b"RIFX", 100, b"", 1_000, &[0; 1_000]);
    foreign[21] = 0x31;
    assert_eq!(decoded(foreign), Err(Refusal::UnknownCodec));
    assert_eq!(
        decoded(b"no song\n".repeat(1_000)),
        Err(Refusal::UnknownFormat)
    );
    // A header that claims 4 GB, or nothing usable at all.
    assert_eq!(
        decoded(wav(b"RIFX", 100, b"", 0xfff0_0000, &[])),
        Ok(vec![])
    );
    // Its rate, and its channels.
    for field in [16..20, 20..24] {
        let mut empty = au(100);
        empty[field].fill(0);
        assert_eq!(decoded(empty), Err(Refusal::UnknownCodec));
    }
}

#[test]
fn packets_that_no_memory_holds_are_refused() {
    let description = [
        &44_100_f64.to_be_bytes(),
        b"lpcm".as_slice(),
        &[0; 4],
        &4_u32.to_be_bytes(),
        // Frames in a packet.
        &u32::MAX.to_be_bytes(),
        &2_u32.to_be_bytes(),
        &16_u32.to_be_bytes(),
    ]
    .concat();
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let size = (content.len() as u64).to_be_bytes();
        [name, size.as_slice(), content].concat()
    };
    let file = [
        b"caff\0\x01\0\0".to_vec(),
        chunk(b"desc", &description),
        chunk(b"data", &[0; 404]),
    ];
    assert_eq!(decoded(file.concat()), Err(Refusal::UnknownCodec));
}
