//! Checks of `cargo xtask check` that are neither tests nor other programs.

pub mod documents;
pub mod sizes;
mod widths;
