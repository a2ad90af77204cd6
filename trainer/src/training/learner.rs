//! One optimiser step: a batch, two losses, new weights.

use anyhow::{Result, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module as _, ModuleMapper, Param, ParamGroup};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use soundalike::FeatureConfig;
use soundalike::training::{SiameseNetwork, weights_file};

use crate::training::ablation::TrainedNetwork;
use crate::training::batches::batch::Batch;
use crate::training::device::DeviceName;
use crate::training::encoder_pass::EncoderPass;
use crate::training::loss::{self, BatchRelations};
use crate::training::train_config::TrainConfig;

/// The network and its optimiser.
pub struct Learner {
    config: TrainConfig,
    device: Device,
    encoder_pass: EncoderPass,
    /// The network, on a device with gradients.
    pub network: TrainedNetwork,
    /// Its optimiser, with moments by parameter.
    pub optimizer: ModuleOptimizer,
}

impl Learner {
    /// Random weights by the configuration's seed.
    ///
    /// # Errors
    ///
    /// When the program was built without the device, or the device can't compute in the
    /// configuration's precision.
    pub fn new(config: &TrainConfig, device_name: DeviceName) -> Result<Self> {
        let device = device_name.open()?.autodiff();
        let encoder_pass = EncoderPass::new(device_name, config)?;
        device.seed(config.seed);
        let network = TrainedNetwork::new(&config.encoder, config.head, &device);
        Ok(Self {
            config: config.clone(),
            optimizer: optimizer(config, &network),
            device,
            encoder_pass,
            network,
        })
    }

    /// Replaces the random weights by trained ones, to refine them.
    ///
    /// # Errors
    ///
    /// When the bytes aren't a weights file, or its network has another shape or head.
    pub fn begin_from(&mut self, weights: &[u8]) -> Result<()> {
        if !self.config.fits_the_engine() {
            bail!("only the shipped kind of head and normalisation can begin from weights");
        }
        let (_, tensors) = weights_file::read(weights)?;
        let network = SiameseNetwork::new(
            &self.config.encoder,
            &FeatureConfig::default(),
            &self.device,
        );
        let network = network.with_tensors(&tensors)?;
        self.network.siamese = network.map(&mut Trainable::default());
        self.optimizer = self.fresh_optimizer();
        Ok(())
    }

    /// An optimiser without history for the network as it is.
    pub fn fresh_optimizer(&self) -> ModuleOptimizer {
        optimizer(&self.config, &self.network)
    }

    /// One step. Returns the contrastive loss and that of the verdict.
    ///
    /// # Errors
    ///
    /// When a loss isn't finite, or the device fails.
    pub fn step(&mut self, step: usize, batch: Batch) -> Result<(f32, f32)> {
        let features = FeatureConfig::default();
        let relations = BatchRelations::new(
            &self.config,
            &batch.tracks,
            &batch.starts_secs,
            &batch.ambiguous,
        );
        let size = batch.tracks.len();
        let rows = 2 * size / batch.row.segments();
        let shape = [rows, 1, features.mel_bands, batch.row.frames(&features)];
        let frames = TensorData::new(batch.frames, shape);
        let places: Vec<i32> = batch.segments.iter().map(|&place| place as i32).collect();
        let places = TensorData::new(places, [2 * size]);
        let SiameseNetwork { encoder, head } = self.network.siamese.clone();
        let encoded = self
            .encoder_pass
            .forward(&encoder, frames, batch.row, &self.device, step)?;
        let places = Tensor::<1, Int>::from_data(places, &self.device);
        let embeddings = encoded.embeddings().select(0, places);
        let originals = embeddings.clone().narrow(0, 0, size);
        let copies = embeddings.narrow(0, size, size);
        let contrast = loss::contrast(&originals, &copies, &relations, self.config.temperature);
        let verdict = loss::verdict(self.network.logits(originals, copies), &relations);
        let both = (
            contrast.clone().into_scalar::<f32>(),
            verdict.clone().into_scalar::<f32>(),
        );
        if !(both.0.is_finite() && both.1.is_finite()) {
            bail!("the loss is no longer a number at step {step}; try a lower learning_rate");
        }
        let total = contrast.mul_scalar(self.config.contrast_weight) + verdict;
        let mut gradients = total.backward();
        let (encoder, of_encoder) = encoded.backward(encoder, &gradients)?;
        let mut by_parameter = GradientsParams::from_module(&mut gradients, &self.network);
        of_encoder.register(&mut by_parameter, &encoder, &self.device);
        let mut network = self.network.clone();
        network.siamese = SiameseNetwork { encoder, head };
        self.network =
            self.optimizer
                .step(self.config.learning_rate_at(step), network, by_parameter);
        Ok(both)
    }
}

