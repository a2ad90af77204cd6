//! Does one song copy another, where, and how was it changed?

pub mod audio;
pub mod config;
pub mod encoder;
pub mod error;
pub mod golden;
pub mod head;
pub mod mel;
pub mod model;
pub mod segment;
pub mod spectrogram;
pub mod weights_file;

pub use audio::Waveform;
pub use config::FeatureConfig;
pub use error::{Error, Result};
pub use model::Model;
pub use spectrogram::{LogMelPlan, LogMelSpectrogram};
