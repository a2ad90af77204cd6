//! The tables that the trainer reads: pairs with their recipes, and the metadata of the FMA.
//!
//! They may come from strangers, so the targets in `fuzz/` call these readers with random bytes.
//! That is why they are a crate of their own: it builds in seconds, the trainer with burn in
//! minutes.

pub mod fma;
pub mod pair_table;
pub mod recipe;
