use std::f32::consts::TAU;

use super::*;
use crate::test_sound::{self, mel_power};

const RATE_HZ: f32 = 22_050.0;
const SECS: usize = 12;

/// Share of blank segments of a sound.
fn blank_share(sound: impl FnMut(usize) -> f32) -> f64 {
    let config = FeatureConfig::default();
    let samples: Vec<f32> = (0..SECS * 22_050).map(sound).collect();
    let mel = mel_power(&samples);
    // Not at the ends, where the sound starts and stops.
    let segments = (1..9).map(|segment| (32 * segment, 32 * segment + 130));
    let blank = blank_segments(&mel, &config, segments);
    blank.iter().filter(|&&blank| blank).count() as f64 / blank.len() as f64
}

/// White noise between -1 and 1.
fn noise() -> impl FnMut() -> f32 {
    let mut half = test_sound::noise(1);
    move || 2.0 * half()
}

fn secs(n: usize) -> f32 {
    n as f32 / RATE_HZ
}

fn sawtooth(hz: f32, n: usize) -> f32 {
    (hz * secs(n)).fract() - 0.5
}

#[test]
fn silence_is_blank() {
    assert_eq!(blank_share(|_| 0.0), 1.0);
    let mut noise = noise();
    assert_eq!(blank_share(|_| 1e-5 * noise()), 1.0);
}

#[test]
fn noise_and_applause_are_blank() {
    let mut white = noise();
    assert_eq!(blank_share(|_| 0.1 * white()), 1.0);
    let mut white = noise();
    let mut low = 0.0;
    assert_eq!(
        blank_share(|_| {
            low = 0.98 * low + 0.02 * white();
            low
        }),
        1.0,
        "low-passed noise"
    );
    // A hundred claps a second, each a burst of noise of a few milliseconds; the crowd grows louder
    // and softer.
    let mut white = noise();
    let mut clap = 0.0;
    assert_eq!(
        blank_share(|n| {
            if white() > 1.0 - 2.0 * 100.0 / RATE_HZ {
                clap += 0.3;
            }
            clap *= 0.99;
            clap * white() * (1.0 + 0.4 * (TAU * 0.3 * secs(n)).sin())
        }),
        1.0,
        "applause"
    );
    // Claps with a pitch, from a resonance at 1.2 kHz.
    let mut white = noise();
    let (mut clap, mut before, mut last) = (0.0, 0.0, 0.0);
    let pitched = |_| {
        if white() > 1.0 - 2.0 * 100.0 / RATE_HZ {
            clap += 0.3;
        }
        clap *= 0.995;
        let rung = clap * white() + 1.68 * last - 0.81 * before;
        (before, last) = (last, rung);
        0.2 * rung
    };
    assert!(blank_share(pitched) > 0.8, "claps with a pitch");
}

#[test]
fn steady_tones_are_blank() {
    assert_eq!(blank_share(|n| 0.3 * (TAU * 440.0 * secs(n)).sin()), 1.0);
    let vibrato = |n| 0.3 * (TAU * 440.0 * secs(n) + 6.0 * (TAU * 5.5 * secs(n)).sin()).sin();
    assert_eq!(blank_share(vibrato), 1.0, "vibrato");
    let tremolo =
        |n| 0.3 * (TAU * 440.0 * secs(n)).sin() * (1.0 + 0.3 * (TAU * 5.0 * secs(n)).sin());
    assert_eq!(blank_share(tremolo), 1.0, "tremolo");
    assert_eq!(blank_share(|n| sawtooth(220.0, n)), 1.0, "sawtooth");
    let sines = |n| 0.3 * ((TAU * 440.0 * secs(n)).sin() + (TAU * 443.0 * secs(n)).sin());
    assert_eq!(blank_share(sines), 1.0, "a beat of 3 Hz");
}

/// A note of twelve partials with different phases.
fn note(hz: f32, n: usize) -> f32 {
    (1..=12)
        .map(|k| {
            let partial = k as f32;
            (TAU * (hz * partial * secs(n)).fract() + 2.4 * partial * partial).sin() / partial
        })
        .sum()
}

