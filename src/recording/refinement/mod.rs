//! The exact place, speed and pitch of a run, an [`alignment`]: [`whitened`] spectrograms are
//! [correlated](correlate) to [`refine`] it, and to [`follow`] a copy that was cut.

pub mod alignment;
pub mod correlate;
pub mod follow;
pub mod refine;
pub mod whitened;
