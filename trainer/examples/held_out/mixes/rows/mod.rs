//! The positive rows: a song and a change of it.

mod edits;
mod overlays;
mod recordings;
mod samples;
mod speeds;

use anyhow::Result;

use crate::mixes::scene::Scene;
use crate::mixes::take::Take;
use crate::modification::Modification;

/// A change of songs.
pub struct Row {
    pub name: &'static str,
    /// Shorter songs can't be changed in this way.
    pub shortest_secs: f64,
    /// Whether the song must be stereo.
    pub needs_stereo: bool,
    /// The last step, a codec's.
    pub codec: Option<Modification>,
    /// Makes the right song.
    pub make: fn(&mut Scene<'_>) -> Result<Take>,
}

impl Row {
    const fn new(
        name: &'static str,
        shortest_secs: f64,
        make: fn(&mut Scene<'_>) -> Result<Take>,
    ) -> Self {
        Self {
            name,
            shortest_secs,
            needs_stereo: false,
            codec: None,
            make,
        }
    }

    const fn of_stereo(self) -> Self {
        Self {
            needs_stereo: true,
            ..self
        }
    }

    const fn coded_as_mp3(mut self, kbps: u32) -> Self {
        self.codec = Some(Modification::Mp3 { kbps });
        self
    }
}

/// All positive rows, except for those of stems.
pub fn all() -> impl Iterator<Item = &'static Row> {
    overlays::ROWS
        .iter()
        .chain(&samples::ROWS)
        .chain(&edits::ROWS)
        .chain(&recordings::ROWS)
        .chain(&speeds::ROWS)
}

/// The names of the rows whose right songs have music of the left one alone.
pub fn plain_copies() -> impl Iterator<Item = &'static str> {
    recordings::ROWS
        .iter()
        .chain(&speeds::ROWS)
        .map(|row| row.name)
}
