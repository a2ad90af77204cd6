//! Straight maps, lines through a matrix, and spans.

pub mod lines;
pub mod spans;
pub mod time_map;
