//! Copies as the files that codecs make.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::modification::Modification;
use crate::rendition::{Rendition, Workshop};
use crate::tools;

impl Rendition {
    /// Writes the copy as a file of its codec, or as WAV without one, and returns its path. Opus is
    /// decoded again, because the trainer reads no Opus.
    pub fn write(
        &self,
        path_without_extension: &Path,
        codec: Option<&Modification>,
        workshop: &Workshop<'_>,
    ) -> Result<PathBuf> {
        let Some(codec) = codec else {
            let path = path_without_extension.with_extension("wav");
            return self.sound.write_wav(&path).map(|()| path);
        };
        let extension = match codec {
            Modification::Mp3 { .. } => "mp3",
            Modification::Aac { .. } => "m4a",
            Modification::Vorbis { .. } => "ogg",
            Modification::Opus { .. } => "wav",
            other => bail!("{other} is no codec"),
        };
        let (plain, path) = (
            workshop.folder.join("plain.wav"),
            path_without_extension.with_extension(extension),
        );
        self.sound.write_wav(&plain)?;
        encode(codec, &plain, &path, workshop.folder)
            .with_context(|| format!("encoding as {codec}"))?;
        Ok(path)
    }
}

/// Encodes a WAV file. `scratch` is for files between two tools.
pub fn encode(codec: &Modification, plain: &Path, path: &Path, scratch: &Path) -> Result<()> {
    let (plain, path) = (plain.to_string_lossy(), path.to_string_lossy());
    match codec {
        Modification::Mp3 { kbps } => {
            let kbps = kbps.to_string();
            tools::run("lame", ["--quiet", "--cbr", "-b", &kbps, &plain, &path])?;
        }
        Modification::Aac { kbps } => {
            let rate = format!("{kbps}k");
            let input = ["-v", "error", "-y", "-i", &plain];
            let output = ["-c:a", "aac", "-b:a", &rate, "-fflags", "+bitexact", &path];
            tools::run("ffmpeg", input.into_iter().chain(output))?;
        }
        Modification::Vorbis { quality } => {
            let quality = quality.to_string();
            let arguments = ["-Q", "-s", "1", "-q", &quality, "-o", &path, &plain];
            tools::run("oggenc", arguments)?;
        }
        Modification::Opus { kbps } => {
            let (kbps, coded) = (kbps.to_string(), scratch.join("coded.opus"));
            let coded = coded.to_string_lossy();
            let format = ["--quiet", "--serial", "1", "--bitrate", &kbps];
            tools::run("opusenc", format.into_iter().chain([&*plain, &*coded]))?;
            let format = ["--quiet", "--rate", "44100", "--no-dither"];
            tools::run("opusdec", format.into_iter().chain([&*coded, &*path]))?;
        }
        other => bail!("{other} is no codec"),
    }
    Ok(())
}
