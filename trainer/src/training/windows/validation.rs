//! How well the window network recognises songs of the validation split that are played anew.

use std::path::Path;

use anyhow::Result;
use burn::tensor::Device;

use crate::corpus::tracks::Split;
use crate::training::windows::batch::{Batch, Windows};
use crate::training::windows::learner::{self, Outcome};
use crate::training::windows::network::WindowNetwork;

/// Batches of the validation, of different places of the same songs.
const BATCHES: usize = 8;
/// Its triples a batch. The loss of a batch depends on its size.
const SIZE: usize = 32;
/// Its seed, whatever the training's.
const SEED: u64 = 909;

/// Fixed batches of validation songs.
pub struct WindowValidation(Vec<Batch>);

impl WindowValidation {
    /// Makes them.
    ///
    /// # Errors
    ///
    /// When a song can't be read.
    pub fn read(pop909: &Path) -> Result<Self> {
        let windows = Windows::read(pop909, Split::Validation, 2)?;
        let batches = (0..BATCHES).map(|index| windows.batch(index, SIZE, SEED));
        Ok(Self(batches.collect()))
    }

    /// The mean figures of a network without gradients.
    pub fn examine(&self, network: &WindowNetwork, temperature: f64) -> Outcome {
        let device = Device::flex();
        let mut mean = Outcome::default();
        for batch in &self.0 {
            let (_, outcome) = learner::loss(network, batch, temperature, &device);
            let share = 1.0 / self.0.len() as f32;
            mean.loss += share * outcome.loss;
            mean.top_1 += share * outcome.top_1;
            mean.above_decoy += share * outcome.above_decoy;
        }
        mean
    }
}
