//! The tools that cargo builds, once, into the target folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{process, workspace::Workspace};

/// The release of geckodriver that is built where none is on the PATH.
const GECKODRIVER_VERSION: &str = "0.36.0";

/// wasm-bindgen's command line tools, at the version of the library in Cargo.lock.
pub struct WasmBindgen {
    folder: PathBuf,
}

impl WasmBindgen {
    /// Finds the tools in the target folder, or builds them into it.
    ///
    /// The library and the tools only understand each other at exactly the same version.
    ///
    /// # Errors
    ///
    /// When cargo can't build them.
    pub fn get(workspace: &Workspace) -> Result<Self> {
        let version = workspace.locked_version("wasm-bindgen")?;
        let tools = Self {
            folder: bin(workspace),
        };
        if version_of(&tools.program("wasm-bindgen")) != Some(version.clone())
            || !tools.test_runner().is_file()
        {
            let options = ["--no-default-features"];
            install(workspace, "wasm-bindgen-cli", &version, &options)?;
        }
        Ok(tools)
    }

    /// The tool that makes the JavaScript glue.
    pub fn bindgen(&self) -> Command {
        Command::new(self.program("wasm-bindgen"))
    }

    /// The path of the tool that runs tests in a browser.
    pub fn test_runner(&self) -> PathBuf {
        self.program("wasm-bindgen-test-runner")
    }

    fn program(&self, name: &str) -> PathBuf {
        executable(&self.folder, name)
    }
}

/// The path of the program that drives Firefox: the one that `GECKODRIVER` names, one on the PATH, or our own build.
///
/// # Errors
///
/// When there is none and cargo can't build it.
pub fn geckodriver(workspace: &Workspace) -> Result<PathBuf> {
    let given = env::var_os("GECKODRIVER")
        .map(PathBuf::from)
        .filter(|path| path.is_file());
    if let Some(path) = given.or_else(|| which::which("geckodriver").ok()) {
        return Ok(path);
    }
    let path = executable(&bin(workspace), "geckodriver");
    if version_of(&path).as_deref() != Some(GECKODRIVER_VERSION) {
        install(workspace, "geckodriver", GECKODRIVER_VERSION, &[])?;
    }
    Ok(path)
}

/// Builds a published tool, with the very dependencies that its authors released it with where the registry has them.
///
/// A registry may lack one of those (a mirror that lags, a release withdrawn since); then cargo chooses the newest that fit.
fn install(workspace: &Workspace, package: &str, version: &str, options: &[&str]) -> Result<()> {
    println!("building {package} {version}, once (about two minutes)");
    let install = |locked: &[&str]| {
        let mut install = workspace.cargo();
        install
            .args(["install", "--quiet", "--force"])
            .args(locked)
            .args([package, "--version", &format!("={version}")])
            .args(options)
            .arg("--root")
            .arg(tools_folder(workspace));
        process::run(&mut install)
    };
    install(&["--locked"]).or_else(|error| {
        println!("  {error:#}; once more, without the versions that {package} was released with");
        install(&[])
    })
}

fn tools_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// Where cargo puts what it installs into the tools folder.
fn bin(workspace: &Workspace) -> PathBuf {
    tools_folder(workspace).join("bin")
}

fn executable(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The version that a program prints after its name (`wasm-bindgen 0.2.100`); `None` where it can't be run.
fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .nth(1)?
        .to_owned();
    Some(version)
}
