//! Clips, which are too short for passages: aligned by exhaustive cross-correlation, then scored.

pub mod align;
pub mod score;
