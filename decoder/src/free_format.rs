//! MP3 of free format: all frames have one size, which no header states. Symphonia refuses such
//! files.

use std::io::{Read as _, Result, Seek as _, SeekFrom};

use nanomp3_core::{Decoder, MAX_SAMPLES_PER_FRAME};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_PCM_F32LE;
use symphonia::core::errors::Error;
use symphonia::core::io::MediaSource;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::plain::{Layout, pcm};

/// Bytes that are read at once.
const READ_BYTES: usize = 1 << 16;
/// The largest frame that the decoder reads: 706 kbit/s at 44.1 kHz.
const MAX_FRAME_BYTES: usize = 2304;
/// Headers at one distance, which then is the size of the frames.
const ALIKE_HEADERS: usize = 3;
/// Copies of a frame that the decoder is given: it takes a frame for one where others follow.
const COPIES: usize = 4;
/// Frames of Layer III have two granules of 576 samples, of MPEG-2 one.
const MAX_FRAMES: u64 = 1152;
const HEADER_BYTES: usize = 4;
const ID3_HEADER_BYTES: usize = 10;

/// The frames of such a file, which it decodes: packets of plain samples.
pub struct FreeFormat {
    source: Box<dyn MediaSource>,
    buffer: Vec<u8>,
    /// Of the next frame in the buffer.
    at: usize,
    /// Whether the frame before the next one was found where it had to be.
    is_in_step: bool,
    first: Header,
    /// Without the byte of padding that some have.
    frame_bytes: usize,
    decoder: Box<Decoder>,
    samples: Box<[f32]>,
    channels: u8,
    sample_rate_hz: u32,
    frames: u64,
    stated_secs: Option<f64>,
}

impl FreeFormat {
    /// Whether a file is of free format, by its first frame, before which ID3 tags may lie.
    pub fn begins(source: &mut Box<dyn MediaSource>) -> bool {
        let mut is_free = || -> Result<bool> {
            skip_tags(source)?;
            let mut header = [0; HEADER_BYTES];
            source.read_exact(&mut header)?;
            Ok(Header(header).is_free())
        };
        is_free().unwrap_or(false)
    }

    /// Opens a file that [begins](Self::begins) so. `None` if no frames of one size follow, or the
    /// first can't be decoded.
    pub fn open(mut source: Box<dyn MediaSource>) -> Option<Self> {
        let start = skip_tags(&mut source).ok()?;
        let bytes = source.byte_len().map(|bytes| bytes.saturating_sub(start));
        let mut file = Self {
            source,
            buffer: Vec::new(),
            at: 0,
            is_in_step: true,
            first: Header([0; HEADER_BYTES]),
            frame_bytes: 0,
            decoder: Box::new(Decoder::new()),
            samples: vec![0.0; MAX_SAMPLES_PER_FRAME].into(),
            channels: 0,
            sample_rate_hz: 0,
            frames: 0,
            stated_secs: None,
        };
        file.fill();
        file.first = Header::of(&file.buffer)?;
        file.frame_bytes =
            (HEADER_BYTES..MAX_FRAME_BYTES).find(|bytes| file.are_frames_of(*bytes))?;
        let copies = file.next_frame()?.repeat(COPIES);
        let (_, first) = file.decoder.decode(&copies, &mut file.samples);
        let first = first.ok()?;
        (file.channels, file.sample_rate_hz) = (first.channels.num(), first.sample_rate);
        let frame_secs = first.samples_produced as f64 / f64::from(first.sample_rate);
        file.stated_secs = bytes.map(|bytes| frame_secs * bytes as f64 / file.frame_bytes as f64);
        // The first frame is decoded again, as the first of the packets.
        (file.at, file.decoder) = (0, Box::new(Decoder::new()));
        Some(file)
    }

    /// What its packets are.
    pub fn parameters(&self) -> Option<AudioCodecParameters> {
        let (rate_hz, channels) = (self.sample_rate_hz, u32::from(self.channels));
        match pcm(CODEC_ID_PCM_F32LE, rate_hz, channels, 4, 0, None) {
            Layout::Pcm(mut pcm) => {
                pcm.parameters.with_max_frames_per_packet(MAX_FRAMES);
                Some(pcm.parameters)
            }
            _ => None,
        }
    }

