//! Does one song copy another, where, and how was it changed?
//!
//! ```
//! use soundalike::{Checker, Model, Waveform};
//!
//! # pollster::block_on(async {
//! let model = Model::on_cpu(soundalike::SHIPPED_WEIGHTS)?;
//! let checker = Checker::new(model, "cpu");
//!
//! # let sample = |n: i32| (n as f32 * 0.1).sin() * (n as f32 * 1e-4).cos();
//! # let samples: Vec<f32> = (0..5 * 22_050).map(sample).collect();
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
//! | Spectral peaks | `recording::peaks` | levels of `spectrum::log_bands` | 45 a second |
//! | Segments | `recording::segments`, `blank` | mel power | `[segments]`: 3 s, blank or not |
//! | Whitened spectrogram | `recording::refinement::whitened` | mel power | `[frames / 4, 88]` |
//! | Encoder | `recording::encoder` | log-mel | embeddings `[segments, 128]` |
//! | Score matrix | `recording::runs::score_matrix` | embeddings | logits `[left, right]` |
//! | Evidence | `recording::runs::evidence` | logits | evidence, of the same shape |
//! | Runs | `recording::runs::search`, `geometry::lines` | evidence | lines of matching segments |
//! | Refinement | `recording::refinement::refine` | a line, spectrograms | times, speed and pitch |
//! | Cuts | `recording::assembly` | passages, spectrograms | exact parts of a cut copy |
//! | Lines of peaks | `recording::peaks`, `mixture` | two songs' peaks | passages under music |
//! | Faint passages | `recording::correlogram` | spectrograms, peaks | passages under music |
//! | Passages | `recording::passages` | lines of both kinds | passages: certainty and shares |
//! | Clips | `recording::clips` | songs below 7 s without a passage | best alignment, its score |
//! | Score | `recording::score` | passages or clips | 0..1 |
//! | Pitches | `composition::pitch_levels`, `salience` | samples | `[frames, 88]`, 93 ms apart |
//! | Harmony, melody | `composition::channels` | pitches | levels `[frames, 12]`, 0.46 s apart |
//! | Settings | `composition::search`, `qmax` | two songs' channels | transposition, speed |
//! | Composition | `composition::passages`, `score` | channels in a setting | passages, 0..1 |
//! | Report | `report` | passages, score, matrix | the answer as plain data |
//! | Query of a catalogue | `lookup` | embeddings | the same in int8, as bytes |
//!
//! `recording` is an analyser: a song goes in by `recording::analyse`, two analyses by
//! `recording::compare`. `composition` is another one, with the same interface. Every line that
//! maps one recording to the other is a `geometry::time_map::TimeMap`: in segments for a run, in
//! spectrogram columns while it is refined, in frames for a line of peaks, in seconds in a passage.
//! A copy whose speed drifts has knots besides, and a passage of a composition only its two spans.
//! The report has plain start and end times.
//!
//! # Numeric conventions
//!
//! They are librosa's, so that anyone can check them. The numbers of the features are in
//! [`FeatureConfig`].
//!
//! | Quantity | Convention |
//! |---|---|
//! | Sample | mono `f32`, nominally -1..1 |
//! | Frame | a column of the STFT: 2,048 samples every 512, periodic Hann window, centred, padded |
//! | Frame of the peaks | the same with 4,096 samples, every 1,024 samples |
//! | Mel band | 128 bands on Slaney's scale from 0 to 11,025 Hz, of unit area |
//! | Level | `10 log10(max(power, 1e-10))` dB, relative to a segment or a song, at least -80 dB |
//! | Encoder input | `(dB + 40) / 20` |
//! | Segment | 3.0 s, 130 frames |
//! | Embedding | unit length |
//! | Peak | its frame, and its pitch in eighths of a semitone above 110 Hz |
//! | Score | 0..1: 1 for a song with itself; 0.5 separates copies from other music best |
//!
//! On the CPU, the same samples at the model's rate give the same bits on x86-64 natively and in a
//! browser: spectrogram, peaks, embeddings, blank segments, whitened spectrograms, report.
//! Additions, multiplications, divisions and square roots are exact by IEEE 754 and are made in one
//! order, also in the Fourier transform, none of them fused. Elementary functions come from the
//! crate `libm` everywhere. Resampling comes before: its transforms depend on the processor, so
//! that its last bits differ. So do those of WebGPU. On ARM the bits have not been compared.

// Functions that don't exist in a browser, or behave differently there, must not be reached.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod audio;
mod checker;
mod composition;
mod config;
mod error;
mod geometry;
pub mod lookup;
mod nn;
mod recording;
pub mod report;
mod song;
mod spectrum;
#[cfg(test)]
mod test_sound;
pub mod training;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use audio::stream::SampleStream;
pub use audio::waveform::Waveform;
pub use checker::{Checker, Stage};
pub use config::{FeatureConfig, MAX_SONG_SECS};
pub use error::{Error, Result};
pub use recording::encoder::model::{Model, SHIPPED_WEIGHTS};
pub use report::Report;
pub use song::{PreparedSong, Song};
