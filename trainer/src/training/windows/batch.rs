//! Batches of windows: an anchor, the same place of the song played anew, and a decoy.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Result, ensure};
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::corpus::pop909;
use crate::corpus::tracks::Split;
use crate::midi::accompaniment::{self, Style};
use crate::midi::chord::{self, Chord};
use crate::midi::sequence::Note;
use crate::midi::work::Work;
use crate::training::windows::network::config::{FRAMES_PER_SEC, PITCHES, WINDOW_FRAMES};
use crate::training::windows::network::input::normalised;
use crate::training::windows::roll::{self, Sounding};

/// Batches that are made ahead of the training.
const BATCHES_AHEAD: usize = 2;
/// Notes that a song's melody must have, so that its windows aren't empty.
const LEAST_NOTES: usize = 60;
const WINDOW_SECS: f64 = (WINDOW_FRAMES / FRAMES_PER_SEC) as f64;
/// Notes and chords this long before and after a window may sound in it.
const MARGIN_SECS: f64 = 2.0;

/// Normalised windows, `[triples, PITCHES, WINDOW_FRAMES]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Number of triples.
    pub size: usize,
    /// A place of each song.
    pub anchors: Vec<f32>,
    /// The same places in the same keys, played anew.
    pub positives: Vec<f32>,
    /// The accompaniment of the positive, under the melody of the next song in the same key.
    pub decoys: Vec<f32>,
}

/// How a window is accompanied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Written,
    New,
    Alone,
    Reharmonised,
}

/// The songs of a split.
pub struct Windows {
    works: Vec<Work>,
}

impl Windows {
    /// Reads the songs of a split from a copy of POP909.
    ///
    /// # Errors
    ///
    /// When one can't be read, or fewer than `least` are there.
    pub fn read(pop909: &Path, split: Split, least: usize) -> Result<Self> {
        let folders = pop909::songs(pop909)?;
        let of_split = folders
            .iter()
            .filter(|folder| pop909::split(folder) == split);
        let mut works = of_split
            .map(|folder| pop909::read(folder))
            .collect::<Result<Vec<Work>>>()?;
        works.retain(|work| work.melody.len() >= LEAST_NOTES);
        ensure!(
            works.len() >= least,
            "{} has {} songs for {} with a melody of {LEAST_NOTES} notes; a batch needs {least}",
            pop909.display(),
            works.len(),
            split.name()
        );
        Ok(Self { works })
    }

    /// Number of songs.
    pub fn len(&self) -> usize {
        self.works.len()
    }

    /// Makes the batches of the steps from `first_step` on in a thread of its own.
    pub fn spawn(
        self: Arc<Self>,
        steps: std::ops::Range<usize>,
        size: usize,
        seed: u64,
    ) -> Receiver<Batch> {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        std::thread::spawn(move || {
            for step in steps {
                if sender.send(self.batch(step, size, seed)).is_err() {
                    break;
                }
            }
        });
        receiver
    }

    /// The batch of a step: `size` different songs. It depends on the seed and the step alone.
    pub fn batch(&self, step: usize, size: usize, seed: u64) -> Batch {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step as u64 + 1);
        let works: Vec<&Work> = self.works.choose_multiple(&mut rng, size).collect();
        let mut batch = Batch {
            size: works.len(),
            anchors: Vec::new(),
            positives: Vec::new(),
            decoys: Vec::new(),
        };
        for (index, work) in works.iter().enumerate() {
            let other = works[(index + 1) % works.len()];
            for (windows, window) in [&mut batch.anchors, &mut batch.positives, &mut batch.decoys]
                .into_iter()
                .zip(triple(work, other, &mut rng))
            {
                push(windows, &window);
            }
        }
        batch
    }
}

