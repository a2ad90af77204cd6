//! Audio files, weights and progress bars for native programs around Soundalike.

pub mod audio_file;
pub mod progress;
pub mod wav;
pub mod weights;
