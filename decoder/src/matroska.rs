//! The sound tracks that the header of a Matroska or WebM file lists (RFC 9559).

use std::io::{Read as _, Result, Seek as _, SeekFrom};

use symphonia::core::io::MediaSource;

use crate::codecs;
use crate::tracks::SoundTrack;

// Elements (RFC 9559, 27.1; RFC 8794, 17.1).
const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_NUMBER: u32 = 0xd7;
const TRACK_TYPE: u32 = 0x83;
const FLAG_DEFAULT: u32 = 0x88;
const CODEC_ID: u32 = 0x86;
const CLUSTER: u32 = 0x1f43_b675;
/// Track type of sound (RFC 9559, 5.1.4.1.3).
const AUDIO: u64 = 2;

/// Bytes of the longest identifier and of the longest size (RFC 8794, 11.2.4 and 11.2.5).
const MAX_ID_BYTES: usize = 4;
const MAX_SIZE_BYTES: usize = 8;
/// Elements before the first sound. Files have a handful.
const MAX_ELEMENTS: usize = 64;
/// The header of Vorbis takes some kilobytes; pictures in it take more.
const MAX_TRACKS_BYTES: u64 = 1 << 20;

/// The sound tracks of a Matroska or WebM file; none for other files.
pub fn sound_tracks(source: &mut Box<dyn MediaSource>) -> Vec<SoundTrack> {
    let content = tracks_element(source).ok().flatten().unwrap_or_default();
    let entries = elements(&content).filter(|(id, _)| *id == TRACK_ENTRY);
    let sound = entries.filter_map(|(_, entry)| {
        let content = |wanted| {
            let found = elements(entry).find(|(id, _)| *id == wanted);
            found.map(|(_, content)| content)
        };
        let value = |wanted| content(wanted).map(number);
        (value(TRACK_TYPE)? == AUDIO).then_some(SoundTrack {
            id: u32::try_from(value(TRACK_NUMBER)?).ok()?,
            // Set where it isn't written (RFC 9559, 5.1.4.1.5).
            is_default: value(FLAG_DEFAULT).is_none_or(|flag| flag == 1),
            foreign: content(CODEC_ID).and_then(codecs::name_of),
        })
    });
    sound.collect()
}

/// The content of the element with the tracks, if it comes before the sound.
fn tracks_element(source: &mut Box<dyn MediaSource>) -> Result<Option<Vec<u8>>> {
    let mut offset = 0_u64;
    for index in 0..MAX_ELEMENTS {
        source.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        let longest = (MAX_ID_BYTES + MAX_SIZE_BYTES) as u64;
        source.take(longest).read_to_end(&mut bytes)?;
        let Some((id, size, head_bytes)) = head(&bytes) else {
            return Ok(None);
        };
        if (index == 0) != (id == EBML) || id == CLUSTER {
            return Ok(None);
        }
        let content = offset.saturating_add(head_bytes as u64);
        if id == TRACKS {
            let mut tracks = Vec::new();
            source.seek(SeekFrom::Start(content))?;
            source
                .take(size.min(MAX_TRACKS_BYTES))
                .read_to_end(&mut tracks)?;
            return Ok(Some(tracks));
        }
        let after = content.saturating_add(size).min(i64::MAX as u64);
        offset = if id == SEGMENT { content } else { after };
    }
    Ok(None)
}

/// Identifiers and contents of the elements in an element, up to the first that is damaged.
fn elements(content: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (id, size, head_bytes) = head(rest)?;
        let end = head_bytes.checked_add(usize::try_from(size).ok()?)?;
        let inner = rest.get(head_bytes..end)?;
        rest = &rest[end..];
        Some((id, inner))
    })
}

/// Identifier and size of the element at the beginning, and the bytes of both. The zeros before
/// the first one of a number count its further bytes (RFC 8794, 4).
fn head(bytes: &[u8]) -> Option<(u32, u64, usize)> {
    let id_bytes = bytes.first()?.leading_zeros() as usize + 1;
    let size_bytes = bytes.get(id_bytes)?.leading_zeros() as usize + 1;
    if id_bytes > MAX_ID_BYTES || size_bytes > MAX_SIZE_BYTES {
        return None;
    }
    let end = id_bytes + size_bytes;
    let id = u32::try_from(number(&bytes[..id_bytes])).ok()?;
    // The first one isn't part of a size.
    let size = number(bytes.get(id_bytes..end)?) & ((1 << (7 * size_bytes)) - 1);
    Some((id, size, end))
}

/// An unsigned number, of which the last 8 bytes count.
fn number(bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
    bytes.iter().fold(0, add)
}
