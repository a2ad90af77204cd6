//! Files with several sound tracks, and formats that are named.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use soundalike_decoder::{Refusal, SoundFile};

mod movie;

use movie::Track;

/// The first sample of a track; in tests each track has its own.
fn first_sample(file: &[u8], chosen: Option<usize>) -> Result<i32, Refusal> {
    let source = Box::new(Cursor::new(file.to_vec()));
    let mut file = SoundFile::open_track(source, None, chosen)?;
    let part = file.next_part().unwrap();
    Ok((part.interleaved[0] * 32_768.0) as i32)
}

fn movie(enabled: &[bool]) -> Vec<u8> {
    let track = |&is_enabled| Track {
        is_enabled,
        edits: &[],
    };
    movie::file(&enabled.iter().map(track).collect::<Vec<_>>())
}

#[test]
fn the_enabled_track_of_a_movie_is_the_default_one() {
    for (enabled, sample) in [
        ([true, true], 0),
        ([true, false], 0),
        ([false, true], 1000),
        ([false, false], 0),
    ] {
        assert_eq!(
            first_sample(&movie(&enabled), None),
            Ok(sample),
            "{enabled:?}"
        );
    }
}

#[test]
fn a_track_can_be_chosen() {
    let two = movie(&[true, false]);
    assert_eq!(first_sample(&two, Some(1)), Ok(0));
    assert_eq!(first_sample(&two, Some(2)), Ok(1000));
    for number in [0, 3, usize::MAX] {
        assert_eq!(first_sample(&two, Some(number)), Err(Refusal::NoTrack(2)));
    }
    let sound = [b".snd".as_slice(), &[0, 0, 0, 24, 0, 0, 0, 4, 0, 0, 0, 3]].concat();
    let sound = [sound, vec![0, 0, 0xac, 0x44, 0, 0, 0, 1, 0, 7, 0, 7]].concat();
    assert_eq!(first_sample(&sound, Some(1)), Ok(7));
    assert_eq!(first_sample(&sound, Some(2)), Err(Refusal::NoTrack(1)));
}

/// A file with the codec of its first tracks replaced.
fn with_codec(mut file: Vec<u8>, codec: &[u8], other: &[u8], tracks: usize) -> Vec<u8> {
    for _ in 0..tracks {
        let mut places = file.windows(codec.len());
        let at = places.position(|bytes| bytes == codec).unwrap();
        file[at..at + codec.len()].fill(0);
        file[at..at + other.len()].copy_from_slice(other);
    }
    file
}

#[test]
fn sound_that_cannot_be_decoded_is_named() {
    for (codec, name) in [
        (b"ac-3", "Dolby Digital (AC-3)"),
        (b"ec-3", "Dolby Digital Plus (E-AC-3)"),
        (b"dtsh", "DTS"),
    ] {
        let file = |tracks| with_codec(movie(&[false, true]), b"sowt", codec, tracks);
        let named = Err(Refusal::ForeignSound(name));
        assert_eq!(first_sample(&file(2), None), named);
        assert_eq!(first_sample(&file(1), Some(1)), named);
        assert_eq!(first_sample(&file(1), None), Ok(1000));
    }
    let unknown = with_codec(movie(&[true]), b"sowt", b"abcd", 1);
    assert_eq!(first_sample(&unknown, None), Err(Refusal::UnknownCodec));
}

/// The file ends where Symphonia would panic.
#[test]
fn an_offset_beyond_all_files_does_no_harm() {
    let mut file = movie(&[true]);
    let at = file.windows(4).position(|name| name == b"stco").unwrap();
    file[at..at + 4].copy_from_slice(b"co64");
    // Half as many offsets of twice the size, of which the first is the largest number.
    file[at + 8..at + 12].copy_from_slice(&350_u32.to_be_bytes());
    file[at + 12..at + 20].fill(0xff);
    let mut file = SoundFile::open(Box::new(Cursor::new(file)), None).unwrap();
    assert!(file.next_part().is_none());
}

#[cfg(feature = "all")]
mod matroska {
    use super::{Refusal, first_sample, with_codec};

    /// An element with a size of four bytes.
    fn element(id: u32, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let size = (0x1000_0000 | content.len() as u32).to_be_bytes();
        let id = id.to_be_bytes();
        let first = id.iter().position(|byte| *byte != 0).unwrap();
        [&id[first..], &size, &content].concat()
    }

