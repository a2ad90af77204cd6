//! Tracks, their splits, tables of pairs, and the passages that the pairs compare.

pub mod fma;
pub mod manifest;
pub mod pair_table;
pub mod tracks;

pub(crate) mod passage_starts;
pub(crate) mod passages;
pub(crate) mod repeats;
