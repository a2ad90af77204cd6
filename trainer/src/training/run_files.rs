//! What every training run keeps on disk: its configuration, and states of the network and its
//! optimiser.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The configuration's file in a run's folder.
pub const CONFIG: &str = "config.json";
/// The file of the learning curves.
pub const HISTORY: &str = "history.json";

const NETWORK: &str = "network";
const OPTIMIZER: &str = "optimizer";

/// Makes a new or empty folder the folder of a run, with its configuration.
///
/// # Errors
///
/// When the folder already holds a run, or can't be written.
pub fn create(folder: &Path, config: &impl Serialize) -> Result<()> {
    if folder.join(CONFIG).exists() {
        bail!(
            "{} already holds a run; continue it with --resume or choose another folder",
            folder.display()
        );
    }
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    write_json(&folder.join(CONFIG), config)
}

/// Writes a network and its optimiser into a folder.
///
/// # Errors
///
/// When a file can't be written.
pub fn save_state(folder: &Path, network: &impl Module, optimizer: &ModuleOptimizer) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    let network = network.clone();
    network
        .save_file(folder.join(NETWORK))
        .context("can't save the network")?;
    optimizer
        .save(folder.join(OPTIMIZER))
        .context("can't save the optimiser")?;
    Ok(())
}

/// The network of a saved state. `fresh` is one of the same configuration.
///
/// # Errors
///
/// When the file is missing or damaged.
pub fn load_network<M: Module>(folder: &Path, fresh: &M) -> Result<M> {
    let network = fresh.clone();
    network
        .try_load_file(folder.join(NETWORK))
        .map_err(|error| anyhow!("the saved network is missing or damaged: {error}"))
}

/// The optimiser of a saved state. `fresh` is one for the loaded network: the moments are keyed by
/// the ids of the network's parameters, which its file keeps.
///
/// # Errors
///
/// When the file is missing or damaged.
pub fn load_optimizer(folder: &Path, fresh: ModuleOptimizer) -> Result<ModuleOptimizer> {
    fresh
        .load(folder.join(OPTIMIZER))
        .map_err(|error| anyhow!("the saved optimiser is missing or damaged: {error}"))
}

/// Reads JSON.
///
/// # Errors
///
/// When the file can't be read or holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        fs::read_to_string(path).with_context(|| format!("can't open {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))
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
