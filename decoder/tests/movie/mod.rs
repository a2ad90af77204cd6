//! MP4 files whose sound tells where in which track it is.

pub const RATE_HZ: u32 = 4_400;
/// Units in a second of the movie, as FFmpeg writes.
const MOVIE_SCALE: u32 = 1000;
pub const FRAMES_PER_PACKET: u32 = 44;
const PACKETS: u32 = 700;
const FRAMES: u32 = FRAMES_PER_PACKET * PACKETS;
const PACKET_BYTES: u32 = FRAMES_PER_PACKET * 2;
/// Duration of a track.
const MILLIS: u32 = FRAMES * 10 / 44;

/// A track of 7 s, mono of 16 bits, in which each packet has its number as its samples; in the
/// second track 1000 more, and so on.
pub struct Track<'a> {
    pub is_enabled: bool,
    /// An edit has a duration in milliseconds and a start in frames.
    pub edits: &'a [(u32, i32)],
}

pub fn file(tracks: &[Track<'_>]) -> Vec<u8> {
    let kind = named(b"ftyp", &[b"qt  ", &words(&[0]), b"qt  "]);
    let first = (kind.len() + movie(tracks, 0).len() + 8) as u32;
    let sample = |track: u32, frame: u32| (1000 * track + frame / FRAMES_PER_PACKET) as i16;
    let samples: Vec<u8> = (0..tracks.len() as u32)
        .flat_map(|track| (0..FRAMES).flat_map(move |frame| sample(track, frame).to_le_bytes()))
        .collect();
    [kind, movie(tracks, first), named(b"mdat", &[&samples])].concat()
}

/// The header of a file whose sound begins at an offset.
fn movie(tracks: &[Track<'_>], first: u32) -> Vec<u8> {
    let header = [
        words(&[0, 0, 0, MOVIE_SCALE, MILLIS, 0x1_0000, 0x0100_0000, 0, 0]),
        matrix(),
        words(&[0, 0, 0, 0, 0, 0, 2]),
    ];
    let boxes: Vec<Vec<u8>> = (0..)
        .zip(tracks)
        .map(|(index, track)| track_box(index + 1, track, first + index * FRAMES * 2))
        .collect();
    named(
        b"moov",
        &[&named(b"mvhd", &[&header.concat()]), &boxes.concat()],
    )
}

fn track_box(id: u32, track: &Track<'_>, first: u32) -> Vec<u8> {
    let sound = [
        words(&[0, 1]),
        words(&[0, 0]),
        words(&[0x0001_0010, 0, RATE_HZ << 16]),
    ]
    .concat();
    let offsets: Vec<u32> = (0..PACKETS)
        .map(|packet| first + packet * PACKET_BYTES)
        .collect();
    let table = named(
        b"stbl",
        &[
            &named(b"stsd", &[&words(&[0, 1]), &named(b"sowt", &[&sound])]),
            &named(b"stts", &[&words(&[0, 1, FRAMES, 1])]),
            &named(b"stsc", &[&words(&[0, 1, 1, FRAMES_PER_PACKET, 1])]),
            &named(b"stsz", &[&words(&[0, 2, FRAMES])]),
            &named(b"stco", &[&words(&[0, PACKETS]), &words(&offsets)]),
        ],
    );
    let media = named(
        b"mdia",
        &[
            &named(b"mdhd", &[&words(&[0, 0, 0, RATE_HZ, FRAMES, 0x55c4_0000])]),
            &named(b"hdlr", &[&words(&[0, 0]), b"soun", &words(&[0, 0, 0, 0])]),
            &named(b"minf", &[&named(b"smhd", &[&words(&[0, 0])]), &table]),
        ],
    );
    let header = [
        words(&[2 + u32::from(track.is_enabled), 0, 0, id, 0, MILLIS]),
        words(&[0, 0, 0, 0x0100_0000]),
        matrix(),
        words(&[0, 0]),
    ];
    let entries = track
        .edits
        .iter()
        .flat_map(|&(millis, start)| words(&[millis, start.cast_unsigned(), 0x1_0000]));
    let list = [words(&[0, track.edits.len() as u32]), entries.collect()].concat();
    let edits = if track.edits.is_empty() {
        Vec::new()
    } else {
        named(b"edts", &[&named(b"elst", &[&list])])
    };
    named(
        b"trak",
        &[&named(b"tkhd", &[&header.concat()]), &edits, &media],
    )
}

fn matrix() -> Vec<u8> {
    words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000])
}

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
