//! The network in burn: for training, for WebGPU, and as the reference in tests of the CPU's
//! [forward pass](crate::recording::encoder::cpu).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d,
};
use burn::tensor::activation::{relu, softplus};
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use crate::config::FeatureConfig;
use crate::error::{Error, Result};
use crate::nn::tensors::Tensors;
use crate::recording::encoder::config::EncoderConfig;
use crate::recording::encoder::config::feature_frames;

/// The encoder and the head, which are trained together.
#[derive(Module, Debug)]
pub struct SiameseNetwork {
    /// Applied to both songs.
    pub encoder: Encoder,
    /// Compares two embeddings.
    pub head: SimilarityHead,
}

impl SiameseNetwork {
    /// A network with initial weights.
    #[must_use]
    pub fn new(config: &EncoderConfig, features: &FeatureConfig, device: &Device) -> Self {
        Self {
            encoder: config.init(features, device),
            head: SimilarityHead::new(config.embedding, device),
        }
    }

    /// All tensors, for a weights file.
    #[must_use]
    pub fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        tensors.collect("encoder", &self.encoder);
        tensors.collect("head", &self.head);
        tensors
    }

    /// The network with the tensors of a weights file.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] when a tensor is missing or has another shape.
    pub fn with_tensors(self, tensors: &Tensors) -> Result<Self> {
        Ok(Self {
            encoder: tensors.load_into("encoder", self.encoder)?,
            head: tensors.load_into("head", self.head)?,
        })
    }
}

/// The encoder: convolutions without bias, each with batch norm and ReLU; mean and maximum over
/// time; a linear layer with batch norm; unit length.
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
    /// An encoder with initial weights, for frames of `features.mel_bands` bands.
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
        let rows = self.feature_rows(features.mel_bands);
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
    /// Normalised log-mel frames `[batch, 1, mel_bands, frames]` to feature frames
    /// `[batch, channels, rows, frames / 16]`.
    ///
    /// Columns that aren't `kept` are no part of a song. They are set to zero after every layer,
    /// like the padding of the convolutions, so that they don't change the kept ones. It serves
    /// backends that need fixed shapes, and training, where excerpts of several lengths lie side by
    /// side.
    #[must_use]
    pub fn feature_frames(&self, frames: Tensor<4>, kept: Option<&[bool]>) -> Tensor<4> {
        let mut kept = kept.map(<[bool]>::to_vec);
        let mut x = frames;
        for block in &self.blocks {
            x = relu(block.norm.forward(block.conv.forward(x)));
            if let Some(kept) = &mut kept {
                *kept = every(kept, block.conv.stride[1]);
                x = x.clone() * mask(kept, &x.device());
            }
        }
        x // [batch, channels, rows, feature frames]
    }

    /// Feature frames `[batch, channels, rows, n]` to the embeddings of their segments
    /// `[batch * segments, embedding]`, each of unit length. A segment pools `window` feature
    /// frames. Segments start `hop` feature frames apart.
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

/// The kept columns after a layer of that stride.
fn every(kept: &[bool], stride: usize) -> Vec<bool> {
    kept.iter().copied().step_by(stride).collect()
}

/// 1 for kept columns, 0 for the others: `[1, 1, 1, columns]`.
fn mask(kept: &[bool], device: &Device) -> Tensor<4> {
    let values: Vec<f32> = kept.iter().map(|&kept| f32::from(u8::from(kept))).collect();
    Tensor::from_data(TensorData::new(values, [1, 1, 1, kept.len()]), device)
}

/// The similarity head in training.
/// `logit = bias - sum_k softplus(w_k) * sqrt(n) * |left_k - right_k|`, as in the head that scores
/// songs, which states the reasons.
#[derive(Module, Debug)]
pub struct SimilarityHead {
    raw_weights: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
}

/// Initial raw weight: softplus(-2.5) = 0.08. With the initial bias, the logits of unrelated pairs
/// are then near 0.
const INITIAL_RAW_WEIGHT: f32 = -2.5;
const INITIAL_BIAS: f32 = 6.0;

