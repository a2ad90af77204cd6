//! Tracks, their splits, and the passages that pairs compare.

pub mod manifest;
pub mod pop909;
pub mod repeats;
pub mod songs;
pub mod split_table;
pub mod tracks;
pub mod true_passage;

pub(crate) mod passage_starts;
pub(crate) mod passages;
