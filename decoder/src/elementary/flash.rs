//! Flash video (Adobe, "Video File Format Specification", version 10.1): tags, one after another.

use std::io::{BufReader, Read, Result};

use super::{Collected, Elementary};

const HEADER_BYTES: i64 = 9;
/// The size of the tag before.
const SIZE_BYTES: i64 = 4;
const TAG_BYTES: usize = 11;
const AUDIO_TAG: u8 = 8;
/// Sound formats: the upper half of a sound tag's first byte.
const MP3: u8 = 2;
const MP3_AT_8_KHZ: u8 = 14;
const AAC: u8 = 10;
/// ADTS header without a checksum (ISO/IEC 13818-7, 6.2).
const ADTS_BYTES: usize = 7;
/// Frames of AAC are shorter: the size in an ADTS header has 13 bits.
const MAX_FRAME_BYTES: usize = (1 << 13) - 1 - ADTS_BYTES;

/// Fields of an AudioSpecificConfig that ADTS headers repeat.
#[derive(Clone, Copy)]
struct AacConfig {
    rate_index: u8,
    channels: u8,
}

pub fn sound<R: Read + std::io::Seek>(reader: &mut BufReader<R>) -> Option<Elementary> {
    let mut collected = Collected::default();
    let format = collect(reader, &mut collected).ok()??;
    Some(if format == AAC {
        collected.into_adts()
    } else {
        collected.into_mp3()
    })
}

/// Reads all tags up to the end of the file. Answers the sound's format.
fn collect<R: Read + std::io::Seek>(
    reader: &mut BufReader<R>,
    collected: &mut Collected,
) -> Result<Option<u8>> {
    let mut found = None;
    let mut aac = None;
    reader.seek_relative(HEADER_BYTES)?;
    loop {
        let mut head = [0; TAG_BYTES];
        reader.seek_relative(SIZE_BYTES)?;
        if reader.read_exact(&mut head).is_err() {
            return Ok(found);
        }
        let size = u32::from_be_bytes([0, head[1], head[2], head[3]]);
        if head[0] != AUDIO_TAG || size == 0 {
            collected.pass()?;
            reader.seek_relative(i64::from(size))?;
            continue;
        }
        let mut tag = Vec::new();
        reader.take(u64::from(size)).read_to_end(&mut tag)?;
        let format = tag.first().map_or(0, |byte| byte >> 4);
        if !(format == AAC || format == MP3 || format == MP3_AT_8_KHZ) {
            return Ok(None);
        }
        found.get_or_insert(format);
        match (&*tag, aac) {
            ([_, 0, config @ ..], _) if format == AAC => aac = aac_config(config),
            ([_, 1, frame @ ..], Some(config)) if format == AAC => {
                if frame.len() > MAX_FRAME_BYTES {
                    continue;
                }
                collected.add(&adts_header(config, frame.len()))?;
                collected.add(frame)?;
            }
            ([_, frame @ ..], _) if format != AAC => collected.add(frame)?,
            _ => collected.pass()?,
        }
    }
}

/// The beginning of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): five bits of the object
/// type, four of the rate, four of the channels.
fn aac_config(bytes: &[u8]) -> Option<AacConfig> {
    let fields = u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]);
    let (rate_index, channels) = ((fields >> 7 & 15) as u8, (fields >> 3 & 15) as u8);
    // Other rates and channels are written at length, which ADTS can't.
    (rate_index < 13 && (1..=7).contains(&channels)).then_some(AacConfig {
        rate_index,
        channels,
    })
}

/// The header of one frame of AAC-LC. Decoders find the extensions of HE-AAC by themselves.
fn adts_header(config: AacConfig, frame_bytes: usize) -> [u8; ADTS_BYTES] {
    const LOW_COMPLEXITY: u8 = 1;
    let AacConfig {
        rate_index,
        channels,
    } = config;
    let bytes = frame_bytes + ADTS_BYTES;
    [
        0xff,
        0xf1,
        LOW_COMPLEXITY << 6 | rate_index << 2 | channels >> 2,
        (channels & 3) << 6 | (bytes >> 11) as u8,
        (bytes >> 3 & 0xff) as u8,
        ((bytes & 7) << 5) as u8 | 0x1f,
        0xfc,
    ]
}
