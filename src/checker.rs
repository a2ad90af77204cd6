//! The pipeline: audio to songs, two songs to a report. It runs the analysers and puts their
//! findings into a report; the only module that knows all others.

use crate::audio::gain::amplify_if_quiet;
use crate::audio::stream::SampleStream;
use crate::audio::waveform::Waveform;
use crate::composition;
use crate::config::{CANCELLING_RATIO, DECODE_RATE_HZ, FeatureConfig, MAX_SONG_SECS};
use crate::error::{Error, Result};
use crate::recording;
use crate::recording::encoder::model::Model;
use crate::recording::peaks::peak_map::PeakMap;
use crate::report::build::report;
use crate::report::{Limits, Report};
use crate::song::{PreparedSong, Song};
use crate::spectrum::log_mel::LogMelPlan;
use crate::spectrum::low_bands::limit_low_bands;

/// Compares songs with one model on one backend.
#[derive(Debug)]
pub struct Checker {
    model: Model,
    backend: &'static str,
}

/// Stages of the pipeline, for progress.
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

/// Limits of the input.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        decode_rate_hz: DECODE_RATE_HZ,
        cancelling_ratio: CANCELLING_RATIO,
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

    /// Prepares a song for comparison. `progress` is told the stage and the fraction of it that is
    /// done.
    ///
    /// # Errors
    ///
    /// [`Error::TooShort`], [`Error::TooLong`] or [`Error::Silent`] by the content of the song;
    /// [`Error::BackendUnavailable`] if the device fails.
    pub async fn analyse(
        &self,
        name: &str,
        waveform: Waveform,
        progress: impl FnMut(Stage, f32),
    ) -> Result<Song> {
        // Before resampling, which is costly.
        check_duration(name, waveform.duration_secs())?;
        let samples = waveform.samples();
        let mut stream = self.stream(name, waveform.sample_rate_hz(), samples.len())?;
        stream.append(samples)?;
        drop(waveform);
        self.analyse_stream(stream, progress).await
    }

    /// Begins a song that comes in parts, for [`Checker::analyse_stream`]. `expected_samples` is
    /// the number of samples to come, as far as it is known.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`] if audio can't have this sample rate.
    pub fn stream(
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
    /// Those of [`Checker::analyse`]; [`Error::NoAudio`] if no sample came.
    pub async fn analyse_stream(
        &self,
        samples: SampleStream,
        mut progress: impl FnMut(Stage, f32),
    ) -> Result<Song> {
        let config = &self.model.info().features;
        let name = samples.name().to_owned();
        let duration_secs = samples.duration_secs();
        progress(Stage::Features, 0.0);
        let mut samples = samples.finish()?;
        check_duration(&name, duration_secs)?;
        amplify_if_quiet(&mut samples);
        let mut mel = LogMelPlan::new(config)
            .mel_power(&samples, |fraction| progress(Stage::Features, fraction));
        limit_low_bands(&mut mel, config);
        let peaks = PeakMap::new(&samples, config);
        let composition = composition::analyse(&samples, config);
        drop(samples);
        let encode = |fraction| progress(Stage::Encode, fraction);
        let recording =
            recording::analyse(&self.model, &name, duration_secs, mel, peaks, encode).await?;
        let composition = composition.retaining(|secs| recording.segments.has_music_at(secs));
        Ok(Song {
            name,
            recording,
            composition,
        })
    }

    /// Compares two songs. The report of `(b, a)` mirrors that of `(a, b)`.
    #[must_use]
    pub fn compare(&self, left: &Song, right: &Song, progress: impl FnMut(Stage, f32)) -> Report {
        self.compare_prepared([&left.into(), &right.into()], progress)
    }

    /// [`Checker::compare`] with the same report, for songs that are compared more than once.
    #[must_use]
    pub fn compare_prepared(
        &self,
        [left, right]: [&PreparedSong<'_>; 2],
        mut progress: impl FnMut(Stage, f32),
    ) -> Report {
        // Rows and columns of the matrix aren't treated exactly alike. So that reports mirror each
        // other, the songs are compared in an order of their content.
        let songs = [&left.recording, &right.recording];
        let swapped = right.song.recording.precedes(&left.song.recording);
        let ordered = if swapped { [songs[1], songs[0]] } else { songs };
        let findings = recording::compare(&self.model, ordered, |fraction| {
            progress(Stage::Match, fraction);
        });
        let songs = [&left.song.composition, &right.song.composition];
        let ordered = if swapped { [songs[1], songs[0]] } else { songs };
        let copies = findings.passages.iter().map(|passage| {
            let alignment = &passage.alignment;
            (alignment.left_secs, alignment.right_secs())
        });
        let composition = composition::compare(ordered, &copies.collect::<Vec<_>>());
        progress(Stage::Match, 1.0);
        report(
            (&findings, &composition),
            [left.song, right.song],
            swapped,
            (&self.model, self.backend),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::encoder::model::SHIPPED_WEIGHTS;
    use crate::report::build::mirror_passage;

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
            songs[1].recording.embeddings = songs[0].recording.embeddings.clone();
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
