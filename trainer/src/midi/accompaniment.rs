//! Accompaniments from chords and beats: chords in a style, a bass, drums.

use rand::Rng;
use rand::seq::IndexedRandom as _;

use crate::midi::arrangement::KICK;
use crate::midi::chord::Chord;
use crate::midi::sequence::Note;

/// How the notes of a chord are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// All at once, on each beat.
    Block,
    /// One after the other, two a beat.
    Broken,
    /// From low to high within 20 ms a note, two strokes a beat.
    Strum,
    /// All at once, held as long as the chord.
    Pad,
}

impl Style {
    /// Every style.
    pub const ALL: [Self; 4] = [Self::Block, Self::Broken, Self::Strum, Self::Pad];

    /// The chords in this style, with the lowest note of each at `lowest_key` or above it, within
    /// an octave. Beats must be in order of time.
    pub fn play(self, chords: &[Chord], beats_secs: &[f64], lowest_key: u8) -> Vec<Note> {
        let mut notes = Vec::new();
        for chord in chords {
            let mut keys: Vec<u8> = chord
                .tones
                .iter()
                .map(|tone| lowest_key + (chord.root + tone + 120 - lowest_key) % 12)
                .collect();
            keys.sort_unstable();
            if self == Self::Pad {
                notes.extend(keys.iter().map(|&key| Note {
                    start_secs: chord.start_secs,
                    end_secs: chord.end_secs,
                    key,
                    velocity: 60,
                }));
                continue;
            }
            for (beat, [start_secs, end_secs]) in beats_within(chord, beats_secs).enumerate() {
                self.play_beat(&keys, beat, start_secs, end_secs - start_secs, &mut notes);
            }
        }
        notes
    }

    fn play_beat(
        self,
        keys: &[u8],
        beat: usize,
        start_secs: f64,
        beat_secs: f64,
        notes: &mut Vec<Note>,
    ) {
        const STROKE_SECS: f64 = 0.02;
        let mut add = |start_secs: f64, secs: f64, key, velocity| {
            notes.push(Note {
                start_secs,
                end_secs: start_secs + secs,
                key,
                velocity,
            });
        };
        match self {
            Self::Pad => {}
            Self::Block => keys
                .iter()
                .for_each(|&key| add(start_secs, 0.9 * beat_secs, key, 62)),
            Self::Broken => (0..2).for_each(|half| {
                let key = keys[(2 * beat + half) % keys.len()];
                let at = start_secs + half as f64 * beat_secs / 2.0;
                add(at, beat_secs / 2.0, key, 62);
            }),
            Self::Strum => (0..2).for_each(|half| {
                let velocity = if half == 0 { 65 } else { 55 };
                for (string, &key) in keys.iter().enumerate() {
                    let at =
                        start_secs + half as f64 * beat_secs / 2.0 + string as f64 * STROKE_SECS;
                    add(at, 0.4 * beat_secs, key, velocity);
                }
            }),
        }
    }
}

/// Starts and ends of the beats within a chord; the first and the last may be parts of beats.
fn beats_within(chord: &Chord, beats_secs: &[f64]) -> impl Iterator<Item = [f64; 2]> + use<> {
    /// Beats this near to the ends of a chord are its ends.
    const TOLERANCE_SECS: f64 = 0.05;
    let mut times = vec![chord.start_secs];
    let inside = beats_secs.iter().copied().filter(|&beat| {
        beat > chord.start_secs + TOLERANCE_SECS && beat < chord.end_secs - TOLERANCE_SECS
    });
    times.extend(inside);
    times.push(chord.end_secs);
    (1..times.len()).map(move |end| [times[end - 1], times[end]])
}

/// The roots of chords, as a bass guitar plays them: E1 to Eb2.
pub fn bass(chords: &[Chord]) -> Vec<Note> {
    const LOWEST_KEY: u8 = 28;
    let notes = chords.iter().map(|chord| Note {
        start_secs: chord.start_secs,
        end_secs: chord.end_secs,
        key: LOWEST_KEY + (chord.root + 120 - LOWEST_KEY) % 12,
        velocity: 80,
    });
    notes.collect()
}

