//! MPEG transport streams (ISO/IEC 13818-1): packets of 188 bytes. One table names the program's
//! table, which names the packets of the sound.

use std::io::{BufReader, Read, Result};

use super::{Collected, Elementary};

/// A packet begins with this byte and has this size (2.4.3.2).
pub const SYNC: u8 = 0x47;
pub const PACKET_BYTES: usize = 188;
/// Packet identifier of the program association table (2.4.4.3).
const ASSOCIATION: u16 = 0;
/// Types of streams (2.4.4.9): MPEG-1 and MPEG-2 audio, and AAC in ADTS.
const MPEG_TYPES: [u8; 2] = [3, 4];
const ADTS_TYPE: u8 = 0x0f;
/// A PES packet before the length of its optional fields (2.4.3.6).
const PES_BYTES: usize = 9;

/// A stream of sound.
#[derive(Clone, Copy)]
struct Stream {
    identifier: u16,
    is_adts: bool,
}

pub fn sound(reader: &mut BufReader<impl Read>) -> Option<Elementary> {
    let mut collected = Collected::default();
    let stream = collect(reader, &mut collected).ok()??;
    Some(if stream.is_adts {
        collected.into_adts()
    } else {
        collected.into_mp3()
    })
}

/// Reads all packets up to the end of the file.
fn collect(reader: &mut BufReader<impl Read>, collected: &mut Collected) -> Result<Option<Stream>> {
    let mut program = None;
    let mut stream: Option<Stream> = None;
    let mut has_begun = false;
    let mut packet = [0; PACKET_BYTES];
    while reader.read_exact(&mut packet).is_ok() && packet[0] == SYNC {
        let identifier = u16::from_be_bytes([packet[1], packet[2]]) & 0x1fff;
        let begins = packet[1] & 0x40 != 0;
        let payload = payload(&packet);
        match stream {
            Some(Stream {
                identifier: wanted, ..
            }) if wanted == identifier => {
                has_begun |= begins;
                let sound = if begins { after_pes(payload) } else { payload };
                if has_begun {
                    collected.add(sound)?;
                }
            }
            None if identifier == ASSOCIATION && begins => {
                program = program.or(program_in(payload))
            }
            None if Some(identifier) == program && begins => stream = stream_in(payload),
            _ => collected.pass()?,
        }
    }
    Ok(stream)
}

/// The bytes after the header and the adaptation field (2.4.3.3).
fn payload(packet: &[u8; PACKET_BYTES]) -> &[u8] {
    let has_adaptation = packet[3] & 0x20 != 0;
    let has_payload = packet[3] & 0x10 != 0;
    let start = if has_adaptation {
        5 + usize::from(packet[4])
    } else {
        4
    };
    packet
        .get(start..)
        .filter(|_| has_payload)
        .unwrap_or_default()
}

/// The sound that a PES packet begins with.
fn after_pes(payload: &[u8]) -> &[u8] {
    let fields = payload
        .get(PES_BYTES - 1)
        .map_or(0, |bytes| usize::from(*bytes));
    payload.get(PES_BYTES + fields..).unwrap_or_default()
}

/// The content of a table's section, without header and checksum (2.4.4). Sections of one program
/// fit into a packet.
fn section(payload: &[u8]) -> Option<&[u8]> {
    let start = 1 + usize::from(*payload.first()?);
    let length = usize::from(u16_at(payload, start + 1)? & 0xfff);
    payload.get(start + 8..(start + 3 + length).checked_sub(4)?.min(payload.len()))
}

/// The identifier of the first program's table.
fn program_in(payload: &[u8]) -> Option<u16> {
    section(payload)?
        .chunks_exact(4)
        .find(|entry| u16_at(entry, 0) != Some(0))
        .and_then(|entry| Some(u16_at(entry, 2)? & 0x1fff))
}

/// The first stream of sound that a program's table names.
fn stream_in(payload: &[u8]) -> Option<Stream> {
    let section = section(payload)?;
    let mut at = 4 + usize::from(u16_at(section, 2)? & 0xfff);
    loop {
        let kind = *section.get(at)?;
        if kind == ADTS_TYPE || MPEG_TYPES.contains(&kind) {
            return Some(Stream {
                identifier: u16_at(section, at + 1)? & 0x1fff,
                is_adts: kind == ADTS_TYPE,
            });
        }
        at += 5 + usize::from(u16_at(section, at + 3)? & 0xfff);
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]))
}
