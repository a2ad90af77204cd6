//! Batch norm folded into the layer before it, for every forward pass but that of training.
//!
//! After training, batch norm is an affine map of each channel:
//!
//! ```text
//! y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
//!   = scale * x + shift
//! ```
//!
//! A layer `x = weights * input + bias` with its batch norm is therefore one layer, whose weights
//! are `scale * weights` and whose bias is `scale * bias + shift`.

use crate::error::Result;
use crate::nn::tensors::Tensors;
use crate::recording::encoder::config::EncoderConfig;

/// A layer with its batch norm folded in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoldedLayer {
    /// Weights, in the layout of the layer's own.
    pub weights: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

impl EncoderConfig {
    /// The convolutions, in the order of [`layers`](Self::layers). Weights are
    /// `[output, input, row, column]`.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when a tensor is missing or has another
    /// shape.
    pub fn folded_convolutions(&self, tensors: &Tensors) -> Result<[FoldedLayer; 6]> {
        let mut folded: [FoldedLayer; 6] = Default::default();
        for (layer, [inputs, outputs, side, _]) in self.layers().into_iter().enumerate() {
            let block = format!("encoder.blocks.{layer}");
            let weights = tensors.values(
                &format!("{block}.conv.weight"),
                &[outputs, inputs, side, side],
            )?;
            let norm = BatchNorm::new(&format!("{block}.norm"), outputs, tensors)?;
            let weights = weights
                .chunks_exact(inputs * side * side)
                .zip(norm.scale)
                .flat_map(|(weights, scale)| weights.iter().map(move |weight| weight * scale))
                .collect();
            // The convolutions have no bias of their own.
            folded[layer] = FoldedLayer {
                weights,
                bias: norm.shift,
            };
        }
        Ok(folded)
    }

    /// The linear layer over pooled feature frames. Weights are `[pooled value, embedding]`, where
    /// the pooled values are `[statistic, channel, row]`: the mean, then the maximum.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when a tensor is missing or has another
    /// shape.
    pub fn folded_projection(&self, mel_bands: usize, tensors: &Tensors) -> Result<FoldedLayer> {
        let embedding = self.embedding;
        let norm = BatchNorm::new("encoder.embedding_norm", embedding, tensors)?;
        let pooled = 2 * self.reduced_channels * self.feature_rows(mel_bands);
        let weights = tensors
            .values("encoder.projection.weight", &[pooled, embedding])?
            .chunks_exact(embedding)
            .flat_map(|row| {
                let scaled = row.iter().zip(&norm.scale);
                scaled.map(|(weight, scale)| weight * scale)
            })
            .collect();
        let bias = tensors
            .values("encoder.projection.bias", &[embedding])?
            .iter()
            .zip(norm.scale.iter().zip(&norm.shift))
            .map(|(bias, (scale, shift))| bias * scale + shift)
            .collect();
        Ok(FoldedLayer { weights, bias })
    }
}

/// A trained batch norm as an affine map, `y = scale * x + shift`, per channel.
struct BatchNorm {
    scale: Vec<f32>,
    shift: Vec<f32>,
}

impl BatchNorm {
    fn new(name: &str, channels: usize, tensors: &Tensors) -> Result<Self> {
        let values = |part: &str| tensors.values(&format!("{name}.{part}"), &[channels]);
        let (gamma, variance) = (values("gamma")?, values("running_var")?);
        let scale: Vec<f32> = gamma
            .iter()
            .zip(variance)
            .map(|(gamma, variance)| gamma / (variance + EncoderConfig::BATCH_NORM_EPSILON).sqrt())
            .collect();
        let shift = values("beta")?
            .iter()
            .zip(values("running_mean")?)
            .zip(&scale)
            .map(|((beta, mean), scale)| beta - mean * scale)
            .collect();
        Ok(Self { scale, shift })
    }
}
