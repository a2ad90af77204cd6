//! The files that visitors and users of the npm package get, and a server for them on this machine.

mod comments;
pub mod notices;
pub mod package;
pub mod server;
pub mod site;
pub mod style;
