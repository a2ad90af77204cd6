//! A song as the checker keeps it: what its audio was reduced to.

mod bytes;

use serde::{Deserialize, Serialize};

use crate::recording::encoder::model::Embeddings;
use crate::recording::segments::Segments;
use crate::recording::whitened::SpectralProfile;

/// An analysed song: made once, compared often.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Song {
    /// Not kept with the rest: the same content may come under another name.
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) duration_secs: f64,
    pub(crate) segments: Segments,
    pub(crate) embeddings: Embeddings,
    pub(crate) profile: SpectralProfile,
    /// Of a song that is too short for passages: its profile as a clip.
    pub(crate) clip_profile: Option<SpectralProfile>,
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
        self.duration_secs
    }

    /// The embeddings of its segments.
    #[must_use]
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// Whether a song comes first in a fixed order: shorter ones do, then it goes by content. By all of it, because recordings that differ only where no segment
    /// reaches, at their ends, have the same embeddings.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        fn content(song: &Song) -> impl PartialOrd {
            let Song {
                name: _,
                duration_secs,
                segments,
                embeddings,
                profile,
                clip_profile,
            } = song;
            let length = embeddings.values.len();
            let spectrum = (profile, clip_profile);
            (length, embeddings, duration_secs, spectrum, segments)
        }
        content(self) < content(other)
    }
}
