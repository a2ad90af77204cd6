//! Sound files to samples: Symphonia, with what it lacks and creators have.
//!
//! Native programs decode every file with it (feature `all`). In the browser it is a WebAssembly
//! module of its own, without the formats that browsers decode. The page loads it when the
//! browser's decoder has refused a file.
//!
//! Out of videos that neither Symphonia nor browsers open, the sound is taken as a sound file.
//!
//! Samples are `f32`, full scale is -1.0 to 1.0. Channels have the order of WAV files: left, right,
//! centre, low frequencies, rear, side.

mod boxes;
mod codecs;
#[cfg(feature = "all")]
mod decoders;
mod edit_list;
mod elementary;
mod file;
#[cfg(feature = "all")]
mod foreign;
mod free_format;
mod headers;
#[cfg(feature = "all")]
mod matroska;
mod plain;
mod refusal;
mod tracks;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use file::{Part, SoundFile};
pub use refusal::Refusal;
pub use symphonia::core::io::MediaSource;
