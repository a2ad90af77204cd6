//! The commands, a file each.

pub mod bench;
pub mod check;
pub mod pack;
pub mod serve;
pub mod web;
