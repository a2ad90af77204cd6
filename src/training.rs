//! The parts of the pipeline, one by one, for training, evaluation and tests. Not a stable
//! interface.

use crate::recording::clips::compare::clip_meeting as meeting;
use crate::recording::correlogram_candidates;
use crate::recording::encoder::model::Model;
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;
use crate::song::Song;

pub use crate::composition::{
    Analysis as CompositionAnalysis, analyse as analyse_composition,
    features as composition_features,
};
pub use crate::nn::tensors::Tensors;
pub use crate::recording::clips::align::{ClipAlignment, align_clips};
pub use crate::recording::clips::compare::ClipMeeting;
pub use crate::recording::clips::score::{clip_score, is_supported};
#[cfg(feature = "burn")]
pub use crate::recording::encoder::burn::{Encoder, SiameseNetwork, SimilarityHead};
pub use crate::recording::encoder::calibration::Calibration;
pub use crate::recording::encoder::config::{
    CONTEXT_FEATURE_FRAMES, EncoderConfig, FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES,
    feature_frames,
};
pub use crate::recording::encoder::embeddings::Embeddings;
pub use crate::recording::encoder::folded::FoldedLayer;
pub use crate::recording::encoder::golden::segment as golden_segment;
pub use crate::recording::encoder::model::cosine_distance;
pub use crate::recording::encoder::weights_file::{self, WeightsInfo};
pub use crate::recording::peaks::landmarks::{LandmarkSearch, landmarks};
pub use crate::recording::peaks::peak_line::PeakLine;
pub use crate::recording::peaks::peak_map::{Peak, PeakMap};
pub use crate::recording::peaks::peak_pair::PeakPair;
pub use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
pub use crate::recording::segments::Segments;
pub use crate::spectrum::log_mel::{LogMelPlan, LogMelSpectrogram, MelSpectrogram, decibels};
pub use crate::spectrum::mel::{corner_frequencies_hz, mel_from_hz, triangle_weight};

/// Where two clips meet that no line joins; `None` for all other songs.
#[must_use]
pub fn clip_meeting(model: &Model, [left, right]: [&Song; 2]) -> Option<ClipMeeting> {
    // In the order of a comparison.
    let is_swapped = right.recording.precedes(&left.recording);
    let songs = if is_swapped {
        [right, left]
    } else {
        [left, right]
    };
    let [first, second] = songs.map(Song::prepared);
    let prepared = [&first.recording, &second.recording];
    let findings = crate::recording::compare(model, prepared, |_| ());
    let songs = songs.map(|song| &song.recording);
    let meeting = || meeting(&findings.matrix, songs, model.calibration());
    findings.by_clips.then(meeting).flatten()
}

/// A place where two songs may meet under other music, for the fit of `recording::correlogram`.
#[derive(Clone, Copy, Debug)]
pub struct SongMeeting {
    /// How much later the right song plays it, in seconds.
    pub lag_secs: f64,
    /// Semitones by which the right song is higher.
    pub semitones: f64,
    /// What the regression weighs: evidence, rough evidence, logarithm of the prominence, root of
    /// the peaks' evidence in a block, logarithm of the blocks where it has more than one.
    pub features: [f64; 5],
}

/// The places where two songs may meet under other music that are worth a judgement.
#[must_use]
pub fn song_meetings([left, right]: [&Song; 2]) -> Vec<SongMeeting> {
    // In the order of a comparison.
    let is_swapped = right.recording.precedes(&left.recording);
    let (songs, sign) = match is_swapped {
        true => ([right, left], -1.0),
        false => ([left, right], 1.0),
    };
    let [left, right] = songs.map(|song| &song.recording);
    let column_secs = left.whitened.column_secs;
    correlogram_candidates([left, right])
        .into_iter()
        .map(|candidate| SongMeeting {
            lag_secs: sign * candidate.meeting.lag as f64 * column_secs,
            semitones: sign * candidate.meeting.shift_bands as f64 / BANDS_PER_SEMITONE as f64,
            features: candidate.features(),
        })
        .collect()
}