/// Anchor, positive and decoy, as salience.
fn triple(work: &Work, other: &Work, rng: &mut impl Rng) -> [Vec<[f32; PITCHES]>; 3] {
    const FASTEST: f64 = 1.25;
    let note = &work.melody[rng.random_range(0..work.melody.len() - LEAST_NOTES / 5)];
    let start_secs = note.start_secs - rng.random_range(0.0..1.0);
    let semitones = rng.random_range(-6..6);
    let (slowest, fastest) = ((1.0 / FASTEST).ln(), FASTEST.ln());
    let tempo_ratio = rng.random_range(slowest..fastest).exp();
    let anchor_kind = *[
        Kind::Written,
        Kind::Written,
        Kind::Written,
        Kind::Written,
        Kind::New,
        Kind::New,
        Kind::New,
        Kind::New,
        Kind::Alone,
        Kind::Reharmonised,
    ]
    .choose(rng)
    .unwrap_or(&Kind::Written);
    let anew_kind = *[
        Kind::Written,
        Kind::New,
        Kind::New,
        Kind::Alone,
        Kind::Reharmonised,
    ]
    .choose(rng)
    .unwrap_or(&Kind::New);

    let mut anchor = accompaniment_at(work, start_secs, anchor_kind, rng);
    anchor.push(melody_at(&work.melody, start_secs, rng));
    let accompaniment = accompaniment_at(work, start_secs, anew_kind, rng);
    let mut positive = accompaniment.clone();
    positive.push(melody_at(&work.melody, start_secs, rng));
    // A melody alone has no accompaniment to share.
    let mut decoy = match anew_kind {
        Kind::Alone => accompaniment_at(work, start_secs, Kind::New, rng),
        _ => accompaniment,
    };
    decoy.push(melody_at(
        &foreign_melody(work, other, start_secs, rng),
        start_secs,
        rng,
    ));

    let window = |mut parts: Vec<Sounding>, late_secs: f64, tempo_ratio: f64, rng: &mut _| {
        let keys = parts.iter_mut().flat_map(|part| &mut part.notes);
        keys.for_each(|note| note.key = note.key.saturating_add_signed(semitones));
        roll::imitated(&parts, start_secs + late_secs, tempo_ratio, rng)
    };
    let late_secs = rng.random_range(-0.5..0.5);
    [
        window(anchor, 0.0, 1.0, rng),
        window(positive, late_secs, tempo_ratio, rng),
        window(decoy, late_secs, tempo_ratio, rng),
    ]
}

/// The melody of another song, in the key of this one, with one of its notes at `start_secs`.
fn foreign_melody(work: &Work, other: &Work, start_secs: f64, rng: &mut impl Rng) -> Vec<Note> {
    let first = rng.random_range(0..other.melody.len() - LEAST_NOTES / 5);
    let later_secs = start_secs - other.melody[first].start_secs;
    let semitones = (18 + work.tonic as i8 - other.tonic as i8) % 12 - 6;
    let notes = other.melody.iter().map(|note| Note {
        start_secs: note.start_secs + later_secs,
        end_secs: note.end_secs + later_secs,
        key: note.key.saturating_add_signed(semitones),
        velocity: note.velocity,
    });
    notes.collect()
}

fn sounds_within(start_secs: f64, end_secs: f64, window_secs: f64) -> bool {
    end_secs > window_secs - MARGIN_SECS
        && start_secs < window_secs + 1.25 * WINDOW_SECS + MARGIN_SECS
}

/// The melody around a window as a player plays it: in any octave, with jitter and lost notes.
fn melody_at(melody: &[Note], start_secs: f64, rng: &mut impl Rng) -> Sounding {
    const JITTER_SECS: f32 = 0.02;
    let octave = *[0, 0, -12, 12].choose(rng).unwrap_or(&0);
    let left_out = rng.random_range(0.0..0.12);
    let near = melody
        .iter()
        .filter(|note| sounds_within(note.start_secs, note.end_secs, start_secs));
    let mut notes = Vec::new();
    for note in near {
        if rng.random_bool(left_out) {
            continue;
        }
        let late_secs = f64::from(roll::normal(JITTER_SECS, rng));
        notes.push(Note {
            start_secs: note.start_secs + late_secs,
            end_secs: note.end_secs + late_secs,
            key: note.key.saturating_add_signed(octave),
            velocity: note.velocity,
        });
    }
    Sounding {
        notes,
        gain: rng.random_range(0.5..1.3),
        decay_per_sec: rng.random_range(0.0..1.5),
    }
}