/// Requests gradients for all parameters, as loaded tensors have none. The running statistics of
/// batch norm are no parameters.
///
/// A mapper of our own: `burn-store` puts values into a module's tensors, but doesn't set whether
/// they require gradients.
#[derive(Default)]
struct Trainable {
    path: Vec<String>,
}

impl ModuleMapper for Trainable {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.last().map_or("", String::as_str);
        if name.starts_with("running_") {
            param
        } else {
            param.map(Tensor::require_grad)
        }
    }
}

/// AdamW. The head has no weight decay: its weights act through a softplus, so decay would pull
/// them towards `softplus(0) = 0.69` instead of 0.
fn optimizer(config: &TrainConfig, network: &TrainedNetwork) -> ModuleOptimizer {
    let adamw = |weight_decay| AdamWConfig::new().with_weight_decay(weight_decay);
    let clipping = GradientClippingConfig::Norm(config.gradient_norm);
    let head = ParamGroup::ids_from_module(network.siamese.head.clone());
    ModuleOptimizer::from(adamw(config.weight_decay).build())
        .with_grad_clipping(clipping.init())
        .with_group(head, adamw(0.0).build(), Some(clipping.init()))
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use soundalike::SHIPPED_WEIGHTS;
    use soundalike::training::Tensors;

    use super::*;
    use crate::training::clip_and_context::InputRow;

    fn batch(pairs: usize) -> Batch {
        let features = FeatureConfig::default();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let count = 2 * pairs * features.mel_bands * features.segment_frames();
        Batch {
            row: InputRow::Clip,
            frames: (0..count).map(|_| rng.random_range(-1.0..1.0)).collect(),
            segments: (0..2 * pairs).collect(),
            tracks: (0..pairs).collect(),
            starts_secs: vec![0.0; pairs],
            ambiguous: Vec::new(),
        }
    }

    #[test]
    fn training_from_weights_changes_all_parameters() {
        let config = TrainConfig {
            stretches: false,
            ..TrainConfig::default()
        };
        let mut learner = Learner::new(&config, DeviceName::Cpu).unwrap();
        learner.begin_from(SHIPPED_WEIGHTS).unwrap();
        let (_, shipped) = weights_file::read(SHIPPED_WEIGHTS).unwrap();
        assert_eq!(learner.network.siamese.tensors(), shipped);
        // Twice, because burn updates the running statistics of a step with the next one.
        for step in 0..2 {
            learner.step(step, batch(3)).unwrap();
        }
        let after = learner.network.siamese.tensors();
        let unchanged = |names: &[&str]| -> Vec<String> {
            let same = |name: &&&str| after.get(name) == Tensors::get(&shipped, name);
            names
                .iter()
                .filter(same)
                .map(|name| (*name).to_owned())
                .collect()
        };
        let parameters = [
            "encoder.blocks.0.conv.weight",
            "encoder.blocks.5.norm.gamma",
            "encoder.blocks.0.norm.running_mean",
            "encoder.projection.weight",
            "encoder.embedding_norm.beta",
            "head.raw_weights",
            "head.bias",
        ];
        assert_eq!(unchanged(&parameters), Vec::<String>::new());
    }

    #[test]
    fn bytes_that_are_no_weights_are_refused() {
        let mut learner = Learner::new(&TrainConfig::default(), DeviceName::Cpu).unwrap();
        assert!(learner.begin_from(b"no weights").is_err());
    }
}
