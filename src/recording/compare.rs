//! Comparison of two analysed recordings: the matrix of their segments, the passages, the score.

use crate::recording::analysis::Analysis;
use crate::recording::clips::compare::compare_clips;
use crate::recording::encoder::model::Model;
use crate::recording::mixture::measure_shares;
use crate::recording::passage::Passage;
use crate::recording::passages::passages;
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::recording::score::song_score;

/// Result of a comparison.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Certainty that one recording copies from the other, 0..1.
    pub score: f32,
    /// Passages that match, ordered by their place in the left song.
    pub passages: Vec<Passage>,
    /// Logits of all segments against all segments.
    pub matrix: ScoreMatrix,
}

/// Compares two recordings. `progress` is told the fraction that is done.
///
/// Lines are drawn through the rows of the matrix, so that rows and columns aren't treated exactly
/// alike: to get findings that mirror each other, compare two recordings in the order of
/// [`Analysis::precedes`].
#[must_use]
pub fn compare(model: &Model, songs: [&Analysis; 2], mut progress: impl FnMut(f32)) -> Findings {
    let calibration = model.calibration();
    progress(0.0);
    let [left, right] = songs.map(|song| &song.embeddings);
    let matrix = ScoreMatrix::new(left, right, model.head());
    progress(0.3);
    let mut passages = passages(&matrix, songs, calibration);
    let clips = match passages.is_empty() {
        true => compare_clips(&matrix, songs, calibration),
        false => None,
    };
    let score = match &clips {
        Some(clips) => clips.score,
        None => song_score(&matrix, &passages, songs, calibration),
    };
    if let Some(passage) = clips.and_then(|clips| clips.passage) {
        passages.push(passage);
        measure_shares(&mut passages, songs.map(|song| &song.peaks));
    }
    Findings {
        score,
        passages,
        matrix,
    }
}
