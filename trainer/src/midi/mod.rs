//! MIDI files, and what random ensembles play of them.

pub mod arrangement;
pub mod score;
