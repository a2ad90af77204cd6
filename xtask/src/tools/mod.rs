//! The tools of the commands. Each is searched for, and installed if possible; otherwise the error
//! names in one line what to install.

pub mod cargo_tools;
pub mod node;
pub mod object_store;
pub mod rust;
pub mod system;
