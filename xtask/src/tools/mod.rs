//! The tools that the commands call: found, got when this machine lets us, or named in one line
//! when it doesn't.

pub mod cargo_tools;
pub mod node;
pub mod rust;
pub mod system;
