//! MIDI files as audio: their notes, random ensembles that play them, and the synthesis.

pub mod arrangement;
pub mod sequence;
pub mod synthesis;
