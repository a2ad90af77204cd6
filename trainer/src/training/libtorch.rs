//! The encoder's training pass on libtorch, several times faster on the CPU than burn's own
//! backends. libtorch has fused batch norm and channels-last convolutions.
//!
//! It restates the network of [`soundalike::training::Encoder`] for training only. A test compares
//! the embeddings and gradients of both.

use anyhow::{Context as _, Result, ensure};
use soundalike::FeatureConfig;
use soundalike::training::{Embeddings, EncoderConfig, Tensors, feature_frames};
use tch::{Kind, Tensor};

use crate::training::clip_and_context::InputRow;
use crate::training::train_config::Precision;

/// burn's default for batch norm, which the encoder uses.
const NORM_MOMENTUM: f64 = 0.1;

/// One forward pass in training mode, with the state for the backward pass.
pub struct Pass {
    leaves: Vec<(String, Tensor)>,
    statistics: Vec<(String, Tensor)>,
    embeddings: Tensor,
}

/// A pass under construction, with the tensors that it has used so far.
struct Builder<'a> {
    encoder: &'a Tensors,
    kind: Kind,
    leaves: Vec<(String, Tensor)>,
    statistics: Vec<(String, Tensor)>,
}

/// Rows `[rows, 1, mel_bands, frames]`, as `frames`, to the embeddings of their segments. `encoder`
/// holds the tensors under the prefix `encoder`.
///
/// # Errors
///
/// When a tensor is missing or libtorch refuses.
pub fn forward(
    config: &EncoderConfig,
    encoder: &Tensors,
    frames: &[f32],
    row: InputRow,
    precision: Precision,
    dropout_seed: u64,
) -> Result<Pass> {
    let features = FeatureConfig::default();
    let (bands, columns) = (features.mel_bands as i64, row.frames(&features) as i64);
    tch::manual_seed(dropout_seed as i64);
    let mut builder = Builder {
        encoder,
        kind: match precision {
            Precision::F32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        },
        leaves: Vec::new(),
        statistics: Vec::new(),
    };
    let x = Tensor::f_from_slice(frames)?
        .f_reshape([-1, bands, columns, 1])?
        .f_permute([0, 3, 1, 2])?
        .f_to_kind(builder.kind)?;
    let x = builder.convolve(config, x, row.kept(&features))?;
    let width = feature_frames(features.segment_frames()) as i64;
    let segments = row.first_feature_frames(&features).into_iter();
    let segments = segments.map(|first| x.f_narrow(3, first as i64, width));
    let x = Tensor::f_cat(&segments.collect::<Result<Vec<_>, _>>()?, 0)?;
    let embeddings = builder.embed(config, &x)?;
    Ok(Pass {
        leaves: builder.leaves,
        statistics: builder.statistics,
        embeddings,
    })
}

/// 1 for the columns that hold music, 0 for the others.
fn mask(kept: &[bool], kind: Kind) -> Result<Tensor> {
    let values: Vec<f32> = kept.iter().map(|&kept| f32::from(u8::from(kept))).collect();
    Ok(Tensor::f_from_slice(&values)?.f_to_kind(kind)?)
}

impl Pass {
    /// The embeddings `[batch, embedding]`, row by row.
    ///
    /// # Errors
    ///
    /// When libtorch refuses.
    pub fn embeddings(&self) -> Result<Embeddings> {
        let dimensions = self.embeddings.size().last().copied().unwrap_or(1) as usize;
        let values = values_of(&self.embeddings)?;
        Ok(Embeddings { dimensions, values })
    }

    /// The gradient of every parameter by name, from the gradient of the embeddings.
    ///
    /// # Errors
    ///
    /// When the gradient has another size, or libtorch refuses.
    pub fn gradients(&self, of_embeddings: &[f32]) -> Result<Tensors> {
        let shape = self.embeddings.size();
        ensure!(
            of_embeddings.len() as i64 == shape.iter().product::<i64>(),
            "the gradient has another size than the embeddings"
        );
        let of_embeddings = Tensor::f_from_slice(of_embeddings)?.f_reshape(&shape)?;
        // The derivative of this sum by the embeddings is the given gradient.
        let start = self.embeddings.f_mul(&of_embeddings)?.f_sum(Kind::Float)?;
        let leaves: Vec<&Tensor> = self.leaves.iter().map(|(_, leaf)| leaf).collect();
        let gradients = Tensor::f_run_backward(&[&start], &leaves, false, false)?;
        let named = self.leaves.iter().map(|(name, _)| name).zip(&gradients);
        tensors(named)
    }

    /// The running means and variances after this pass, by name.
    ///
    /// # Errors
    ///
    /// When libtorch refuses.
    pub fn statistics(&self) -> Result<Tensors> {
        tensors(self.statistics.iter().map(|(name, value)| (name, value)))
    }
}

