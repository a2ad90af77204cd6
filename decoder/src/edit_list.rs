//! Edit lists of MP4 files: which parts of a track are played (ISO/IEC 14496-12, 8.6.6).
//!
//! Symphonia decodes the whole track. Players, and browsers, play its edits one after another. An
//! empty edit delays a track against others. It holds no sound, and is left out.

use crate::boxes::{VERSION_BYTES, boxes, inside, is_long, track_id, u32_at, u64_at};

/// A part of a track that is played, in units of the track's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Where it begins.
    pub start: u64,
    /// Where it ends; `u64::MAX` for the end of the track.
    pub end: u64,
}

/// No program for music writes so many edits.
const MAX_EDITS: usize = 1000;
/// `media_time` of an empty edit.
const EMPTY: i64 = -1;

/// The edits of each track, by the track's identifier; none for tracks that are played as they are.
/// `movie` is the content of the box `moov`.
pub fn edit_lists(movie: &[u8]) -> Vec<(u32, Vec<Edit>)> {
    let Some((movie_timescale, _)) = inside(movie, &[b"mvhd"]).and_then(times) else {
        return Vec::new();
    };
    boxes(movie)
        .filter(|(name, _)| *name == b"trak")
        .filter_map(|(_, track)| edits_of(track, movie_timescale))
        .collect()
}

fn edits_of(track: &[u8], movie_timescale: u64) -> Option<(u32, Vec<Edit>)> {
    let track_id = track_id(inside(track, &[b"tkhd"])?)?;
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
