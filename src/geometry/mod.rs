//! Lines through a matrix.

pub mod lines;
