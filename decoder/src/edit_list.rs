//! Edit lists of MP4 files: which parts of a track are played (ISO/IEC 14496-12, 8.6.6).
//!
//! Symphonia decodes the whole track. Players, and browsers, play its edits one after another. An
//! empty edit delays a track against others. It holds no sound, and is left out.

use std::io::{Read as _, Result, Seek as _, SeekFrom};

use symphonia::core::io::MediaSource;

/// A part of a track that is played, in units of the track's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it begins.
    pub start: u64,
    /// Where it ends; `u64::MAX` for the end of the track.
    pub end: u64,
}

/// Boxes that are looked at before a file counts as damaged.
const MAX_BOXES: usize = 1000;
/// A header of ten hours, or one with large pictures.
const MAX_HEADER_BYTES: u64 = 1 << 24;
/// No program for music writes so many edits.
const MAX_EDITS: usize = 1000;
/// Version and flags, with which many boxes begin.
const VERSION_BYTES: usize = 4;
/// `media_time` of an empty edit.
const EMPTY: i64 = -1;

/// The edits of each track of an MP4 file, by the track's identifier; none for other files and for
/// tracks that are played as they are.
pub fn edit_lists(source: &mut Box<dyn MediaSource>) -> Vec<(u32, Vec<Edit>)> {
    let Some(movie) = movie_box(source).ok().flatten() else {
        return Vec::new();
    };
    let Some((movie_timescale, _)) = inside(&movie, &[b"mvhd"]).and_then(times) else {
        return Vec::new();
    };
    boxes(&movie)
        .filter(|(name, _)| *name == b"trak")
        .filter_map(|(_, track)| edits_of(track, movie_timescale))
        .collect()
}

/// The content of the box `moov`.
fn movie_box(source: &mut Box<dyn MediaSource>) -> Result<Option<Vec<u8>>> {
    let mut offset = 0_u64;
    for _ in 0..MAX_BOXES {
        source.seek(SeekFrom::Start(offset))?;
        let mut head = [0; 8];
        source.read_exact(&mut head)?;
        let (size, name) = head.split_at(4);
        let (mut size, mut head_bytes) = (u64::from(u32_at(size, 0).unwrap_or(0)), 8);
        if offset == 0
            && ![b"ftyp", b"moov", b"wide", b"free", b"mdat", b"skip"]
                .iter()
                .any(|known| *known == name)
        {
            return Ok(None);
        }
        if size == 1 {
            let mut long = [0; 8];
            source.read_exact(&mut long)?;
            (size, head_bytes) = (u64::from_be_bytes(long), 16);
        }
        let Some(bytes) = size.checked_sub(head_bytes) else {
            return Ok(None);
        };
        if name == b"moov" {
            if bytes > MAX_HEADER_BYTES {
                return Ok(None);
            }
            let mut content = Vec::new();
            source.take(bytes).read_to_end(&mut content)?;
            return Ok(Some(content));
        }
        offset = offset.saturating_add(size).min(i64::MAX as u64);
    }
    Ok(None)
}

fn edits_of(track: &[u8], movie_timescale: u64) -> Option<(u32, Vec<Edit>)> {
    let header = inside(track, &[b"tkhd"])?;
    let track_id = u32_at(header, if is_long(header) { 20 } else { 12 })?;
    let (timescale, media_duration) = times(inside(track, &[b"mdia", b"mdhd"])?)?;
    let list = inside(track, &[b"edts", b"elst"])?;
    let count = u32_at(list, VERSION_BYTES)? as usize;
    if count > MAX_EDITS {
        return None;
    }
    let mut edits: Vec<Edit> = Vec::new();
    for index in 0..count {
        let (duration, start) = if is_long(list) {
            let at = 8 + index * 20;
            (u64_at(list, at)?, u64_at(list, at + 8)?.cast_signed())
        } else {
            let at = 8 + index * 12;
            let start = u32_at(list, at + 4)?.cast_signed();
            (u64::from(u32_at(list, at)?), i64::from(start))
        };
        if start == EMPTY {
            continue;
        }
        let start = u64::try_from(start).ok()?;
        // Written before the duration was known.
        let is_open = duration == 0;
        let units = u128::from(duration) * u128::from(timescale) / u128::from(movie_timescale);
        let length = u64::try_from(units).ok().filter(|_| !is_open);
        let end = length.map_or(u64::MAX, |length| start.saturating_add(length));
        match edits.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => edits.push(Edit { start, end }),
        }
    }
    edits.retain(|edit| media_duration == 0 || edit.start < media_duration);
    (!edits.is_empty()).then_some((track_id, edits))
}

/// Time scale, which is no 0, and duration of the boxes `mvhd` and `mdhd`.
fn times(content: &[u8]) -> Option<(u64, u64)> {
    let (scale, duration) = if is_long(content) {
        (u32_at(content, 20)?, u64_at(content, 24)?)
    } else {
        (u32_at(content, 12)?, u64::from(u32_at(content, 16)?))
    };
    (scale > 0).then_some((u64::from(scale), duration))
}

/// Whether a box has fields of 64 bits (version 1).
fn is_long(content: &[u8]) -> bool {
    content.first() == Some(&1)
}

/// The content of the first box at a path.
fn inside<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(content, |content, wanted| {
        let found = boxes(content).find(|(name, _)| name == wanted);
        found.map(|(_, inner)| inner)
    })
}

/// Names and contents of the boxes in a box; sizes of 64 bits occur outside of the header alone.
fn boxes(content: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let size = u32_at(rest, 0)? as usize;
        let name = rest.get(4..8)?.try_into().ok()?;
        let inner = rest.get(8..size)?;
        rest = &rest[size..];
        Some((name, inner))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
