//! The Siamese network: configuration, weights file, forward passes on the CPU and in burn,
//! similarity head.

#[cfg(feature = "burn")]
pub mod burn;
pub mod calibration;
pub mod config;
pub mod cpu;
#[cfg(feature = "burn")]
mod device;
pub mod embeddings;
pub mod folded;
pub mod golden;
pub mod head;
pub mod model;
pub mod weights_file;
