//! The parts of the pipeline, one by one, for training, evaluation and tests. Not a stable
//! interface.

use crate::recording::clips::compare::clip_meeting as meeting;
use crate::recording::encoder::model::Model;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;
use crate::recording::{correlogram_candidates, faint_lines as song_faint_lines};
use crate::song::Song;

pub use crate::composition::{
    Analysis as CompositionAnalysis, analyse as analyse_composition,
    features as composition_features,
};
pub use crate::nn::tensors::Tensors;
pub use crate::recording::clips::score::ClipMeeting;
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
pub fn clip_meeting(model: &Model, songs: [&Song; 2]) -> Option<ClipMeeting> {
    let (songs, _) = in_order(songs);
    let [first, second] = songs.map(Song::prepared);
    let prepared = [&first.recording, &second.recording];
    let findings = crate::recording::compare(model, prepared, |_| ());
    let songs = songs.map(|song| &song.recording);
    let meeting = || meeting(&findings.matrix, songs);
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

/// A line of spectral peaks that is no passage alone, for the fit of
/// `recording::correlogram::faint_line`.
#[derive(Clone, Copy, Debug)]
pub struct FaintLine {
    /// Its middle in the left and in the right song, in seconds.
    pub middle_secs: [f64; 2],
    /// Semitones by which the right song is higher.
    pub semitones: f64,
    /// What the regression weighs: the logarithm of the number of such lines by chance, and the
    /// excess of the spectrograms' correlation.
    pub features: [f64; 2],
}

/// Two songs in the order of a comparison, and whether they were swapped for it.
fn in_order([left, right]: [&Song; 2]) -> ([&Song; 2], bool) {
    match right.recording.precedes(&left.recording) {
        true => ([right, left], true),
        false => ([left, right], false),
    }
}

/// The places where two songs may meet under other music that are worth a judgement.
#[must_use]
pub fn song_meetings(songs: [&Song; 2]) -> Vec<SongMeeting> {
    let (songs, is_swapped) = in_order(songs);
    let sign = if is_swapped { -1.0 } else { 1.0 };
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

/// The lines of spectral peaks of two songs that are no passages alone but are worth a judgement.
#[must_use]
pub fn faint_lines(songs: [&Song; 2]) -> Vec<FaintLine> {
    let (songs, is_swapped) = in_order(songs);
    let songs = songs.map(|song| &song.recording);
    let frame_secs = songs[0].peaks.frame_secs;
    song_faint_lines(songs)
        .into_iter()
        .map(|(line, features)| {
            let middle = (line.span.0 + line.span.1) / 2.0;
            let mut middle_secs = [middle, line.map.at(middle)].map(|frame| frame * frame_secs);
            let mut semitones = f64::from(line.shift_steps) / f64::from(STEPS_PER_SEMITONE);
            if is_swapped {
                middle_secs.reverse();
                semitones = -semitones;
            }
            FaintLine {
                middle_secs,
                semitones,
                features,
            }
        })
        .collect()
}
