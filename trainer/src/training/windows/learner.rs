//! One optimiser step of the window network: a batch, its loss, new weights.

use anyhow::{Result, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::training::device::DeviceName;
use crate::training::windows::batch::Batch;
use crate::training::windows::network::config::{NetworkConfig, PITCHES, WINDOW_FRAMES};
use crate::training::windows::network::{WindowNetwork, similarities};

/// Subtracted from the logits of a window with itself, which is no negative.
const NEVER: f32 = 1e4;

/// The settings of a run, as in its `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowTraining {
    /// Optimiser steps.
    pub steps: usize,
    /// Triples of windows a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Steps until the highest learning rate; a cosine leads down from it.
    pub warm_up_steps: usize,
    /// Logits are similarities divided by it.
    pub temperature: f64,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// Steps from one validation to the next.
    pub validate_every: usize,
    /// Seed of the weights and of the batches.
    pub seed: u64,
    /// The network.
    pub network: NetworkConfig,
}

impl Default for WindowTraining {
    /// The values of the prototype, except that the temperature is fixed: it learned 0.08.
    fn default() -> Self {
        Self {
            steps: 3_000,
            batch: 32,
            learning_rate: 3e-3,
            warm_up_steps: 50,
            temperature: 0.08,
            weight_decay: 1e-2,
            validate_every: 100,
            seed: 1,
            network: NetworkConfig::default(),
        }
    }
}

impl WindowTraining {
    /// The learning rate of a step: a linear rise, then a cosine to nearly 0.
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        let rise = (step + 1) as f64 / self.warm_up_steps.max(1) as f64;
        let done = step as f64 / self.steps.max(1) as f64;
        let fall = 0.5 + 0.5 * (std::f64::consts::PI * done.min(1.0)).cos();
        self.learning_rate * rise.min(1.0) * fall.max(1e-3)
    }
}

/// The loss of a batch and how many of its anchors are nearest to what they should be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// InfoNCE, the mean of both directions.
    pub loss: f32,
    /// Share of anchors that are nearest to their own positive, of all positives.
    pub top_1: f32,
    /// Share of anchors that are nearer to their positive than to its decoy.
    pub above_decoy: f32,
}

/// The network and its optimiser.
pub struct WindowLearner {
    config: WindowTraining,
    device: Device,
    /// The network, on a device with gradients.
    pub network: WindowNetwork,
    /// Its optimiser.
    pub optimizer: ModuleOptimizer,
}

impl WindowLearner {
    /// Random weights by the configuration's seed.
    ///
    /// # Errors
    ///
    /// When the program was built without the device.
    pub fn new(config: &WindowTraining, device: DeviceName) -> Result<Self> {
        let device = device.open()?.autodiff();
        device.seed(config.seed);
        let network = WindowNetwork::new(&config.network, &device);
        Ok(Self {
            config: config.clone(),
            optimizer: optimizer(config),
            device,
            network,
        })
    }

    /// An optimiser without history.
    pub fn fresh_optimizer(&self) -> ModuleOptimizer {
        optimizer(&self.config)
    }

    /// One step.
    ///
    /// # Errors
    ///
    /// When the loss isn't finite.
    pub fn step(&mut self, step: usize, batch: &Batch) -> Result<Outcome> {
        let (loss, outcome) = loss(&self.network, batch, self.config.temperature, &self.device);
        if !outcome.loss.is_finite() {
            bail!("the loss is no longer a number at step {step}; try a lower --learning-rate");
        }
        let mut gradients = loss.backward();
        let by_parameter = GradientsParams::from_module(&mut gradients, &self.network);
        self.network = self.optimizer.step(
            self.config.learning_rate_at(step),
            self.network.clone(),
            by_parameter,
        );
        Ok(outcome)
    }
}

fn optimizer(config: &WindowTraining) -> ModuleOptimizer {
    const GRADIENT_NORM: f32 = 1.0;
    // A shorter memory than usual: the run is short.
    let adamw = AdamWConfig::new()
        .with_beta_2(0.99)
        .with_weight_decay(config.weight_decay as f32);
    ModuleOptimizer::from(adamw.build())
        .with_grad_clipping(GradientClippingConfig::Norm(GRADIENT_NORM).init())
}

