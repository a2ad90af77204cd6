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
//! The modules are the pipeline, in this order:
//! [`audio`], whole or as a [`recording`] in parts, by [`resampling`] (mono, 22,050 Hz) → [`spectrogram`] over [`mel`] bands → [`segment`]s of 3 s → [`encoder`], computed by its [`forward`] pass or in burn → [`model`] with its [`head`] → [`score_matrix`] → [`evidence`] → [`line_search`] and [`matching`] → [`refinement`] by [`course`]s through the [`profile`] to an [`alignment`] → [`passages`] → [`song_score`], of what is too short for passages [`clip_score`] by the [`agreement`] of their profiles → [`report`],
//! all held together by the [`checker`].
//!
//! # Numeric conventions
//!
//! They are librosa's, so that anyone can check them. Samples are mono `f32`, nominally -1..1. A frame is one column of the STFT: 2,048 samples under a periodic Hann window, every
//! 512 samples, centred, with zeros beyond the ends. Mel bands are 128 on Slaney's scale from 0 to 11,025 Hz, of unit area. Power becomes `10 log10(max(x, 1e-10))` dB relative to
//! the maximum of a segment or to the level of a song, never below -80 dB, then `(dB + 40) / 20`. A segment is 3.0 s, 130 frames. An embedding has unit length. A score is 0..1: 1
//! for a song with itself, 0.5 where copies and other music divide best. All numbers live in [`FeatureConfig`].
//!
//! On the CPU, the same samples at the model's rate give the same bits on x86-64 natively and in a browser: spectrogram, embeddings, blank segments, profiles, report. Additions,
//! multiplications, divisions and square roots are exact by IEEE 754 and are made in one order, [the Fourier transform](power_spectrum)'s too, none of them fused;
//! elementary functions come
//! from the crate `libm` everywhere. Resampling comes before: its transforms suit the processor, and its last bits differ. So do those of WebGPU. Natively on ARM, nobody has compared them.

// What has no meaning in a browser, or another one there, must not be reached.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

pub mod agreement;
pub mod alignment;
pub mod audio;
pub mod blank;
pub mod checker;
pub mod clip_score;
pub mod config;
pub mod course;
#[cfg(feature = "burn")]
pub mod device_pass;
pub mod encoder;
pub mod error;
pub mod evidence;
pub mod forward;
pub mod golden;
pub mod head;
pub mod lanes;
pub mod line_search;
pub mod matching;
pub mod mel;
pub mod model;
#[cfg(feature = "burn")]
pub mod network;
pub mod passages;
pub mod power_spectrum;
pub mod profile;
pub mod recording;
pub mod refinement;
pub mod report;
pub mod resampling;
pub mod score_matrix;
pub mod segment;
pub mod song;
mod song_bytes;
pub mod song_score;
pub mod spectrogram;
pub mod training;
#[cfg(target_arch = "wasm32")]
mod wasm;
pub mod weights_file;

pub use audio::Waveform;
pub use checker::{Checker, Stage, limits};
pub use config::{FeatureConfig, MAX_SONG_SECS};
pub use error::{Error, Result};
pub use model::{Model, SHIPPED_WEIGHTS};
pub use recording::Recording;
pub use report::{Limits, MatchedPassage, Matrix, ModelSummary, Report, SongSummary, Verdict};
pub use song::Song;
pub use spectrogram::{LogMelPlan, LogMelSpectrogram};
