//! A composition as its score, which can be played in many ways.

use crate::midi::chord::Chord;
use crate::midi::sequence::Note;

/// A song: melody, accompaniment, chords, beats and key.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Name, which is unique in its corpus.
    pub name: String,
    /// The melody, in the order in which notes begin.
    pub melody: Vec<Note>,
    /// The parts of the accompaniment.
    pub accompaniment: Vec<Vec<Note>>,
    /// The chords, in order of time.
    pub chords: Vec<Chord>,
    /// Times of the beats.
    pub beats_secs: Vec<f64>,
    /// Pitch class of the tonic; that of the relative major key where the key is minor.
    pub tonic: u8,
}

impl Work {
    /// When the last note of the melody ends.
    pub fn duration_secs(&self) -> f64 {
        let ends = self.melody.iter().map(|note| note.end_secs);
        ends.fold(0.0, f64::max)
    }

    /// The median length of its beats.
    pub fn beat_secs(&self) -> f64 {
        let mut lengths: Vec<f64> = self
            .beats_secs
            .windows(2)
            .map(|two| two[1] - two[0])
            .collect();
        lengths.sort_by(f64::total_cmp);
        lengths.get(lengths.len() / 2).copied().unwrap_or(0.5)
    }
}