impl SimilarityHead {
    /// A head for embeddings of the given length.
    #[must_use]
    pub fn new(embedding: usize, device: &Device) -> Self {
        Self {
            raw_weights: Param::from_data(
                TensorData::new(vec![INITIAL_RAW_WEIGHT; embedding], [embedding]),
                device,
            ),
            bias: Param::from_data(TensorData::new(vec![INITIAL_BIAS], [1]), device),
        }
    }

    /// Logits of all pairs: `[n, embedding]` and `[m, embedding]` to `[n, m]`.
    #[must_use]
    pub fn logits(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
        let ([n, embedding], [m, _]) = (left.dims(), right.dims());
        let weights = self.weights().reshape([1, 1, embedding]);
        let distances = (left.reshape([n, 1, embedding]) - right.reshape([1, m, embedding])).abs();
        let weighted = (distances * weights).sum_dim(2).reshape([n, m]);
        self.bias.val().reshape([1, 1]) - weighted // [n, m]
    }

    /// The positive weights `softplus(w_k) * sqrt(n)`, `[embedding]`.
    fn weights(&self) -> Tensor<1> {
        let raw = self.raw_weights.val();
        let scale = (raw.dims()[0] as f64).sqrt();
        softplus(raw, 1.0).mul_scalar(scale)
    }
}

impl Tensors {
    /// Adds every tensor of a module, running statistics included, under `prefix`.
    pub fn collect<M: Module>(&mut self, prefix: &str, module: &M) {
        module.visit(&mut Collector {
            path: vec![prefix.to_owned()],
            tensors: self,
        });
    }

    /// Puts the tensors under `prefix` into a module of the same shape.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] when one is missing or has another shape.
    pub fn load_into<M: Module>(&self, prefix: &str, module: M) -> Result<M> {
        let mut loader = Loader {
            path: vec![prefix.to_owned()],
            tensors: self,
            problem: None,
        };
        let module = module.map(&mut loader);
        match loader.problem {
            Some(problem) => Err(problem),
            None => Ok(module),
        }
    }
}

struct Collector<'a> {
    path: Vec<String>,
    tensors: &'a mut Tensors,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data().convert::<f32>();
        let shape = data.shape().to_vec();
        #[expect(clippy::expect_used, reason = "converted to f32 just above")]
        let values = data.try_into_vec().expect("the data are f32");
        self.tensors.insert(self.path.join("."), shape, values);
    }
}

struct Loader<'a> {
    path: Vec<String>,
    tensors: &'a Tensors,
    problem: Option<Error>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let shape = param.lazy_shape().to_vec();
        match self.tensors.values(&name, &shape) {
            Ok(values) => {
                let device = param.lazy_device();
                let data = TensorData::new(values.to_vec(), shape);
                param.map(|_| Tensor::from_data(data, &device))
            }
            Err(problem) => {
                self.problem = Some(problem);
                param
            }
        }
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;
    use crate::recording::encoder::head::ScoringHead;

    #[test]
    fn both_implementations_of_the_head_agree() {
        let device = Device::flex();
        let head = SimilarityHead::new(16, &device);
        let left: Vec<f32> = (0..32).map(|k| (k as f32 * 0.37).sin()).collect();
        let right: Vec<f32> = (0..48).map(|k| (k as f32 * 0.91).cos()).collect();
        let tensor = |values: &[f32]| {
            Tensor::<2>::from_data(
                TensorData::new(values.to_vec(), [values.len() / 16, 16]),
                &device,
            )
        };
        let logits: Vec<f32> = head
            .logits(tensor(&left), tensor(&right))
            .into_data()
            .try_into_vec()
            .unwrap();
        let mut tensors = Tensors::default();
        tensors.collect("head", &head);
        let scoring = ScoringHead::new(16, &tensors).unwrap();
        for (row, left) in left.chunks(16).enumerate() {
            for (column, right) in right.chunks(16).enumerate() {
                assert!((logits[row * 3 + column] - scoring.logit(left, right)).abs() < 1e-5);
            }
        }
    }
}
