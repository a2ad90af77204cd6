//! AVI: chunks in lists, of which those of the sound have the number of its stream in their names
//! (Microsoft, "AVI RIFF File Reference"; OpenDML 1.02 for files over 1 GB).

use std::io::{BufReader, Read, Result};

use super::{Collected, Elementary};

/// Name and size of a chunk.
const HEAD_BYTES: usize = 8;
/// A list's type, which its chunks follow.
const LIST_TYPE_BYTES: i64 = 4;
/// Bytes of a format chunk without and with the fields of any codec.
const FORMAT_BYTES: std::ops::RangeInclusive<u64> = 16..=1024;
/// Format tags of MPEG layers 1 and 2, and of MP3 (RFC 2361).
const MPEG_TAGS: [u16; 2] = [0x50, 0x55];
/// PCM, ADPCM (Microsoft), floating point, A-law, mu-law, ADPCM (IMA), and PCM with more fields.
const WAV_TAGS: [u16; 7] = [1, 2, 3, 6, 7, 0x11, 0xfffe];

/// The sound track that is read.
struct Track {
    /// Name of its chunks.
    name: [u8; 4],
    /// The code of the format, as in WAV files.
    format: Vec<u8>,
}

pub fn sound<R: Read + std::io::Seek>(reader: &mut BufReader<R>) -> Option<Elementary> {
    let mut collected = Collected::default();
    let track = collect(reader, &mut collected).ok()??;
    if collected.bytes.is_empty() {
        return None;
    }
    let tag = u16::from_le_bytes([track.format[0], track.format[1]]);
    // An odd size would need a byte more.
    let format = &track.format[..track.format.len() & !1];
    match tag {
        tag if MPEG_TAGS.contains(&tag) => Some(collected.into_mp3()),
        tag if WAV_TAGS.contains(&tag) => Some(collected.into_wav(format)),
        _ => None,
    }
}

/// Reads all chunks up to the end of the file.
fn collect<R: Read + std::io::Seek>(
    reader: &mut BufReader<R>,
    collected: &mut Collected,
) -> Result<Option<Track>> {
    let mut track: Option<Track> = None;
    let mut streams = 0_u8;
    let mut is_sound = false;
    loop {
        let mut head = [0; HEAD_BYTES];
        if reader.read_exact(&mut head).is_err() {
            return Ok(track);
        }
        let (name, size) = head.split_at(4);
        let size = u64::from(u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
        let after = (size + (size & 1)) as i64;
        match name {
            b"RIFF" | b"LIST" => reader.seek_relative(LIST_TYPE_BYTES)?,
            b"strh" if size >= 4 => {
                let mut kind = [0; 4];
                reader.read_exact(&mut kind)?;
                is_sound = &kind == b"auds";
                streams = streams.saturating_add(1);
                reader.seek_relative(after - 4)?;
            }
            b"strf" if is_sound && track.is_none() && FORMAT_BYTES.contains(&size) => {
                let mut format = vec![0; size as usize];
                reader.read_exact(&mut format)?;
                reader.seek_relative(after - size as i64)?;
                let number = streams - 1;
                let name = [b'0' + number / 10, b'0' + number % 10, b'w', b'b'];
                track = Some(Track { name, format });
            }
            name if track.as_ref().is_some_and(|track| track.name == name) => {
                collected.read(reader, size)?;
                reader.seek_relative(after - size as i64)?;
            }
            _ => {
                collected.pass()?;
                reader.seek_relative(after)?;
            }
        }
    }
}
