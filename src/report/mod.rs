//! The answer: plain data, the same natively and in the browser.

pub(crate) mod build;
mod composition;

use serde::{Deserialize, Serialize};
use tsify::Tsify;

pub use composition::{
    CompositionEvidence, CompositionPassage, CompositionReport, CompositionVerdict,
};

/// The result of a check. Times are in seconds, scores in 0..1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Certainty that one song copies the other, 0..1.
    pub score: f64,
    /// The score in words.
    pub verdict: Verdict,
    /// The left song.
    pub left: SongSummary,
    /// The right song.
    pub right: SongSummary,
    /// Passages that match, ordered by their place in the left song.
    pub passages: Vec<MatchedPassage>,
    /// Whether one song plays the other's composition anew.
    pub composition: CompositionReport,
    /// Scores of every moment against every moment.
    pub matrix: Matrix,
    /// The weights that were used.
    pub model: ModelSummary,
    /// The backend that was used: `cpu` or `webgpu`.
    pub backend: String,
}

/// Bands of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// 0.90 and above.
    NearlyIdentical,
    /// 0.80 to 0.90.
    Strong,
    /// 0.50 to 0.80.
    Moderate,
    /// Below 0.50.
    Different,
}

/// One of the two songs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct SongSummary {
    /// Its name, as given.
    pub name: String,
    /// Its length.
    pub duration_secs: f64,
    /// Share of it that lies in matching passages, 0..1.
    pub coverage: f64,
    /// Share of its 3-second segments that were left out because they contain nothing to recognise:
    /// silence, noise, a sustained tone; 0..1. Where it is 1 and no passage was found, there is
    /// nothing to compare, and the score is 0.
    pub left_out_share: f64,
}

/// A stretch of the left song that also plays in the right one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct MatchedPassage {
    /// Where it starts in the left song.
    pub left_start_secs: f64,
    /// Where it ends in the left song.
    pub left_end_secs: f64,
    /// Where it starts in the right song.
    pub right_start_secs: f64,
    /// Where it ends in the right song.
    pub right_end_secs: f64,
    /// Similarity of the passages, or the certainty by their spectral peaks if that is greater;
    /// 0..1.
    pub score: f64,
    /// 1.10 means that the right song plays 10 % faster. Where it is 1 and the passage is longer in
    /// one of the songs, small pieces were cut out or repeated. Where the speed drifts, it is the
    /// mean.
    pub speed_ratio: f64,
    /// Least speed where it drifts by 1.5 % and more; else it isn't there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub speed_ratio_min: Option<f64>,
    /// Greatest speed where it drifts; else it isn't there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[tsify(optional)]
    pub speed_ratio_max: Option<f64>,
    /// +2 means that the right song is two semitones higher.
    pub pitch_shift_semitones: f64,
    /// Share of the right song's sound there that is the left song's music, 0..1. Below 1 something
    /// else plays there, too: the passage is part of a mix.
    pub share: f64,
    /// Share of the left song's sound there that is the right song's music, 0..1. Below 1 the left
    /// song is the mix.
    pub left_share: f64,
    /// True where the right song plays the passage backwards; else it isn't there.
    #[serde(default, skip_serializing_if = "is_false")]
    #[tsify(optional)]
    pub reversed: bool,
    /// Where the speed drifts: places of both songs, from the passage's start to its end. Between
    /// two of them the speed is nearly constant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[tsify(optional)]
    pub knots: Vec<Knot>,
}

/// A place in both songs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Knot {
    /// Time in the left song.
    pub left_secs: f64,
    /// Time in the right song.
    pub right_secs: f64,
}

/// Scores of all segments of the left song against all of the right one, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Matrix {
    /// Segments of the left song.
    pub rows: usize,
    /// Segments of the right song.
    pub cols: usize,
    /// Seconds from one row or column to the next; a segment is 3 s long.
    pub hop_secs: f64,
    /// `rows * cols` scores, 0..1.
    pub scores: Vec<f64>,
}

/// The weights that were used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct ModelSummary {
    /// Their version.
    pub version: String,
    /// SHA-256 of their file, in hexadecimal.
    pub weights_sha256: String,
}

/// Limits of the input.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Sample rate at which to decode files, in Hz.
    pub decode_rate_hz: u32,
    /// Least energy of half the difference of two channels, relative to that of their mean, where
    /// they cancel out in the mean.
    pub cancelling_ratio: f64,
    /// Length of the shortest song.
    pub min_song_secs: f64,
    /// Length of the longest song.
    pub max_song_secs: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(value: &bool) -> bool {
    !value
}

impl MatchedPassage {
    /// The speed of the right song for people: `1.03 times as fast`, its range where it drifts, and
    /// `backwards` where it is.
    #[must_use]
    pub fn speed_text(&self) -> String {
        let way = if self.reversed { "backwards, " } else { "" };
        match self.speed_ratio_min.zip(self.speed_ratio_max) {
            Some((least, greatest)) => format!("{way}{least:.2} to {greatest:.2} times as fast"),
            None => format!("{way}{:.2} times as fast", self.speed_ratio),
        }
    }
}

impl Report {
    /// The verdict for people. Where a song holds nothing to recognise, no verdict would be true.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let is_blank = |song: &SongSummary| song.left_out_share >= 1.0;
        if self.passages.is_empty() && (is_blank(&self.left) || is_blank(&self.right)) {
            return "Nothing to compare";
        }
        self.verdict.title()
    }

    /// The score for people: two digits, never rounded up to 1.00.
    #[must_use]
    pub fn score_text(&self) -> String {
        let is_rounded_up = (0.995..1.0).contains(&self.score);
        format!("{:.2}", if is_rounded_up { 0.99 } else { self.score })
    }
}

impl Verdict {
    /// The band of a score.
    #[must_use]
    pub fn of(score: f64) -> Self {
        match score {
            score if score >= 0.9 => Self::NearlyIdentical,
            score if score >= 0.8 => Self::Strong,
            score if score >= 0.5 => Self::Moderate,
            _ => Self::Different,
        }
    }

    /// Its title for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::NearlyIdentical => "Nearly identical",
            Self::Strong => "Strong match",
            Self::Moderate => "Moderate match",
            Self::Different => "Different songs",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_at_their_thresholds() {
        let bands = [
            (1.0, "nearly-identical"),
            (0.9, "nearly-identical"),
            (0.899, "strong"),
            (0.8, "strong"),
            (0.799, "moderate"),
            (0.5, "moderate"),
            (0.499, "different"),
            (0.0, "different"),
        ];
        for (score, name) in bands {
            assert_eq!(
                serde_json::to_value(Verdict::of(score)).unwrap(),
                name,
                "{score}"
            );
        }
    }
}
