//! Interface for browsers: a file that is read and decoded part by part, in a worker.

use std::cell::RefCell;
use std::io::{Error, Read, Result, Seek, SeekFrom};

use js_sys::{Float32Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, FileReaderSync};

use crate::elementary::elementary;
use crate::{MediaSource, SoundFile};

/// Frames that are sent to the page at once: 6 s at 44.1 kHz.
const PART_FRAMES: usize = 1 << 18;
/// Bytes that are read from the file at once.
const READ_BYTES: u64 = 1 << 20;

/// A file that is being decoded. A worker decodes one file in its life.
#[wasm_bindgen]
pub struct FileDecoder {
    file: SoundFile,
    sample_rate_hz: u32,
    /// The channels of a part that isn't sent yet.
    planes: Vec<Vec<f32>>,
}

#[wasm_bindgen]
impl FileDecoder {
    /// Opens a file and decodes its beginning.
    ///
    /// # Errors
    ///
    /// When its format isn't known here, or nothing can be decoded.
    #[wasm_bindgen(constructor)]
    pub fn new(blob: Blob, extension: &str) -> std::result::Result<Self, JsError> {
        let source = BlobSource::of(blob);
        let mut decoder = Self {
            file: SoundFile::open(Box::new(source), Some(extension))?,
            sample_rate_hz: 0,
            planes: Vec::new(),
        };
        if !decoder.decode_packet() {
            return Err(JsError::new("no part of it can be decoded"));
        }
        Ok(decoder)
    }

    /// Sample rate, which is that of the file.
    #[wasm_bindgen(getter, js_name = sampleRateHz)]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// The duration that the file's header states, in seconds.
    #[wasm_bindgen(getter, js_name = statedSecs)]
    pub fn stated_secs(&self) -> Option<f64> {
        self.file.stated_secs()
    }

    /// The next samples, an array for each channel; none at the end.
    pub fn next(&mut self) -> Vec<Float32Array> {
        while self.frames() < PART_FRAMES && self.decode_packet() {}
        let planes = std::mem::take(&mut self.planes);
        planes
            .iter()
            .map(|plane| Float32Array::from(plane.as_slice()))
            .collect()
    }
}

impl FileDecoder {
    fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }

    /// Decodes a packet; false at the end of the file, and where its rate or channels change.
    fn decode_packet(&mut self) -> bool {
        let Some(part) = self.file.next_part() else {
            return false;
        };
        if self.sample_rate_hz == 0 {
            self.sample_rate_hz = part.sample_rate_hz;
        }
        if self.planes.is_empty() {
            self.planes = vec![Vec::with_capacity(PART_FRAMES); part.channels];
        }
        if part.sample_rate_hz != self.sample_rate_hz || part.channels != self.planes.len() {
            return false;
        }
        for frame in part.interleaved.chunks_exact(part.channels) {
            for (plane, sample) in self.planes.iter_mut().zip(frame) {
                plane.push(*sample);
            }
        }
        true
    }
}

/// The sound of an AVI, FLV or TS video as a sound file in MP3, ADTS or WAV; `undefined` if it has
/// none that is known here.
#[wasm_bindgen(js_name = soundIn)]
pub fn sound_in(blob: Blob) -> Option<Vec<u8>> {
    let mut source: Box<dyn MediaSource> = Box::new(BlobSource::of(blob));
    elementary(&mut source).map(|found| found.bytes)
}

thread_local! {
    /// The file of this worker: Symphonia's sources may move to other threads, a `Blob` can't.
    static BLOB: RefCell<Option<Blob>> = const { RefCell::new(None) };
}

/// The bytes of [`BLOB`].
struct BlobSource {
    bytes: u64,
    position: u64,
    buffer: Vec<u8>,
    buffer_start: u64,
}

impl BlobSource {
    fn of(blob: Blob) -> Self {
        let bytes = blob.size() as u64;
        BLOB.set(Some(blob));
        Self {
            bytes,
            position: 0,
            buffer: Vec::new(),
            buffer_start: 0,
        }
    }

    fn fill(&mut self) -> std::result::Result<(), JsValue> {
        let end = self.bytes.min(self.position + READ_BYTES);
        let read = BLOB.with_borrow(|blob| {
            let blob = blob.as_ref().ok_or(JsValue::UNDEFINED)?;
            let part = blob.slice_with_f64_and_f64(self.position as f64, end as f64)?;
            FileReaderSync::new()?.read_as_array_buffer(&part)
        })?;
        self.buffer = Uint8Array::new(&read).to_vec();
        self.buffer_start = self.position;
        Ok(())
    }

    fn buffered(&self) -> &[u8] {
        self.position
            .checked_sub(self.buffer_start)
            .and_then(|from| self.buffer.get(usize::try_from(from).ok()?..))
            .unwrap_or_default()
    }
}

impl Read for BlobSource {
    fn read(&mut self, target: &mut [u8]) -> Result<usize> {
        if self.position >= self.bytes {
            return Ok(0);
        }
        if self.buffered().is_empty() {
            self.fill()
                .map_err(|_| Error::other("the file can't be read any more"))?;
        }
        let read = self.buffered().read(target)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for BlobSource {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.bytes.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| Error::other("before the file"))?;
        Ok(self.position)
    }
}

impl MediaSource for BlobSource {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.bytes)
    }
}
