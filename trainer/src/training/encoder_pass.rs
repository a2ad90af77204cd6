//! The encoder's forward and backward pass in training: by burn on its device, or by libtorch.

#[cfg(feature = "tch")]
use anyhow::Context as _;
use anyhow::Result;
use burn::module::{Module as _, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use soundalike::FeatureConfig;
use soundalike::training::{Encoder, Tensors, feature_frames};

use crate::training::clip_and_context::InputRow;
use crate::training::device::DeviceName;
#[cfg(feature = "tch")]
use crate::training::libtorch;
use crate::training::train_config::{Precision, TrainConfig};

/// The library that computes the pass.
pub enum EncoderPass {
    /// burn, on the network's device.
    Burn,
    /// libtorch on the CPU; burn does the rest.
    #[cfg(feature = "tch")]
    Libtorch(TrainConfig),
}

/// Embeddings with the state for the backward pass.
pub enum Encoded {
    /// burn's graph includes the encoder.
    Burn(Tensor<2>),
    /// burn's graph begins at the embeddings; libtorch's ends there.
    #[cfg(feature = "tch")]
    Libtorch {
        /// Input of the loss, in burn.
        embeddings: Tensor<2>,
        /// The encoder's pass in libtorch.
        pass: libtorch::Pass,
    },
}

/// Gradients of the encoder by libtorch; empty where burn computes them.
pub struct EncoderGradients(Tensors);

/// Prefix of the encoder's tensors.
const ENCODER: &str = "encoder";

impl EncoderPass {
    /// The pass for a device.
    ///
    /// # Errors
    ///
    /// When it can't compute in the configuration's precision.
    pub fn new(device: DeviceName, config: &TrainConfig) -> Result<Self> {
        #[cfg(feature = "tch")]
        if device == DeviceName::Tch {
            return Ok(Self::Libtorch(config.clone()));
        }
        anyhow::ensure!(
            config.precision == Precision::F32,
            "only --device tch trains in bfloat16, not {device:?}"
        );
        Ok(Self::Burn)
    }

    /// Rows `[rows, 1, mel_bands, frames]` to the embeddings of their segments `[segments,
    /// embedding]` on `device`. The first segments of all rows come first, then the second ones.
    ///
    /// # Errors
    ///
    /// When libtorch refuses.
    #[cfg_attr(
        not(feature = "tch"),
        expect(unused_variables, reason = "libtorch seeds its dropout with the step")
    )]
    pub fn forward(
        &self,
        encoder: &Encoder,
        frames: TensorData,
        row: InputRow,
        device: &Device,
        step: usize,
    ) -> Result<Encoded> {
        let features = FeatureConfig::default();
        match self {
            Self::Burn => {
                let frames = Tensor::<4>::from_data(frames, device);
                let columns = encoder.feature_frames(frames, row.kept(&features).as_deref());
                let window = feature_frames(features.segment_frames());
                let segments = row.first_feature_frames(&features).into_iter();
                let segments = segments.map(|first| columns.clone().narrow(3, first, window));
                let segments = Tensor::cat(segments.collect(), 0);
                Ok(Encoded::Burn(encoder.embeddings(segments, window, 1)))
            }
            #[cfg(feature = "tch")]
            Self::Libtorch(config) => {
                let mut tensors = Tensors::default();
                tensors.collect(ENCODER, encoder);
                let frames = frames
                    .as_slice::<f32>()
                    .ok()
                    .context("the frames aren't 32-bit floats")?;
                let pass = libtorch::forward(
                    &config.encoder,
                    &tensors,
                    frames,
                    row,
                    config.precision,
                    config.seed + step as u64,
                )?;
                let values = pass.embeddings()?;
                let shape = [values.len(), values.dimensions];
                let embeddings = Tensor::from_data(TensorData::new(values.values, shape), device);
                Ok(Encoded::Libtorch {
                    embeddings: embeddings.require_grad(),
                    pass,
                })
            }
        }
    }
}

impl Encoded {
    /// `[batch, embedding]`.
    pub fn embeddings(&self) -> Tensor<2> {
        match self {
            Self::Burn(embeddings) => embeddings.clone(),
            #[cfg(feature = "tch")]
            Self::Libtorch { embeddings, .. } => embeddings.clone(),
        }
    }

    /// The backward pass from the gradients of the loss. Returns the encoder with the statistics of
    /// this pass, and its gradients as far as burn doesn't have them.
    ///
    /// # Errors
    ///
    /// When libtorch refuses.
    #[cfg_attr(
        not(feature = "tch"),
        expect(unused_variables, reason = "burn has them all already")
    )]
    pub fn backward(
        self,
        encoder: Encoder,
        gradients: &Gradients,
    ) -> Result<(Encoder, EncoderGradients)> {
        match self {
            Self::Burn(_) => Ok((encoder, EncoderGradients(Tensors::default()))),
            #[cfg(feature = "tch")]
            Self::Libtorch { embeddings, pass } => {
                let of_embeddings = embeddings
                    .grad(gradients)
                    .context("the loss doesn't depend on the embeddings")?
                    .into_data()
                    .try_into_vec::<f32>()
                    .ok()
                    .context("gradients are f32")?;
                let of_encoder = pass.gradients(&of_embeddings)?;
                let mut tensors = Tensors::default();
                tensors.collect(ENCODER, &encoder);
                tensors.extend(pass.statistics()?);
                let encoder = tensors.load_into(ENCODER, encoder)?;
                Ok((encoder, EncoderGradients(of_encoder)))
            }
        }
    }
}

