//! The answer to the second question: is one song the other's composition, played anew?

use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// Whether the songs have the same melody and harmony, whoever plays them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct CompositionReport {
    /// Certainty that one song plays the other's composition anew, 0..1.
    pub score: f64,
    /// The score in words.
    pub verdict: CompositionVerdict,
    /// Passages of the same composition, ordered by their place in the left song. Stretches that
    /// are the same recording are not among them.
    pub passages: Vec<CompositionPassage>,
    /// Whether both songs have enough melody or harmony to be compared.
    pub comparable: bool,
}

/// Bands of the score, and the answer that only the chords agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum CompositionVerdict {
    /// The melody agrees, mostly with the chords.
    SameComposition,
    /// Some of it agrees.
    Possibly,
    /// The chords agree and the melodies don't.
    SameChords,
    /// No sign of the same composition.
    None,
}

impl CompositionVerdict {
    /// The band of a score. `same_chords` is what a low score may mean.
    #[must_use]
    pub fn of(score: f64, same_chords: bool) -> Self {
        match score {
            score if score >= 0.8 => Self::SameComposition,
            score if score >= 0.5 => Self::Possibly,
            _ if same_chords => Self::SameChords,
            _ => Self::None,
        }
    }

    /// Its title for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SameComposition => "Same composition",
            Self::Possibly => "Possibly the same composition",
            Self::SameChords => "Same chords, other melody",
            Self::None => "No sign of the same composition",
        }
    }
}

/// A stretch of the left song whose composition the right song plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct CompositionPassage {
    /// Where it starts in the left song.
    pub left_start_secs: f64,
    /// Where it ends in the left song.
    pub left_end_secs: f64,
    /// Where it starts in the right song.
    pub right_start_secs: f64,
    /// Where it ends in the right song.
    pub right_end_secs: f64,
    /// Certainty of this passage alone, 0..1.
    pub score: f64,
    /// 1.10 means that the right song plays 10 % faster.
    pub speed_ratio: f64,
    /// +2 means that the right song is in a key two semitones higher; -5 to 6, because octaves are
    /// not told apart.
    pub transposition_semitones: i32,
    /// What agrees.
    pub evidence: CompositionEvidence,
}

/// What agrees in a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum CompositionEvidence {
    /// The melody.
    Melody,
    /// The chords.
    Harmony,
    /// Melody and chords.
    Both,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_at_their_thresholds() {
        for (score, same_chords, name) in [
            (1.0, false, "same-composition"),
            (0.8, false, "same-composition"),
            (0.799, false, "possibly"),
            (0.5, false, "possibly"),
            (0.499, true, "same-chords"),
            (0.499, false, "none"),
            (0.0, false, "none"),
        ] {
            let verdict = CompositionVerdict::of(score, same_chords);
            assert_eq!(serde_json::to_value(verdict).unwrap(), name, "{score}");
        }
    }
}