/// A pattern of drums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groove {
    /// A kick on each second beat and a snare between.
    Rock,
    /// A kick on every beat and a snare on each second one.
    Four,
    /// A kick on each fourth beat and a snare between.
    Half,
    /// Shakers alone.
    Shaker,
}

impl Groove {
    /// Every groove.
    pub const ALL: [Self; 4] = [Self::Rock, Self::Four, Self::Half, Self::Shaker];

    /// The hits on some beats, as keys of General MIDI's drums. Velocities vary at random.
    pub fn play(self, beats_secs: &[f64], rng: &mut impl Rng) -> Vec<Note> {
        const SNARE: u8 = 38;
        const HAT: u8 = 42;
        const SHAKER: u8 = 70;
        const HIT_SECS: f64 = 0.1;
        let (kick_period, snare_period, ticking) = match self {
            Self::Rock => (Some(2), Some(2), HAT),
            Self::Four => (Some(1), Some(2), HAT),
            Self::Half => (Some(4), Some(4), HAT),
            Self::Shaker => (None, None, SHAKER),
        };
        let mut hits = Vec::new();
        for (beat, times) in beats_secs.windows(2).enumerate() {
            let mut hit = |secs: f64, key, velocities: std::ops::Range<u8>| {
                hits.push(Note {
                    start_secs: secs,
                    end_secs: secs + HIT_SECS,
                    key,
                    velocity: rng.random_range(velocities),
                });
            };
            if kick_period.is_some_and(|period| beat % period == 0) {
                hit(times[0], KICK, 80..110);
            }
            if snare_period.is_some_and(|period| beat % period == period / 2) {
                hit(times[0], SNARE, 75..105);
            }
            hit(times[0], ticking, 40..80);
            hit((times[0] + times[1]) / 2.0, ticking, 40..80);
        }
        hits
    }
}

/// Lowest keys of chords: C3, E3 or G3.
pub fn draw_lowest_key(rng: &mut impl Rng) -> u8 {
    *[48, 52, 55].choose(rng).unwrap_or(&48)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::midi::chord::{MAJOR, MINOR};

    const BEATS_SECS: [f64; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

    fn chords() -> [Chord; 2] {
        let chord = |start_secs, end_secs, root, tones| Chord {
            start_secs,
            end_secs,
            root,
            tones,
        };
        [chord(0.0, 1.0, 0, MAJOR), chord(1.0, 2.0, 9, MINOR)]
    }

    #[test]
    fn every_style_plays_the_chords_while_they_sound() {
        for (style, count) in Style::ALL.into_iter().zip([12, 8, 24, 6]) {
            let notes = style.play(&chords(), &BEATS_SECS, 52);
            assert_eq!(notes.len(), count, "{style:?}");
            for note in &notes {
                let in_first = note.start_secs < 1.0;
                let allowed: &[u8] = if in_first { &[0, 4, 7] } else { &[9, 0, 4] };
                assert!(allowed.contains(&(note.key % 12)), "{style:?}: {note:?}");
                assert!((52..64).contains(&note.key), "{style:?}: {note:?}");
                assert!(note.end_secs > note.start_secs && note.end_secs < 2.1);
            }
        }
    }

    #[test]
    fn the_bass_plays_roots_from_low_e_up() {
        let keys: Vec<u8> = bass(&chords()).iter().map(|note| note.key).collect();
        assert_eq!(keys, [36, 33]);
    }

    #[test]
    fn grooves_keep_to_the_beats() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let hits = Groove::Rock.play(&BEATS_SECS, &mut rng);
        let times = |key| {
            let of_key = hits.iter().filter(move |hit| hit.key == key);
            of_key.map(|hit| hit.start_secs).collect::<Vec<_>>()
        };
        assert_eq!((times(36), times(38)), (vec![0.0, 1.0], vec![0.5, 1.5]));
        assert_eq!(times(42).len(), 8);
        assert_eq!(Groove::Shaker.play(&BEATS_SECS, &mut rng).len(), 8);
    }
}
