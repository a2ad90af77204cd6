//! The exact place, speed and pitch of a run, an [`alignment`]: [`whitened`] spectrograms are
//! [correlated](correlate) to [`refine`] it.

pub mod alignment;
pub mod correlate;
pub mod refine;
pub mod whitened;
