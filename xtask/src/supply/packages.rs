//! The packages of Cargo.lock, as cargo describes them.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::{process, workspace::Workspace};

/// All packages in the lock file of a manifest: for all systems and all features.
///
/// # Errors
///
/// When cargo can't list them.
pub fn of_manifest(workspace: &Workspace, manifest: &str) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--format-version=1", "--locked"]);
    metadata.args(["--manifest-path", manifest]);
    let Metadata { packages } = serde_json::from_str(&process::output(&mut metadata)?)
        .context("cargo metadata printed something unexpected")?;
    Ok(packages)
}

/// A package as cargo describes it.
#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub license: Option<String>,
    /// `None` for packages of the workspace.
    pub source: Option<String>,
    pub authors: Vec<String>,
    pub manifest_path: PathBuf,
}
