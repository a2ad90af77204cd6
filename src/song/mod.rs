//! An analysed song: its name and the result of its analysis, without audio.

mod bytes;

use serde::{Deserialize, Serialize};

use crate::recording::Analysis;
use crate::recording::encoder::model::Embeddings;

/// An analysed song: made once, compared often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Song {
    /// Not kept with the rest: the same content may come under another name.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) recording: Analysis,
}

impl Song {
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

    /// The embeddings of its segments.
    #[must_use]
    pub fn embeddings(&self) -> &Embeddings {
        &self.recording.embeddings
    }
}
