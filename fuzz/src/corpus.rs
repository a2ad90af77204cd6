//! Of the trainer's `corpus`, what reads.

#[path = "../../trainer/src/corpus/fma.rs"]
pub mod fma;
#[path = "../../trainer/src/corpus/pair_table.rs"]
pub mod pair_table;
