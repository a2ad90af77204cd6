//! Versions of a composition: the original, the same song played anew by others, and other songs
//! over the same chords.

use rand::Rng;
use rand::seq::IndexedRandom as _;

use crate::midi::accompaniment::{self, Groove, Style};
use crate::midi::arrangement::Rendition;
use crate::midi::chord::{self, Chord, MAJOR, MINOR};
use crate::midi::parts::{Arrangement, Part, moved};
use crate::midi::sequence::Note;
use crate::midi::work::Work;

/// General MIDI programs, counted from 0, that can carry a melody.
const LEADS: [u8; 27] = [
    0, 4, 11, 12, 22, 24, 25, 26, 40, 41, 42, 52, 53, 54, 56, 60, 64, 65, 66, 68, 71, 73, 74, 75,
    79, 80, 81,
];
/// Programs that can carry chords.
const CHORDS: [u8; 23] = [
    0, 1, 2, 4, 5, 6, 7, 11, 16, 17, 19, 21, 24, 25, 26, 27, 46, 48, 49, 50, 88, 89, 90,
];
/// Programs that can carry a bass.
const BASSES: [u8; 6] = [32, 33, 34, 35, 38, 39];
/// The tempo of [`Version::SameChords`].
const LOOP_BEAT_SECS: f64 = 60.0 / 90.0;
/// Four chords in C major, with four beats each: I, V, vi, IV.
const LOOP: [(u8, &[u8]); 4] = [(0, MAJOR), (7, MAJOR), (9, MINOR), (5, MAJOR)];

/// How a composition is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// As written.
    Original,
    /// The same notes by other instruments, with a bass and drums.
    ReOrchestrated,
    /// The melody over a new accompaniment of the same chords.
    NewAccompaniment,
    /// The melody without accompaniment.
    MelodyAlone,
    /// The melody over a new accompaniment, with half of the chords replaced.
    Reharmonised,
    /// The melody over a loop of four chords that all songs share, with their key, tempo,
    /// instruments and drums. Two songs as this version are two compositions with the same chords.
    SameChords,
}

