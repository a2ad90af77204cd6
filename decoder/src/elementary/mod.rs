//! The sound in videos that Symphonia and browsers don't open (AVI, Flash video, transport
//! streams), as the bytes of a sound file: MP3, ADTS or WAV.

mod avi;
mod flash;
pub mod transport;

use std::io::{BufReader, Error, Read, Result, Seek as _, SeekFrom};

use symphonia::core::io::MediaSource;

/// The bytes of a sound file, in memory.
pub struct Elementary {
    pub bytes: Vec<u8>,
    /// File extension of the format.
    pub extension: &'static str,
}

/// 90 minutes of MP3 at 320 kbit/s, or 25 minutes of WAV at 44.1 kHz in 16 bits.
const MAX_BYTES: usize = 1 << 28;
/// Parts of a file in a row without sound: minutes of a video.
const MAX_SILENT_PARTS: usize = 100_000;

/// The sound of the first sound track; `None` for other files, and if its codec isn't MPEG audio,
/// AAC or one of WAV files.
pub fn elementary(source: &mut Box<dyn MediaSource>) -> Option<Elementary> {
    source.seek(SeekFrom::Start(0)).ok()?;
    let mut reader = BufReader::new(source);
    let mut head = [0; 12];
    reader.read_exact(&mut head).ok()?;
    reader.rewind().ok()?;
    let found = match &head {
        [b'R', b'I', b'F', b'F', .., b'A', b'V', b'I', b' '] => avi::sound(&mut reader),
        [b'F', b'L', b'V', 1, ..] => flash::sound(&mut reader),
        [transport::SYNC, ..] => transport::sound(&mut reader),
        _ => None,
    };
    found.filter(|found| !found.bytes.is_empty())
}

/// Sound that is collected part by part.
#[derive(Default)]
struct Collected {
    bytes: Vec<u8>,
    silent_parts: usize,
}

impl Collected {
    /// Reads a part of the sound.
    fn read(&mut self, reader: &mut impl Read, bytes: u64) -> Result<()> {
        self.silent_parts = 0;
        if self.bytes.len() as u64 + bytes > MAX_BYTES as u64 {
            return Err(Error::other("too much sound for the memory"));
        }
        // A truncated file ends where it was cut.
        reader.take(bytes).read_to_end(&mut self.bytes)?;
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.read(&mut &*bytes, bytes.len() as u64)
    }

    /// Counts a part without sound.
    fn pass(&mut self) -> Result<()> {
        self.silent_parts += 1;
        if self.silent_parts > MAX_SILENT_PARTS {
            return Err(Error::other("no sound for too long"));
        }
        Ok(())
    }

    /// The sound as a WAV file. `format` is the content of its format chunk.
    fn into_wav(self, format: &[u8]) -> Elementary {
        let data_bytes = self.bytes.len() as u32;
        let chunk = |name: &[u8; 4], bytes: u32| [*name, bytes.to_le_bytes()].concat();
        let format_bytes = format.len() as u32;
        let mut bytes = chunk(b"RIFF", 4 + 8 + format_bytes + 8 + data_bytes);
        bytes.extend(b"WAVE");
        bytes.extend(chunk(b"fmt ", format_bytes));
        bytes.extend(format);
        bytes.extend(chunk(b"data", data_bytes));
        bytes.extend(self.bytes);
        let extension = "wav";
        Elementary { bytes, extension }
    }

    fn into_mp3(self) -> Elementary {
        Elementary {
            bytes: self.bytes,
            extension: "mp3",
        }
    }

    fn into_adts(self) -> Elementary {
        Elementary {
            bytes: self.bytes,
            extension: "aac",
        }
    }
}
