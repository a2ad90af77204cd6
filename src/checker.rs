//! The pipeline: audio to songs, two songs to a report. The only module that knows all others.

use crate::audio::stream::Recording;
use crate::audio::waveform::Waveform;
use crate::config::{DECODE_RATE_HZ, FeatureConfig, MAX_SONG_SECS};
use crate::error::{Error, Result};
use crate::geometry::spans::covered_share;
use crate::recording::clips::score::is_clip;
use crate::recording::encoder::model::Model;
use crate::recording::passages::{Passage, passages};
use crate::recording::score::song_score;
use crate::recording::score_matrix::ScoreMatrix;
use crate::recording::segments::Segments;
use crate::recording::whitened::{SpectralProfile, View};
use crate::report::{Limits, MatchedPassage, Matrix, ModelSummary, Report, SongSummary, Verdict};
use crate::song::Song;
use crate::spectrum::log_mel::LogMelPlan;

/// Cells of the matrix in a report at most; larger ones are shown coarser. A million cells are two songs of 12 minutes.
const REPORTED_CELLS: usize = 1_000_000;

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
    ) -> Result<Recording> {
        let model_rate_hz = self.model.info().features.sample_rate_hz;
        Recording::new(name, sample_rate_hz, model_rate_hz, expected_samples)
    }

    /// [`Checker::analyse`] for a song that came in parts.
    ///
    /// # Errors
    ///
    /// Those of [`Checker::analyse`]; [`Error::NoAudio`] when nothing came.
    pub async fn analyse_recording(
        &self,
        recording: Recording,
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
        let swapped = precedes(right, left);
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
        let mut matrix = self.matrix(&scores, first.segments.hop_secs);
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

    /// The matrix for the report: calibrated scores; when it is large, each cell stands for the best of a square of cells.
    fn matrix(&self, scores: &ScoreMatrix, hop_secs: f64) -> Matrix {
        let mut side = 1;
        while scores.rows.div_ceil(side) * scores.columns.div_ceil(side) > REPORTED_CELLS {
            side += 1;
        }
        let (rows, cols) = (scores.rows.div_ceil(side), scores.columns.div_ceil(side));
        let mut best = vec![f32::NEG_INFINITY; rows * cols];
        for (row, logits) in scores.logits.chunks_exact(scores.columns).enumerate() {
            for (column, &logit) in logits.iter().enumerate() {
                let cell = &mut best[row / side * cols + column / side];
                *cell = cell.max(logit);
            }
        }
        let scores = best
            .into_iter()
            .map(|logit| round(f64::from(self.model.calibration().score(logit)), 4))
            .collect();
        Matrix {
            rows,
            cols,
            hop_secs: hop_secs * side as f64,
            scores,
        }
    }
}

fn matched_passage(passage: &Passage) -> MatchedPassage {
    let alignment = &passage.alignment;
    MatchedPassage {
        left_start_secs: round(alignment.left_secs.0, 2),
        left_end_secs: round(alignment.left_secs.1, 2),
        right_start_secs: round(alignment.right_secs.0, 2),
        right_end_secs: round(alignment.right_secs.1, 2),
        score: round(f64::from(passage.score), 4),
        speed_ratio: round(1.0 / alignment.slope(), 3),
        pitch_shift_semitones: round(alignment.semitones, 1),
    }
}

fn mirror_passage(passage: &mut MatchedPassage) {
    std::mem::swap(&mut passage.left_start_secs, &mut passage.right_start_secs);
    std::mem::swap(&mut passage.left_end_secs, &mut passage.right_end_secs);
    passage.speed_ratio = round(1.0 / passage.speed_ratio, 3);
    passage.pitch_shift_semitones = round(-passage.pitch_shift_semitones, 1);
}

fn transposed(matrix: &Matrix) -> Matrix {
    let scores = (0..matrix.cols)
        .flat_map(|col| (0..matrix.rows).map(move |row| matrix.scores[row * matrix.cols + col]))
        .collect();
    Matrix {
        rows: matrix.cols,
        cols: matrix.rows,
        hop_secs: matrix.hop_secs,
        scores,
    }
}

/// Whether a song comes first in a fixed order: shorter ones do, then it goes by content. By all of it, because recordings that differ only where no segment
/// reaches, at their ends, have the same embeddings.
fn precedes(one: &Song, other: &Song) -> bool {
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
    content(one) < content(other)
}

fn summary(song: &Song, spans_secs: Vec<(f64, f64)>) -> SongSummary {
    SongSummary {
        name: song.name.clone(),
        duration_secs: round(song.duration_secs, 3),
        coverage: round(covered_share((0.0, song.duration_secs), spans_secs), 4),
        left_out_share: round(song.segments.blank_share(), 4),
    }
}

/// Rounded; a zero has no sign, which would show.
fn round(value: f64, digits: i32) -> f64 {
    let scale = 10.0_f64.powi(digits);
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::encoder::model::SHIPPED_WEIGHTS;

    #[test]
    fn a_rounded_zero_has_no_sign() {
        assert_eq!(round(-0.04, 1).to_bits(), 0.0_f64.to_bits());
        assert_eq!((round(-0.06, 1), round(1.25, 1)), (-0.1, 1.3));
    }

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

    #[test]
    fn a_large_matrix_is_reported_coarser_by_its_best_cells() {
        let checker = Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu");
        let matrix = |rows: usize, columns: usize| {
            let mut logits = vec![-20.0; rows * columns];
            logits[rows * columns - 2] = 20.0;
            let scores = ScoreMatrix {
                rows,
                columns,
                logits,
            };
            checker.matrix(&scores, 0.75)
        };
        // Two songs of 11 minutes are reported cell by cell.
        let whole = matrix(900, 1_000);
        assert_eq!((whole.rows, whole.cols, whole.hop_secs), (900, 1_000, 0.75));
        let coarse = matrix(1_500, 1_000);
        assert_eq!((coarse.rows, coarse.cols, coarse.hop_secs), (750, 500, 1.5));
        let best = coarse.scores.iter().position(|&score| score > 0.5);
        assert_eq!(best, Some(750 * 500 - 1));
        assert_eq!(
            coarse.scores.iter().filter(|&&score| score > 0.5).count(),
            1
        );
    }
}