/// The loss of a network on a batch. For the right pair the key is known; all others are compared
/// in the key in which they are most similar. Negatives of an anchor are the other positives, all
/// decoys and the other anchors.
pub fn loss(
    network: &WindowNetwork,
    batch: &Batch,
    temperature: f64,
    device: &Device,
) -> (Tensor<1>, Outcome) {
    let size = batch.size;
    let windows = [&batch.anchors[..], &batch.positives, &batch.decoys].concat();
    let data = TensorData::new(windows, [3 * size, 1, PITCHES, WINDOW_FRAMES]);
    let embeddings = network.forward(Tensor::from_data(data, device));
    let part = |index: usize| embeddings.clone().narrow(0, index * size, size);
    let (anchors, positives, decoys) = (part(0), part(1), part(2));
    let square = |tensor: Tensor<3>| tensor.reshape([size, size]);
    let best = |other: &Tensor<3>| similarities(&anchors, other).max_dim(1);

    let identity = Tensor::<2>::eye(size, device);
    let others = identity.clone().neg().add_scalar(1.0);
    let in_all_keys = similarities(&anchors, &positives);
    let in_key = square(in_all_keys.clone().narrow(1, 0, 1));
    let in_best_key = square(in_all_keys.max_dim(1));
    let cross = in_key * identity.clone() + in_best_key * others;
    let to_decoys = square(best(&decoys));
    let own = square(best(&anchors)) - identity.clone().mul_scalar(NEVER);

    let scale = 1.0 / temperature;
    let right = |logits: Tensor<2>| {
        let probabilities = log_softmax(logits, 1).narrow(1, 0, size);
        (probabilities * identity.clone())
            .sum()
            .div_scalar(-(size as f32))
    };
    let rows = Tensor::cat(vec![cross.clone(), to_decoys.clone(), own], 1).mul_scalar(scale);
    let columns = cross.clone().transpose().mul_scalar(scale);
    let loss = (right(rows) + right(columns)).div_scalar(2.0);
    let outcome = Outcome {
        loss: loss.clone().into_scalar(),
        top_1: share_on_diagonal(&values(cross.clone()), size),
        above_decoy: share_above(&values(cross), &values(to_decoys), size),
    };
    (loss, outcome)
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    let data = tensor.into_data().convert::<f32>();
    data.try_into_vec().unwrap_or_default()
}

/// Share of the rows whose greatest value is on the diagonal.
fn share_on_diagonal(matrix: &[f32], size: usize) -> f32 {
    let rows = matrix.chunks_exact(size).enumerate();
    let right = rows.filter(|(row, values)| values.iter().all(|value| *value <= values[*row]));
    right.count() as f32 / size as f32
}

/// Share of the diagonal of the first matrix that is greater than that of the second one.
fn share_above(left: &[f32], right: &[f32], size: usize) -> f32 {
    let diagonal = (0..size).map(|row| row * (size + 1));
    let greater = diagonal.filter(|&place| left.get(place) > right.get(place));
    greater.count() as f32 / size as f32
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Four random windows, whose positives have lost more of the notes than their decoys.
    fn batch() -> Batch {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let anchors: Vec<f32> = (0..4 * PITCHES * WINDOW_FRAMES)
            .map(|_| if rng.random_bool(0.1) { 3.0 } else { 0.0 })
            .collect();
        let mut kept = |share: f64| -> Vec<f32> {
            let keep = |value: &f32| if rng.random_bool(share) { *value } else { 0.0 };
            anchors.iter().map(keep).collect()
        };
        Batch {
            size: 4,
            positives: kept(0.4),
            decoys: kept(0.9),
            anchors,
        }
    }

    #[test]
    fn steps_lower_the_loss() {
        let config = WindowTraining {
            warm_up_steps: 1,
            ..WindowTraining::default()
        };
        let mut learner = WindowLearner::new(&config, DeviceName::Cpu).unwrap();
        let batch = batch();
        let outcomes: Vec<Outcome> = (0..6)
            .map(|step| learner.step(step, &batch).unwrap())
            .collect();
        let (first, last) = (outcomes[0], outcomes[5]);
        assert!(first.above_decoy == 0.0 && first.loss > 1.0, "{first:?}");
        assert!(last.loss < 0.8 * first.loss, "{outcomes:?}");
    }

    #[test]
    fn shares_count_rows() {
        let matrix = [0.9, 0.1, 0.8, 0.2];
        assert_eq!(share_on_diagonal(&matrix, 2), 0.5);
        assert_eq!(share_above(&matrix, &[0.5, 1.0, 1.0, 0.5], 2), 0.5);
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let config = WindowTraining::default();
        let rate = |step| config.learning_rate_at(step);
        assert!(rate(0) < rate(20) && rate(49) > 0.99 * config.learning_rate);
        assert!(rate(1_500) < 0.51 * config.learning_rate && rate(2_999) > 0.0);
    }
}
