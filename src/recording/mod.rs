//! The analyser of recordings: finds the same recording again, also if it was changed.
//!
//! Its door is [`Analysis`], [`analyse`] and [`compare`]. Inside, [`segments`] that are not
//! [`blank`] go through the [`encoder`]. All pairs of embeddings are scored ([`score_matrix`]),
//! logits become [`evidence`], and a [`search`] finds lines of evidence, each a [`run`]. The
//! [`whitened`] spectrograms are [correlated](correlate) to [`refine`] each run to its exact place,
//! speed and pitch, and to [`follow`] a copy that was cut. Both kinds of evidence give a
//! [`passage`] its [`certainty`]. Spectral [`peaks`] find passages in a [`mixture`] with other
//! music, too, and some that play [`backwards`]. Without their [`contested`] ends, all [`passages`]
//! that are [`distinct`] decide the [`score`]. The pieces of a [`drift`] are one passage. Two short
//! songs without a passage are compared as [`clips`].

mod alignment;
mod analysis;
mod backwards;
mod blank;
mod certainty;
pub mod clips;
mod contested;
mod correlate;
mod distinct;
mod drift;
mod edits;
pub mod encoder;
mod evidence;
mod follow;
mod mixture;
pub mod passage;
mod passages;
pub mod peaks;
mod refine;
mod run;
mod score;
pub mod score_matrix;
mod search;
pub mod segments;
pub mod whitened;

pub use analysis::{Analysis, Findings, analyse, compare};
