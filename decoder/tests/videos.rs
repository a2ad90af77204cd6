//! Sound inside AVI, Flash video and transport streams.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Cursor;

use soundalike_decoder::{Refusal, SoundFile};

const MPEG_FRAMES: usize = 20;
const SAMPLES_PER_MPEG_FRAME: usize = 1152;

/// Silence as MP3: mono, 44.1 kHz, 128 kbit/s.
fn mpeg_frame() -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
    frame
}

fn decoded(file: Vec<u8>) -> Result<Vec<f32>, Refusal> {
    let mut file = SoundFile::open(Box::new(Cursor::new(file)), None)?;
    let mut samples = Vec::new();
    while let Some(part) = file.next_part() {
        samples.extend_from_slice(part.interleaved);
    }
    Ok(samples)
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = (content.len() as u32).to_le_bytes();
    let padding = &[0][..content.len() % 2];
    [name, size.as_slice(), content, padding].concat()
}

/// A video stream and a sound stream, whose format chunk is given.
fn avi(format: &[u8], sound: &[Vec<u8>]) -> Vec<u8> {
    let stream = |kind: &[u8; 4], format: &[u8]| {
        let header = chunk(b"strh", &[kind.as_slice(), &[0; 52]].concat());
        chunk(
            b"LIST",
            &[b"strl", header.as_slice(), &chunk(b"strf", format)].concat(),
        )
    };
    let streams = [stream(b"vids", &[0; 40]), stream(b"auds", format)].concat();
    let header = [b"hdrl".as_slice(), &chunk(b"avih", &[0; 56]), &streams].concat();
    let parts = sound.iter().flat_map(|part| {
        let picture = chunk(b"00dc", b"picture");
        let record = [b"rec ".as_slice(), &picture, &chunk(b"01wb", part)].concat();
        chunk(b"LIST", &record)
    });
    let movie: Vec<u8> = b"movi".iter().copied().chain(parts).collect();
    let content = [
        b"AVI ".as_slice(),
        &chunk(b"LIST", &header),
        &chunk(b"LIST", &movie),
    ];
    chunk(b"RIFF", &content.concat())
}

/// The format chunk of mono in 16 bits at 8 kHz.
fn format(tag: u8) -> Vec<u8> {
    vec![
        tag, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0,
    ]
}

fn flash(sound_format: u8, sound: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"FLV\x01\x05\0\0\0\x09\0\0\0\0".to_vec();
    for part in sound {
        for (kind, content) in [
            (9, vec![0x12; 5]),
            (8, [&[sound_format << 4 | 14], &**part].concat()),
        ] {
            let size = (content.len() as u32).to_be_bytes();
            file.extend([kind, size[1], size[2], size[3], 0, 0, 0, 0, 0, 0, 0]);
            file.extend(&content);
            file.extend((content.len() as u32 + 11).to_be_bytes());
        }
    }
    file
}

/// A transport stream, in which a stream of this type has the identifier 257.
fn transport(kind: u8, sound: &[Vec<u8>]) -> Vec<u8> {
    /// A packet, filled up by an adaptation field.
    fn packet(identifier: u8, begins: bool, payload: &[u8]) -> Vec<u8> {
        let first = if begins { 0x41 } else { 1 };
        let first = if identifier == 0 { first & 0x40 } else { first };
        let mut packet = vec![0x47, first, identifier, 0x10];
        if let Some(field_bytes) = 183_usize.checked_sub(payload.len()) {
            packet[3] = 0x30;
            packet.push(field_bytes as u8);
            packet.resize(5 + field_bytes, 0);
        }
        packet.extend(payload);
        packet
    }
    let table = |identifier: u8, content: &[u8]| {
        let length = content.len() as u8 + 9;
        let head = [0, identifier, 0xb0, length, 0, 1, 0xc1, 0, 0];
        [&head, content, &[0; 4]].concat()
    };
    let association = packet(0, true, &table(0, &[0, 1, 0xe1, 0]));
    let streams = [
        0xe1, 2, 0xf0, 0, 0x1b, 0xe1, 2, 0xf0, 0, kind, 0xe1, 1, 0xf0, 0,
    ];
    let mut file = [association, packet(0, true, &table(2, &streams))].concat();
    // The identifier of the program's table is 256.
    file[188 + 1] = 0x41;
    for part in sound {
        let elementary = [
            &[0, 0, 1, 0xc0, 0, 0, 0x80, 0x80, 5, 0, 0, 0, 0, 0],
            &**part,
        ]
        .concat();
        for (index, payload) in elementary.chunks(184).enumerate() {
            file.extend(packet(1, index == 0, payload));
            file.extend(packet(2, index == 0, b"picture"));
        }
    }
    file
}

#[test]
fn samples_in_an_avi_are_all_there() {
    let samples: Vec<i16> = (0..2000).collect();
    let parts: Vec<Vec<u8>> = samples
        .chunks(125)
        .map(|part| {
            part.iter()
                .flat_map(|sample| sample.to_le_bytes())
                .collect()
        })
        .collect();
    let found = decoded(avi(&format(1), &parts)).unwrap();
    let found: Vec<i16> = found
        .iter()
        .map(|sample| (sample * 32_768.0) as i16)
        .collect();
    assert_eq!(found, samples);
}

#[test]
fn mpeg_audio_is_taken_out_of_every_container() {
    let sound = vec![mpeg_frame(); MPEG_FRAMES];
    for file in [
        avi(&format(0x55), &sound),
        flash(2, &sound),
        transport(3, &sound),
    ] {
        let found = decoded(file).unwrap();
        assert_eq!(found.len(), MPEG_FRAMES * SAMPLES_PER_MPEG_FRAME);
    }
}

#[test]
fn other_sound_in_a_video_is_refused_by_name() {
    let sound = vec![mpeg_frame(); MPEG_FRAMES];
    for (file, name) in [
        (flash(11, &sound), "a Flash video (FLV)"),
        (flash(2, &[]), "a Flash video (FLV)"),
        (transport(0x81, &sound), "an MPEG transport stream (TS)"),
        (avi(&format(1), &[]), "an AVI video"),
        // A configuration without a rate, and a frame that is longer than its header can state.
        (flash(10, &[vec![0], vec![1, 7]]), "a Flash video (FLV)"),
        (
            flash(
                10,
                &[vec![0, 0x12, 0x10], [vec![1], vec![0; 9_000]].concat()],
            ),
            "a Flash video (FLV)",
        ),
        // A format without a tag.
        (avi(&[], &sound), "an AVI video"),
        (avi(&[1], &sound), "an AVI video"),
        // Dolby Digital.
        (avi(&[0, 0x20].repeat(8), &sound), "an AVI video"),
    ] {
        assert_eq!(decoded(file), Err(Refusal::Foreign(name)));
    }
}

#[test]
fn damage_does_no_harm() {
    let sound = vec![mpeg_frame(); 2];
    for file in [
        avi(&format(1), &sound),
        flash(10, &sound),
        flash(2, &sound),
        transport(15, &sound),
    ] {
        for at in (0..file.len()).filter(|at| *at < 700 || at % 7 == 0) {
            for value in [0, 0x7f, 0xff] {
                let mut damaged = file.clone();
                damaged[at] = value;
                let _ = decoded(damaged);
            }
        }
    }
}