impl EncoderGradients {
    /// Adds these gradients to those that burn computed.
    pub fn register(&self, gradients: &mut GradientsParams, encoder: &Encoder, device: &Device) {
        encoder.visit(&mut Registrar {
            path: vec![ENCODER.to_owned()],
            from: &self.0,
            to: gradients,
            device: device.clone().inner(),
        });
    }
}

/// Registers gradients by parameter, each at the rank of its tensor.
///
/// A visitor of our own: `burn-store` reads and writes the tensors of a module by name, but
/// `GradientsParams` is no module. It takes gradients by the parameter's id, and their rank must be
/// known at compile time, as only a visitor knows it.
struct Registrar<'a> {
    path: Vec<String>,
    from: &'a Tensors,
    to: &'a mut GradientsParams,
    device: Device,
}

impl ModuleVisitor for Registrar<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some((shape, values)) = self.from.get(&self.path.join(".")) {
            let data = TensorData::new(values.to_vec(), shape.to_vec());
            self.to
                .register(param.id, Tensor::<D>::from_data(data, &self.device));
        }
    }
}

#[cfg(all(test, feature = "tch"))]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::training::clip_and_context::{InputRow, Window};

    /// Embeddings, the gradients of their weighted sum by parameter, and the tensors after one
    /// pass.
    fn pass(name: DeviceName, precision: Precision) -> (Vec<f32>, Tensors, Tensors) {
        let config = TrainConfig {
            precision,
            ..TrainConfig::default()
        };
        let features = FeatureConfig::default();
        let device = name.open().unwrap().autodiff();
        device.seed(7);
        let encoder = config.encoder.init(&features, &device);
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut random = |count: usize| -> Vec<f32> {
            (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
        };
        let row = InputRow::ClipAndContext;
        let pieces: Vec<Vec<f32>> = (0..6)
            .map(|piece| random(features.mel_bands * Window::new(piece < 3, &features).frames))
            .collect();
        let shape = [3, 1, features.mel_bands, row.frames(&features)];
        let frames = TensorData::new(row.assemble(&pieces, &features), shape);
        let weights = TensorData::new(random(6 * 128), [6, 128]);
        let weights = Tensor::<2>::from_data(weights, &device);
        let encoded = EncoderPass::new(name, &config)
            .unwrap()
            .forward(&encoder, frames, row, &device, 0)
            .unwrap();
        let embeddings = encoded.embeddings();
        let mut gradients = (embeddings.clone() * weights).sum().backward();
        let (encoder, of_encoder) = encoded.backward(encoder, &gradients).unwrap();
        let mut by_parameter = GradientsParams::from_module(&mut gradients, &encoder);
        of_encoder.register(&mut by_parameter, &encoder, &device);
        let mut read = GradientReader {
            path: Vec::new(),
            gradients: &by_parameter,
            tensors: Tensors::default(),
        };
        encoder.visit(&mut read);
        let mut after = Tensors::default();
        after.collect(ENCODER, &encoder);
        let values = embeddings.into_data().try_into_vec().unwrap();
        (values, read.tensors, after)
    }

    struct GradientReader<'a> {
        path: Vec<String>,
        gradients: &'a GradientsParams,
        tensors: Tensors,
    }

    impl ModuleVisitor for GradientReader<'_> {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_owned());
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }

        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.gradients.get::<D>(param.id) {
                let shape = gradient.dims().to_vec();
                let values = gradient.into_data().try_into_vec().unwrap();
                self.tensors.insert(self.path.join("."), shape, values);
            }
        }
    }

    /// Greatest difference relative to the greatest value.
    fn difference(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        let scale = a.iter().fold(1e-3_f32, |most, value| most.max(value.abs()));
        let most = a.iter().zip(b).map(|(a, b)| (a - b).abs());
        most.fold(0.0, f32::max) / scale
    }

    #[test]
    fn libtorch_and_burn_compute_the_same() {
        let (burns, burns_gradients, burns_after) = pass(DeviceName::Cpu, Precision::F32);
        let (torchs, torchs_gradients, torchs_after) = pass(DeviceName::Tch, Precision::F32);
        assert!(difference(&burns, &torchs) < 1e-4);
        let names: Vec<String> = (0..6)
            .flat_map(|block| {
                ["conv.weight", "norm.gamma", "norm.beta"]
                    .map(|part| format!("blocks.{block}.{part}"))
            })
            .chain(
                [
                    "projection.weight",
                    "embedding_norm.gamma",
                    "embedding_norm.beta",
                ]
                .map(String::from),
            )
            .collect();
        for name in names {
            let (shape, values) = burns_gradients.get(&name).unwrap();
            let (torchs_shape, torchs_values) = torchs_gradients.get(&name).unwrap();
            assert_eq!(shape, torchs_shape, "{name}");
            let off = difference(values, torchs_values);
            assert!(off < 2e-3, "{name} {off}");
        }
        for block in 0..6 {
            for part in ["running_mean", "running_var"] {
                let name = format!("{ENCODER}.blocks.{block}.norm.{part}");
                let (_, values) = burns_after.get(&name).unwrap();
                let (_, torchs_values) = torchs_after.get(&name).unwrap();
                // libtorch divides variances by one less than the count, burn by the count.
                assert!(difference(values, torchs_values) < 2e-3, "{name}");
            }
        }
    }

    #[test]
    fn bfloat16_computes_nearly_the_same() {
        let (exact, ..) = pass(DeviceName::Tch, Precision::F32);
        let (rounded, ..) = pass(DeviceName::Tch, Precision::Bf16);
        let off = difference(&exact, &rounded);
        assert!(off > 0.0 && off < 0.1, "{off}");
    }
}
