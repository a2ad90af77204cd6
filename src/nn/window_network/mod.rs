//! The window network: eight seconds of pitch salience to a map of learned channels over the twelve
//! pitch classes, which a transposition rolls.

#[cfg(feature = "burn")]
pub mod burn;
pub mod config;
pub mod cpu;
pub mod input;
