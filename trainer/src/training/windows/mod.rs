//! Training of the window network of compositions, on notes alone: no audio is rendered.

pub mod batch;
pub mod learner;
pub mod network;
pub mod roll;
pub mod run_folder;
pub mod validation;
