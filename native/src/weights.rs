//! Loads weights from a file, or the shipped ones.

use std::path::Path;

use anyhow::{Context as _, Result};
use soundalike::{Checker, Model, SHIPPED_WEIGHTS};

/// Loads weights onto the CPU, where figures are reproducible.
///
/// # Errors
///
/// When the file can't be read or isn't a weights file.
pub fn load(path: Option<&Path>) -> Result<Model> {
    let bytes = match path {
        Some(path) => {
            std::fs::read(path).with_context(|| format!("can't open {}", path.display()))?
        }
        None => SHIPPED_WEIGHTS.to_vec(),
    };
    let place = || {
        path.map_or("the shipped weights".into(), |path| {
            path.display().to_string()
        })
    };
    Model::on_cpu(&bytes).with_context(place)
}

/// A checker on the CPU, as in the browser.
///
/// # Errors
///
/// Those of [`load`].
pub fn checker(path: Option<&Path>) -> Result<Checker> {
    Ok(Checker::new(load(path)?, "cpu"))
}