    /// The duration by the size of the file.
    pub fn stated_secs(&self) -> Option<f64> {
        self.stated_secs
    }

    pub fn next_packet(&mut self) -> std::result::Result<Option<Packet>, Error> {
        while let Some(frame) = self.next_frame() {
            let copies = frame.repeat(COPIES);
            let (_, decoded) = self.decoder.decode(&copies, &mut self.samples);
            let Ok(decoded) = decoded else { continue };
            if decoded.channels.num() != self.channels {
                continue;
            }
            let frames = decoded.samples_produced as u64;
            let samples = &self.samples[..decoded.samples_produced * usize::from(self.channels)];
            let data: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
            let at = Timestamp::new(self.frames as i64);
            self.frames += frames;
            return Ok(Some(Packet::new(0, at, Duration::new(frames), data)));
        }
        Ok(None)
    }

    /// The next whole frame. Damaged bytes before it are skipped.
    fn next_frame(&mut self) -> Option<&[u8]> {
        loop {
            if self.buffer.len() - self.at < ALIKE_HEADERS * MAX_FRAME_BYTES {
                self.fill();
            }
            let header = Header::of(&self.buffer[self.at..])?;
            let end = self.at + self.frame_bytes + header.padding_bytes();
            self.is_in_step = self.is_alike(self.at) && (self.is_in_step || self.is_alike(end));
            if self.is_in_step {
                let start = std::mem::replace(&mut self.at, end);
                return self.buffer.get(start..end);
            }
            self.at += 1;
        }
    }

    /// Whether the buffer begins with frames of this size, without padding: with three, or with
    /// two up to its end.
    fn are_frames_of(&self, frame_bytes: usize) -> bool {
        let (mut found, mut at) = (0, 0);
        while found < ALIKE_HEADERS && self.is_alike(at) {
            found += 1;
            let header = Header::of(&self.buffer[at..]);
            at += frame_bytes + header.map_or(0, Header::padding_bytes);
        }
        found == ALIKE_HEADERS || found == ALIKE_HEADERS - 1 && at >= self.buffer.len()
    }

    fn is_alike(&self, at: usize) -> bool {
        let header = self.buffer.get(at..).and_then(Header::of);
        header.is_some_and(|header| header.is_free() && header.is_like(self.first))
    }

    /// Reads on. A file that can't be read any more ends there.
    fn fill(&mut self) {
        self.buffer.drain(..self.at);
        self.at = 0;
        let wanted = (READ_BYTES - self.buffer.len()) as u64;
        let _ = (&mut self.source)
            .take(wanted)
            .read_to_end(&mut self.buffer);
    }
}

/// Goes to the first byte after the ID3 tags at the beginning (ID3v2.4, 3.1) and answers its place.
fn skip_tags(source: &mut Box<dyn MediaSource>) -> Result<u64> {
    let mut start = 0;
    loop {
        source.seek(SeekFrom::Start(start))?;
        let mut head = Vec::new();
        source
            .take(ID3_HEADER_BYTES as u64)
            .read_to_end(&mut head)?;
        if head.len() < ID3_HEADER_BYTES || !head.starts_with(b"ID3") {
            return source.seek(SeekFrom::Start(start));
        }
        let size = head[6..]
            .iter()
            .fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
        start += ID3_HEADER_BYTES as u64 + size;
    }
}

/// The header of a frame (ISO/IEC 11172-3, 2.4.2.3).
#[derive(Clone, Copy)]
struct Header([u8; HEADER_BYTES]);

impl Header {
    fn of(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().map(|header| Self(*header))
    }

    /// Whether it is the header of a frame of Layer III that doesn't state its bit rate.
    fn is_free(self) -> bool {
        let [sync, kind, rates, _] = self.0;
        let (version, layer) = (kind >> 3 & 3, kind >> 1 & 3);
        let is_sync = sync == 0xff && kind & 0xe0 == 0xe0;
        is_sync && version != 1 && layer == 1 && rates >> 4 == 0 && rates >> 2 & 3 != 3
    }

    /// Whether both have one version of MPEG audio and one sample rate.
    fn is_like(self, other: Self) -> bool {
        self.0[1] & 0xfe == other.0[1] & 0xfe && self.0[2] & 0x0c == other.0[2] & 0x0c
    }

    fn padding_bytes(self) -> usize {
        usize::from(self.0[2] >> 1 & 1)
    }
}
