//! Places in a song whose music isn't repeated elsewhere in it. A copy of another place can't be
//! told where it comes from.

use rand_chacha::ChaCha8Rng;
use soundalike::FeatureConfig;
use soundalike::training::LogMelPlan;
use soundalike_trainer::corpus::repeats::{LEAST_CORRELATION, PassageInContext};

use crate::places::loud_place;
use crate::sound::Sound;

/// Places from which one is chosen.
const PLACES_TRIED: usize = 24;
/// Length of the passages by which two sections are compared.
const COMPARED_SECS: f64 = 4.0;

/// A loud place with `margin_secs` of song before and after it: the first of some that the song
/// doesn't repeat elsewhere, else the one that the rest of the song resembles least.
pub fn distinct_place(
    song: &Sound,
    margin_secs: f64,
    passage_secs: f64,
    rng: &mut ChaCha8Rng,
) -> f64 {
    let mel = Mel::of(song);
    let mut best = (f32::INFINITY, margin_secs);
    for _ in 0..PLACES_TRIED {
        let after_secs = passage_secs + margin_secs;
        let start_secs = loud_place(song, margin_secs, after_secs, passage_secs, rng);
        let end_secs = start_secs + passage_secs;
        let rest = [[0.0, start_secs], [end_secs, song.duration_secs()]];
        let correlation = mel.correlation([start_secs, end_secs], &rest, passage_secs);
        if correlation < best.0 {
            best = (correlation, start_secs);
        }
        if correlation < LEAST_CORRELATION {
            break;
        }
    }
    best.1
}

/// Two loud sections of a song that don't repeat each other, by their starts; `None` if none were
/// found.
pub fn different_sections(
    song: &Sound,
    section_secs: f64,
    rng: &mut ChaCha8Rng,
) -> Option<[f64; 2]> {
    let mel = Mel::of(song);
    let mut draw = || loud_place(song, 0.0, section_secs, section_secs, rng);
    (0..PLACES_TRIED).find_map(|_| {
        let starts = [draw(), draw()];
        let [one, other] = starts.map(|start| [start, start + section_secs]);
        let apart = (starts[0] - starts[1]).abs() >= section_secs;
        let differ = || mel.correlation(one, &[other], COMPARED_SECS) < LEAST_CORRELATION;
        (apart && differ()).then_some(starts)
    })
}

/// The mel power of a song.
struct Mel {
    bands: usize,
    /// `[frames, bands]`.
    power: Vec<f32>,
    frames_per_sec: f64,
}

impl Mel {
    fn of(song: &Sound) -> Self {
        let features = FeatureConfig::default();
        let mel = LogMelPlan::new(&features).mel_power(&song.samples, |_| ());
        Self {
            bands: mel.mel_bands,
            power: mel.power,
            frames_per_sec: f64::from(features.sample_rate_hz) / features.hop_samples as f64,
        }
    }

    /// The greatest correlation of a part of `compared_secs` of the passage with any part of the
    /// others; -1 if they are shorter.
    fn correlation(&self, passage_secs: [f64; 2], others: &[[f64; 2]], compared_secs: f64) -> f32 {
        let count = (compared_secs * self.frames_per_sec) as usize;
        let parts = ((passage_secs[1] - passage_secs[0]) / compared_secs).round() as usize;
        let start = |part: usize| passage_secs[0] + part as f64 * compared_secs;
        let own: Vec<PassageInContext> = (0..parts.max(1))
            .map(|part| self.excerpt([start(part), start(part) + compared_secs], count))
            .collect();
        let long_enough = others
            .iter()
            .filter(|[start, end]| end - start >= compared_secs);
        let others: Vec<PassageInContext> =
            long_enough.map(|part| self.excerpt(*part, count)).collect();
        let pairs = own
            .iter()
            .flat_map(|one| others.iter().map(move |other| (one, other)));
        pairs
            .map(|(one, other)| one.correlation(other, count))
            .fold(-1.0, f32::max)
    }

    /// At least `count` frames.
    fn excerpt(&self, [start, end]: [f64; 2], count: usize) -> PassageInContext {
        let frames = self.power.len() / self.bands;
        let [start, end] = [start, end].map(|secs| (secs * self.frames_per_sec) as usize);
        let start = start.min(frames.saturating_sub(count));
        let end = end.max(start + count).min(frames);
        PassageInContext::new(
            &self.power[start * self.bands..end * self.bands],
            self.bands,
        )
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::mixes::RATE_HZ;
    use crate::mixes::take::{Take, samples, silence};

    /// Two voices with random notes of 0.1 to 0.5 s.
    fn melody(seed: u64, secs: f64) -> Sound {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut sound = silence(secs);
        for _ in 0..2 {
            let mut notes = sound.samples.as_mut_slice();
            while !notes.is_empty() {
                let count = samples(rng.random_range(0.1..0.5)).min(notes.len());
                let (note, rest) = notes.split_at_mut(count);
                let hz = 110.0 * 2_f32.powf(rng.random_range(0..60) as f32 / 12.0);
                for (index, sample) in note.iter_mut().enumerate() {
                    let angle = std::f32::consts::TAU * hz * index as f32 / RATE_HZ as f32;
                    *sample += 0.2 * angle.sin() + 0.1 * (2.0 * angle).sin();
                }
                notes = rest;
            }
        }
        sound
    }

    #[test]
    fn a_place_is_chosen_that_occurs_once() {
        // The first 30 s are played twice; the last 30 s are new.
        let verse = Take::foreign(melody(1, 30.0));
        let song = verse.repeated(2).then(Take::foreign(melody(2, 30.0))).sound;
        for seed in 0..5 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let place_secs = distinct_place(&song, 0.5, 4.0, &mut rng);
            assert!(
                place_secs > 57.0 || (place_secs - 30.0).abs() < 3.0,
                "{place_secs}"
            );
        }
    }

    #[test]
    fn repeated_sections_do_not_differ() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let bars = Take::foreign(melody(3, 6.0)).repeated(10).sound;
        assert_eq!(different_sections(&bars, 20.0, &mut rng), None);
        let [one, other] = different_sections(&melody(4, 60.0), 20.0, &mut rng).unwrap();
        assert!((one - other).abs() >= 20.0);
    }
}
