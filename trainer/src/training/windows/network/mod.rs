//! The window network: eight seconds of pitch salience to a map of learned channels over the twelve
//! pitch classes, which a transposition rolls. No analyser uses it.

pub mod config;
mod forward;
pub mod input;

pub use forward::{WindowNetwork, similarities};
