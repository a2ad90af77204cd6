//! Decoders of codecs that aren't in Symphonia, which reads the containers.

mod aac;
mod opus;

pub use aac::AacDecoder;
pub use opus::OpusDecoder;
