//! Sequences of notes read from MIDI files, in seconds.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use midly::{MetaMessage, MidiMessage, Smf, Timing, TrackEventKind};

/// A note of a part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// When it begins.
    pub start_secs: f64,
    /// When it ends.
    pub end_secs: f64,
    /// MIDI key, 60 for the middle C.
    pub key: u8,
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
}

/// The parts of a MIDI file that have notes, in seconds.
#[derive(Debug, PartialEq)]
pub struct Sequence {
    /// Notes of each part, in the order in which they begin.
    pub parts: Vec<Vec<Note>>,
    /// Name of each part; empty where the file has none.
    pub names: Vec<String>,
    /// Length of its first beat.
    pub beat_secs: f64,
}

impl Sequence {
    /// Reads a standard MIDI file.
    ///
    /// # Errors
    ///
    /// When it can't be read, isn't one, counts time in film frames, or has no notes.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("can't open {}", path.display()))?;
        Self::parse(&bytes).with_context(|| format!("can't use {}", path.display()))
    }

    fn parse(bytes: &[u8]) -> Result<Self> {
        let file = Smf::parse(bytes).context("it isn't a MIDI file")?;
        let Timing::Metrical(ticks_per_beat) = file.header.timing else {
            anyhow::bail!("it counts time in film frames");
        };
        let clock = Clock::new(&file, f64::from(ticks_per_beat.as_int()));
        let (names, parts): (Vec<String>, Vec<Vec<Note>>) = file
            .tracks
            .iter()
            .map(|track| (name(track), notes(track, &clock)))
            .filter(|(_, part)| !part.is_empty())
            .unzip();
        ensure!(!parts.is_empty(), "it has no notes");
        Ok(Self {
            parts,
            names,
            beat_secs: clock.first_beat_secs(),
        })
    }

    /// When its last note ends.
    pub fn duration_secs(&self) -> f64 {
        let ends = self.parts.iter().flatten().map(|note| note.end_secs);
        ends.fold(0.0, f64::max)
    }
}

/// Converts ticks to seconds.
struct Clock {
    ticks_per_beat: f64,
    /// Tempos in order: first tick, its time in seconds, and the length of a beat in seconds.
    tempos: Vec<(u64, f64, f64)>,
}

impl Clock {
    fn new(file: &Smf<'_>, ticks_per_beat: f64) -> Self {
        /// Default of the MIDI standard: 120 beats a minute.
        const DEFAULT_BEAT_SECS: f64 = 0.5;
        let mut changes: Vec<(u64, f64)> = Vec::new();
        for track in &file.tracks {
            let mut tick = 0;
            for event in track {
                tick += u64::from(event.delta.as_int());
                if let TrackEventKind::Meta(MetaMessage::Tempo(microseconds)) = event.kind {
                    changes.push((tick, f64::from(microseconds.as_int()) * 1e-6));
                }
            }
        }
        changes.sort_by_key(|change| change.0);
        let mut tempos = vec![(0, 0.0, DEFAULT_BEAT_SECS)];
        for (tick, beat_secs) in changes {
            let &(since, at_secs, lasting_secs) = &tempos[tempos.len() - 1];
            let secs = at_secs + (tick - since) as f64 / ticks_per_beat * lasting_secs;
            tempos.push((tick, secs, beat_secs));
        }
        Self {
            ticks_per_beat,
            tempos,
        }
    }

    fn secs(&self, tick: u64) -> f64 {
        let index = self.tempos.partition_point(|tempo| tempo.0 <= tick);
        let (since, at_secs, beat_secs) = self.tempos[index.max(1) - 1];
        at_secs + (tick - since) as f64 / self.ticks_per_beat * beat_secs
    }

    fn first_beat_secs(&self) -> f64 {
        self.tempos[1.min(self.tempos.len() - 1)].2
    }
}

fn name(track: &[midly::TrackEvent<'_>]) -> String {
    let name = track.iter().find_map(|event| match event.kind {
        TrackEventKind::Meta(MetaMessage::TrackName(name)) => Some(name),
        _ => None,
    });
    String::from_utf8_lossy(name.unwrap_or_default())
        .trim()
        .to_owned()
}

fn notes(track: &[midly::TrackEvent<'_>], clock: &Clock) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut sounding: [Option<usize>; 128] = [None; 128];
    let mut tick = 0;
    for event in track {
        tick += u64::from(event.delta.as_int());
        let TrackEventKind::Midi { message, .. } = event.kind else {
            continue;
        };
        let (key, velocity) = match message {
            MidiMessage::NoteOn { key, vel } => (key.as_int(), vel.as_int()),
            MidiMessage::NoteOff { key, .. } => (key.as_int(), 0),
            _ => continue,
        };
        let secs = clock.secs(tick);
        if let Some(note) = sounding[usize::from(key)].take() {
            notes[note].end_secs = secs;
        }
        if velocity > 0 {
            sounding[usize::from(key)] = Some(notes.len());
            // For a note that never ends.
            notes.push(Note {
                start_secs: secs,
                end_secs: secs + 0.1,
                key,
                velocity,
            });
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of one track, `Lead`, at 120 beats a minute, then at 60: a C for a beat, an E that
    /// never ends, at the second beat.
    const TWO_NOTES: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x26\
        \0\xff\x03\x04Lead\
        \0\xff\x51\x03\x07\xa1\x20\
        \0\x90\x3c\x50\
        \x60\x80\x3c\x00\
        \0\xff\x51\x03\x0f\x42\x40\
        \x60\x90\x40\x40\
        \x60\xff\x2f\x00";

    #[test]
    fn notes_are_read_in_seconds() {
        let sequence = Sequence::parse(TWO_NOTES).unwrap();
        let note = |start_secs, end_secs, key, velocity| Note {
            start_secs,
            end_secs,
            key,
            velocity,
        };
        let expected = vec![note(0.0, 0.5, 60, 80), note(1.5, 1.6, 64, 64)];
        assert_eq!(sequence.parts, [expected]);
        assert_eq!(sequence.names, ["Lead"]);
        assert_eq!((sequence.beat_secs, sequence.duration_secs()), (0.5, 1.6));
    }

    #[test]
    fn files_without_notes_are_refused() {
        assert!(Sequence::parse(b"a letter").is_err());
        let silent = b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\x00";
        assert!(Sequence::parse(silent).is_err());
    }
}
