//! Piano rolls that imitate the salience of pitches in recordings: decay, overtones, wrong octaves,
//! drums, noise, lost notes.

use rand::Rng;

use crate::midi::sequence::Note;
use crate::training::windows::network::config::{
    FRAMES_PER_SEC, LOWEST_KEY, PITCHES, WINDOW_FRAMES,
};

/// Frames of the roll for each frame of the window; they are averaged, as in recordings.
const FINE: usize = 2;
/// Pitches below and above those of the window, whose overtones and sub-octaves lie in it.
const MARGIN: usize = 12;
/// Overtones that remain in the salience of a bright sound: semitones, level.
const OVERTONES: [(usize, f32); 3] = [(12, 0.5), (19, 0.3), (24, 0.2)];

/// Notes of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Sounding {
    /// In seconds of the score.
    pub notes: Vec<Note>,
    /// Level of the notes when they begin.
    pub gain: f32,
    /// Decay of a held note, as a rate per second.
    pub decay_per_sec: f32,
}

/// A window of salience, `[WINDOW_FRAMES][PITCHES]`: the notes from `start_secs` of the score on,
/// played `tempo_ratio` times as fast.
///
/// Levels are as random as those of recordings of different instruments, rooms and drums are. The
/// ranges are guesses; the network is judged on rendered audio.
pub fn imitated(
    parts: &[Sounding],
    start_secs: f64,
    tempo_ratio: f64,
    rng: &mut impl Rng,
) -> Vec<[f32; PITCHES]> {
    const DRUMMED: f64 = 0.5;
    let frames = FINE * WINDOW_FRAMES;
    let mut fine = vec![[0.0_f32; PITCHES + 2 * MARGIN]; frames];
    for part in parts {
        let brightness = rng.random_range(0.0..0.5);
        for note in &part.notes {
            let secs = |secs: f64| ((secs - start_secs) / tempo_ratio) as f32;
            play(
                &mut fine,
                part,
                usize::from(note.key),
                [secs(note.start_secs), secs(note.end_secs)],
                brightness,
                rng,
            );
        }
    }
    let mut pitches: Vec<[f32; PITCHES]> = fine
        .iter()
        .map(|frame| std::array::from_fn(|pitch| frame[MARGIN + pitch]))
        .collect();
    if rng.random_bool(DRUMMED) {
        drum(&mut pitches, rng);
    }
    let noise = rng.random_range(0.0..0.12_f32);
    let lost = rng.random_range(0.0..0.2);
    for value in pitches.iter_mut().flatten() {
        let kept = if rng.random_bool(lost) { 0.0 } else { 1.0 };
        *value = (*value + normal(noise, rng).max(0.0)) * kept;
    }
    pitches
        .chunks_exact(FINE)
        .map(|frames| {
            std::array::from_fn(|pitch| {
                frames.iter().map(|frame| frame[pitch]).sum::<f32>() / FINE as f32
            })
        })
        .collect()
}

/// Adds a note that sounds within the window, with its overtones and, at times, an octave below it.
fn play(
    fine: &mut [[f32; PITCHES + 2 * MARGIN]],
    part: &Sounding,
    key: usize,
    [start_secs, end_secs]: [f32; 2],
    brightness: f64,
    rng: &mut impl Rng,
) {
    const LEAST_SECS: f32 = 0.1;
    const LONGEST_RELEASE_SECS: f32 = 0.25;
    // The front end sees a note some frames before it begins.
    const EARLY_SECS: f32 = 0.06;
    const SUB_OCTAVE: (f64, f32) = (0.15, 0.4);
    let fine_per_sec = (FINE * FRAMES_PER_SEC) as f32;
    let level = part.gain * rng.random_range(0.7..1.2_f32);
    let release_secs = rng.random_range(0.0..LONGEST_RELEASE_SECS);
    let overtones = OVERTONES.map(|overtone| rng.random_bool(brightness).then_some(overtone));
    let sub_octave = rng.random_bool(SUB_OCTAVE.0);
    let Some(pitch) = (key + MARGIN).checked_sub(LOWEST_KEY) else {
        return;
    };
    let end_secs = end_secs.max(start_secs + LEAST_SECS) + release_secs;
    let first = ((start_secs - EARLY_SECS) * fine_per_sec).ceil().max(0.0) as usize;
    for (index, frame) in fine.iter_mut().enumerate().skip(first) {
        let at_secs = index as f32 / fine_per_sec;
        if at_secs >= end_secs {
            break;
        }
        let held_secs = (at_secs - start_secs).max(0.0);
        let value = level * (-part.decay_per_sec * held_secs).exp();
        let mut add = |pitch: usize, value: f32| {
            if let Some(sum) = frame.get_mut(pitch) {
                *sum = sum.max(value);
            }
        };
        add(pitch, value);
        for (semitones, share) in overtones.into_iter().flatten() {
            add(pitch + semitones, share * value);
        }
        if sub_octave && pitch >= 12 {
            add(pitch - 12, SUB_OCTAVE.1 * value);
        }
    }
}

/// Hits of drums at random frames: they mask notes and are noise at all pitches.
fn drum(pitches: &mut [[f32; PITCHES]], rng: &mut impl Rng) {
    const LEVEL: f32 = 0.12;
    let density = rng.random_range(0.05..0.3);
    for frame in pitches {
        if !rng.random_bool(density) {
            continue;
        }
        let masked = rng.random_range(0.3..1.0_f32);
        for value in frame {
            *value = *value * masked + normal(LEVEL, rng).max(0.0);
        }
    }
}

/// A nearly normal variable with that standard deviation: the sum of three uniform ones.
pub fn normal(deviation: f32, rng: &mut impl Rng) -> f32 {
    (0..3).map(|_| rng.random_range(-1.0..1.0_f32)).sum::<f32>() * deviation
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_note_is_loudest_at_its_pitch_while_it_sounds() {
        let note = Note {
            start_secs: 12.0,
            end_secs: 16.0,
            key: 60,
            velocity: 90,
        };
        let part = Sounding {
            notes: vec![note],
            gain: 1.0,
            decay_per_sec: 0.2,
        };
        // At double tempo, from 10 s on: from the first to the third second.
        let roll = imitated(&[part], 10.0, 2.0, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!(roll.len(), WINDOW_FRAMES);
        let mean = |seconds: std::ops::Range<usize>, pitch: usize| {
            let frames = &roll[seconds.start * FRAMES_PER_SEC..seconds.end * FRAMES_PER_SEC];
            frames.iter().map(|frame| frame[pitch]).sum::<f32>() / frames.len() as f32
        };
        let pitch = 60 - LOWEST_KEY;
        assert!(mean(1..3, pitch) > 0.4, "{}", mean(1..3, pitch));
        assert!(mean(4..8, pitch) < 0.15 && mean(1..3, pitch + 1) < 0.15);
    }

    #[test]
    fn noise_has_the_given_deviation() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let square: f32 = (0..10_000).map(|_| normal(0.5, &mut rng).powi(2)).sum();
        assert!(((square / 10_000.0).sqrt() - 0.5).abs() < 0.02);
    }
}
