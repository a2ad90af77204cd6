//! Boxes of which MP4 files consist, one inside another (ISO/IEC 14496-12, 4.2).

use std::io::{Read as _, Result, Seek as _, SeekFrom};

use symphonia::core::io::MediaSource;

/// Version and flags, with which many boxes begin.
pub const VERSION_BYTES: usize = 4;

/// Boxes that are looked at before a file counts as damaged.
const MAX_BOXES: usize = 1000;
/// A header of ten hours, or one with large pictures.
const MAX_HEADER_BYTES: u64 = 1 << 24;

/// The content of the box `moov`; `None` for other files.
pub fn movie_box(source: &mut Box<dyn MediaSource>) -> Result<Option<Vec<u8>>> {
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

/// The length that a file had before it was cut off, by the boxes from where `source` is to its
/// end; `None` if nothing is missing.
pub fn length_before_cut(source: &mut Box<dyn MediaSource>) -> Result<Option<u64>> {
    let Some(length) = source.byte_len() else {
        return Ok(None);
    };
    let mut offset = source.stream_position()?;
    for _ in 0..MAX_BOXES {
        if offset >= length {
            return Ok((offset > length).then_some(offset));
        }
        source.seek(SeekFrom::Start(offset))?;
        let mut head = [0; 16];
        source.read_exact(&mut head[..8])?;
        let size = match u32_at(&head, 0) {
            // As long as the file.
            Some(0) | None => return Ok(None),
            Some(1) => {
                source.read_exact(&mut head[8..])?;
                u64_at(&head, 8).unwrap_or(0)
            }
            Some(size) => u64::from(size),
        };
        offset = offset.saturating_add(size).min(i64::MAX as u64);
    }
    Ok(None)
}

/// Whether a box has fields of 64 bits (version 1).
pub fn is_long(content: &[u8]) -> bool {
    content.first() == Some(&1)
}

/// The identifier in the content of a box `tkhd`.
pub fn track_id(header: &[u8]) -> Option<u32> {
    u32_at(header, if is_long(header) { 20 } else { 12 })
}

/// The content of the first box at a path.
pub fn inside<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(content, |content, wanted| {
        let found = boxes(content).find(|(name, _)| name == wanted);
        found.map(|(_, inner)| inner)
    })
}

/// Names and contents of the boxes in a box; sizes of 64 bits occur outside of the header alone.
pub fn boxes(content: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let size = u32_at(rest, 0)? as usize;
        let name = rest.get(4..8)?.try_into().ok()?;
        let inner = rest.get(8..size)?;
        rest = &rest[size..];
        Some((name, inner))
    })
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

pub fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
