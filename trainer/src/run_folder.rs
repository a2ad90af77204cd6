//! A training run on disk: configuration, history, the latest state to resume from, the best weights so far.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use burn::module::Module as _;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use soundalike::head::Calibration;
use soundalike::model::SiameseNetwork;
use soundalike::weights_file::{self, WeightsInfo};
use soundalike::{FeatureConfig, Model};

use crate::train_config::TrainConfig;

/// The folder of one run.
pub struct RunFolder(PathBuf);

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
    /// Whether it was the best so far.
    pub is_best: bool,
}

/// `history.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// One entry a validation.
    pub entries: Vec<HistoryEntry>,
}

impl RunFolder {
    /// Starts a run in an empty or new folder.
    ///
    /// # Errors
    ///
    /// When the folder already holds a run.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self> {
        let folder = Self(path.to_owned());
        if folder.config_path().exists() {
            bail!(
                "{} already holds a run; continue it with --resume or choose another folder",
                path.display()
            );
        }
        fs::create_dir_all(path).with_context(|| format!("can't make {}", path.display()))?;
        write_json(&folder.config_path(), config)?;
        Ok(folder)
    }

    /// Opens a run that was started before.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig, History)> {
        let folder = Self(path.to_owned());
        let config = TrainConfig::read(&folder.config_path())
            .with_context(|| format!("{} holds no run", path.display()))?;
        let history = match fs::read_to_string(folder.history_path()) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged", folder.history_path().display()))?,
            Err(_) => History::default(),
        };
        Ok((folder, config, history))
    }

    /// The best weights so far.
    pub fn best_path(&self) -> PathBuf {
        self.0.join("best.safetensors")
    }

    fn config_path(&self) -> PathBuf {
        self.0.join("config.json")
    }

    fn history_path(&self) -> PathBuf {
        self.0.join("history.json")
    }

    /// Writes `history.json`.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save_history(&self, history: &History) -> Result<()> {
        write_json(&self.history_path(), history)
    }

    /// Saves what resuming needs. The new state is complete before it takes the place of the old one.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save_state(&self, network: &SiameseNetwork, optimizer: &ModuleOptimizer) -> Result<()> {
        let (new, old) = (self.0.join("state.new"), self.0.join("state"));
        let _ = fs::remove_dir_all(&new);
        fs::create_dir_all(&new)?;
        network
            .clone()
            .save_file(new.join("network"))
            .context("can't save the network")?;
        optimizer
            .save(new.join("optimizer"))
            .context("can't save the optimiser")?;
        let _ = fs::remove_dir_all(&old);
        fs::rename(&new, &old).context("can't save the state")
    }

    /// Loads the saved network into one of the same shape.
    ///
    /// # Errors
    ///
    /// When there is none or it is damaged.
    pub fn load_network(&self, network: SiameseNetwork) -> Result<SiameseNetwork> {
        let path = self.0.join("state").join("network");
        network
            .try_load_file(path)
            .map_err(|error| anyhow::anyhow!("the saved network is missing or damaged: {error}"))
    }

    /// Loads the saved optimiser state; `optimizer` was made for the loaded network, because its state goes by the identity of parameters.
    ///
    /// # Errors
    ///
    /// When there is none or it is damaged.
    pub fn load_optimizer(&self, optimizer: ModuleOptimizer) -> Result<ModuleOptimizer> {
        let path = self.0.join("state").join("optimizer");
        optimizer
            .load(path)
            .map_err(|error| anyhow::anyhow!("the saved optimiser is missing or damaged: {error}"))
    }
}

/// A network as the bytes of a weights file, with its calibration and the golden segment's embedding.
///
/// # Errors
///
/// When a weight doesn't fit the format.
pub fn weights(
    network: &SiameseNetwork,
    config: &TrainConfig,
    calibration: Calibration,
    version: &str,
) -> Result<Vec<u8>> {
    let tensors = network.tensors();
    let mut info = WeightsInfo {
        format: weights_file::FORMAT,
        version: version.to_owned(),
        features: FeatureConfig::default(),
        encoder: config.encoder.clone(),
        calibration,
        golden_embedding: vec![0.0; config.encoder.embedding],
    };
    // The known answer is that of the weights as they are in the file, rounded; so they go there and back once.
    let draft = weights_file::write(&info, &tensors)?;
    let model = pollster::block_on(Model::load(&draft, &Device::flex(), false))?;
    info.golden_embedding = pollster::block_on(model.golden_embedding())?;
    Ok(weights_file::write(&info, &tensors)?)
}

/// Writes pretty JSON.
///
/// # Errors
///
/// When the file can't be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    fs::write(path, serde_json::to_string_pretty(value)? + "\n")
        .with_context(|| format!("can't write {}", path.display()))
}