#[test]
fn beating_notes_are_blank() {
    let sines = |n| 0.3 * ((TAU * 440.0 * secs(n)).sin() + (TAU * 441.0 * secs(n)).sin());
    assert_eq!(blank_share(sines), 1.0, "two sines");
    for detuned in [1.0008, 1.002, 1.003] {
        let chord = |n| {
            let notes = [220.0, 277.2, 329.6];
            notes
                .iter()
                .map(|hz| note(*hz, n) + note(hz * detuned, n))
                .sum::<f32>()
                * 0.05
        };
        assert_eq!(blank_share(chord), 1.0, "a chord, detuned by {detuned}");
        if detuned == 1.0008 {
            // Beats slower than a segment, with a fade, measure as change.
            continue;
        }
        let fading = blank_share(|n| chord(n) * 10.0_f32.powf(-secs(n) * 3.0 / 20.0));
        assert!(fading > 0.6, "fading, detuned by {detuned}: {fading}");
        let swelling = blank_share(|n| chord(n) * secs(n) / SECS as f32);
        assert!(swelling > 0.6, "swelling, detuned by {detuned}: {swelling}");
    }
}

#[test]
fn a_slow_tremolo_is_blank() {
    for (hz, depth) in [(0.4, 0.9), (1.0, 0.5), (1.0, 0.9), (2.0, 0.5)] {
        let tremolo = |n| note(220.0, n) * (1.0 + depth * (TAU * hz * secs(n)).sin());
        assert_eq!(blank_share(tremolo), 1.0, "{hz} Hz, depth {depth}");
    }
}

/// An envelope that is 1 between two times, with ramps of `ramp_secs` centred on them.
fn sounding(n: usize, from_secs: f32, to_secs: f32, ramp_secs: f32) -> f32 {
    let rise = (secs(n) - from_secs) / ramp_secs + 0.5;
    let fall = (to_secs - secs(n)) / ramp_secs + 0.5;
    rise.min(fall).clamp(0.0, 1.0)
}

#[test]
fn slow_music_is_not_blank() {
    // Soft chords of detuned notes, two seconds each, with crossfades.
    let chords = [[220.0, 277.2, 329.6], [246.9, 293.7, 370.0]];
    for ramp_secs in [0.3, 0.8] {
        let pad = |n| {
            (0..7)
                .map(|place| {
                    let from_secs = 2.0 * place as f32;
                    let loud = sounding(n, from_secs, from_secs + 2.0, ramp_secs);
                    if loud == 0.0 {
                        return 0.0;
                    }
                    let notes = chords[place % 2].iter();
                    let sum: f32 = notes.map(|hz| note(*hz, n) + note(hz * 1.003, n)).sum();
                    0.05 * loud * sum
                })
                .sum()
        };
        assert_eq!(blank_share(pad), 0.0, "chords over {ramp_secs} s");
    }
    // A slow melody of sines over a beating drone.
    let drone = |n| {
        let melody: f32 = (0..8)
            .map(|place| {
                let hz = 440.0 * (MELODY[place] / 12.0_f32).exp2();
                let from_secs = 1.5 * place as f32;
                sounding(n, from_secs, from_secs + 1.5, 0.2) * (TAU * hz * secs(n)).sin()
            })
            .sum();
        0.2 * (note(110.0, n) + note(110.2, n)) + 0.15 * melody
    };
    assert_eq!(blank_share(drone), 0.0, "a melody over a drone");
    // A melody of sines under a bass that is 30 dB louder.
    let bass = |n| {
        let melody: f32 = (0..12)
            .map(|place| {
                let hz = 880.0 * (MELODY[place % 8] / 12.0).exp2();
                let from_secs = place as f32;
                let phase = TAU * (hz * secs(n)).fract();
                sounding(n, from_secs, from_secs + 1.0, 0.1) * phase.sin()
            })
            .sum();
        0.5 * (TAU * 110.0 * secs(n)).sin() + 0.016 * melody
    };
    assert_eq!(blank_share(bass), 0.0, "a melody under a bass");
    // One note, struck twice a second.
    let struck = |n| note(220.0, n) * (-4.0 * (2.0 * secs(n)).fract()).exp();
    assert_eq!(blank_share(struck), 0.0, "a repeated note");
}

