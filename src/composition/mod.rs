//! The analyser of compositions: finds the same melody and harmony again, whoever plays them.
//!
//! Its interface is [`Analysis`], [`analyse`] and [`compare`]. Inside, [`pitch_levels`] become the
//! [`salience`] of pitches, and two [`channels`] are kept, harmony and melody. As [`frames`] of two
//! songs, read at several speeds and in twelve transpositions, they are compared
//! ([`correlations`]), and paths ([`qmax`]) through the moments that resemble each other
//! ([`recurrence`]) tell the best setting ([`search`]) and the [`passages`]. All of it decides the
//! [`score`].

mod analysis;
pub mod channels;
mod correlations;
mod frames;
mod passages;
pub mod pitch_levels;
mod qmax;
mod recurrence;
pub mod salience;
mod score;
mod search;

pub use analysis::{Analysis, Findings, Passage, analyse, compare, features};
