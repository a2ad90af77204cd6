//! The sources of tables of pairs: `manifest.json`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::corpus::tracks::Track;

/// The manifest of a folder of tables.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Seed of the split, the passages and the recipes.
    pub seed: u64,
    /// Pairs in each table.
    pub pairs: HashMap<String, usize>,
    /// All tracks with their split.
    pub tracks: Vec<Track>,
    /// Unused files with the reason.
    pub skipped: Vec<String>,
}

impl Manifest {
    /// Name of its file, beside the tables.
    pub const FILE_NAME: &str = "manifest.json";

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// When the file can't be read or isn't a manifest.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no manifest of 'pairs'", path.display()))
    }

    /// Writes the manifest into the folder of its tables.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(Self::FILE_NAME);
        fs::write(&path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("can't write {}", path.display()))
    }
}
