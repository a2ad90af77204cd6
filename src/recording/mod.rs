//! The analyser of recordings: finds the same recording again, also if it was changed.
//!
//! Its door is [`Analysis`], [`analyse`] and [`compare`]. Inside, [`segments`] that are not
//! [`blank`] go through the [`encoder`]. All pairs of embeddings are scored ([`score_matrix`]),
//! logits become [`evidence`], and lines of evidence become [`runs`]. The [`whitened`] spectrograms
//! are [correlated](correlate) to [`refine`] each run to its exact place, speed and pitch. Both
//! kinds of evidence give a passage its [`certainty`]. The [`passages`] decide the [`score`]; songs
//! that are too short for passages are compared as [`clips`].

pub mod alignment;
pub mod analysis;
pub mod blank;
pub mod certainty;
pub mod clips;
pub mod correlate;
pub mod encoder;
pub mod evidence;
pub mod passages;
pub mod refine;
pub mod runs;
pub mod score;
pub mod score_matrix;
pub mod segments;
pub mod whitened;

pub use analysis::{Analysis, analyse, compare};
