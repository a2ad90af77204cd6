//! Scores as audio: MIDI files, ensembles and accompaniments that are drawn at random, and the
//! synthesis.

pub mod accompaniment;
pub mod arrangement;
pub mod chord;
pub mod parts;
pub mod sequence;
pub mod synthesis;
pub mod version;
pub mod work;
