//! Edit lists of MP4 files: the parts of a track that are played, in their order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use soundalike_decoder::SoundFile;

mod movie;

use movie::{FRAMES_PER_PACKET, RATE_HZ, Track};

/// A file with one track.
fn file(edits: &[(u32, i32)]) -> Vec<u8> {
    let is_enabled = true;
    movie::file(&[Track { is_enabled, edits }])
}

/// Runs of packets' numbers that are heard, each as its first and last number, and the seconds that
/// are stated.
fn heard(edits: &[(u32, i32)]) -> (Vec<(i32, i32)>, f64, usize) {
    heard_of(file(edits))
}

fn heard_of(bytes: Vec<u8>) -> (Vec<(i32, i32)>, f64, usize) {
    let mut file = SoundFile::open(Box::new(Cursor::new(bytes)), Some("mov")).unwrap();
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
fn a_file_that_was_cut_off_gives_what_is_there() {
    for edits in [&[] as &[_], &[(7000, 0)]] {
        let mut bytes = file(edits);
        bytes.truncate(bytes.len() - 300 * 2 * FRAMES_PER_PACKET as usize);
        let (found, stated, _) = heard_of(bytes);
        assert_eq!(found, [(0, 399)], "{edits:?}");
        assert!((stated - 7.0).abs() < 0.01, "{stated}");
    }
}

#[test]
fn a_damaged_edit_list_does_no_harm() {
    let whole = file(&[(1000, 0), (1000, 200)]);
    let place = |name: &[u8; 4]| whole.windows(4).position(|found| found == name).unwrap();
    let (movie, list, media) = (place(b"mvhd") - 4, place(b"elst") - 4, place(b"mdhd") - 4);
    // Its time scales, too.
    for at in (movie..movie + 32)
        .chain(list..list + 32)
        .chain(media..media + 32)
    {
        for (value, bytes) in [(0, 1), (1, 1), (0x7f, 1), (0xff, 1), (0, 4), (0xff, 4)] {
            let mut damaged = whole.clone();
            damaged[at..at + bytes].fill(value);
            if let Ok(mut file) = SoundFile::open(Box::new(Cursor::new(damaged)), Some("mov")) {
                while file.next_part().is_some() {}
            }
        }
    }
}
