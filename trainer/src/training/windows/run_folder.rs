//! A training run of the window network on disk: configuration, history, the latest state, the best
//! weights.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use burn::module::Module as _;
use serde::{Deserialize, Serialize};

use crate::training::run_files::{self, CONFIG, HISTORY, read_json, write_json};
use crate::training::windows::learner::{WindowLearner, WindowTraining};

/// States are written to one of two folders in turn; the history names the last complete one.
const STATES: [&str; 2] = ["state.a", "state.b"];
const BEST: &str = "best";

/// The folder of one run.
pub struct WindowRun(PathBuf);

/// `history.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WindowHistory {
    /// One entry a validation.
    pub entries: Vec<WindowEntry>,
}

/// One line of the learning curves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowEntry {
    /// Steps done.
    pub step: usize,
    /// Seconds of training, over all sessions.
    pub elapsed_secs: f64,
    /// Mean loss since the last entry.
    pub loss: f32,
    /// Loss on validation songs.
    pub validation_loss: f32,
    /// Share of validation windows that are nearest to their own version, of 32.
    pub validation_top_1: f32,
    /// Share of validation windows that are nearer to their own version than to its decoy.
    pub validation_above_decoy: f32,
    /// Whether it was the best so far: the lowest loss on validation songs.
    pub is_best: bool,
}

impl WindowRun {
    /// Starts a run in an empty or new folder.
    ///
    /// # Errors
    ///
    /// When the folder already holds a run.
    pub fn create(path: &Path, config: &WindowTraining) -> Result<Self> {
        run_files::create(path, config)?;
        Ok(Self(path.to_owned()))
    }

    /// Opens a run to resume it.
    ///
    /// # Errors
    ///
    /// When there is none, or it has no state yet.
    pub fn open(path: &Path) -> Result<(Self, WindowTraining, WindowHistory)> {
        let config = read_json(&path.join(CONFIG))
            .with_context(|| format!("{} holds no run", path.display()))?;
        let history = read_json(&path.join(HISTORY)).with_context(|| {
            format!(
                "{} was interrupted before its first validation: start it again in another folder",
                path.display()
            )
        })?;
        Ok((Self(path.to_owned()), config, history))
    }

    /// Saves the state after a validation. The one before stays until this one is complete.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn save(&self, learner: &WindowLearner, history: &WindowHistory) -> Result<()> {
        run_files::save_state(&self.state(history), &learner.network, &learner.optimizer)?;
        let new = self.0.join("history.new");
        write_json(&new, history)?;
        fs::rename(&new, self.0.join(HISTORY)).context("can't save the history")
    }

    /// Saves the best weights so far.
    ///
    /// # Errors
    ///
    /// When they can't be written.
    pub fn save_best(&self, learner: &WindowLearner) -> Result<()> {
        let network = learner.network.clone();
        network
            .save_file(self.0.join(BEST))
            .context("can't save the best weights")?;
        Ok(())
    }

    /// Loads the last state into a fresh learner of the same configuration.
    ///
    /// # Errors
    ///
    /// When it is missing or damaged.
    pub fn load(&self, learner: &mut WindowLearner, history: &WindowHistory) -> Result<()> {
        let state = self.state(history);
        learner.network = run_files::load_network(&state, &learner.network)?;
        learner.optimizer = run_files::load_optimizer(&state, learner.fresh_optimizer())?;
        Ok(())
    }

    fn state(&self, history: &WindowHistory) -> PathBuf {
        self.0.join(STATES[history.entries.len() % STATES.len()])
    }
}
