//! The steps of `cargo xtask check` that are more than one call of a program.

pub mod browser_tests;
pub mod documents;
pub mod examples;
pub mod sizes;
mod widths;
