//! The Siamese network: its shape, its weights, and its forward pass on the CPU and in burn.

#[cfg(feature = "burn")]
pub mod burn;
pub mod calibration;
pub mod config;
pub mod cpu;
#[cfg(feature = "burn")]
mod device;
pub mod folded;
pub mod head;
pub mod model;
pub mod weights_file;
