//! From tables of pairs to weights: batches, network, loss, optimiser, checkpoints, validation.

pub mod ablation;
pub mod batches;
pub mod calibrate;
pub mod clip_and_context;
pub mod device;
pub mod encoder_pass;
pub mod learner;
#[cfg(feature = "tch")]
pub mod libtorch;
pub mod loss;
pub mod run_files;
pub mod run_folder;
pub mod train_config;
pub mod validation;
pub mod windows;
