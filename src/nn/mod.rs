//! Small neural networks on the CPU: matrix products and convolutions.

pub mod columns;
pub mod convolution;
pub mod packed_matrix;
mod winograd;
