//! Sounds changed by Rubber Band and sox.

use std::path::Path;

use anyhow::Result;

use crate::sound::Sound;
use crate::tools;

/// Gain during the effects of sox, which computes in integers and clips between them: only intended
/// clipping is left.
pub const HEADROOM: f64 = 0.1;

/// Rubber Band's engines.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Fast,
    Fine,
}

impl Sound {
    /// The sound `semitones` higher and `ratio` times as fast. `folder` is for scratch files.
    pub fn through_rubberband(
        &self,
        folder: &Path,
        engine: Engine,
        semitones: f64,
        ratio: f64,
    ) -> Result<Self> {
        let engine = match engine {
            Engine::Fast => "--fast",
            Engine::Fine => "--fine",
        };
        let (pitch, tempo) = (format!("--pitch={semitones}"), format!("--tempo={ratio}"));
        self.through_files(folder, |from, to| {
            tools::run("rubberband", ["--quiet", engine, &pitch, &tempo, from, to])
        })
    }

    /// The sound after effects of sox. `folder` is for scratch files.
    pub fn through_sox(&self, folder: &Path, effects: &str) -> Result<Self> {
        let mut sound = self.through_files(folder, |from, to| {
            // -R: repeatable; -V1: only errors.
            let format = [
                "-R",
                "-V1",
                from,
                "-e",
                "floating-point",
                "-b",
                "32",
                to,
                "vol",
                &HEADROOM.to_string(),
            ];
            tools::run("sox", format.into_iter().chain(effects.split(' ')))
        })?;
        sound
            .samples
            .iter_mut()
            .for_each(|sample| *sample /= HEADROOM as f32);
        Ok(sound)
    }

    fn through_files(
        &self,
        folder: &Path,
        tool: impl FnOnce(&str, &str) -> Result<Vec<u8>>,
    ) -> Result<Self> {
        let [from, to] = ["from.wav", "to.wav"].map(|name| folder.join(name));
        self.write_float_wav(&from)?;
        tool(&from.to_string_lossy(), &to.to_string_lossy())?;
        Self::read_wav(&to)
    }
}