#[test]
fn a_fading_tone_and_the_end_of_a_fade_are_blank() {
    let fading = |n| sawtooth(220.0, n) * 10.0_f32.powf(-secs(n) * 4.0 / 20.0);
    assert_eq!(blank_share(fading), 1.0);
    // After the first second, music 50 dB below it.
    let faint = |n| {
        if n < 22_050 {
            melody(n)
        } else {
            10.0_f32.powf(-2.5) * melody(n)
        }
    };
    assert!(blank_share(faint) > 0.8);
}

#[test]
fn music_is_not_blank() {
    assert_eq!(blank_share(melody), 0.0, "melody");
    let fading = |n| melody(n) * 10.0_f32.powf(-secs(n) * 2.0 / 20.0);
    assert_eq!(blank_share(fading), 0.0, "a melody that fades");
    // A beat: a burst of noise twice a second.
    let mut white = noise();
    let beat = |n: usize| white() * (-secs(n % 11_025) * 20.0).exp();
    assert_eq!(blank_share(beat), 0.0, "a beat");
    let mut white = noise();
    let soft_beat = |n: usize| white() * (0.1 + (-secs(n % 11_025) * 8.0).exp());
    assert_eq!(blank_share(soft_beat), 0.0, "a beat in noise");
    let mut white = noise();
    let in_noise = |n| 0.5 * melody(n) + 0.7 * white();
    assert_eq!(blank_share(in_noise), 0.0, "a melody in loud noise");
    for notes_a_sec in [1.5, 5.0] {
        let trill = |n| note([330.0, 392.0][(secs(n) * notes_a_sec) as usize % 2], n);
        assert_eq!(blank_share(trill), 0.0, "a trill, {notes_a_sec} a second");
    }
    // Music 30 dB below the loud part.
    let soft = |n| melody(n) * if n < 22_050 { 1.0 } else { 0.032 };
    assert_eq!(blank_share(soft), 0.0, "a soft part");
}

/// Pitches of a melody in semitones.
const MELODY: [f32; 8] = [0.0, 4.0, 7.0, 2.0, 5.0, 9.0, 11.0, 12.0];

/// A melody of three notes a second.
fn melody(n: usize) -> f32 {
    let note = MELODY[(secs(n) * 3.0) as usize % 8];
    sawtooth(330.0 * (note / 12.0_f32).exp2(), n)
}

/// Mel power of one segment of a sound, not at its ends, and the floor of the measures.
fn segment_of(sound: impl FnMut(usize) -> f32) -> (Vec<f32>, f32) {
    let samples: Vec<f32> = (0..5 * 22_050).map(sound).collect();
    let mel = mel_power(&samples);
    let power = mel.power[32 * 128..(32 + 130) * 128].to_vec();
    let loudest = power.iter().copied().fold(0.0, f32::max);
    (power, loudest * power_of_decibels(FLOOR_DB))
}

#[test]
fn noise_has_little_movement_in_groups_of_bands() {
    let mut white = noise();
    let (power, floor) = segment_of(|_| 0.1 * white());
    let movement = movement_db(&power, 128, floor);
    // In groups half as wide it has more.
    assert!(movement < 0.45, "{movement} dB");
}

#[test]
fn tones_have_tonality_and_noise_has_none() {
    let (power, floor) = segment_of(|n| sawtooth(220.0, n));
    let tone = tonality_db(&power, 128, floor);
    let mut white = noise();
    let (power, floor) = segment_of(|_| 0.1 * white());
    let hiss = tonality_db(&power, 128, floor);
    assert!(
        hiss < 0.5 * LEAST_TONALITY_DB && tone > 9.0,
        "{tone} and {hiss} dB"
    );
}