    /// A file with two tracks of 16 bits, whose samples are 0 and 1000. A flag of `None` isn't
    /// written.
    fn file(flags: [Option<u8>; 2]) -> Vec<u8> {
        let track = |number: u8, flag: Option<u8>| {
            let audio = [
                element(0xb5, &[&8000_f32.to_be_bytes()]),
                element(0x9f, &[&[1]]),
                element(0x6264, &[&[16]]),
            ];
            let flag = flag.map_or_else(Vec::new, |flag| element(0x88, &[&[flag]]));
            let parts = [
                element(0xd7, &[&[number]]),
                element(0x73c5, &[&[number]]),
                element(0x83, &[&[2]]),
                element(0x86, &[b"A_PCM/INT/LIT"]),
                flag,
                element(0xe1, &[&audio.concat()]),
            ];
            element(0xae, &[&parts.concat()])
        };
        let block = |number: u8| {
            let sample = 1000 * (i16::from(number) - 1);
            element(
                0xa3,
                &[
                    &[0x80 | number, 0, 0, 0x80],
                    &sample.to_le_bytes().repeat(80),
                ],
            )
        };
        let head = [
            element(0x4286, &[&[1]]),
            element(0x4282, &[b"matroska"]),
            element(0x4287, &[&[4]]),
            element(0x4285, &[&[2]]),
        ];
        let info = [
            element(0x002a_d7b1, &[&[0x0f, 0x42, 0x40]]),
            element(0x4d80, &[b"test"]),
            element(0x5741, &[b"test"]),
        ];
        let segment = [
            element(0x1549_a966, &[&info.concat()]),
            element(0x1654_ae6b, &[&track(1, flags[0]), &track(2, flags[1])]),
            element(
                0x1f43_b675,
                &[&element(0xe7, &[&[0]]), &block(1), &block(2)],
            ),
        ];
        [
            element(0x1a45_dfa3, &[&head.concat()]),
            element(0x1853_8067, &[&segment.concat()]),
        ]
        .concat()
    }

    #[test]
    fn the_flagged_track_is_the_default_one_and_another_can_be_chosen() {
        for (flags, sample) in [
            ([None, None], 0),
            ([Some(0), None], 1000),
            ([Some(0), Some(1)], 1000),
            ([Some(1), Some(0)], 0),
            ([Some(0), Some(0)], 0),
        ] {
            let file = file(flags);
            assert_eq!(first_sample(&file, None), Ok(sample), "{flags:?}");
            assert_eq!(first_sample(&file, Some(1)), Ok(0), "{flags:?}");
            assert_eq!(first_sample(&file, Some(2)), Ok(1000), "{flags:?}");
            assert_eq!(first_sample(&file, Some(3)), Err(Refusal::NoTrack(2)));
        }
    }

    #[test]
    fn sound_that_cannot_be_decoded_is_named() {
        for (codec, name) in [
            (b"A_AC3/BSID9".as_slice(), "Dolby Digital (AC-3)"),
            (b"A_EAC3", "Dolby Digital Plus (E-AC-3)"),
            (b"A_TRUEHD", "Dolby TrueHD"),
        ] {
            let file = |tracks| with_codec(file([None, None]), b"A_PCM/INT/LIT", codec, tracks);
            let named = Err(Refusal::ForeignSound(name));
            assert_eq!(first_sample(&file(2), None), named);
            assert_eq!(first_sample(&file(1), Some(1)), named);
            assert_eq!(first_sample(&file(1), None), Ok(1000));
        }
    }

    #[test]
    fn a_damaged_header_does_no_harm() {
        let open = |damaged: &[u8]| {
            let source = Box::new(std::io::Cursor::new(damaged.to_vec()));
            if let Ok(mut file) = super::SoundFile::open(source, None) {
                while file.next_part().is_some() {}
            }
        };
        let whole = file([Some(0), Some(1)]);
        for at in 0..whole.len() {
            open(&whole[..at]);
            for value in [0, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] = value;
                open(&damaged);
            }
        }
    }

    #[test]
    fn formats_that_cannot_be_decoded_are_named() {
        let stream = [b"G".as_slice(), &[0; 187], b"G"].concat();
        for (bytes, name) in [
            (b"RIFF\0\0\0\0AVI LIST".as_slice(), "an AVI video"),
            (b"FLV\x01\x05", "a Flash video (FLV)"),
            (b"wvpk\0\0\0\0", "a WavPack file"),
            (b"\x0bw\0\0", "a Dolby Digital file (AC-3)"),
            (&stream, "an MPEG transport stream (TS)"),
        ] {
            assert_eq!(first_sample(bytes, None), Err(Refusal::Foreign(name)));
        }
    }
}
