//! Pitch, tempo and speed by the tools of a split: one set of tools for fitting, another one for
//! the test.

use std::path::Path;

use anyhow::Result;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use soundalike_tables::recipe::{Change, Recipe};
use soundalike_trainer::changes::perturb;

use crate::mixes::sounds::resample;
use crate::mixes::take::{Take, mono};
use crate::processing::Engine;

/// A tool that changes pitch and tempo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Stretcher {
    /// Rubber Band, and sox for speed.
    Rubberband,
    /// Signalsmith Stretch as in training, and a windowed sinc for speed.
    Signalsmith,
}

impl Stretcher {
    /// The take `ratio` times as fast and `semitones` higher. `folder` is for scratch files.
    pub fn pitch_and_tempo(
        self,
        take: Take,
        semitones: f64,
        ratio: f64,
        folder: &Path,
        rng: &mut ChaCha8Rng,
    ) -> Result<Take> {
        let sound = match self {
            Self::Rubberband => {
                let engine = if rng.random_bool(0.5) {
                    Engine::Fast
                } else {
                    Engine::Fine
                };
                take.sound
                    .through_rubberband(folder, engine, semitones, ratio)?
            }
            Self::Signalsmith => {
                let pitch = Change::Pitch(semitones as f32);
                let tempo = Change::Tempo(ratio as f32);
                let changes = [pitch, tempo].into_iter().zip([0.0, 1.0]);
                let recipe = Recipe {
                    changes: changes
                        .filter(|(change, neutral)| change.value() != *neutral)
                        .map(|(change, _)| change)
                        .collect(),
                    seed: 0,
                };
                let samples = perturb::apply(&take.sound.samples, take.sound.rate_hz, &recipe)?;
                mono(samples)
            }
        };
        Ok(take.stretched(sound, ratio, semitones))
    }

    /// The take at another speed: pitch and tempo change together.
    pub fn speed(self, take: Take, ratio: f64, folder: &Path) -> Result<Take> {
        match self {
            Self::Rubberband => {
                let effects = format!("speed {ratio} rate {}", take.sound.rate_hz);
                let sound = take.sound.through_sox(folder, &effects)?;
                Ok(take.stretched(sound, ratio, 12.0 * ratio.log2()))
            }
            Self::Signalsmith => Ok(resample::at_speed(take, ratio)),
        }
    }
}
