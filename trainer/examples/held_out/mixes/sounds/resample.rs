//! Resampling at a speed that may vary, as a turntable or a tape plays.

use std::f64::consts::{PI, TAU};

use crate::mixes::RATE_HZ;
use crate::mixes::take::{Passage, Take, mono};

/// Zero crossings of the sinc on each side: the stop band is below -60 dB.
const ZERO_CROSSINGS: f64 = 24.0;
/// Share of the pass band that is kept.
const BANDWIDTH: f64 = 0.95;
/// Entries of the table of the kernel from one sample to the next.
const PHASES: usize = 512;
/// Distance of the times that describe a drift.
const KNOT_SECS: f64 = 1.0;

/// A windowed sinc as a table.
struct Kernel {
    /// Values from the centre outwards.
    values: Vec<f32>,
    half_width: f64,
}

impl Kernel {
    /// For speeds up to `fastest`, without aliasing.
    fn new(fastest: f64) -> Self {
        let cutoff = BANDWIDTH / fastest.max(1.0);
        let half_width = ZERO_CROSSINGS / cutoff;
        let entries = (half_width * PHASES as f64) as usize + 2;
        let values = (0..entries).map(|entry| {
            let at = entry as f64 / PHASES as f64;
            let window = 0.5 + 0.5 * (PI * (at / half_width).min(1.0)).cos();
            let angle = PI * cutoff * at;
            let sinc = if entry == 0 { 1.0 } else { angle.sin() / angle };
            (cutoff * sinc * window) as f32
        });
        Self {
            values: values.collect(),
            half_width,
        }
    }

    /// The value of the signal at a position between its samples.
    fn interpolate(&self, samples: &[f32], position: f64) -> f32 {
        let first = (position - self.half_width).ceil().max(0.0) as usize;
        let end = ((position + self.half_width) as usize + 1).min(samples.len());
        let mut sum = 0.0;
        for (index, sample) in samples.iter().enumerate().take(end).skip(first) {
            let at = (position - index as f64).abs() * PHASES as f64;
            let (entry, between) = (at as usize, at.fract() as f32);
            let value = self.values[entry] * (1.0 - between) + self.values[entry + 1] * between;
            sum += sample * value;
        }
        sum
    }
}

/// The take at another speed: pitch and tempo change together.
pub fn at_speed(take: Take, ratio: f64) -> Take {
    let count = (take.sound.samples.len() as f64 / ratio) as usize;
    let kernel = Kernel::new(ratio);
    let source = &take.sound.samples;
    let samples = (0..count)
        .map(|index| kernel.interpolate(source, index as f64 * ratio))
        .collect();
    take.stretched(mono(samples), ratio, 12.0 * ratio.log2())
}

/// The take, a whole song, on a tape whose speed varies by a sine: `depth` 0.015 is from 1.5 %
/// slower to 1.5 % faster.
pub fn drifting(take: Take, depth: f64, period_secs: f64, phase: f64) -> Take {
    let rate_hz = f64::from(RATE_HZ);
    let source_secs = |right_secs: f64| {
        let angle = TAU * right_secs / period_secs + phase;
        right_secs - depth * period_secs / TAU * (angle.cos() - phase.cos())
    };
    let kernel = Kernel::new(1.0 + depth);
    let source = &take.sound.samples;
    let samples: Vec<f32> = (0..)
        .map(|index| source_secs(f64::from(index) / rate_hz) * rate_hz)
        .take_while(|position| *position <= (source.len() - 1) as f64)
        .map(|position| kernel.interpolate(source, position))
        .collect();
    let right_secs = samples.len() as f64 / rate_hz;
    let knots: Vec<[f64; 2]> = (0..)
        .map(|index| f64::from(index) * KNOT_SECS)
        .take_while(|at_secs| *at_secs < right_secs)
        .chain([right_secs])
        .map(|at_secs| [source_secs(at_secs).max(0.0), at_secs])
        .collect();
    let left_secs = [0.0, take.duration_secs().min(source_secs(right_secs))];
    let speed_ratio = left_secs[1] / right_secs;
    Take {
        sound: mono(samples),
        passages: vec![Passage {
            left_secs,
            right_secs: [0.0, right_secs],
            speed_ratio,
            semitones: 12.0 * speed_ratio.log2(),
            knots,
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f64, secs: f64) -> Take {
        let count = (secs * f64::from(RATE_HZ)) as usize;
        let wave = |index: usize| (TAU * hz * index as f64 / f64::from(RATE_HZ)).sin() as f32;
        Take::whole(&mono((0..count).map(wave).collect()))
    }

    /// Rising zero crossings a second.
    fn frequency_hz(samples: &[f32]) -> f64 {
        let crossings = samples
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
            .count();
        crossings as f64 * f64::from(RATE_HZ) / samples.len() as f64
    }

    #[test]
    fn a_faster_tone_is_higher_and_shorter() {
        for ratio in [0.5, 0.8, 1.25, 2.0] {
            let changed = at_speed(tone(1_000.0, 8.0), ratio);
            let hz = frequency_hz(&changed.sound.samples);
            assert!((hz / (1_000.0 * ratio) - 1.0).abs() < 2e-3, "{ratio}: {hz}");
            let passage = &changed.passages[0];
            assert!((passage.right_secs[1] - 8.0 / ratio).abs() < 1e-3);
            let level = changed.sound.rms_between(1.0, 3.0);
            assert!((level - 0.5_f64.sqrt()).abs() < 0.01, "{ratio}: {level}");
        }
    }

    #[test]
    fn a_faster_tone_above_the_limit_is_gone() {
        let changed = at_speed(tone(8_000.0, 4.0), 2.0);
        assert!(changed.sound.rms_between(0.5, 1.5) < 1e-3);
    }

    #[test]
    fn knots_follow_a_drift() {
        // A click at 10 s.
        let mut take = tone(1_000.0, 30.0);
        take.sound.samples.fill(0.0);
        take.sound.samples[10 * RATE_HZ as usize] = 1.0;
        let changed = drifting(take, 0.015, 40.0, 0.3);
        let samples = &changed.sound.samples;
        let click = (0..samples.len())
            .max_by(|one, other| samples[*one].total_cmp(&samples[*other]))
            .unwrap();
        let click_secs = click as f64 / f64::from(RATE_HZ);
        let knots = &changed.passages[0].knots;
        let after = knots.iter().position(|knot| knot[0] > 10.0).unwrap();
        let [before, after] = [knots[after - 1], knots[after]];
        let share = (10.0 - before[0]) / (after[0] - before[0]);
        let expected_secs = before[1] + share * (after[1] - before[1]);
        assert!((click_secs - expected_secs).abs() < 2e-3);
        assert!((click_secs - 10.0).abs() > 0.02, "{click_secs}");
    }
}
