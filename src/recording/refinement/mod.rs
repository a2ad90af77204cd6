//! The exact place, speed and pitch of a run, an [`alignment`]: [`whitened`] spectrograms are
//! [correlated](correlate) to [`refine`] it. Where one song lacks all low sound, they are those of
//! the [`common_bands`]. Where other sound may drown what is compared, they are [`equalised`].

pub mod alignment;
pub mod common_bands;
pub mod correlate;
pub mod equalised;
pub mod refine;
pub mod whitened;
