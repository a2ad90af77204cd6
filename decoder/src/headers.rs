//! Headers of AU, Wave64, RIFX and RF64 files, and of WAV files without a length or with MPEG audio
//! inside, which Symphonia doesn't read.

use std::io::{BufReader, Read, Result, Seek, SeekFrom};

use symphonia::core::codecs::audio::well_known as codec;
use symphonia::core::io::MediaSource;

use crate::plain::{Layout, pcm};

/// Chunks that are looked at before a file counts as damaged.
const MAX_CHUNKS: usize = 1000;

/// The layout of a file that this module reads; `None` for all others.
pub fn layout(source: &mut Box<dyn MediaSource>) -> Option<Layout> {
    let file_bytes = source.byte_len();
    let mut reader = Fields {
        reader: BufReader::new(source),
        is_big_endian: false,
    };
    reader.layout(file_bytes).ok().flatten()
}

/// The format chunk of a WAV file.
struct Format {
    tag: u16,
    channels: u16,
    sample_rate_hz: u32,
    frame_bytes: u16,
}

/// Names of chunks in Wave64 are GUIDs, which begin with those of WAV.
const WAVE64_ID_BYTES: u64 = 16;
/// Name and size of a chunk.
const WAVE64_HEADER_BYTES: u64 = WAVE64_ID_BYTES + 8;

struct Fields<R> {
    reader: R,
    is_big_endian: bool,
}

impl<R: Read + Seek> Fields<R> {
    fn layout(&mut self, file_bytes: Option<u64>) -> Result<Option<Layout>> {
        match &self.id()? {
            b".snd" => self.au(),
            b"riff" => {
                // The rest of the GUID, the size, and the GUID "wave".
                self.skip(WAVE64_ID_BYTES - 4 + 8)?;
                let form = self.id()?;
                self.skip(WAVE64_ID_BYTES - 4)?;
                if &form == b"wave" {
                    self.wave64()
                } else {
                    Ok(None)
                }
            }
            marker @ (b"RIFF" | b"RIFX" | b"RF64" | b"BW64") => {
                self.is_big_endian = marker == b"RIFX";
                let size = self.u32()?;
                if &self.id()? != b"WAVE" {
                    return Ok(None);
                }
                // Symphonia refuses chunks that are longer than the whole.
                let symphonia_end = match marker {
                    b"RIFF" if size >= 4 => u64::from(size).saturating_add(8),
                    _ => 0,
                };
                self.wave(file_bytes, symphonia_end)
            }
            _ => Ok(None),
        }
    }

    /// Header of AU files (`<audio/au.h>` of Solaris), which is big-endian.
    fn au(&mut self) -> Result<Option<Layout>> {
        self.is_big_endian = true;
        let (start, bytes, encoding) = (self.u32()?, self.u32()?, self.u32()?);
        let (sample_rate_hz, channels) = (self.u32()?, self.u32()?);
        let (codec, sample_bytes) = match encoding {
            1 => (codec::CODEC_ID_PCM_MULAW, 1),
            2 => (codec::CODEC_ID_PCM_S8, 1),
            3 => (codec::CODEC_ID_PCM_S16BE, 2),
            4 => (codec::CODEC_ID_PCM_S24BE, 3),
            5 => (codec::CODEC_ID_PCM_S32BE, 4),
            6 => (codec::CODEC_ID_PCM_F32BE, 4),
            7 => (codec::CODEC_ID_PCM_F64BE, 8),
            27 => (codec::CODEC_ID_PCM_ALAW, 1),
            _ => return Ok(Some(Layout::Foreign)),
        };
        let bytes = Some(u64::from(bytes)).filter(|bytes| *bytes != u64::from(u32::MAX));
        Ok(Some(pcm(
            codec,
            sample_rate_hz,
            channels,
            sample_bytes,
            u64::from(start),
            bytes,
        )))
    }

    /// Chunks of WAV, RIFX and RF64 (EBU Tech 3306), whose sizes are even. Symphonia reads WAV
    /// files whose data end before `symphonia_end`.
    fn wave(&mut self, file_bytes: Option<u64>, symphonia_end: u64) -> Result<Option<Layout>> {
        let mut format = None;
        let mut long_bytes = None;
        for _ in 0..MAX_CHUNKS {
            let (id, size) = (self.id()?, u64::from(self.u32()?));
            let start = self.reader.stream_position()?;
            match &id {
                b"fmt " => format = Some(self.format()?),
                b"ds64" => {
                    self.skip(8)?;
                    long_bytes = Some(self.u64()?);
                }
                b"data" => {
                    let Some(format) = format else {
                        return Ok(None);
                    };
                    let rest = file_bytes.map(|bytes| bytes.saturating_sub(start));
                    let bytes = match size {
                        0xffff_ffff => long_bytes,
                        // A program that wrote into a pipe didn't know the size.
                        0 => None,
                        size => Some(size),
                    };
                    let is_known = size != 0 || rest == Some(0);
                    let is_endless = size == 0xffff_ffff && symphonia_end > size;
                    let is_whole = start.saturating_add(size) <= symphonia_end || is_endless;
                    if is_whole && is_known && !format.is_mpeg() {
                        return Ok(None);
                    }
                    return Ok(Some(self.sound(&format, start, bytes)));
                }
                _ => {}
            }
            self.reader
                .seek(SeekFrom::Start(start + size + (size & 1)))?;
        }
        Ok(None)
    }

