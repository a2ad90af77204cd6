//! The files that are published: the npm package, with what its licences require.

pub mod notices;
pub mod package;
