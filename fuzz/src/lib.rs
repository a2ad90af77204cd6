//! One function for each input that may come from strangers. It takes any bytes, and panics only on
//! a bug of the product.
//!
//! `cargo fuzz run TARGET` calls them with the bytes of libFuzzer, `cargo test
//! --no-default-features` with those under `seeds/`.

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

/// All targets, by name.
pub const TARGETS: [(&str, fn(&[u8])); 7] = [
    ("fma_metadata", fma_metadata),
    ("pair_table", pair_table),
    ("report", report),
    ("samples", samples),
    ("song_bytes", song_bytes),
    ("sound_file", sound_file),
    ("weights", weights),
];
