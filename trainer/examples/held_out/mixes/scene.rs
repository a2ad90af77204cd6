//! The inputs of one change: a song, other songs, drums and speech, and the tools.

use std::path::Path;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::mixes::places::distinct_place;
use crate::mixes::sounds::drums::DrumLoop;
use crate::mixes::studio::Studio;
use crate::mixes::take::Take;
use crate::places::loud_place;
use crate::sound::{CONTEXT_SECS, Sound};

pub struct Scene<'a> {
    pub studio: &'a Studio,
    /// Index of the song among the originals.
    pub source: usize,
    pub song: Sound,
    pub rng: ChaCha8Rng,
    /// Empty scratch folder.
    pub folder: &'a Path,
}

impl<'a> Scene<'a> {
    pub fn new(
        studio: &'a Studio,
        source: usize,
        rng: ChaCha8Rng,
        folder: &'a Path,
    ) -> Result<Self> {
        Ok(Self {
            studio,
            source,
            song: studio.originals[source].read()?,
            rng,
            folder,
        })
    }

    pub fn whole(&self) -> Take {
        Take::whole(&self.song)
    }

    /// The beginning of the song, at most this long: slow copies of whole songs would be large.
    pub fn beginning(&self, longest_secs: f64) -> Take {
        Take::of(&self.song, 0.0, longest_secs)
    }

    /// A loud passage, not repeated elsewhere in the song if there is such a one; `ratio` times as
    /// fast and `semitones` higher.
    pub fn passage(&mut self, secs: f64, semitones: f64, ratio: f64) -> Result<Take> {
        let start_secs = distinct_place(&self.song, CONTEXT_SECS, secs, &mut self.rng);
        let end_secs = start_secs + secs;
        if semitones == 0.0 && ratio == 1.0 {
            return Ok(Take::of(&self.song, start_secs, end_secs));
        }
        let (from_secs, to_secs) = (start_secs - CONTEXT_SECS, end_secs + CONTEXT_SECS);
        let with_context = Take::of(&self.song, from_secs, to_secs);
        let lead_secs = start_secs - from_secs.max(0.0);
        let changed = self.stretched(with_context, semitones, ratio)?.sound;
        let cut = changed.between(lead_secs / ratio, (lead_secs + secs) / ratio);
        Ok(Take::of(&self.song, start_secs, end_secs).stretched(cut, ratio, semitones))
    }

    pub fn stretched(&mut self, take: Take, semitones: f64, ratio: f64) -> Result<Take> {
        let stretcher = self.studio.stretcher;
        stretcher.pitch_and_tempo(take, semitones, ratio, self.folder, &mut self.rng)
    }

    pub fn at_speed(&self, take: Take, ratio: f64) -> Result<Take> {
        self.studio.stretcher.speed(take, ratio, self.folder)
    }

    /// Through effects of sox.
    pub fn with_effects(&self, take: Take, effects: &str) -> Result<Take> {
        let sound = take.sound.through_sox(self.folder, effects)?;
        Ok(take.with_sound(sound))
    }

    /// A random song that shares neither album nor artist with this one, and isn't shorter than
    /// `least_secs` if there is such a one.
    pub fn stranger(&mut self, least_secs: f64) -> Result<Sound> {
        let originals = &self.studio.originals;
        let own = &originals[self.source];
        let strangers: Vec<_> = originals
            .iter()
            .filter(|other| !own.is_related_to(other))
            .collect();
        let long_enough: Vec<_> = strangers
            .iter()
            .copied()
            .filter(|other| other.duration_secs >= least_secs)
            .collect();
        let chosen = long_enough
            .choose(&mut self.rng)
            .or_else(|| strangers.choose(&mut self.rng));
        chosen
            .with_context(|| format!("no song is unrelated to {}", own.name))?
            .read()
    }

    /// A loud part of another song.
    pub fn part_of_stranger(&mut self, secs: f64) -> Result<Sound> {
        let song = self.stranger(secs + 1.0)?;
        let start_secs = loud_place(&song, 0.0, secs, secs, &mut self.rng);
        Ok(song.between(start_secs, start_secs + secs))
    }

    pub fn drums(&mut self, secs: f64) -> Result<Sound> {
        DrumLoop::draw(&mut self.rng).play(&self.studio.instruments, secs)
    }

    pub fn speech(&mut self, secs: f64) -> Sound {
        let speech = &self.studio.speech;
        let last_secs = (speech.duration_secs() - secs).max(0.0);
        let start_secs = self.rng.random_range(0.0..=1.0) * last_secs;
        speech.between(start_secs, start_secs + secs)
    }
}
