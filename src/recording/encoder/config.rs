//! The shape of the convolutional encoder, which is applied to both songs: log-mel frames to
//! feature frames, feature frames to embeddings.
//!
//! The network is fully convolutional in time. A whole song passes through the convolutions once.
//! The embedding of each segment then pools the feature frames of that segment, so that a 3-second
//! clip is simply the shortest song.

use serde::{Deserialize, Serialize};

/// Frames of a feature frame of the encoder: four convolutions of stride 2.
pub const FRAMES_PER_FEATURE_FRAME: usize = 16;

/// A feature frame depends on the frames of this many feature frames on each side: the receptive
/// field is 65 frames.
pub const CONTEXT_FEATURE_FRAMES: usize = 2;

/// Feature frames between the starts of two segments: 0.74 s. Passages are found to about 0.4 s
/// then. A hop of one feature frame would make the score matrix four times as large.
pub const SEGMENT_HOP_FEATURE_FRAMES: usize = 2;

/// The shape of the network. It is part of the weights file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Output channels of the first five convolutions: a 5x5 and three 3x3 of stride 2, then a 3x3
    /// of stride 1.
    pub channels: [usize; 5],
    /// Output channels of the last convolution, a 1x1. They are pooled for the embeddings.
    pub reduced_channels: usize,
    /// Length of an embedding.
    pub embedding: usize,
    /// Share of pooled values that training drops. Inference drops none.
    pub dropout: f64,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self {
            channels: [16, 32, 64, 96, 128],
            reduced_channels: 64,
            embedding: 128,
            dropout: 0.0,
        }
    }
}

impl EncoderConfig {
    /// Batch norm adds it to the variance. burn's default.
    pub const BATCH_NORM_EPSILON: f32 = 1e-5;

    /// The convolutions in order: input channels, output channels, side of the kernel, stride. The
    /// padding is half the kernel.
    #[must_use]
    pub fn layers(&self) -> [[usize; 4]; 6] {
        let [c1, c2, c3, c4, c5] = self.channels;
        [
            [1, c1, 5, 2],
            [c1, c2, 3, 2],
            [c2, c3, 3, 2],
            [c3, c4, 3, 2],
            [c4, c5, 3, 1],
            [c5, self.reduced_channels, 1, 1],
        ]
    }

    /// Rows of a feature frame, for frames of `mel_bands` bands.
    #[must_use]
    pub fn feature_rows(&self, mel_bands: usize) -> usize {
        let strides = self.layers().map(|[_, _, _, stride]| stride);
        strides.into_iter().fold(mel_bands, usize::div_ceil)
    }
}

/// Number of feature frames of `frames` frames.
#[must_use]
pub fn feature_frames(frames: usize) -> usize {
    frames.div_ceil(FRAMES_PER_FEATURE_FRAME)
}
