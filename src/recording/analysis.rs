//! Analysis of a recording: all that comparing needs of it.

use serde::{Deserialize, Serialize};

use crate::config::MAX_SONG_SECS;
use crate::error::{Error, Result};
use crate::recording::encoder::embeddings::Embeddings;
use crate::recording::encoder::model::Model;
use crate::recording::encoder::weights_file::WeightsInfo;
use crate::recording::peaks::peak_map::PeakMap;
use crate::recording::refinement::whitened::{FRAMES_PER_COLUMN, Preset, WhitenedSpectrogram};
use crate::recording::segments::Segments;
use crate::spectrum::log_mel::MelSpectrogram;

/// A recording, reduced to what comparing needs. The fields are in the order of the kept bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Analysis {
    /// Length of the audio in seconds.
    pub(crate) duration_secs: f64,
    /// Where its segments lie, and which of them are blank.
    pub(crate) segments: Segments,
    /// Embeddings of the segments.
    pub(crate) embeddings: Embeddings,
    /// Its spectrogram for passages.
    pub(crate) whitened: WhitenedSpectrogram,
    /// Its spectrogram as a clip, if it is short enough to be compared with clips.
    pub(crate) whitened_clip: Option<WhitenedSpectrogram>,
    /// Its spectral peaks.
    pub(crate) peaks: PeakMap,
}

/// Analyses a recording by its mel power and its spectral peaks; `name` is for errors. `progress`
/// is told the fraction of the network's work that is done.
///
/// # Errors
///
/// [`Error::Silent`] if every segment is silent; [`Error::BackendUnavailable`] if the device fails.
pub async fn analyse(
    model: &Model,
    name: &str,
    duration_secs: f64,
    mel: MelSpectrogram,
    peaks: PeakMap,
    progress: impl FnMut(f32),
) -> Result<Analysis> {
    let config = &model.info().features;
    let segments = Segments::of(&mel, config);
    if segments.silent.iter().all(|&silent| silent) {
        return Err(Error::Silent { name: name.into() });
    }
    // Chords that are held and noise have peaks, too.
    let peaks = peaks.retaining(|secs| segments.has_music_at(secs));
    let whitened = WhitenedSpectrogram::new(&mel, Preset::Song, config);
    let whitened_clip = segments
        .is_compared_with_clips()
        .then(|| WhitenedSpectrogram::new(&mel, Preset::Clip, config));
    let log_mel = mel.relative_db(config, mel.level_db(config));
    // The network needs memory of its own.
    drop(mel);
    // Rounded here, so that fresh songs and kept ones are equal.
    let embeddings = model.embed_song(&log_mel, progress).await?.rounded();
    Ok(Analysis {
        duration_secs,
        segments,
        embeddings,
        whitened,
        whitened_clip,
        peaks,
    })
}

impl Analysis {
    /// Whether this recording comes first in a fixed order: by length, then by all of the content,
    /// because embeddings alone don't cover the ends, where no segment reaches.
    pub(crate) fn precedes(&self, other: &Self) -> bool {
        fn content(analysis: &Analysis) -> impl PartialOrd {
            let Analysis {
                duration_secs,
                segments,
                embeddings,
                whitened,
                whitened_clip,
                peaks,
            } = analysis;
            let length = embeddings.values.len();
            let spectrum = (whitened, whitened_clip, peaks);
            (length, embeddings, duration_secs, spectrum, segments)
        }
        content(self) < content(other)
    }

    /// Whether its parts are consistent with each other and with `model`. Guards against forged
    /// bytes.
    pub(crate) fn is_consistent(&self, model: &Model) -> bool {
        let Self {
            duration_secs,
            segments,
            embeddings,
            whitened,
            whitened_clip,
            peaks,
        } = self;
        let WeightsInfo {
            features, encoder, ..
        } = model.info();
        let column_secs = FRAMES_PER_COLUMN as f64 * features.frame_hop_secs();
        let fits = |whitened: &WhitenedSpectrogram, preset: Preset| {
            whitened.preset == preset
                && whitened.column_secs == column_secs
                && (whitened.columns() as f64) * column_secs <= duration_secs + 2.0 * column_secs
        };
        segments.count > 0
            && (features.segment_secs()..=MAX_SONG_SECS).contains(duration_secs)
            && segments.silent.len() == segments.count
            && segments.blank.len() == segments.count
            && segments.hop_secs == Segments::hop_secs(features)
            && segments.length_secs == features.segment_secs()
            && segments.start_secs(segments.count - 1) < *duration_secs
            && embeddings.dimensions == encoder.embedding
            && Some(embeddings.values.len()) == segments.count.checked_mul(encoder.embedding)
            // Of unit length, up to rounding.
            && embeddings.values.iter().all(|value| value.abs() <= 1.001)
            && fits(whitened, Preset::Song)
            && whitened_clip.is_some() == segments.is_compared_with_clips()
            && whitened_clip.iter().all(|clip| fits(clip, Preset::Clip))
            && peaks.is_consistent(*duration_secs, features)
    }
}

/// Analyses and matrices for tests.
#[cfg(test)]
pub(crate) mod test_analysis {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::recording::runs::score_matrix::ScoreMatrix;
    use crate::recording::segments::test_segments;
    use crate::test_sound::mel_power;

    /// Segments that all have the same logit.
    pub(crate) fn matrix(side: usize, logit: f32) -> ScoreMatrix {
        ScoreMatrix {
            rows: side,
            columns: side,
            logits: vec![logit; side * side],
        }
    }

    /// Notes whose pitches depend on `seed`, with so many segments.
    pub(crate) fn song(segments: usize, seed: u32) -> Analysis {
        let config = FeatureConfig::default();
        let samples: Vec<f32> = (0..16_384 * (segments as u32 + 3))
            .map(|n| {
                let key = n / 4_096 * seed % 13;
                (n as f32 * (0.1 + 0.02 * key as f32)).sin() * 0.3
            })
            .collect();
        let mel = mel_power(&samples);
        let segments = test_segments(segments);
        Analysis {
            duration_secs: samples.len() as f64 / 22_050.0,
            embeddings: Embeddings {
                values: Vec::new(),
                dimensions: 128,
            },
            whitened: WhitenedSpectrogram::new(&mel, Preset::Song, &config),
            whitened_clip: segments
                .is_compared_with_clips()
                .then(|| WhitenedSpectrogram::new(&mel, Preset::Clip, &config)),
            segments,
            peaks: PeakMap::new(&samples, &config),
        }
    }
}
