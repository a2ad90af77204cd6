//! Does one song copy another, where, and how was it changed?
//!
//! ```
//! use soundalike::{Checker, Model, Waveform};
//!
//! # pollster::block_on(async {
//! let model = Model::on_cpu(soundalike::SHIPPED_WEIGHTS)?;
//! let checker = Checker::new(model, "cpu");
//!
//! # let samples: Vec<f32> = (0..5 * 22_050).map(|n| (n as f32 * 0.1).sin() * (n as f32 * 1e-4).cos()).collect();
//! let waveform = Waveform::new("my song", samples, 22_050)?;
//! let song = checker.analyse("my song", waveform, |_stage, _fraction| ()).await?;
//! let report = checker.compare(&song, &song, |_stage, _fraction| ());
//! assert_eq!(report.score, 1.0);
//! # Ok::<_, soundalike::Error>(()) }).unwrap();
//! ```
//!
//! # The pipeline
//!
//! | Stage | Module | In | Out |
//! |---|---|---|---|
//! | Resampling | `audio` | mono samples at any rate | samples at 22,050 Hz |
//! | Spectrogram | `spectrum` | samples | mel power `[frames, 128]`, log-mel `[128, frames]` |
//! | Segments | `recording::segments`, `blank` | mel power | `[segments]`: 3 s every 0.74 s, blank or not |
//! | Whitened spectrogram | `recording::whitened` | mel power | `[frames / 4, 88]`, two bands a semitone |
//! | Encoder | `recording::encoder` | log-mel | embeddings `[segments, 128]` |
//! | Score matrix | `recording::score_matrix` | two songs' embeddings | logits `[left segments, right segments]` |
//! | Evidence | `recording::evidence` | logits | evidence, of the same shape |
//! | Runs | `recording::runs`, `geometry::lines` | evidence | lines of segments that match |
//! | Refinement | `recording::refine`, `correlate` | a line, two whitened spectrograms | exact times, speed and pitch |
//! | Passages | `recording::passages` | refined lines | passages with their certainty |
//! | Clips | `recording::clips` | two songs that are too short for passages | the best alignment and its score |
//! | Score | `recording::score` | passages or clips | 0..1 |
//! | Report | `report` | passages, score, matrix | what the user is told |
//!
//! # Numeric conventions
//!
//! They are librosa's, so that anyone can check them. Samples are mono `f32`, nominally -1..1. A frame is one column of the STFT: 2,048 samples under a periodic Hann window, every
//! 512 samples, centred, with zeros beyond the ends. Mel bands are 128 on Slaney's scale from 0 to 11,025 Hz, of unit area. Power becomes `10 log10(max(x, 1e-10))` dB relative to
//! the maximum of a segment or to the level of a song, never below -80 dB, then `(dB + 40) / 20`. A segment is 3.0 s, 130 frames. An embedding has unit length. A score is 0..1: 1
//! for a song with itself, 0.5 where copies and other music divide best. All numbers live in [`FeatureConfig`].
//!
//! On the CPU, the same samples at the model's rate give the same bits on x86-64 natively and in a browser: spectrogram, embeddings, blank segments, profiles, report. Additions,
//! multiplications, divisions and square roots are exact by IEEE 754 and are made in one order, the Fourier transform's too, none of them fused;
//! elementary functions come
//! from the crate `libm` everywhere. Resampling comes before: its transforms suit the processor, and its last bits differ. So do those of WebGPU. Natively on ARM, nobody has compared them.

// What has no meaning in a browser, or another one there, must not be reached.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod audio;
mod checker;
mod config;
mod error;
mod geometry;
mod golden;
mod nn;
mod recording;
mod report;
mod song;
mod spectrum;
#[cfg(test)]
mod test_sound;
pub mod training;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use audio::stream::SampleStream;
pub use audio::waveform::Waveform;
pub use checker::{Checker, Stage, limits};
pub use config::{FeatureConfig, MAX_SONG_SECS};
pub use error::{Error, Result};
pub use recording::encoder::model::{Model, SHIPPED_WEIGHTS};
pub use report::{Limits, MatchedPassage, Matrix, ModelSummary, Report, SongSummary, Verdict};
pub use song::Song;
pub use spectrum::log_mel::{LogMelPlan, LogMelSpectrogram};
