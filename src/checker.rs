//! The pipeline: audio to songs, two songs to a report. The only module that knows all others.

use crate::audio::stream::SampleStream;
use crate::audio::waveform::Waveform;
use crate::config::{DECODE_RATE_HZ, FeatureConfig, MAX_SONG_SECS};
use crate::error::{Error, Result};
use crate::recording::clips::score::is_clip;
use crate::recording::encoder::model::Model;
use crate::recording::passages::passages;
use crate::recording::score::song_score;
use crate::recording::score_matrix::ScoreMatrix;
use crate::recording::segments::Segments;
use crate::recording::whitened::{SpectralProfile, View};
use crate::report::build::{
    matched_passage, mirror_passage, reported_matrix, round, summary, transposed,
};
use crate::report::{Limits, MatchedPassage, ModelSummary, Report, Verdict};
use crate::song::Song;
use crate::spectrum::log_mel::LogMelPlan;

/// Compares songs with one model on one backend.
#[derive(Debug)]
pub struct Checker {
    model: Model,
    backend: &'static str,
}

/// What is being done, for progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Resampling and log-mel spectrogram.
    Features,
    /// The network.
    Encode,
    /// Score matrix and passages.
    Match,
}

impl Stage {
    /// Name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Encode => "encode",
            Self::Match => "match",
        }
    }
}

/// What input is accepted.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        decode_rate_hz: DECODE_RATE_HZ,
        min_song_secs: FeatureConfig::default().segment_secs(),
        max_song_secs: MAX_SONG_SECS,
    }
}

fn check_duration(name: &str, actual_secs: f64) -> Result<()> {
    let limits = limits();
    if actual_secs < limits.min_song_secs {
        return Err(Error::TooShort {
            name: name.into(),
            actual_secs,
            min_secs: limits.min_song_secs,
        });
    }
    if actual_secs > limits.max_song_secs {
        return Err(Error::TooLong {
            name: name.into(),
            actual_secs,
            max_secs: limits.max_song_secs,
        });
    }
    Ok(())
}

impl Checker {
    /// A checker for a loaded model; `backend` is the name under which reports mention its device.
    #[must_use]
    pub fn new(model: Model, backend: &'static str) -> Self {
        Self { model, backend }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The name of the backend.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.backend
    }

    /// Prepares a song for comparison. `progress` is told the stage and the fraction of it that is done.
    ///
    /// # Errors
    ///
    /// [`Error::TooShort`], [`Error::TooLong`] or [`Error::Silent`] by what the song is; [`Error::BackendUnavailable`] when the device fails.
    pub async fn analyse(
        &self,
        name: &str,
        waveform: Waveform,
        progress: impl FnMut(Stage, f32),
    ) -> Result<Song> {
        // What is refused needs no resampling.
        check_duration(name, waveform.duration_secs())?;
        let samples = waveform.samples();
        let mut recording = self.record(name, waveform.sample_rate_hz(), samples.len())?;
        recording.append(samples)?;
        drop(waveform);
        self.analyse_recording(recording, progress).await
    }

    /// Begins a song that comes in parts, to be given to [`Checker::analyse_recording`]. `expected_samples` is how many are to come, as far as is known.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`] when `sample_rate_hz` is none that audio has.
    pub fn record(
        &self,
        name: &str,
        sample_rate_hz: u32,
        expected_samples: usize,
    ) -> Result<SampleStream> {
        let model_rate_hz = self.model.info().features.sample_rate_hz;
        SampleStream::new(name, sample_rate_hz, model_rate_hz, expected_samples)
    }

