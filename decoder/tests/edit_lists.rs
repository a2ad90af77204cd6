//! Edit lists of MP4 files: the parts of a track that are played, in their order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use soundalike_decoder::SoundFile;

const RATE_HZ: u32 = 4_400;
/// Units in a second of the movie, as FFmpeg writes.
const MOVIE_SCALE: u32 = 1000;
const FRAMES_PER_PACKET: u32 = 44;
const PACKETS: u32 = 700;

fn named(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let size = (content.len() as u32 + 8).to_be_bytes();
    [size.as_slice(), name, &content].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

/// A track of 7 s, mono of 16 bits, in which each packet has its number as its samples. An edit has
/// a duration in milliseconds and a start in frames.
fn file(edits: &[(u32, i32)]) -> Vec<u8> {
    let frames = FRAMES_PER_PACKET * PACKETS;
    let matrix = words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let sound = [
        words(&[0, 1]),
        words(&[0, 0]),
        words(&[0x0001_0010, 0, RATE_HZ << 16]),
    ]
    .concat();
    let entries = edits
        .iter()
        .flat_map(|&(millis, start)| words(&[millis, start.cast_unsigned(), 0x1_0000]));
    let list = [words(&[0, edits.len() as u32]), entries.collect()].concat();
    let edit_box = named(b"edts", &[&named(b"elst", &[&list])]);
    let packet_bytes = FRAMES_PER_PACKET * 2;
    let movie = |first: u32| {
        let table = named(
            b"stbl",
            &[
                &named(b"stsd", &[&words(&[0, 1]), &named(b"sowt", &[&sound])]),
                &named(b"stts", &[&words(&[0, 1, frames, 1])]),
                &named(b"stsc", &[&words(&[0, 1, 1, FRAMES_PER_PACKET, 1])]),
                &named(b"stsz", &[&words(&[0, 2, frames])]),
                &named(
                    b"stco",
                    &[
                        &words(&[0, PACKETS]),
                        &words(
                            &(0..PACKETS)
                                .map(|packet| first + packet * packet_bytes)
                                .collect::<Vec<_>>(),
                        ),
                    ],
                ),
            ],
        );
        let media = named(
            b"mdia",
            &[
                &named(b"mdhd", &[&words(&[0, 0, 0, RATE_HZ, frames, 0x55c4_0000])]),
                &named(b"hdlr", &[&words(&[0, 0]), b"soun", &words(&[0, 0, 0, 0])]),
                &named(b"minf", &[&named(b"smhd", &[&words(&[0, 0])]), &table]),
            ],
        );
        let millis = frames * 10 / 44;
        let track = [
            words(&[3, 0, 0, 1, 0, millis, 0, 0, 0, 0x0100_0000]),
            matrix.clone(),
            words(&[0, 0]),
        ];
        let header = [
            words(&[0, 0, 0, MOVIE_SCALE, millis, 0x1_0000, 0x0100_0000, 0, 0]),
            matrix.clone(),
            words(&[0, 0, 0, 0, 0, 0, 2]),
        ];
        let edits = if edits.is_empty() {
            &[]
        } else {
            edit_box.as_slice()
        };
        named(
            b"moov",
            &[
                &named(b"mvhd", &[&header.concat()]),
                &named(
                    b"trak",
                    &[&named(b"tkhd", &[&track.concat()]), edits, &media],
                ),
            ],
        )
    };
    let kind = named(b"ftyp", &[b"qt  ", &words(&[0]), b"qt  "]);
    let first = (kind.len() + movie(0).len() + 8) as u32;
    let samples = (0..frames).flat_map(|frame| ((frame / FRAMES_PER_PACKET) as i16).to_le_bytes());
    let data = named(b"mdat", &[&samples.collect::<Vec<_>>()]);
    [kind, movie(first), data].concat()
}

/// Runs of packets' numbers that are heard, each as its first and last number, and the seconds that
/// are stated.
fn heard(edits: &[(u32, i32)]) -> (Vec<(i32, i32)>, f64, usize) {
    let mut file = SoundFile::open(Box::new(Cursor::new(file(edits))), Some("mov")).unwrap();
    let stated = file.stated_secs().unwrap();
    let (mut runs, mut frames) = (Vec::<(i32, i32)>::new(), 0);
    while let Some(part) = file.next_part() {
        frames += part.interleaved.len();
        for sample in part.interleaved {
            let number = (sample * 32_768.0) as i32;
            match runs.last_mut() {
                Some((_, last)) if number == *last || number == *last + 1 => *last = number,
                _ => runs.push((number, number)),
            }
        }
    }
    (runs, stated, frames)
}

#[test]
fn the_edits_of_a_track_are_played_one_after_another() {
    let at = |packet: i32| packet * FRAMES_PER_PACKET as i32;
    for (edits, runs) in [
        (vec![], vec![(0, 699)]),
        (vec![(7000, 0)], vec![(0, 699)]),
        // A late start, an early end, and both.
        (vec![(5000, at(200))], vec![(200, 699)]),
        (vec![(5000, 0)], vec![(0, 499)]),
        (vec![(1000, at(3))], vec![(3, 102)]),
        // An empty edit delays the track against others.
        (vec![(5000, -1), (1000, at(300))], vec![(300, 399)]),
        // Cuts, in both orders, and a cut that is none.
        (vec![(1000, 0), (1000, at(400))], vec![(0, 99), (400, 499)]),
        (
            vec![(1000, at(400)), (1000, at(0))],
            vec![(400, 499), (0, 99)],
        ),
        (vec![(1000, at(50)), (1000, at(150))], vec![(50, 249)]),
        // Longer than the track, and of a length that wasn't known yet.
        (vec![(60_000, at(600))], vec![(600, 699)]),
        (vec![(0, at(600))], vec![(600, 699)]),
        // Beyond the track: damaged, all is played.
        (vec![(1000, at(900))], vec![(0, 699)]),
    ] {
        let (found, stated, frames) = heard(&edits);
        assert_eq!(found, runs, "{edits:?}");
        let secs = frames as f64 / f64::from(RATE_HZ);
        assert!(
            (stated - secs).abs() < 0.01,
            "{edits:?}: {stated} s stated, {secs} s played"
        );
    }
}

#[test]
fn a_damaged_edit_list_does_no_harm() {
    let whole = file(&[(1000, 0), (1000, 200)]);
    let at = whole.windows(4).position(|name| name == b"elst").unwrap();
    for offset in 0..32 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut damaged = whole.clone();
            damaged[at - 4 + offset] = value;
            if let Ok(mut file) = SoundFile::open(Box::new(Cursor::new(damaged)), Some("mov")) {
                while file.next_part().is_some() {}
            }
        }
    }
}
