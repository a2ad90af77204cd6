//! A training run on disk: configuration, history, the latest state to resume from, the best
//! weights so far.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use burn::tensor::Device;
use soundalike::training::{Calibration, SiameseNetwork, WeightsInfo, weights_file};
use soundalike::{FeatureConfig, Model};

use crate::figures::history::History;
use crate::training::learner::Learner;
use crate::training::run_files::{self, CONFIG, HISTORY, read_json, write_json};
use crate::training::train_config::TrainConfig;

const STATE: &str = "state";
const PREVIOUS_STATE: &str = "state.previous";

/// The folder of one run.
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// Starts a run in an empty or new folder.
    ///
    /// # Errors
    ///
    /// When the folder already holds a run.
    pub fn create(path: &Path, config: &TrainConfig) -> Result<Self> {
        run_files::create(path, config)?;
        Ok(Self(path.to_owned()))
    }

    /// Opens an existing run.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn open(path: &Path) -> Result<(Self, TrainConfig, History)> {
        let folder = Self(path.to_owned());
        let config = TrainConfig::read(&path.join(CONFIG))
            .with_context(|| format!("{} holds no run", path.display()))?;
        // The history of the state, which may be older than the one beside it.
        let history_path = folder.state_path().join(HISTORY);
        if !history_path.exists() {
            bail!(
                "{} was interrupted before its first checkpoint: there is nothing to resume, \
                 start it again in another folder",
                path.display()
            );
        }
        let history = read_json(&history_path)?;
        Ok((folder, config, history))
    }

    /// The best weights so far.
    pub fn best_path(&self) -> PathBuf {
        self.0.join("best.safetensors")
    }

    /// The last complete state.
    fn state_path(&self) -> PathBuf {
        let (current, previous) = (self.0.join(STATE), self.0.join(PREVIOUS_STATE));
        if current.exists() || !previous.exists() {
            current
        } else {
            previous
        }
    }

    /// Saves the best weights so far. The previous ones stay until these are written.
    ///
    /// # Errors
    ///
    /// When they can't be written.
    pub fn save_best(&self, weights: &[u8]) -> Result<()> {
        let new = self.0.join("best.new");
        fs::write(&new, weights)
            .and_then(|()| fs::rename(&new, self.best_path()))
            .context("can't save the best weights; those before them are untouched")
    }

    /// Saves the state for resuming, and `history.json` for readers. The new state is complete
    /// before it replaces the old one.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save_state(&self, learner: &Learner, history: &History) -> Result<()> {
        let at = |name: &str| self.0.join(name);
        let (new, current, previous) = (at("state.new"), at(STATE), at(PREVIOUS_STATE));
        let _ = fs::remove_dir_all(&new);
        self.write_state(&new, learner, history)
            .context("the checkpoint before this one is untouched")?;
        let _ = fs::remove_dir_all(&previous);
        if current.exists() {
            fs::rename(&current, &previous).context("can't put the last state aside")?;
        }
        fs::rename(&new, &current).context("can't save the state")?;
        let _ = fs::remove_dir_all(&previous);
        write_json(&at(HISTORY), history)
    }

    fn write_state(&self, new: &Path, learner: &Learner, history: &History) -> Result<()> {
        run_files::save_state(new, &learner.network, &learner.optimizer)?;
        write_json(&new.join(HISTORY), history)
    }

    /// Loads the saved network and optimiser into a fresh learner of the same configuration.
    ///
    /// # Errors
    ///
    /// When one is missing or damaged.
    pub fn load_state(&self, learner: &mut Learner) -> Result<()> {
        let state = self.state_path();
        learner.network = run_files::load_network(&state, &learner.network)?;
        learner.optimizer = run_files::load_optimizer(&state, learner.fresh_optimizer())?;
        Ok(())
    }
}

/// A network as the bytes of a weights file, with its calibration and the golden segment's
/// embedding.
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
    // The golden embedding is that of the rounded weights in the file, so they are written and read
    // once.
    let draft = weights_file::write(&info, &tensors)?;
    let model = pollster::block_on(Model::load(&draft, &Device::flex(), false))?;
    info.golden_embedding = pollster::block_on(model.golden_embedding())?;
    Ok(weights_file::write(&info, &tensors)?)
}
