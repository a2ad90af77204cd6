//! Sounds that are no music, against songs and each other.

use std::f64::consts::TAU;

use anyhow::Result;
use rand::Rng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::mixes::RATE_HZ;
use crate::mixes::negatives::negative;
use crate::mixes::plan::{MixedPair, Plan};
use crate::mixes::studio::Studio;
use crate::mixes::take::{mono, samples, silence};
use crate::sound::Sound;

const ROW: &str = "negative-bad-input";
const SECS: f64 = 40.0;
/// Songs that each sound is compared with.
const SONGS: usize = 12;
/// Partials of a note of a chord; the amplitude of the nth is 1/n.
const PARTIALS: usize = 6;

/// Pairs of every sound with every other one and with some songs.
pub fn pairs(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    if !plan.is_selected(ROW) {
        return Ok(Vec::new());
    }
    let mut rng = plan.rng(ROW, 0);
    let c_major = [261.63, 329.63, 392.0];
    let sounds = [
        ("tone", chord(&[440.0], 1)),
        ("higher-tone", chord(&[554.37], 1)),
        ("chord", chord(&c_major, PARTIALS)),
        (
            "higher-chord",
            chord(&c_major.map(|hz| hz * 1.1225), PARTIALS),
        ),
        ("noise", white_noise(&mut rng)),
        ("other-noise", white_noise(&mut rng)),
        ("clicks", clicks(1.0)),
        ("faster-clicks", clicks(0.7)),
    ];
    let names: Vec<String> = sounds
        .iter()
        .map(|(name, sound)| plan.write(&format!("{ROW}-{name}"), sound))
        .collect::<Result<_>>()?;
    let mut pairs = Vec::new();
    for (index, right) in names.iter().enumerate() {
        for left in &names[..index] {
            pairs.push(negative(ROW, left.clone(), right.clone()));
        }
        let mut songs: Vec<_> = studio.originals.iter().collect();
        songs.shuffle(&mut rng);
        for song in songs.into_iter().take(SONGS) {
            pairs.push(negative(ROW, song.name.clone(), right.clone()));
        }
    }
    Ok(pairs)
}

/// Notes that sound throughout.
fn chord(notes_hz: &[f64], partials: usize) -> Sound {
    let amplitude = 0.5 / notes_hz.len() as f64;
    let sample = |index: usize| {
        let at_secs = index as f64 / f64::from(RATE_HZ);
        let waves = notes_hz.iter().flat_map(|hz| {
            (1..=partials).map(move |n| (TAU * hz * n as f64 * at_secs).sin() / n as f64)
        });
        (amplitude * waves.sum::<f64>()) as f32
    };
    mono((0..samples(SECS)).map(sample).collect())
}

fn white_noise(rng: &mut ChaCha8Rng) -> Sound {
    let noise = (0..samples(SECS)).map(|_| rng.random_range(-0.5..0.5_f32));
    mono(noise.collect())
}

/// Silence with a click at every period.
fn clicks(period_secs: f64) -> Sound {
    let mut sound = silence(SECS);
    let starts = sound.samples.iter_mut().step_by(samples(period_secs));
    starts.for_each(|sample| *sample = 0.8);
    sound
}