    /// Chunks of Wave64 (Sony, 2002). Their sizes include the header, and they begin at multiples
    /// of 8 bytes.
    fn wave64(&mut self) -> Result<Option<Layout>> {
        let mut format = None;
        for _ in 0..MAX_CHUNKS {
            let id = self.id()?;
            self.skip(WAVE64_ID_BYTES - 4)?;
            let size = self.u64()?;
            let start = self.reader.stream_position()?;
            match (&id, format) {
                (b"fmt ", _) => format = Some(self.format()?),
                (b"data", Some(format)) => {
                    let bytes = size.checked_sub(WAVE64_HEADER_BYTES);
                    return Ok(Some(self.sound(&format, start, bytes)));
                }
                (b"data", None) => return Ok(None),
                (_, kept) => format = kept,
            }
            let next = (start - WAVE64_HEADER_BYTES).saturating_add(size.max(WAVE64_HEADER_BYTES));
            let next = next.checked_next_multiple_of(8).unwrap_or(u64::MAX >> 1);
            self.reader.seek(SeekFrom::Start(next.min(u64::MAX >> 1)))?;
        }
        Ok(None)
    }

    fn format(&mut self) -> Result<Format> {
        let (tag, channels) = (self.u16()?, self.u16()?);
        let sample_rate_hz = self.u32()?;
        self.skip(4)?;
        let frame_bytes = self.u16()?;
        // WAVE_FORMAT_EXTENSIBLE: the GUID after these fields begins with the tag.
        let tag = if tag == 0xfffe {
            self.skip(2 + 2 + 2 + 4)?;
            self.u16()?
        } else {
            tag
        };
        Ok(Format {
            tag,
            channels,
            sample_rate_hz,
            frame_bytes,
        })
    }

    fn sound(&self, format: &Format, start: u64, bytes: Option<u64>) -> Layout {
        if format.is_mpeg() {
            return Layout::Mpeg { start };
        }
        let channels = u32::from(format.channels);
        let sample_bytes = u32::from(format.frame_bytes) / channels.max(1);
        let big = self.is_big_endian;
        let either = |little, big_endian| if big { big_endian } else { little };
        let codec = match (format.tag, sample_bytes) {
            (1, 1) => codec::CODEC_ID_PCM_U8,
            (1, 2) => either(codec::CODEC_ID_PCM_S16LE, codec::CODEC_ID_PCM_S16BE),
            (1, 3) => either(codec::CODEC_ID_PCM_S24LE, codec::CODEC_ID_PCM_S24BE),
            (1, 4) => either(codec::CODEC_ID_PCM_S32LE, codec::CODEC_ID_PCM_S32BE),
            (3, 4) => either(codec::CODEC_ID_PCM_F32LE, codec::CODEC_ID_PCM_F32BE),
            (3, 8) => either(codec::CODEC_ID_PCM_F64LE, codec::CODEC_ID_PCM_F64BE),
            (6, 1) => codec::CODEC_ID_PCM_ALAW,
            (7, 1) => codec::CODEC_ID_PCM_MULAW,
            _ => return Layout::Foreign,
        };
        pcm(
            codec,
            format.sample_rate_hz,
            channels,
            sample_bytes,
            start,
            bytes,
        )
    }

    fn id(&mut self) -> Result<[u8; 4]> {
        self.array()
    }

    fn u16(&mut self) -> Result<u16> {
        let bytes = self.array()?;
        Ok(if self.is_big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn u32(&mut self) -> Result<u32> {
        let bytes = self.array()?;
        Ok(if self.is_big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    /// In 64 bits no format here is big-endian.
    fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        self.reader.seek_relative(bytes as i64)
    }
}

impl Format {
    /// MPEG layers 1 and 2, and MP3 (RFC 2361).
    fn is_mpeg(&self) -> bool {
        matches!(self.tag, 0x50 | 0x55)
    }
}