impl Builder<'_> {
    fn read(&self, name: &str) -> Result<Tensor> {
        let (shape, values) = self
            .encoder
            .get(name)
            .with_context(|| format!("the encoder has no tensor {name}"))?;
        let shape: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        Ok(Tensor::f_from_slice(values)?.f_reshape(shape)?)
    }

    /// A parameter, in float32 at any precision of the pass.
    fn leaf(&mut self, name: &str) -> Result<Tensor> {
        let leaf = self.read(name)?.f_set_requires_grad(true)?;
        self.leaves.push((name.to_owned(), leaf.shallow_clone()));
        Ok(leaf)
    }

    /// A kernel `[outputs, inputs, height, width]` whose inputs are adjacent in memory. libtorch
    /// then keeps this order in all activations.
    fn channels_last(&mut self, name: &str) -> Result<Tensor> {
        Ok(self
            .leaf(name)?
            .f_to_kind(self.kind)?
            .f_permute([0, 2, 3, 1])?
            .f_contiguous()?
            .f_permute([0, 3, 1, 2])?)
    }

    /// All blocks of convolution, batch norm and ReLU; `kept` are the columns that hold music.
    fn convolve(
        &mut self,
        config: &EncoderConfig,
        mut x: Tensor,
        mut kept: Option<Vec<bool>>,
    ) -> Result<Tensor> {
        for (block, [_, _, kernel, stride]) in config.layers().into_iter().enumerate() {
            let [stride, padding] = [stride as i64, kernel as i64 / 2];
            let weight = self.channels_last(&format!("encoder.blocks.{block}.conv.weight"))?;
            x = x.f_conv2d::<Tensor>(&weight, None, stride, padding, 1, 1)?;
            x = self
                .norm(&x, &format!("encoder.blocks.{block}.norm"))?
                .f_relu()?;
            if let Some(kept) = &mut kept {
                *kept = kept.iter().copied().step_by(stride as usize).collect();
                x = x.f_mul(&mask(kept, self.kind)?)?;
            }
        }
        Ok(x)
    }

    /// Feature frames `[batch, channels, rows, frames]` to embeddings of unit length.
    fn embed(&mut self, config: &EncoderConfig, x: &Tensor) -> Result<Tensor> {
        let (mean, max) = (
            x.f_mean_dim(Some([3].as_slice()), false, None::<Kind>)?,
            x.f_amax([3], false)?,
        );
        let pooled = Tensor::f_cat(&[mean, max], 1)? // [batch, 2 channels, rows]
            .f_flatten(1, 2)?
            .f_dropout(config.dropout, true)?;
        let weight = self.leaf("encoder.projection.weight")?;
        let projected = pooled.f_matmul(&weight.f_to_kind(self.kind)?)?;
        let projected = projected.f_to_kind(Kind::Float)? + self.leaf("encoder.projection.bias")?;
        let embedded = self.norm(&projected, "encoder.embedding_norm")?;
        let length = embedded
            .f_square()?
            .f_sum_dim_intlist(Some([1].as_slice()), true, None::<Kind>)?
            .f_sqrt()?
            .f_clamp_min(1e-12)?;
        Ok(embedded.f_div(&length)?)
    }

    fn norm(&mut self, x: &Tensor, name: &str) -> Result<Tensor> {
        let (gamma, beta) = (
            self.leaf(&format!("{name}.gamma"))?,
            self.leaf(&format!("{name}.beta"))?,
        );
        // Updated in place.
        let mean = self.read(&format!("{name}.running_mean"))?;
        let variance = self.read(&format!("{name}.running_var"))?;
        let normalised = x.f_batch_norm(
            Some(&gamma),
            Some(&beta),
            Some(&mean),
            Some(&variance),
            true,
            NORM_MOMENTUM,
            f64::from(EncoderConfig::BATCH_NORM_EPSILON),
            false,
        )?;
        self.statistics.push((format!("{name}.running_mean"), mean));
        self.statistics
            .push((format!("{name}.running_var"), variance));
        Ok(normalised)
    }
}

fn tensors<'a>(named: impl Iterator<Item = (&'a String, &'a Tensor)>) -> Result<Tensors> {
    let mut tensors = Tensors::default();
    for (name, tensor) in named {
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        tensors.insert(name.clone(), shape, values_of(tensor)?);
    }
    Ok(tensors)
}

fn values_of(tensor: &Tensor) -> Result<Vec<f32>> {
    let flat = tensor
        .f_detach()?
        .f_to_kind(Kind::Float)?
        .f_flatten(0, -1)?;
    Ok(Vec::<f32>::try_from(&flat)?)
}
