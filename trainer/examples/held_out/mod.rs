//! What the examples that make examinations share.

pub mod modification;
pub mod overlays;
pub mod places;
pub mod rendition;
pub mod sound;
pub mod tools;
pub mod tracks;
