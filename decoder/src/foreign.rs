//! Formats that can't be decoded here, by their first bytes. Symphonia would look for MPEG frames
//! in them. `pkg/decode/foreign/formats.js` has the same.

use std::io::{Read as _, Seek as _, SeekFrom};

use symphonia::core::io::MediaSource;

use crate::elementary::transport;

/// Formats by the bytes at some place of a file.
const BY_BYTES: [(usize, &[u8], &str); 19] = [
    (8, b"WAVEfmt \x14\0\0\x001\0", "a WAV file of GSM 6.10"),
    (8, b"AVI ", "an AVI video"),
    (0, b"FLV\x01", "a Flash video (FLV)"),
    (0, b"\0\0\x01\xba", "an MPEG video"),
    (0, b"0&\xb2u", "a Windows Media file (WMA or WMV)"),
    (0, b"TTA", "a True Audio file (TTA)"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"MAC ", "a Monkey's Audio file (APE)"),
    (0, b"MPCK", "a Musepack file"),
    (0, b"MP+", "a Musepack file"),
    (28, b"Speex", "a Speex file"),
    (0, b"\x0bw", "a Dolby Digital file (AC-3)"),
    (0, b"DSD ", "a DSD file"),
    (0, b"FRM8", "a DSD file"),
    (0, b"#!AMR", "an AMR voice recording"),
    (0, b".RMF", "a RealMedia file"),
    (0, b"MThd", "a MIDI file, which holds notes and no sound"),
    (8, b"M4P ", "protected against copying"),
    (8, b"aax", "protected against copying"),
];

/// What a file is, if it can't be decoded here.
pub fn name_of(source: &mut Box<dyn MediaSource>) -> Option<&'static str> {
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(0)).ok()?;
    let longest = transport::PACKET_BYTES as u64 + 1;
    source.take(longest).read_to_end(&mut head).ok()?;
    let begins =
        |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    let found = BY_BYTES.iter().find(|(at, bytes, _)| begins(*at, bytes));
    let is_stream =
        begins(0, &[transport::SYNC]) && begins(transport::PACKET_BYTES, &[transport::SYNC]);
    found
        .map(|(.., name)| *name)
        .or(is_stream.then_some("an MPEG transport stream (TS)"))
}
