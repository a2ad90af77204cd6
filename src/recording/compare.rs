//! Comparison of two analysed recordings: the matrix of their segments, the passages, the score.

use std::sync::Arc;

use crate::recording::analysis::Analysis;
use crate::recording::clips::compare::compare_clips;
use crate::recording::encoder::model::Model;
use crate::recording::mixture::measure_shares;
use crate::recording::passage::Passage;
use crate::recording::passages::passages;
use crate::recording::peaks::common_range::by_common_range;
use crate::recording::peaks::prepared::{Computed, PreparedPeaks};
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
    /// Whether they are clips that no line joins, and were compared as such.
    pub by_clips: bool,
}

/// A recording with what comparisons have computed of it alone. It is made at once; the first
/// comparison that needs something computes it.
#[derive(Clone, Debug)]
pub struct Prepared<'a> {
    /// The recording.
    pub analysis: &'a Analysis,
    peaks: PreparedPeaks<'a>,
}

impl<'a> Prepared<'a> {
    /// This recording with what comparisons have computed of it before.
    #[must_use]
    pub fn with(analysis: &'a Analysis, computed: &Arc<Computed>) -> Self {
        Self {
            analysis,
            peaks: PreparedPeaks::with(&analysis.peaks, computed),
        }
    }
}

/// Compares two recordings. `progress` is told the fraction that is done.
///
/// Lines are drawn through the rows of the matrix, so that rows and columns aren't treated exactly
/// alike: to get findings that mirror each other, compare two recordings in the order of
/// [`Analysis::precedes`].
#[must_use]
pub fn compare(
    model: &Model,
    prepared: [&Prepared<'_>; 2],
    mut progress: impl FnMut(f32),
) -> Findings {
    let songs = prepared.map(|song| song.analysis);
    let narrowed = by_common_range(songs.map(|song| &song.peaks));
    let narrowed = narrowed
        .as_ref()
        .map(|maps| maps.each_ref().map(PreparedPeaks::from));
    let peaks = match &narrowed {
        Some(peaks) => peaks.each_ref(),
        None => prepared.map(|song| &song.peaks),
    };
    let calibration = model.calibration();
    progress(0.0);
    let [left, right] = songs.map(|song| &song.embeddings);
    let matrix = ScoreMatrix::new(left, right, model.head());
    progress(0.3);
    let mut passages = passages(&matrix, songs, peaks, calibration);
    let clips = match passages.is_empty() {
        true => compare_clips(&matrix, songs, calibration),
        false => None,
    };
    let score = match &clips {
        Some(clips) => clips.score,
        None => song_score(&matrix, &passages, songs, calibration),
    };
    let by_clips = clips.is_some();
    if let Some(passage) = clips.and_then(|clips| clips.passage) {
        passages.push(passage);
        measure_shares(&mut passages, peaks);
    }
    Findings {
        score,
        passages,
        matrix,
        by_clips,
    }
}
