//! Ensembles that are drawn at random to play a sequence: many timbres for each composition.
//!
//! Two pieces by one ensemble share every timbre and no notes. Trained on such pairs, the network
//! learns that an equal timbre is not equal music.

use rand::Rng;
use rand::seq::IndexedRandom as _;

use crate::midi::sequence::{Note, Sequence};

/// General MIDI programs (MIDI Manufacturers Association, "General MIDI System Level 1", 1991),
/// counted from 0, in families that can carry a part: pianos, mallets, organs, guitars, strings,
/// voices, brass, winds, synthesisers.
const FAMILIES: [std::ops::Range<u8>; 9] = [
    0..8,
    8..16,
    16..24,
    24..32,
    40..52,
    52..56,
    56..64,
    64..80,
    80..96,
];
const BASSES: std::ops::Range<u8> = 32..40;

/// General MIDI's channel and keys for drums.
pub(super) const DRUM_CHANNEL: u8 = 9;
const BASS_CHANNEL: u8 = 8;
pub(super) const KICK: u8 = 36;
const SNARES: [u8; 3] = [38, 39, 40];
const HATS: [u8; 3] = [42, 46, 70];

/// The instruments of a rendition.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// Programs of the parts, in turn.
    programs: [u8; 3],
    /// Program that doubles the lowest note of each beat.
    bass: Option<u8>,
    drums: Option<Drums>,
    /// Reverberation, from 0 to 127.
    reverb: u8,
}

/// A beat that repeats.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Drums {
    /// Beats from one kick to the next.
    kick_beats: usize,
    snare: u8,
    hat: u8,
    hats_a_beat: usize,
}

/// The part of a sequence that is played, its tempo and its pitch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rendition {
    /// Its start in the sequence, in seconds of the sequence.
    pub start_secs: f64,
    /// Its length as played.
    pub duration_secs: f64,
    /// Tempo as played, relative to the sequence.
    pub tempo_ratio: f64,
    /// Transposition.
    pub semitones: i8,
}

/// A MIDI channel message and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Time from the beginning of the rendition.
    pub secs: f64,
    /// Channel, from 0.
    pub channel: u8,
    /// Status without channel, such as 0x90 for a note that begins.
    pub command: u8,
    /// Both data bytes; the second is 0 where there is none.
    pub data: [u8; 2],
}

impl Ensemble {
    /// Draws one; one in four plays all parts on one instrument.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let program = |rng: &mut _| match FAMILIES.choose(rng) {
            Some(family) => Rng::random_range(rng, family.clone()),
            None => 0,
        };
        let programs = if rng.random_bool(0.25) {
            [program(rng); 3]
        } else {
            [program(rng), program(rng), program(rng)]
        };
        Self {
            programs,
            bass: rng.random_bool(0.5).then(|| rng.random_range(BASSES)),
            drums: rng.random_bool(0.6).then(|| Drums::draw(rng)),
            reverb: rng.random_range(0..90),
        }
    }

    /// The same instruments without bass and drums.
    pub fn without_rhythm(&self) -> Self {
        Self {
            bass: None,
            drums: None,
            ..self.clone()
        }
    }

    /// The events of a rendition, in order of time.
    pub fn play(&self, sequence: &Sequence, rendition: &Rendition) -> Vec<Event> {
        let mut events = self.set_up();
        for (part, notes) in sequence.parts.iter().enumerate() {
            let channel = (part % usize::from(BASS_CHANNEL)) as u8;
            for note in notes {
                rendition.add(&mut events, channel, note);
            }
        }
        let beat_secs = sequence.beat_secs.max(0.2);
        if self.bass.is_some() {
            for note in bass_line(sequence, beat_secs) {
                rendition.add(&mut events, BASS_CHANNEL, &note);
            }
        }
        if let Some(drums) = self.drums {
            let beat_secs = beat_secs / rendition.tempo_ratio;
            let beats = (rendition.duration_secs / beat_secs) as usize;
            events.extend((0..beats).flat_map(|beat| drums.hits(beat, beat_secs)));
        }
        // A stable sort: programs and reverberation stay before the first notes.
        events.sort_by(|a, b| a.secs.total_cmp(&b.secs));
        events
    }

    fn set_up(&self) -> Vec<Event> {
        let at_start = |channel, command, data| Event {
            secs: 0.0,
            channel,
            command,
            data,
        };
        let parts = (0..BASS_CHANNEL).map(|channel| {
            let program = self.programs[usize::from(channel) % self.programs.len()];
            at_start(channel, 0xC0, [program, 0])
        });
        let bass = self
            .bass
            .map(|bass| at_start(BASS_CHANNEL, 0xC0, [bass, 0]));
        let reverb = (0..=DRUM_CHANNEL).map(|channel| at_start(channel, 0xB0, [91, self.reverb]));
        parts.chain(bass).chain(reverb).collect()
    }
}

impl Drums {
    fn draw(rng: &mut impl Rng) -> Self {
        Self {
            kick_beats: *[1, 2, 4].choose(rng).unwrap_or(&2),
            snare: *SNARES.choose(rng).unwrap_or(&SNARES[0]),
            hat: *HATS.choose(rng).unwrap_or(&HATS[0]),
            hats_a_beat: *[1, 2, 4].choose(rng).unwrap_or(&2),
        }
    }

