//! Lines through a matrix, and spans.

pub mod lines;
pub mod spans;