impl Version {
    /// All versions, the original first.
    pub const ALL: [Self; 6] = [
        Self::Original,
        Self::ReOrchestrated,
        Self::NewAccompaniment,
        Self::MelodyAlone,
        Self::Reharmonised,
        Self::SameChords,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::ReOrchestrated => "re-orchestrated",
            Self::NewAccompaniment => "new-accompaniment",
            Self::MelodyAlone => "melody-alone",
            Self::Reharmonised => "reharmonised",
            Self::SameChords => "same-chords",
        }
    }

    /// Whether it is the same composition as the original, played anew.
    pub fn is_played_anew(self) -> bool {
        !matches!(self, Self::Original | Self::SameChords)
    }

    /// Draws instruments, tempo, key and the way of playing. The original plays `duration_secs`
    /// from `start_secs` of the score on; other versions begin up to 12 s earlier or later.
    pub fn arrange(
        self,
        work: &Work,
        start_secs: f64,
        duration_secs: f64,
        rng: &mut impl Rng,
    ) -> Arrangement {
        let rendition = self.place(work, start_secs, duration_secs, rng);
        let octave = if self.is_played_anew() {
            *[0, 0, -12, 12].choose(rng).unwrap_or(&0)
        } else {
            0
        };
        let lead = draw(&LEADS, rng);
        let mut melody = match self {
            Self::Original | Self::ReOrchestrated | Self::SameChords => work.melody.clone(),
            Self::NewAccompaniment | Self::MelodyAlone | Self::Reharmonised => {
                performed(&work.melody, rng)
            }
        };
        melody
            .iter_mut()
            .for_each(|note| note.key = moved(note.key, octave));
        let mut parts = vec![Part {
            program: Some(lead),
            notes: melody,
            gain: 1.15,
        }];
        parts.extend(self.accompany(work, &rendition, rng));
        Arrangement { parts, rendition }
    }

    fn place(
        self,
        work: &Work,
        start_secs: f64,
        duration_secs: f64,
        rng: &mut impl Rng,
    ) -> Rendition {
        let as_written = Rendition {
            start_secs,
            duration_secs,
            tempo_ratio: 1.0,
            semitones: 0,
        };
        match self {
            Self::Original => as_written,
            Self::SameChords => Rendition {
                start_secs: beats_from(work, start_secs)
                    .first()
                    .copied()
                    .unwrap_or(start_secs),
                tempo_ratio: work.beat_secs() / LOOP_BEAT_SECS,
                // Transposed to C major by the smaller interval.
                semitones: (18 - work.tonic as i8) % 12 - 6,
                ..as_written
            },
            _ => {
                const OTHER_KEYS: [i8; 11] = [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6];
                Rendition {
                    start_secs: (start_secs + rng.random_range(-12.0..12.0)).max(0.0),
                    tempo_ratio: rng.random_range(0.8..1.25),
                    semitones: *OTHER_KEYS.choose(rng).unwrap_or(&1),
                    ..as_written
                }
            }
        }
    }

    fn accompany(self, work: &Work, rendition: &Rendition, rng: &mut impl Rng) -> Vec<Part> {
        let part = |program, notes, gain| Part {
            program: Some(program),
            notes,
            gain,
        };
        let written = |gain, rng: &mut _| {
            let parts = work.accompaniment.iter().cloned();
            parts
                .map(|notes| part(draw(&CHORDS, rng), notes, gain))
                .collect::<Vec<Part>>()
        };
        match self {
            Self::MelodyAlone => Vec::new(),
            Self::Original => written(0.8, rng),
            Self::ReOrchestrated => {
                let mut parts = written(0.85, rng);
                parts.push(part(
                    draw(&BASSES, rng),
                    accompaniment::bass(&work.chords),
                    0.8,
                ));
                parts.extend(drawn_drums(&work.beats_secs, rng));
                parts
            }
            Self::NewAccompaniment | Self::Reharmonised => {
                let chords = match self {
                    Self::Reharmonised => chord::reharmonised(&work.chords, work.tonic, rng),
                    _ => work.chords.clone(),
                };
                let style = *Style::ALL.choose(rng).unwrap_or(&Style::Block);
                let lowest_key = accompaniment::draw_lowest_key(rng);
                let played = style.play(&chords, &work.beats_secs, lowest_key);
                let mut parts = vec![
                    part(draw(&CHORDS, rng), played, 0.9),
                    part(draw(&BASSES, rng), accompaniment::bass(&chords), 0.9),
                ];
                parts.extend(drawn_drums(&work.beats_secs, rng));
                parts
            }
            Self::SameChords => {
                const STEEL_GUITAR: u8 = 25;
                const FINGERED_BASS: u8 = 33;
                let beats_secs = beats_from(work, rendition.start_secs);
                let chords = loop_of_chords(&beats_secs);
                // The rendition brings the melody to C. The chords are there already.
                let in_c = |mut notes: Vec<Note>| {
                    let keys = notes.iter_mut().map(|note| &mut note.key);
                    keys.for_each(|key| *key = moved(*key, -rendition.semitones));
                    notes
                };
                let strummed = Style::Strum.play(&chords, &beats_secs, 52);
                vec![
                    part(STEEL_GUITAR, in_c(strummed), 0.9),
                    part(FINGERED_BASS, in_c(accompaniment::bass(&chords)), 0.9),
                    drums(Groove::Rock.play(&beats_secs, rng)),
                ]
            }
        }
    }
}

fn draw(programs: &[u8], rng: &mut impl Rng) -> u8 {
    *programs.choose(rng).unwrap_or(&0)
}

fn drums(notes: Vec<Note>) -> Part {
    Part {
        program: None,
        notes,
        gain: 0.8,
    }
}

/// Drums, in four of five versions.
fn drawn_drums(beats_secs: &[f64], rng: &mut impl Rng) -> Option<Part> {
    let groove = *Groove::ALL.choose(rng)?;
    rng.random_bool(0.8)
        .then(|| drums(groove.play(beats_secs, rng)))
}

/// The melody as a player plays it: jitter of 20 ms, notes left out, grace notes.
pub fn performed(melody: &[Note], rng: &mut impl Rng) -> Vec<Note> {
    const LEFT_OUT: f64 = 0.05;
    const GRACED: f64 = 0.06;
    const GRACE_SECS: f64 = 0.09;
    let mut notes = Vec::new();
    for note in melody {
        if rng.random_bool(LEFT_OUT) {
            continue;
        }
        // The sum of three uniform variables is nearly normal, with a deviation of 20 ms.
        let late_secs: f64 = (0..3).map(|_| rng.random_range(-0.02..0.02)).sum();
        let start_secs = (note.start_secs + late_secs).max(0.0);
        if rng.random_bool(GRACED) {
            notes.push(Note {
                start_secs: (start_secs - GRACE_SECS).max(0.0),
                end_secs: start_secs,
                key: moved(note.key, *[-2, -1, 1, 2].choose(rng).unwrap_or(&1)),
                velocity: 70,
            });
        }
        notes.push(Note {
            start_secs,
            end_secs: note.end_secs + late_secs,
            velocity: note
                .velocity
                .saturating_add_signed(rng.random_range(-15..15))
                .clamp(40, 127),
            ..*note
        });
    }
    notes
}

