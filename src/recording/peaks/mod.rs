//! Spectral peaks: evidence that other music on top does not hide.
//!
//! An embedding describes all that sounds in three seconds, and so does the correlation of dB
//! values. Where a song is mixed with other music, both fail. But where the song is the louder one,
//! its spectral peaks stand in the mixture unchanged. The evidence of single peaks is added up over
//! time.
//!
//! 1. [`peak_map`]: the tonal peaks of each song, some 45 a second.
//!    Where one song lacks all low sound, both have those of their [`common_range`] alone.
//! 2. [`triples`] of peaks find where stretches of two songs may be the same, at any pitch and
//!    speed. What these and the next steps need of one song alone is computed [once](prepared).
//! 3. [`candidates`]: each block of 4 s of one song votes for places in the other.
//! 4. [`raster`]: the evidence of a line is the sum over its peaks. A peak that meets one of the
//!    other song counts by how unlikely that is by chance at its place.
//! 5. [`peak_pair`]: each candidate grows to a [line](peak_line) over the stretch with the greatest
//!    evidence.
//! 6. [`path`]: the places of a copy whose speed drifts, one short window after the other.
//! 7. [`significance`]: how many lines of such evidence two unrelated songs have, and how many
//!    these two, by their evidence [`elsewhere`].
//!
//! Among the songs of a catalogue, [`landmarks`] find those that are worth this comparison.

pub mod candidates;
pub mod common_range;
mod elsewhere;
pub mod landmarks;
pub mod path;
pub mod peak_line;
pub mod peak_map;
pub mod peak_pair;
pub mod prepared;
mod raster;
pub mod significance;
mod triples;
