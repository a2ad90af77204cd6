//! Two clips between which no line was found: aligned by exhaustive cross-correlation, then scored.
//! A copy whose place is certain gets a passage.

pub mod align;
pub mod compare;
pub mod peaks;
pub mod score;