    /// The hits within a beat.
    fn hits(self, beat: usize, beat_secs: f64) -> impl Iterator<Item = Event> {
        let hit = move |key, velocity, part: f64| Event {
            secs: (beat as f64 + part) * beat_secs,
            channel: DRUM_CHANNEL,
            command: 0x90,
            data: [key, velocity],
        };
        let kick = beat
            .is_multiple_of(self.kick_beats)
            .then(|| hit(KICK, 105, 0.0));
        let backbeat = beat % self.kick_beats.max(2) == self.kick_beats.max(2) / 2;
        let snare = backbeat.then(|| hit(self.snare, 100, 0.0));
        let hats = (0..self.hats_a_beat)
            .map(move |index| hit(self.hat, 70, index as f64 / self.hats_a_beat as f64));
        kick.into_iter().chain(snare).chain(hats)
    }
}

/// The lowest note of each beat, brought below the E of a bass guitar's twelfth fret.
fn bass_line(sequence: &Sequence, beat_secs: f64) -> Vec<Note> {
    const HIGHEST_KEY: u8 = 52;
    const LOWEST_KEY: u8 = 24;
    let mut lowest: std::collections::BTreeMap<u64, u8> = std::collections::BTreeMap::new();
    for note in sequence.parts.iter().flatten() {
        let key = lowest
            .entry((note.start_secs / beat_secs) as u64)
            .or_insert(note.key);
        *key = note.key.min(*key);
    }
    let bass = lowest.into_iter().map(|(beat, mut key)| {
        while key > HIGHEST_KEY {
            key -= 12;
        }
        Note {
            start_secs: beat as f64 * beat_secs,
            end_secs: (beat as f64 + 0.9) * beat_secs,
            key: key.max(LOWEST_KEY),
            velocity: 95,
        }
    });
    bass.collect()
}

impl Rendition {
    /// Draws a part of a sequence, a little faster or slower, higher or lower.
    pub fn draw(sequence: &Sequence, longest_secs: f64, rng: &mut impl Rng) -> Self {
        let tempo_ratio = rng.random_range(0.85..1.2);
        let played_secs = sequence.duration_secs() / tempo_ratio;
        let duration_secs = played_secs.min(longest_secs);
        Self {
            start_secs: rng.random_range(0.0..=1.0) * (played_secs - duration_secs) * tempo_ratio,
            duration_secs,
            tempo_ratio,
            semitones: rng.random_range(-4..=4),
        }
    }

    /// Adds a note of the sequence, if it begins within the rendition.
    pub(super) fn add(&self, events: &mut Vec<Event>, channel: u8, note: &Note) {
        let secs = |secs: f64| (secs - self.start_secs) / self.tempo_ratio;
        let (start_secs, end_secs) = (secs(note.start_secs), secs(note.end_secs));
        let key = i16::from(note.key) + i16::from(self.semitones);
        let (Ok(key), true) = (
            u8::try_from(key.clamp(0, 127)),
            (0.0..self.duration_secs).contains(&start_secs),
        ) else {
            return;
        };
        let event = |secs, velocity| Event {
            secs,
            channel,
            command: 0x90,
            data: [key, velocity],
        };
        events.extend([event(start_secs, note.velocity), event(end_secs, 0)]);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// A C on the first beat and an E at a second and a half, with 120 beats a minute.
    fn two_notes() -> Sequence {
        let note = |start_secs, end_secs, key, velocity| Note {
            start_secs,
            end_secs,
            key,
            velocity,
        };
        Sequence {
            parts: vec![vec![note(0.0, 0.5, 60, 80), note(1.5, 1.6, 64, 64)]],
            names: vec![String::new()],
            beat_secs: 0.5,
        }
    }

    #[test]
    fn a_rendition_moves_and_stretches_the_notes() {
        let ensemble = Ensemble {
            programs: [40, 41, 42],
            bass: None,
            drums: None,
            reverb: 0,
        };
        let rendition = Rendition {
            start_secs: 0.5,
            duration_secs: 5.0,
            tempo_ratio: 2.0,
            semitones: -3,
        };
        let events = ensemble.play(&two_notes(), &rendition);
        let notes: Vec<&Event> = events
            .iter()
            .filter(|event| event.command == 0x90)
            .collect();
        // The first note begins before the rendition; the second one a second later, played at
        // double speed.
        assert_eq!(notes.len(), 2);
        assert_eq!((notes[0].secs, notes[0].data), (0.5, [61, 64]));
        assert!((notes[1].secs - 0.55).abs() < 1e-9 && notes[1].data == [61, 0]);
        let first = events[0];
        assert_eq!((first.command, first.channel, first.data[0]), (0xC0, 0, 40));
    }

    #[test]
    fn drums_and_bass_follow_the_beat() {
        let ensemble = Ensemble {
            programs: [0; 3],
            bass: Some(33),
            drums: Some(Drums {
                kick_beats: 2,
                snare: 38,
                hat: 42,
                hats_a_beat: 2,
            }),
            reverb: 40,
        };
        let rendition = Rendition {
            start_secs: 0.0,
            duration_secs: 2.0,
            tempo_ratio: 1.0,
            semitones: 0,
        };
        let events = ensemble.play(&two_notes(), &rendition);
        let times = |channel: u8, key: u8| -> Vec<f64> {
            events
                .iter()
                .filter(|event| event.channel == channel && event.data[0] == key)
                .filter(|event| event.command == 0x90 && event.data[1] > 0)
                .map(|event| event.secs)
                .collect()
        };
        assert_eq!(times(DRUM_CHANNEL, KICK), [0.0, 1.0]);
        assert_eq!(times(DRUM_CHANNEL, 38), [0.5, 1.5]);
        assert_eq!(times(DRUM_CHANNEL, 42).len(), 8);
        assert_eq!(
            (times(BASS_CHANNEL, 48), times(BASS_CHANNEL, 52)),
            (vec![0.0], vec![1.5])
        );
    }

    #[test]
    fn ensembles_differ_by_seed_alone() {
        let draw = |seed| Ensemble::draw(&mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
