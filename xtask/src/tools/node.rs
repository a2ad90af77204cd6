//! Node.js, and the packages that npm installs.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// The oldest version with the test runner that the tests use.
const OLDEST_NODE: u32 = 20;

/// Checks that Node.js and npm are installed.
///
/// # Errors
///
/// Names what to install, if they are missing or too old.
pub fn require() -> Result<()> {
    for name in ["node", "npm"] {
        which::which(name).ok().with_context(|| {
            format!("{name} isn't on the PATH: install Node.js {OLDEST_NODE} or newer")
        })?;
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => bail!(
            "Node.js {} is too old: install {OLDEST_NODE} or newer",
            version.trim()
        ),
    }
}

/// Installs the packages of a folder's `package-lock.json`, unless they are installed already.
///
/// # Errors
///
/// When npm is missing or fails.
pub fn npm_ci(folder: &Path) -> Result<()> {
    let modified = |name: &str| {
        folder
            .join(name)
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    // npm writes this copy of the lock file at the end of an installation.
    if modified("node_modules/.package-lock.json") >= modified("package-lock.json") {
        return Ok(());
    }
    require()?;
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )
}
