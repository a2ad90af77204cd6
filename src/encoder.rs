//! The convolutional encoder that both songs go through: log-mel frames to feature frames, feature frames to embeddings.
//!
//! The network is fully convolutional in time. A whole song passes through the convolutions once; each segment's embedding
//! then pools the feature frames that lie under it, so that a 3-second clip is just the shortest song.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d,
};
use burn::tensor::activation::relu;
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::segment::{FRAMES_PER_FEATURE_FRAME, feature_frames};

/// The shape of the network. Weights carry it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// Channels after each of the five convolutions: 5x5 and three 3x3 of stride 2, then a 3x3 of stride 1.
    pub channels: [usize; 5],
    /// Channels after the closing 1x1 convolution; what an embedding pools.
    pub reduced_channels: usize,
    /// Length of an embedding.
    pub embedding: usize,
    /// Share of pooled values dropped in training; 0 in use.
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

/// Feature frames on each side of a feature frame that its value depends on: the receptive field is 65 frames, so two of 16.
pub const CONTEXT_FEATURE_FRAMES: usize = 2;

/// The encoder. Bias-free convolutions, each followed by batch norm and ReLU; mean and maximum over time; a linear layer with
/// batch norm; unit length.
#[derive(Module, Debug)]
pub struct Encoder {
    blocks: Vec<ConvBlock>,
    dropout: Dropout,
    projection: Linear,
    embedding_norm: BatchNorm,
}

#[derive(Module, Debug)]
struct ConvBlock {
    conv: Conv2d,
    norm: BatchNorm,
}

impl EncoderConfig {
    /// The convolutions in order: channels in, channels out, side of the kernel, stride. All pad by half their kernel.
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

    /// A freshly initialised encoder for frames of `features.mel_bands` bands.
    #[must_use]
    pub fn init(&self, features: &FeatureConfig, device: &Device) -> Encoder {
        let blocks = self
            .layers()
            .map(|[inputs, outputs, kernel, stride]| ConvBlock {
                conv: Conv2dConfig::new([inputs, outputs], [kernel, kernel])
                    .with_stride([stride, stride])
                    .with_padding(PaddingConfig2d::Explicit(
                        kernel / 2,
                        kernel / 2,
                        kernel / 2,
                        kernel / 2,
                    ))
                    .with_bias(false)
                    .init(device),
                norm: BatchNormConfig::new(outputs).init(device),
            })
            .into();
        let rows = features.mel_bands.div_ceil(FRAMES_PER_FEATURE_FRAME);
        Encoder {
            blocks,
            dropout: DropoutConfig::new(self.dropout).init(),
            projection: LinearConfig::new(2 * self.reduced_channels * rows, self.embedding)
                .init(device),
            embedding_norm: BatchNormConfig::new(self.embedding).init(device),
        }
    }
}

impl Encoder {
    /// Normalised log-mel frames `[batch, 1, mel_bands, frames]` to feature frames `[batch, channels, rows, frames / 16]`.
    ///
    /// With `valid_frames`, the input is longer than the song: columns from there on are kept at zero after every layer, as the
    /// convolutions' own padding is, so that the result equals that of the shorter input. It serves backends that want one shape.
    #[must_use]
    pub fn feature_frames(&self, frames: Tensor<4>, valid_frames: Option<usize>) -> Tensor<4> {
        let mut valid = valid_frames;
        let mut x = frames;
        for block in &self.blocks {
            x = relu(block.norm.forward(block.conv.forward(x)));
            valid = valid.map(|valid| valid.div_ceil(block.conv.stride[1]));
            if let Some(valid) = valid {
                x = with_columns_from_zeroed(x, valid);
            }
        }
        x // [batch, channels, rows, feature frames]
    }

    /// Feature frames of one song `[1, channels, rows, n]` to the embeddings of its segments `[segments, embedding]`, each of unit length.
    /// A segment pools `window` feature frames; segments start `hop` feature frames apart.
    #[must_use]
    pub fn embeddings(&self, features: Tensor<4>, window: usize, hop: usize) -> Tensor<2> {
        let (kernel, stride) = ([1, window], [1, hop]);
        let mean = avg_pool2d(
            features.clone(),
            AvgPoolOptions::new(kernel).with_stride(stride),
        );
        let max = max_pool2d(features, MaxPoolOptions::new(kernel).with_stride(stride));
        let [batch, channels, rows, segments] = mean.dims();
        let pooled = Tensor::cat(vec![mean, max], 1) // [batch, 2 channels, rows, segments]
            .permute([0, 3, 1, 2])
            .reshape([batch * segments, 2 * channels * rows]);
        let embedded = self
            .embedding_norm
            .forward(self.projection.forward(self.dropout.forward(pooled)));
        let length = embedded.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
        embedded / length // [batch * segments, embedding]
    }

    /// Segments `[batch, 1, mel_bands, segment_frames]` to embeddings `[batch, embedding]`.
    #[must_use]
    pub fn forward(&self, segments: Tensor<4>) -> Tensor<2> {
        let window = feature_frames(segments.dims()[3]);
        self.embeddings(self.feature_frames(segments, None), window, 1)
    }
}

fn with_columns_from_zeroed(x: Tensor<4>, valid: usize) -> Tensor<4> {
    let columns = x.dims()[3];
    if valid >= columns {
        return x;
    }
    let mask: Vec<f32> = (0..columns)
        .map(|column| if column < valid { 1.0 } else { 0.0 })
        .collect();
    let mask = Tensor::<1>::from_floats(&mask[..], &x.device()).reshape([1, 1, 1, columns]);
    x * mask
}
