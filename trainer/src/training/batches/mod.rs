//! Batches of passages and their copies: the music in memory, its spectra, the changes, the thread.

pub mod augment;
pub mod batch;
pub mod spectral_bank;
pub mod training_tracks;
mod views;