/// Even beats of a work's median length, from its first beat at or after `start_secs` on.
fn beats_from(work: &Work, start_secs: f64) -> Vec<f64> {
    let next = work.beats_secs.partition_point(|&beat| beat < start_secs);
    let first = work.beats_secs.get(next).copied().unwrap_or(start_secs);
    let beat_secs = work.beat_secs();
    let count = ((work.duration_secs() - first) / beat_secs).max(0.0) as usize + 2;
    (0..count)
        .map(|beat| first + beat as f64 * beat_secs)
        .collect()
}

/// The loop over these beats.
fn loop_of_chords(beats_secs: &[f64]) -> Vec<Chord> {
    const BEATS_A_CHORD: usize = 4;
    let starts = beats_secs.iter().step_by(BEATS_A_CHORD);
    let ends = starts.clone().skip(1);
    let chords = starts.zip(ends).zip(LOOP.iter().cycle());
    chords
        .map(|((&start_secs, &end_secs), &(root, tones))| Chord {
            start_secs,
            end_secs,
            root,
            tones,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::midi::arrangement::DRUM_CHANNEL;

    /// A minute in D major: a note of the scale on each beat, over one chord.
    fn work() -> Work {
        let note = |beat: u32| Note {
            start_secs: f64::from(beat) * 0.5,
            end_secs: f64::from(beat) * 0.5 + 0.4,
            key: 62 + [0, 2, 4, 5, 7, 9, 11][beat as usize % 7],
            velocity: 90,
        };
        Work {
            name: "001".into(),
            melody: (0..120).map(note).collect(),
            accompaniment: vec![vec![Note { key: 50, ..note(0) }]],
            chords: vec![Chord {
                start_secs: 0.0,
                end_secs: 60.0,
                root: 2,
                tones: MAJOR,
            }],
            beats_secs: (0..=120).map(|beat| f64::from(beat) * 0.5).collect(),
            tonic: 2,
        }
    }

    fn arrange(version: Version) -> Arrangement {
        version.arrange(&work(), 10.0, 20.0, &mut ChaCha8Rng::seed_from_u64(3))
    }

    /// Keys as played, without those of drums.
    fn keys(arrangement: &Arrangement) -> Vec<u8> {
        let events = arrangement.events();
        let pitched = events.iter().filter(|event| event.channel != DRUM_CHANNEL);
        let begun = pitched.filter(|event| event.command == 0x90 && event.data[1] > 0);
        begun.map(|event| event.data[0]).collect()
    }

    #[test]
    fn versions_have_their_parts() {
        let count = |version| arrange(version).parts.len();
        assert_eq!(count(Version::Original), 2);
        assert_eq!(count(Version::MelodyAlone), 1);
        assert_eq!(count(Version::SameChords), 4);
        for version in [Version::ReOrchestrated, Version::NewAccompaniment] {
            assert!((3..=4).contains(&count(version)), "{version:?}");
        }
    }

    #[test]
    fn a_version_played_anew_keeps_the_notes_and_changes_key_and_tempo() {
        let anew = arrange(Version::ReOrchestrated);
        let written = arrange(Version::Original);
        assert_eq!(written.parts[0].notes, work().melody);
        assert!(anew.rendition.semitones != 0 && anew.rendition.tempo_ratio != 1.0);
        for (played, written) in anew.parts[0].notes.iter().zip(work().melody) {
            assert_eq!(played.key % 12, written.key % 12);
        }
    }

    #[test]
    fn songs_with_the_same_chords_are_all_in_c() {
        let played = arrange(Version::SameChords);
        assert_eq!(played.rendition.semitones, -2);
        assert!((played.rendition.tempo_ratio - 0.75).abs() < 1e-9);
        let scale = [0, 2, 4, 5, 7, 9, 11];
        let keys = keys(&played);
        assert!(keys.len() > 200 && keys.iter().all(|key| scale.contains(&(key % 12))));
    }

    #[test]
    fn players_leave_out_few_notes() {
        let melody = work().melody;
        let played = performed(&melody, &mut ChaCha8Rng::seed_from_u64(1));
        assert!((105..130).contains(&played.len()) && played != melody);
    }
}
