//! A modified copy of a stretch of a song, made step by step by the tools.

use std::path::Path;

use anyhow::Result;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::modification::{Modification, NoiseColour};
use crate::overlays::Overlays;
use crate::processing::{Engine, HEADROOM};
use crate::sound::Sound;

/// The inputs of a modification besides the sound.
pub struct Workshop<'a> {
    pub overlays: &'a Overlays,
    /// Empty scratch folder of the job.
    pub folder: &'a Path,
    /// Index of the modified song, so that no song is laid over itself.
    pub track: usize,
}

/// A sound on its way through a chain of modifications.
pub struct Rendition {
    pub sound: Sound,
    /// The compared part; levels are measured over it.
    pub measured_secs: [f64; 2],
}

impl Rendition {
    /// Applies one modification that is not a codec's.
    pub fn modify(
        &mut self,
        modification: &Modification,
        workshop: &Workshop<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        match modification {
            Modification::Pitch { semitones } => self.rubberband(workshop, *semitones, 1.0, rng),
            Modification::Tempo { ratio } => self.rubberband(workshop, 0.0, *ratio, rng),
            Modification::PitchAndTempo { semitones, ratio } => {
                self.rubberband(workshop, *semitones, *ratio, rng)
            }
            Modification::Speed { ratio } => self.speed(workshop, *ratio),
            Modification::Noise { colour, snr_db } => {
                self.add_noise(workshop.overlays, *colour, *snr_db, rng)
            }
            Modification::Speech { level_db } => self.add_speech(workshop.overlays, *level_db, rng),
            Modification::OtherMusic { level_db } => self.add_music(workshop, *level_db, rng),
            Modification::Equaliser { hz_and_db } => {
                let filters = hz_and_db.map(|(hz, db)| format!("equalizer {hz:.0} 1.0q {db:.1}"));
                self.sox(workshop, &filters.join(" "))
            }
            Modification::LowPass { hz } => self.sox(workshop, &format!("lowpass -2 {hz:.0}")),
            Modification::Reverb { percent } => {
                self.sox(workshop, &format!("reverb {percent:.0} 50 {percent:.0}"))
            }
            Modification::Clip { db } => self.clip(workshop, *db),
            Modification::Overdrive { db } => self.overdrive(workshop, *db),
            Modification::Gain { db } => self.sox(workshop, &format!("gain {db}")),
            Modification::LeftChannel => {
                self.sound = self.sound.mixed(|frame| frame[0]);
                Ok(())
            }
            Modification::UnbalancedStereo => {
                self.turn_right_channel_down();
                Ok(())
            }
            Modification::Telephone { snr_db } => self.telephone(workshop, *snr_db, rng),
            Modification::Mp3 { .. }
            | Modification::Aac { .. }
            | Modification::Vorbis { .. }
            | Modification::Opus { .. } => {
                anyhow::bail!("{modification} makes a file and must come last")
            }
        }
    }

    fn speed(&mut self, workshop: &Workshop<'_>, ratio: f64) -> Result<()> {
        let effects = format!("speed {ratio} rate {}", self.sound.rate_hz);
        self.sox(workshop, &effects)?;
        self.measured_secs = self.measured_secs.map(|secs| secs / ratio);
        Ok(())
    }

    fn add_noise(
        &mut self,
        overlays: &Overlays,
        colour: NoiseColour,
        snr_db: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let (noise, start_secs) = (overlays.noise(colour), rng.random_range(0.0..100.0));
        self.sound
            .overlay(noise, start_secs, -snr_db, self.measured_secs)
    }

    fn add_speech(
        &mut self,
        overlays: &Overlays,
        level_db: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let start_secs = rng.random_range(0.0..overlays.speech.duration_secs());
        self.sound
            .overlay(&overlays.speech, start_secs, level_db, self.measured_secs)
    }

    fn add_music(
        &mut self,
        workshop: &Workshop<'_>,
        level_db: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let other = workshop.overlays.other_music(workshop.track, rng.random());
        let start_secs = rng.random_range(0.0..10.0);
        self.sound
            .overlay(other, start_secs, level_db, self.measured_secs)
    }

    fn telephone(
        &mut self,
        workshop: &Workshop<'_>,
        snr_db: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        self.sox(workshop, "sinc 300-3400")?;
        self.add_noise(workshop.overlays, NoiseColour::White, snr_db, rng)?;
        self.sox(workshop, "rate 8000")
    }

    fn turn_right_channel_down(&mut self) {
        let frames = self.sound.samples.chunks_exact_mut(2);
        frames.for_each(|frame| frame[1] *= 0.5);
    }

    fn overdrive(&mut self, workshop: &Workshop<'_>, db: f64) -> Result<()> {
        let effects = format!("gain -n -6 overdrive {db} 20 gain -n -3 vol {HEADROOM}");
        self.sox(workshop, &effects)
    }

    /// Amplifies to full scale, then by `db`: sox clips at full scale between two effects.
    fn clip(&mut self, workshop: &Workshop<'_>, db: f64) -> Result<()> {
        let samples = self.sound.samples.iter();
        let peak = samples.fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let to_full_scale = 1.0 / f64::from(peak.max(1e-3)) / HEADROOM;
        let effects = format!("vol {to_full_scale} gain {db} vol {HEADROOM}");
        self.sox(workshop, &effects)
    }

    /// Rubber Band's faster or finer engine at random, because both are in use.
    fn rubberband(
        &mut self,
        workshop: &Workshop<'_>,
        semitones: f64,
        ratio: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<()> {
        let engine = if rng.random_bool(0.5) {
            Engine::Fast
        } else {
            Engine::Fine
        };
        self.sound = self
            .sound
            .through_rubberband(workshop.folder, engine, semitones, ratio)?;
        self.measured_secs = self.measured_secs.map(|secs| secs / ratio);
        Ok(())
    }

    fn sox(&mut self, workshop: &Workshop<'_>, effects: &str) -> Result<()> {
        self.sound = self.sound.through_sox(workshop.folder, effects)?;
        Ok(())
    }
}
