//! Drum patterns, played by a synthesiser.

use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;
use soundalike_trainer::midi::arrangement::Event;
use soundalike_trainer::midi::synthesis::Instruments;

use crate::mixes::take::mono;
use crate::sound::Sound;

/// General MIDI's channel for drums.
const CHANNEL: u8 = 9;
/// Programs of the channel: standard, room, power, electronic and analogue kit.
const KITS: [u8; 5] = [0, 8, 16, 24, 25];
/// Sixteenths in a bar.
const STEPS: usize = 16;
/// Steps of the kick, by pattern.
const KICKS: [&[usize]; 6] = [
    &[0, 8],
    &[0, 4, 8, 12],
    &[0, 6, 10],
    &[0, 3, 8, 11],
    &[0, 7, 10],
    &[0, 2, 8, 10, 15],
];
/// Steps of the snare, by pattern.
const SNARES: [&[usize]; 4] = [&[4, 12], &[4, 12, 15], &[8], &[4, 10, 12]];
/// Keys: bass drums, snares and claps, closed hats and shakers.
const KICK_KEYS: [u8; 2] = [35, 36];
const SNARE_KEYS: [u8; 4] = [37, 38, 39, 40];
const HAT_KEYS: [u8; 4] = [42, 44, 69, 70];
const OPEN_HAT_KEY: u8 = 46;

/// A bar that repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct DrumLoop {
    kit: u8,
    step_secs: f64,
    /// Step, key and velocity of each hit.
    hits: Vec<(usize, u8, u8)>,
}

impl DrumLoop {
    /// Draws one of 80 to 160 beats a minute.
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let beat_secs = 60.0 / rng.random_range(80.0..160.0);
        let mut hits = Vec::new();
        let kick = *KICK_KEYS.choose(rng).unwrap_or(&KICK_KEYS[0]);
        let snare = *SNARE_KEYS.choose(rng).unwrap_or(&SNARE_KEYS[0]);
        let hat = *HAT_KEYS.choose(rng).unwrap_or(&HAT_KEYS[0]);
        let hat_steps = *[1, 2, 4].choose(rng).unwrap_or(&2);
        for step in *KICKS.choose(rng).unwrap_or(&KICKS[0]) {
            hits.push((*step, kick, rng.random_range(95..120)));
        }
        for step in *SNARES.choose(rng).unwrap_or(&SNARES[0]) {
            hits.push((*step, snare, rng.random_range(85..115)));
        }
        for step in (0..STEPS).step_by(hat_steps) {
            hits.push((step, hat, rng.random_range(50..90)));
        }
        if rng.random_bool(0.5) {
            hits.push((14, OPEN_HAT_KEY, 75));
        }
        Self {
            kit: *KITS.choose(rng).unwrap_or(&KITS[0]),
            step_secs: beat_secs / 4.0,
            hits,
        }
    }

    pub fn bar_secs(&self) -> f64 {
        self.step_secs * STEPS as f64
    }

    /// The loop, repeated for this long.
    pub fn play(&self, instruments: &Instruments, secs: f64) -> Result<Sound> {
        let samples = instruments
            .play(&self.events(secs), secs)?
            .context("the soundfont has no drums")?;
        Ok(mono(samples))
    }

    fn events(&self, secs: f64) -> Vec<Event> {
        let kit = Event {
            secs: 0.0,
            channel: CHANNEL,
            command: 0xC0,
            data: [self.kit, 0],
        };
        let bars = (secs / self.bar_secs()).ceil() as usize;
        let hits = (0..bars).flat_map(|bar| {
            self.hits.iter().map(move |(step, key, velocity)| Event {
                secs: (bar * STEPS + step) as f64 * self.step_secs,
                channel: CHANNEL,
                command: 0x90,
                data: [*key, *velocity],
            })
        });
        let mut events: Vec<Event> = [kit].into_iter().chain(hits).collect();
        events.retain(|event| event.secs < secs);
        // A stable sort: the kit stays before the first hits.
        events.sort_by(|one, other| one.secs.total_cmp(&other.secs));
        events
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn every_bar_has_the_same_hits() {
        for seed in 0..20 {
            let drums = DrumLoop::draw(&mut ChaCha8Rng::seed_from_u64(seed));
            let events = drums.events(3.0 * drums.bar_secs());
            assert_eq!(events[0].command, 0xC0);
            assert_eq!(events.len(), 1 + 3 * drums.hits.len());
            let in_bar = |bar: f64| -> Vec<(i64, [u8; 2])> {
                let start = bar * drums.bar_secs() - 1e-6;
                let hits = events.iter().filter(|event| event.command == 0x90);
                let of_bar =
                    hits.filter(|hit| (start..start + drums.bar_secs()).contains(&hit.secs));
                of_bar
                    .map(|hit| ((1e6 * (hit.secs - start)).round() as i64, hit.data))
                    .collect()
            };
            assert_eq!(in_bar(0.0), in_bar(2.0));
        }
    }
}
