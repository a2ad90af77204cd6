//! Tracks, their splits, and the passages that pairs compare.

pub mod manifest;
pub mod repeats;
pub mod split_table;
pub mod tracks;

pub(crate) mod passage_starts;
pub(crate) mod passages;
