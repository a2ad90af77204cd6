//! Uncompressed sound in containers that Symphonia doesn't read, in packets for its decoders.

use std::io::{Read, Result, Seek, SeekFrom};

use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::errors::Error;
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadBytes};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

/// Frames in a packet: small beside a song, large beside the work for a packet.
const PACKET_FRAMES: u64 = 4096;

/// What such a file holds.
pub enum Layout {
    /// Samples of a fixed size.
    Pcm(Pcm),
    /// MPEG audio (layers 1 to 3), from this byte on.
    Mpeg { start: u64 },
    /// A codec that isn't known here.
    Foreign,
}

/// Where the samples are, and of which kind.
pub struct Pcm {
    pub parameters: AudioCodecParameters,
    sample_rate_hz: u32,
    frame_bytes: u64,
    start: u64,
    /// `None`: up to the end of the file.
    bytes: Option<u64>,
}

impl Pcm {
    /// The duration that the header states.
    pub fn stated_secs(&self) -> Option<f64> {
        Some(self.bytes? as f64 / self.frame_bytes as f64 / f64::from(self.sample_rate_hz))
    }
}

/// The most channels that a file may have.
const MAX_CHANNELS: u32 = 64;

/// The layout of samples of `sample_bytes` each. `bytes` is `None` up to the end of the file.
pub fn pcm(
    codec: AudioCodecId,
    sample_rate_hz: u32,
    channels: u32,
    sample_bytes: u32,
    start: u64,
    bytes: Option<u64>,
) -> Layout {
    if sample_rate_hz == 0 || !(1..=MAX_CHANNELS).contains(&channels) {
        return Layout::Foreign;
    }
    let positions = Position::from_wave_channel_count(channels);
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(sample_rate_hz)
        .with_channels(match positions {
            Some(positions) => Channels::Positioned(positions),
            None => Channels::Discrete(channels as u16),
        })
        .with_max_frames_per_packet(PACKET_FRAMES);
    Layout::Pcm(Pcm {
        parameters,
        sample_rate_hz,
        frame_bytes: u64::from(channels * sample_bytes),
        start,
        bytes,
    })
}

/// A file of plain samples, in packets.
pub struct PlainFile {
    stream: MediaSourceStream<'static>,
    frame_bytes: u64,
    frames: u64,
    left_bytes: u64,
}

impl PlainFile {
    pub fn new(mut stream: MediaSourceStream<'static>, pcm: Pcm) -> Result<Self> {
        stream.seek(SeekFrom::Start(pcm.start))?;
        Ok(Self {
            stream,
            frame_bytes: pcm.frame_bytes,
            frames: 0,
            left_bytes: pcm.bytes.unwrap_or(u64::MAX),
        })
    }

    pub fn next_packet(&mut self) -> std::result::Result<Option<Packet>, Error> {
        let wanted = self.left_bytes.min(PACKET_FRAMES * self.frame_bytes);
        let mut data = vec![0; wanted as usize];
        let mut read = 0;
        while read < data.len() {
            match ReadBytes::read_buf(&mut self.stream, &mut data[read..]) {
                Ok(0) | Err(_) => break,
                Ok(more) => read += more,
            }
        }
        let frames = read as u64 / self.frame_bytes;
        if frames == 0 {
            return Ok(None);
        }
        data.truncate((frames * self.frame_bytes) as usize);
        self.left_bytes -= data.len() as u64;
        let at = Timestamp::new(self.frames as i64);
        self.frames += frames;
        Ok(Some(Packet::new(0, at, Duration::new(frames), data)))
    }
}

/// The bytes of a file from one on.
pub struct Tail {
    source: Box<dyn MediaSource>,
    start: u64,
}

impl Tail {
    pub fn new(mut source: Box<dyn MediaSource>, start: u64) -> Result<Self> {
        source.seek(SeekFrom::Start(start))?;
        Ok(Self { source, start })
    }
}

impl Read for Tail {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.source.read(buffer)
    }
}

impl Seek for Tail {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let to = match to {
            SeekFrom::Start(offset) => SeekFrom::Start(offset.saturating_add(self.start)),
            to => to,
        };
        Ok(self.source.seek(to)?.saturating_sub(self.start))
    }
}

impl MediaSource for Tail {
    fn is_seekable(&self) -> bool {
        self.source.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.source.byte_len()?.saturating_sub(self.start))
    }
}

/// A file that was cut off, with the length that it had: Symphonia reads no sound out of a box that
/// ends after the file.
pub struct CutOff {
    pub source: Box<dyn MediaSource>,
    pub length: u64,
}

impl Read for CutOff {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.source.read(buffer)
    }
}

impl Seek for CutOff {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let to = match to {
            SeekFrom::End(offset) => SeekFrom::Start(self.length.saturating_add_signed(offset)),
            to => to,
        };
        self.source.seek(to)
    }
}

impl MediaSource for CutOff {
    fn is_seekable(&self) -> bool {
        self.source.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}
