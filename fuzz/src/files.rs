//! Sound files: any bytes for every reader and decoder, natively and in the browser's module.

use std::io::Cursor;

use soundalike_decoder::SoundFile;

/// A file of a few bytes may claim hours. More frames than these are not decoded.
const MAX_FRAMES: usize = 4_000_000;

/// Decodes `data` as a file whose name tells nothing: its default track, and its second one.
pub fn sound_file(data: &[u8]) {
    for chosen in [None, Some(2)] {
        let source = Box::new(Cursor::new(data.to_vec()));
        if let Ok(file) = SoundFile::open_track(source, None, chosen) {
            decode(file);
        }
    }
}

fn decode(mut file: SoundFile) {
    if let Some(secs) = file.stated_secs() {
        assert!(secs >= 0.0, "{secs} s");
    }
    let mut frames = 0;
    while let Some(part) = file.next_part() {
        assert!(part.channels > 0 && part.sample_rate_hz > 0);
        assert_eq!(part.interleaved.len() % part.channels, 0);
        frames += part.interleaved.len() / part.channels;
        if frames > MAX_FRAMES {
            return;
        }
    }
}
