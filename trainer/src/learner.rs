//! One optimiser step: a batch, two losses, new weights.

use anyhow::{Result, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::ParamGroup;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use soundalike::FeatureConfig;
use soundalike::model::SiameseNetwork;

use crate::ablation::TrainedNetwork;
use crate::batches::Batch;
use crate::device::DeviceName;
use crate::encoder_pass::EncoderPass;
use crate::loss::{self, BatchRelations};
use crate::train_config::TrainConfig;

/// What changes from step to step, and what changes it.
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
    /// Fresh weights, drawn by the configuration's seed.
    ///
    /// # Errors
    ///
    /// When the program was built without the device, or the device can't compute in the configuration's precision.
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

    /// An optimiser without history for the network as it is.
    pub fn fresh_optimizer(&self) -> ModuleOptimizer {
        optimizer(&self.config, &self.network)
    }

    /// One step. Returns the contrastive loss and that of the verdict.
    ///
    /// # Errors
    ///
    /// When a loss is no number, or the device fails.
    pub fn step(&mut self, step: usize, batch: Batch) -> Result<(f32, f32)> {
        let features = FeatureConfig::default();
        let relations = BatchRelations::new(
            &self.config,
            &batch.tracks,
            &batch.starts_secs,
            &batch.ambiguous,
        );
        let size = batch.tracks.len();
        let strips = 2 * size / batch.strip.segments();
        let shape = [strips, 1, features.mel_bands, batch.strip.frames(&features)];
        let frames = TensorData::new(batch.frames, shape);
        let places: Vec<i32> = batch.segments.iter().map(|&place| place as i32).collect();
        let places = TensorData::new(places, [2 * size]);
        let SiameseNetwork { encoder, head } = self.network.siamese.clone();
        let encoded =
            self.encoder_pass
                .forward(&encoder, frames, batch.strip, &self.device, step)?;
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

/// AdamW; weight decay would pull the head's weights, which act through a softplus, towards 0.69 instead of 0, so it has none.
fn optimizer(config: &TrainConfig, network: &TrainedNetwork) -> ModuleOptimizer {
    let adamw = |weight_decay| AdamWConfig::new().with_weight_decay(weight_decay);
    let clipping = GradientClippingConfig::Norm(config.gradient_norm);
    let head = ParamGroup::ids_from_module(network.siamese.head.clone());
    ModuleOptimizer::from(adamw(config.weight_decay).build())
        .with_grad_clipping(clipping.init())
        .with_group(head, adamw(0.0).build(), Some(clipping.init()))
}
