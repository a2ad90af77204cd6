//! What every native program around Soundalike needs: audio files in and out, weights, progress bars.

pub mod audio_file;
pub mod progress;
pub mod wav;
pub mod weights;
