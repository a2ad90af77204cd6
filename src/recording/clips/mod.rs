//! Two clips without a passage: aligned by exhaustive cross-correlation, then scored.

pub mod align;
pub mod score;