    /// [`Checker::analyse`] for a song that came in parts.
    ///
    /// # Errors
    ///
    /// Those of [`Checker::analyse`]; [`Error::NoAudio`] when nothing came.
    pub async fn analyse_recording(
        &self,
        recording: SampleStream,
        mut progress: impl FnMut(Stage, f32),
    ) -> Result<Song> {
        let config = &self.model.info().features;
        let name = recording.name().to_owned();
        let duration_secs = recording.duration_secs();
        progress(Stage::Features, 0.0);
        let samples = recording.finish()?;
        check_duration(&name, duration_secs)?;
        let mel = LogMelPlan::new(config)
            .mel_power(&samples, |fraction| progress(Stage::Features, fraction));
        drop(samples);
        let segments = Segments::of(&mel, config);
        if segments.silent.iter().all(|&silent| silent) {
            return Err(Error::Silent { name });
        }
        let profile = SpectralProfile::new(&mel, View::Song, config);
        let clip_profile =
            is_clip(&segments).then(|| SpectralProfile::new(&mel, View::Clip, config));
        let log_mel = mel.relative_db(config, mel.level_db(config));
        drop(mel);
        let embeddings = self
            .model
            .embed_song(&log_mel, |fraction| progress(Stage::Encode, fraction))
            .await?;
        Ok(Song {
            name,
            duration_secs,
            segments,
            embeddings,
            profile,
            clip_profile,
        })
    }

    /// Compares two songs. The report of `(b, a)` mirrors that of `(a, b)`.
    #[must_use]
    pub fn compare(
        &self,
        left: &Song,
        right: &Song,
        mut progress: impl FnMut(Stage, f32),
    ) -> Report {
        progress(Stage::Match, 0.0);
        let (head, calibration) = (self.model.head(), self.model.calibration());
        // Lines are drawn through rows, so that rows and columns aren't quite alike. To mirror exactly, the songs take these places by what they are, not by which came first.
        let swapped = right.precedes(left);
        let (first, second) = if swapped {
            (right, left)
        } else {
            (left, right)
        };
        let scores = ScoreMatrix::new(&first.embeddings, &second.embeddings, head);
        progress(Stage::Match, 0.3);
        let passages = passages(&scores, first, second, calibration);
        let score = round(
            f64::from(song_score(&scores, &passages, [first, second], calibration)),
            4,
        );
        let mut passages: Vec<MatchedPassage> = passages.iter().map(matched_passage).collect();
        let mut matrix = reported_matrix(&scores, first.segments.hop_secs, calibration);
        if swapped {
            passages.iter_mut().for_each(mirror_passage);
            passages.sort_by(|a, b| a.left_start_secs.total_cmp(&b.left_start_secs));
            matrix = transposed(&matrix);
        }
        progress(Stage::Match, 1.0);
        let spans =
            |of: fn(&MatchedPassage) -> (f64, f64)| passages.iter().map(of).collect::<Vec<_>>();
        Report {
            score,
            verdict: Verdict::of(score),
            left: summary(
                left,
                spans(|passage| (passage.left_start_secs, passage.left_end_secs)),
            ),
            right: summary(
                right,
                spans(|passage| (passage.right_start_secs, passage.right_end_secs)),
            ),
            passages,
            matrix,
            model: ModelSummary {
                version: self.model.info().version.clone(),
                weights_sha256: self.model.sha256().to_owned(),
            },
            backend: self.backend.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::encoder::model::SHIPPED_WEIGHTS;

    #[test]
    fn songs_of_equal_embeddings_and_unequal_sound_mirror_each_other() {
        pollster::block_on(async {
            let checker = Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu");
            let mut songs = Vec::new();
            // Four notes a second, and the same a little faster.
            for samples_per_note in [5_512, 5_300] {
                let samples = (0..6 * 22_050)
                    .map(|n| {
                        let radians_per_sample =
                            0.05 + 0.01 * (n / samples_per_note * 5 % 13) as f32;
                        (n as f32 * radians_per_sample).sin() * 0.3
                    })
                    .collect();
                let waveform = Waveform::new("notes", samples, 22_050).unwrap();
                songs.push(checker.analyse("notes", waveform, |_, _| ()).await.unwrap());
            }
            songs[1].embeddings = songs[0].embeddings.clone();
            let report = checker.compare(&songs[0], &songs[1], |_, _| ());
            let mut mirrored = checker.compare(&songs[1], &songs[0], |_, _| ());
            mirrored.passages.iter_mut().for_each(mirror_passage);
            assert_eq!(report.passages, mirrored.passages);
            assert_eq!(
                (report.left.coverage, report.right.coverage),
                (mirrored.right.coverage, mirrored.left.coverage)
            );
        });
    }
}
