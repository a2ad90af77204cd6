//! An analysed song: its name and the result of its analysis, without audio.

mod bytes;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::composition;
use crate::recording;
use crate::recording::encoder::embeddings::Embeddings;

/// A song that is compared with many: what a comparison computes of it alone is kept for the next
/// one.
#[derive(Clone, Debug)]
pub struct PreparedSong<'a> {
    pub(crate) song: &'a Song,
    pub(crate) recording: recording::Prepared<'a>,
}

impl<'a> From<&'a Song> for PreparedSong<'a> {
    fn from(song: &'a Song) -> Self {
        song.prepared_with(&Arc::default())
    }
}

/// An analysed song: made once, compared often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Song {
    /// Not kept with the rest: the same content may come under another name.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) recording: recording::Analysis,
    pub(crate) composition: composition::Analysis,
}

impl Song {
    /// The song for comparisons with many others, which are quicker then.
    #[must_use]
    pub fn prepared(&self) -> PreparedSong<'_> {
        self.into()
    }

    /// The same for an owner that keeps what is computed beside the song, where a reference to the
    /// song can't be kept.
    #[must_use]
    pub(crate) fn prepared_with(&self, computed: &Arc<recording::Computed>) -> PreparedSong<'_> {
        PreparedSong {
            song: self,
            recording: recording::Prepared::with(&self.recording, computed),
        }
    }

    /// Its name, as given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> f64 {
        self.recording.duration_secs
    }

    /// What is kept of it for comparing compositions.
    #[must_use]
    pub fn composition(&self) -> &composition::Analysis {
        &self.composition
    }

    /// The embeddings of its segments.
    #[must_use]
    pub fn embeddings(&self) -> &Embeddings {
        &self.recording.embeddings
    }

    /// The embeddings of the segments in which there is something to recognise, each with the index
    /// of its segment.
    pub fn recognisable(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let blank = &self.recording.segments.blank;
        let embeddings = self.recording.embeddings.rows().enumerate();
        embeddings.filter(|&(segment, _)| !blank[segment])
    }
}
