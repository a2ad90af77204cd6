//! Small neural networks on the CPU: matrix products, convolutions and their tensors.

pub mod columns;
pub mod convolution;
pub mod packed_matrix;
pub mod tensors;
mod winograd;
