//! The analyser of recordings: finds the same recording again, also if it was changed.
//!
//! Its interface is [`Analysis`], [`analyse`] and [`compare`]. Inside, [`segments`] that are not
//! [`blank`] go through the [`encoder`]. All pairs of embeddings are scored, and a search finds
//! [`runs`] of evidence. Their [`refinement`] gives each run its exact place, speed and pitch. Both
//! kinds of evidence give a [`passage`] its [`certainty`]. Spectral [`peaks`] find passages in a
//! [`mixture`] with other music, too, and some that play [`backwards`]. An [`assembly`] finds the
//! exact parts of a copy that was cut, on these lines and beside them. Without their [`contested`]
//! ends, all [`passages`] that are [`distinct`] decide the [`score`]. The pieces of a [`drift`] are
//! one passage. Two short songs without a passage are compared as [`clips`].

mod analysis;
mod assembly;
mod backwards;
mod blank;
mod certainty;
pub mod clips;
mod compare;
mod contested;
mod correlogram;
mod distinct;
mod drift;
mod edits;
pub mod encoder;
mod mixture;
pub mod passage;
mod passages;
pub mod peaks;
pub mod refinement;
pub mod runs;
mod score;
pub mod segments;

pub use analysis::{Analysis, analyse};
pub use compare::{Findings, Prepared, compare};
pub use correlogram::candidates as correlogram_candidates;
pub use mixture::faint_lines;
pub use peaks::prepared::Computed;