fn accompaniment_at(work: &Work, start_secs: f64, kind: Kind, rng: &mut impl Rng) -> Vec<Sounding> {
    match kind {
        Kind::Alone => Vec::new(),
        Kind::Written => {
            let notes = work.accompaniment.iter().flatten();
            let near =
                notes.filter(|note| sounds_within(note.start_secs, note.end_secs, start_secs));
            vec![sounding(near.copied().collect(), 0.4, 2.0, rng)]
        }
        Kind::New | Kind::Reharmonised => {
            let near = work
                .chords
                .iter()
                .filter(|chord| sounds_within(chord.start_secs, chord.end_secs, start_secs));
            let mut chords: Vec<Chord> = near.copied().collect();
            if kind == Kind::Reharmonised {
                chords = chord::reharmonised(&chords, work.tonic, rng);
            }
            let style = *Style::ALL.choose(rng).unwrap_or(&Style::Block);
            let lowest_key = accompaniment::draw_lowest_key(rng);
            vec![
                sounding(
                    style.play(&chords, &work.beats_secs, lowest_key),
                    0.4,
                    2.0,
                    rng,
                ),
                sounding(accompaniment::bass(&chords), 0.3, 0.5, rng),
            ]
        }
    }
}

fn sounding(notes: Vec<Note>, least_gain: f32, fastest_decay: f32, rng: &mut impl Rng) -> Sounding {
    Sounding {
        notes,
        gain: rng.random_range(least_gain..1.1),
        decay_per_sec: rng.random_range(0.0..fastest_decay),
    }
}

/// Appends a normalised window, pitch by pitch.
fn push(windows: &mut Vec<f32>, salience: &[[f32; PITCHES]]) {
    let frames = normalised(salience);
    for pitch in 0..PITCHES {
        windows.extend(frames.iter().map(|frame| frame[pitch]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::midi::chord::MAJOR;

    /// A minute of random notes in C over one chord.
    fn work(seed: u64) -> Work {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let scale = [60, 62, 64, 65, 67, 69, 71];
        let melody = (0..120).map(|beat| Note {
            start_secs: f64::from(beat) * 0.5,
            end_secs: f64::from(beat) * 0.5 + 0.45,
            key: *scale.choose(&mut rng).unwrap(),
            velocity: 90,
        });
        let melody: Vec<Note> = melody.collect();
        Work {
            name: seed.to_string(),
            accompaniment: vec![melody.clone()],
            melody,
            chords: vec![Chord {
                start_secs: 0.0,
                end_secs: 60.0,
                root: 0,
                tones: MAJOR,
            }],
            beats_secs: (0..=120).map(|beat| f64::from(beat) * 0.5).collect(),
            tonic: 0,
        }
    }

    #[test]
    fn a_batch_depends_on_seed_and_step_alone() {
        let windows = Windows {
            works: (0..5).map(work).collect(),
        };
        let batch = windows.batch(3, 4, 1);
        assert_eq!(batch.size, 4);
        for part in [&batch.anchors, &batch.positives, &batch.decoys] {
            assert_eq!(part.len(), 4 * PITCHES * WINDOW_FRAMES);
            assert!(part.iter().all(|value| value.is_finite()));
        }
        assert_eq!(batch, windows.batch(3, 4, 1));
        assert_ne!(batch, windows.batch(4, 4, 1));
        assert_ne!(batch, windows.batch(3, 4, 2));
    }

    #[test]
    fn a_foreign_melody_is_brought_to_the_key_and_the_place() {
        let (mut own, other) = (work(1), work(2));
        own.tonic = 5;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let notes = foreign_melody(&own, &other, 20.0, &mut rng);
        let in_f = [5, 7, 9, 10, 0, 2, 4];
        assert!(notes.iter().all(|note| in_f.contains(&(note.key % 12))));
        assert!(
            notes
                .iter()
                .any(|note| (note.start_secs - 20.0).abs() < 1e-9)
        );
    }
}
