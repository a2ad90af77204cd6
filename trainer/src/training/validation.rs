//! Validation: the figures of weights on the validation pairs, and their calibration.

use std::path::Path;

use anyhow::Result;
use burn::tensor::Device;
use soundalike::Model;
use soundalike::training::Calibration;
use soundalike_tables::pair_table::{self, Pair};

use crate::corpus::passages::Passages;
use crate::figures::metrics::{self, Scored};
use crate::training::ablation::{Normalisation, TrainedNetwork};
use crate::training::calibrate;

/// Validation passages with their labels.
pub struct Validation {
    pairs: Vec<Pair>,
    passages: Passages,
}

/// The figures of weights on these passages.
pub struct Outcome {
    /// ROC-AUC.
    pub roc_auc: f64,
    /// Cross-entropy of the uncalibrated head, copies and others weighted alike.
    pub loss: f64,
    /// Share of right verdicts at a calibrated score of 0.5.
    pub accuracy: f64,
    /// The uncalibrated score of a passage with itself.
    pub identity_score: f32,
    /// The calibration for these weights.
    pub calibration: Calibration,
}

impl Validation {
    /// Reads a table, `validation.csv`, and the audio of its first `most` pairs.
    ///
    /// # Errors
    ///
    /// When a file can't be read.
    pub fn load(table: &Path, most: usize) -> Result<Self> {
        let mut pairs = pair_table::read(table)?;
        pairs.truncate(most);
        let passages = Passages::load(&pairs)?;
        Ok(Self { pairs, passages })
    }

    /// Scores all pairs with a model of the engine.
    ///
    /// # Errors
    ///
    /// When the model can't compute.
    pub fn examine(&self, model: &Model) -> Result<Outcome> {
        let logits = self.passages.logits(model)?;
        Ok(self.outcome(&logits, model.head().identity_logit()))
    }

    /// Scores all pairs with a network that the engine can't hold.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn examine_network(
        &self,
        network: &TrainedNetwork,
        normalisation: Normalisation,
    ) -> Result<Outcome> {
        let (logits, identity) = network.judge(&self.passages, normalisation, &Device::flex())?;
        Ok(self.outcome(&logits, identity))
    }

    fn outcome(&self, logits: &[f32], identity: f32) -> Outcome {
        let of = |is_copy: bool| -> Vec<f32> {
            let labelled = logits.iter().zip(&self.pairs);
            labelled
                .filter(|(_, pair)| pair.is_copy() == is_copy)
                .map(|(&logit, _)| logit)
                .collect()
        };
        let (copies, others) = (of(true), of(false));
        let scored: Vec<Scored<'_>> = logits
            .iter()
            .zip(&self.pairs)
            .map(|(&logit, pair)| Scored {
                score: logit,
                is_copy: pair.is_copy(),
                perturbation: &pair.perturbation,
            })
            .collect();
        let softplus = |x: f32| f64::from(x.max(0.0) + (-x.abs()).exp().ln_1p());
        let mean = |losses: Vec<f64>| losses.iter().sum::<f64>() / losses.len().max(1) as f64;
        let missed = mean(copies.iter().map(|&logit| softplus(-logit)).collect());
        let mistaken = mean(others.iter().map(|&logit| softplus(logit)).collect());
        let calibration = calibrate::fit(&copies, &others, identity);
        let right = scored
            .iter()
            .filter(|pair| (calibration.score(pair.score) >= 0.5) == pair.is_copy)
            .count();
        Outcome {
            roc_auc: metrics::roc_auc(&scored),
            loss: (missed + mistaken) / 2.0,
            accuracy: right as f64 / scored.len() as f64,
            identity_score: 1.0 / (1.0 + (-identity).exp()),
            calibration,
        }
    }
}
