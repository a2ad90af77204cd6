//! Sounds that the changes need: drum patterns, and other pitches, tempos and speeds.

pub mod drums;
pub mod resample;
pub mod stretch;
