//! The inputs that all changes share: the songs of the split, speech, and the instruments of a
//! SoundFont.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use soundalike_trainer::midi::synthesis::Instruments;

use crate::mixes::RATE_HZ;
use crate::mixes::originals::Original;
use crate::mixes::sounds::stretch::Stretcher;
use crate::mixes::take::mono;
use crate::overlays;
use crate::sound::Sound;

pub struct Studio {
    pub originals: Vec<Original>,
    /// Voices without long pauses.
    pub speech: Sound,
    pub instruments: Instruments,
    pub stretcher: Stretcher,
}

/// Speech at [`RATE_HZ`]: recordings of a folder one after the other, or the sentences of the test
/// set. `scratch` is for files between the tools.
pub fn speech(recordings: Option<&Path>, scratch: &Path) -> Result<Sound> {
    let Some(folder) = recordings else {
        return overlays::speech(scratch)?.through_sox(scratch, &format!("rate {RATE_HZ}"));
    };
    let reading = || format!("reading {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(reading)?;
    let mut files: Vec<_> = entries
        .map(|entry| Ok(entry.with_context(reading)?.path()))
        .collect::<Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wav"));
    files.sort();
    ensure!(
        !files.is_empty(),
        "{} has no recordings (WAV)",
        folder.display()
    );
    let mut samples = Vec::new();
    for file in files {
        samples.extend(Sound::decode_stereo_at(&file, RATE_HZ)?.mono().samples);
    }
    Ok(mono(samples))
}
