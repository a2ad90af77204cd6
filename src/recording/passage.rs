//! A passage: an alignment of two songs, and how certain it is that it is no false positive.

use crate::recording::refinement::alignment::Alignment;

/// A stretch of the left song that also plays in the right one.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Its exact place in both songs, and how it was changed.
    pub alignment: Alignment,
    /// Similarity of its segments, 0..1.
    pub score: f32,
    /// Certainty that it is no false positive, 0..1.
    pub certainty: f64,
    /// The same by what survives under other music alone, spectral peaks or the correlogram; 0 if
    /// they don't meet there.
    pub in_mix: f64,
    /// Share of the left song's sound there that is the right song's music, and share of the right
    /// song's sound there that is the left song's music; 0..1. Both are 1 where nothing else plays.
    pub shares: (f64, f64),
    /// Whether it was not sped up or slowed down as its times say, but small pieces were cut out or
    /// repeated.
    pub is_edited: bool,
    /// Its time map, if its speed drifts. The alignment has the line from its start to its end.
    pub drift: Option<Drift>,
}

/// The time map of a passage whose speed drifts.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Seconds of the left and of the right song, from the passage's start to its end. The time map
    /// is straight between two knots.
    pub knots: Vec<(f64, f64)>,
    /// Least and greatest slope of the time map.
    pub slopes: (f64, f64),
}

impl Passage {
    /// A passage of this certainty by what survives under other music. Its shares are not measured
    /// yet.
    #[must_use]
    pub fn in_mix(alignment: Alignment, certainty: f64) -> Self {
        Self {
            alignment,
            score: certainty as f32,
            certainty,
            in_mix: certainty,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
        }
    }

    /// Certainty that one of the songs copies this passage from the other, 0..1.
    #[must_use]
    pub fn copied(&self) -> f64 {
        (f64::from(self.score) * self.certainty).max(self.in_mix)
    }
}

/// A passage with these shares.
#[cfg(test)]
pub(crate) fn test_passage(shares: (f64, f64)) -> Passage {
    use crate::recording::refinement::alignment::test_alignment;

    Passage {
        alignment: test_alignment(10.0, 0.8),
        score: 0.9,
        certainty: 1.0,
        in_mix: 0.0,
        shares,
        is_edited: false,
        drift: None,
    }
}
