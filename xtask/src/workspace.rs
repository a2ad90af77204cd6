//! The repository: its folders, and the versions in Cargo.lock.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::process;

/// Cargo's arguments for all packages but xtask. With fewer packages, cargo would choose other
/// features and build the dependencies again.
pub const PRODUCT: [&str; 4] = ["--release", "--workspace", "--exclude", "xtask"];

/// The manifest of the catalogue, a workspace of its own: nobody who builds the page or the trainer
/// compiles the 600 packages of its store.
pub const CATALOGUE: &str = "catalogue/Cargo.toml";

/// Cargo's arguments for xtask, in the profile with which it runs.
pub const XTASK: [&str; 2] = ["--package", "xtask"];

/// The repository and cargo's target folder.
pub struct Workspace {
    /// The repository's root: the folder of the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the user's configuration puts it.
    pub target: PathBuf,
}

impl Workspace {
    /// Gets both folders from cargo.
    ///
    /// # Errors
    ///
    /// When cargo can't be run or can't read the manifest.
    pub fn find() -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut command = Command::new(cargo());
        command
            .args([
                "metadata",
                "--format-version=1",
                "--no-deps",
                "--manifest-path",
            ])
            .arg(manifest);
        let metadata: Metadata = serde_json::from_str(&process::output(&mut command)?)
            .context("cargo metadata printed something unexpected")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
        })
    }

    /// A cargo command in the repository's root.
    pub fn cargo(&self) -> Command {
        let mut command = Command::new(cargo());
        command.current_dir(&self.root);
        command
    }

    /// The generated part of the npm package.
    pub fn wasm(&self) -> PathBuf {
        self.root.join("pkg/wasm")
    }

    /// The assembled static site.
    pub fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// The trainer, built by the native tests.
    pub fn trainer(&self) -> PathBuf {
        self.target
            .join("release")
            .join(format!("soundalike-trainer{}", env::consts::EXE_SUFFIX))
    }

    /// The version of a package in Cargo.lock.
    ///
    /// # Errors
    ///
    /// When Cargo.lock can't be read, or doesn't have exactly one version of the package.
    pub fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        let text =
            fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
        locked_version(&text, package)
    }
}

/// The cargo that started this program, and so the toolchain of `cargo +NAME`.
fn cargo() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn locked_version(lock: &str, package: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let lock: Lock = toml::from_str(lock).context("Cargo.lock isn't what cargo writes")?;
    let versions: Vec<_> = lock
        .package
        .iter()
        .filter(|entry| entry.name == package)
        .collect();
    match versions.as_slice() {
        [only] => Ok(only.version.clone()),
        [] => anyhow::bail!("Cargo.lock has no {package}"),
        _ => anyhow::bail!("Cargo.lock has more than one {package}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "
version = 4
[[package]]
name = \"wasm-bindgen\"
version = \"0.2.130\"
[[package]]
name = \"rand\"
version = \"0.8.5\"
[[package]]
name = \"rand\"
version = \"0.9.1\"
";

    #[test]
    fn the_one_locked_version_is_found() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen").unwrap(), "0.2.130");
    }

    #[test]
    fn a_missing_or_doubled_package_is_an_error() {
        assert_eq!(
            locked_version(LOCK, "burn").unwrap_err().to_string(),
            "Cargo.lock has no burn"
        );
        assert_eq!(
            locked_version(LOCK, "rand").unwrap_err().to_string(),
            "Cargo.lock has more than one rand"
        );
    }
}
