//! History of a training run: its figures at each validation, which the learning curves show.

use serde::{Deserialize, Serialize};

/// One line of the learning curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Steps done.
    pub step: usize,
    /// Seconds of training so far, over all sessions.
    pub elapsed_secs: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean contrastive loss since the last entry.
    pub contrast_loss: f32,
    /// Mean loss of the head since the last entry.
    pub verdict_loss: f32,
    /// ROC-AUC on the validation pairs.
    pub validation_roc_auc: f64,
    /// Loss of the head on the validation pairs.
    pub validation_loss: f64,
    /// Best balanced accuracy on the validation pairs.
    pub validation_accuracy: f64,
    /// Uncalibrated score of a passage with itself.
    pub identity_score: f32,
    /// Whether it was the best so far.
    pub is_best: bool,
}

/// `history.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One entry a validation.
    pub entries: Vec<HistoryEntry>,
}
