//! One function for each input that may come from strangers. It takes any bytes, and panics only on
//! a bug of the product.
//!
//! `cargo fuzz run --features libfuzzer TARGET` calls them with the bytes of libFuzzer, and
//! `cargo test` with those under `seeds/`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic is a finding"
)]

mod engine;
mod files;
mod songs;
mod sound;
mod tables;
mod weights;

pub use files::sound_file;
pub use songs::{report, song_bytes};
pub use sound::samples;
pub use tables::{fma_metadata, pair_table};
pub use weights::weights;

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 7] = [
    ("fma_metadata", fma_metadata),
    ("pair_table", pair_table),
    ("report", report),
    ("samples", samples),
    ("song_bytes", song_bytes),
    ("sound_file", sound_file),
    ("weights", weights),
];
