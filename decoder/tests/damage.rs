//! Damaged packets: the rest of a file stays in its place.
#![cfg(feature = "all")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;
use std::ops::Range;

use soundalike_decoder::SoundFile;

/// Nine frames, all but the last of 576 samples in one channel.
const FLAC: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/frames-flac");
const FLAC_FRAME: usize = 576;
/// Where its fourth frame lies.
const FOURTH_BYTES: Range<usize> = 2_856..3_784;
/// Two packets, of which the first is the encoder's priming, which isn't played.
const AAC: &[u8] = include_bytes!("../../fuzz/seeds/sound_file/aac-m4a");
/// Where the second lies.
const SECOND_BYTES: Range<usize> = 612..1_116;

fn samples(file: &[u8]) -> Vec<f32> {
    let source = Box::new(Cursor::new(file.to_vec()));
    let mut file = SoundFile::open(source, None).unwrap();
    let mut samples = Vec::new();
    while let Some(part) = file.next_part() {
        samples.extend_from_slice(part.interleaved);
    }
    samples
}

fn damaged(file: &[u8], bytes: Range<usize>, with: u8) -> Vec<u8> {
    let mut file = file.to_vec();
    file[bytes].fill(with);
    file
}

#[test]
fn a_damaged_frame_of_flac_is_silent() {
    let whole = samples(FLAC);
    let fourth = 3 * FLAC_FRAME..4 * FLAC_FRAME;
    let middle = FOURTH_BYTES.start + 100..FOURTH_BYTES.start + 110;
    let rest = samples(&damaged(FLAC, middle, 0x55));
    assert_eq!(rest.len(), whole.len());
    assert!(rest[..fourth.start] == whole[..fourth.start]);
    assert!(rest[fourth.clone()].iter().all(|sample| *sample == 0.0));
    assert!(rest[fourth.end..] == whole[fourth.end..]);
}

#[test]
fn a_packet_that_cannot_be_decoded_is_silent() {
    let whole = samples(AAC);
    assert!(whole.iter().any(|sample| *sample != 0.0));
    // A damaged element, and one that the decoder doesn't know.
    for with in [0x61, 0x40] {
        let rest = samples(&damaged(AAC, SECOND_BYTES, with));
        assert!(rest == vec![0.0; whole.len()], "{with:#x}");
    }
}

#[test]
fn what_is_missing_at_the_end_is_not_added() {
    let cut = samples(&FLAC[..FOURTH_BYTES.start + 100]);
    assert_eq!(cut.len(), 3 * FLAC_FRAME);
}
