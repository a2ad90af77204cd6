//! A minimal SoundFont: one looped sine for every program and key ("SoundFont Technical
//! Specification 2.01", E-mu Systems, 1998, section 7).
#![allow(dead_code, reason = "no test needs all of it")]

/// A chunk of RIFF: name, size, content, padded to an even length.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((content.len() as u32).to_le_bytes());
    chunk.extend(content);
    if content.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn list(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut content = kind.to_vec();
    content.extend(chunks.concat());
    chunk(b"LIST", &content)
}

fn name(text: &str) -> Vec<u8> {
    let mut name = text.as_bytes().to_vec();
    name.resize(20, 0);
    name
}

fn words(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn longs(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

/// The file.
pub fn soundfont() -> Vec<u8> {
    // 100 samples a period at 44,100 Hz: 441 Hz, which is key 69 within 4 cents.
    const PERIOD: u32 = 100;
    const PERIODS: u32 = 40;
    let samples: Vec<u8> = (0..PERIOD * PERIODS + 46)
        .map(|n| match n < PERIOD * PERIODS {
            true => (20_000.0 * (std::f32::consts::TAU * n as f32 / PERIOD as f32).sin()) as i16,
            false => 0,
        })
        .flat_map(i16::to_le_bytes)
        .collect();
    let preset = |text, bag| [name(text), words(&[0, 0, bag]), longs(&[0, 0, 0])].concat();
    let instrument = |text, bag| [name(text), words(&[bag])].concat();
    let end = PERIOD * PERIODS;
    let sample = [
        name("sine"),
        longs(&[0, end, PERIOD, end - PERIOD, 44_100]),
        vec![69, 0],
        words(&[0, 1]),
    ]
    .concat();
    let last_sample = [name("EOS"), vec![0; 26]].concat();
    let parts = [
        list(
            b"INFO",
            &[
                chunk(b"ifil", &words(&[2, 1])),
                chunk(b"isng", b"EMU8000\0"),
                chunk(b"INAM", b"sines\0"),
            ],
        ),
        list(b"sdta", &[chunk(b"smpl", &samples)]),
        list(
            b"pdta",
            &[
                chunk(b"phdr", &[preset("sine", 0), preset("EOP", 1)].concat()),
                chunk(b"pbag", &words(&[0, 0, 1, 0])),
                chunk(b"pmod", &[0; 10]),
                // 41: which instrument.
                chunk(b"pgen", &words(&[41, 0, 0, 0])),
                chunk(
                    b"inst",
                    &[instrument("sine", 0), instrument("EOI", 1)].concat(),
                ),
                chunk(b"ibag", &words(&[0, 0, 2, 0])),
                chunk(b"imod", &[0; 10]),
                // 54: looped; 53: which sample.
                chunk(b"igen", &words(&[54, 1, 53, 0, 0, 0])),
                chunk(b"shdr", &[sample, last_sample].concat()),
            ],
        ),
    ];
    let mut content = b"sfbk".to_vec();
    content.extend(parts.concat());
    chunk(b"RIFF", &content)
}

/// A MIDI file of some notes of half a second each, one after the other.
pub fn midi(keys: &[u8]) -> Vec<u8> {
    named_midi(&[("", keys)])
}

/// A MIDI file of parts with names, each of some notes of half a second, one after the other.
pub fn named_midi(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = b"MThd\0\0\0\x06\0\x01".to_vec();
    file.extend((parts.len() as u16).to_be_bytes());
    file.extend([0, 96]);
    for (name, keys) in parts {
        let mut track = vec![0, 0xFF, 0x03, name.len() as u8];
        track.extend(name.as_bytes());
        for &key in *keys {
            track.extend([0, 0x90, key, 100, 96, 0x80, key, 0]);
        }
        track.extend([0, 0xFF, 0x2F, 0]);
        file.extend(b"MTrk");
        file.extend((track.len() as u32).to_be_bytes());
        file.extend(track);
    }
    file
}
