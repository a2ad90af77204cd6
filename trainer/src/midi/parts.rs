//! The parts of an arrangement, and their MIDI events.

use crate::midi::arrangement::{DRUM_CHANNEL, Event, Rendition};
use crate::midi::sequence::Note;

/// A part of an arrangement.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// General MIDI program, from 0; `None` for drums.
    pub program: Option<u8>,
    /// Its notes, in seconds of the score.
    pub notes: Vec<Note>,
    /// Factor of the velocities.
    pub gain: f64,
}

/// A version with its instruments and its place, ready to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrangement {
    /// Its parts; the melody is the first.
    pub parts: Vec<Part>,
    /// Which part of the score is played, how fast and how high.
    pub rendition: Rendition,
}

impl Arrangement {
    /// The MIDI events, in order of time.
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let channels = (0..16).filter(|&channel| channel != DRUM_CHANNEL);
        let pitched = self.parts.iter().filter(|part| part.program.is_some());
        for (part, channel) in pitched.zip(channels) {
            events.push(Event {
                secs: 0.0,
                channel,
                command: 0xC0,
                data: [part.program.unwrap_or_default(), 0],
            });
            part.add(&mut events, channel, &self.rendition);
        }
        let in_place = Rendition {
            semitones: 0,
            ..self.rendition
        };
        for part in self.parts.iter().filter(|part| part.program.is_none()) {
            part.add(&mut events, DRUM_CHANNEL, &in_place);
        }
        // A stable sort: programs stay before the first notes.
        events.sort_by(|a, b| a.secs.total_cmp(&b.secs));
        events
    }
}

impl Part {
    fn add(&self, events: &mut Vec<Event>, channel: u8, rendition: &Rendition) {
        for note in &self.notes {
            let velocity = (f64::from(note.velocity) * self.gain).clamp(1.0, 127.0) as u8;
            // Keys of General MIDI's programs that sound like the instrument.
            let key = if self.program.is_some() {
                into_range(note.key, rendition.semitones)
            } else {
                note.key
            };
            rendition.add(
                events,
                channel,
                &Note {
                    key,
                    velocity,
                    ..*note
                },
            );
        }
    }
}

/// The key, by octaves, with which the transposed key lies within 24 and 108.
fn into_range(key: u8, semitones: i8) -> u8 {
    let transposed = i16::from(key) + i16::from(semitones);
    let octaves = match transposed {
        ..24 => (24 - transposed + 11) / 12,
        109.. => -((transposed - 108 + 11) / 12),
        _ => 0,
    };
    moved(key, (12 * octaves) as i8)
}

/// The key so many semitones higher, within MIDI's range.
pub(super) fn moved(key: u8, semitones: i8) -> u8 {
    key.saturating_add_signed(semitones).min(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_in_the_range_of_instruments() {
        assert_eq!(into_range(20, 0), 32);
        assert_eq!(into_range(110, 6), 98);
        assert_eq!(into_range(60, 5), 60);
        assert_eq!(into_range(26, -5), 38);
    }
}
