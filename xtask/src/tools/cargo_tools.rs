//! Tools that cargo builds once, into the target folder.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{process, workspace::Workspace};

/// The version of geckodriver that is built if none is on the PATH.
const GECKODRIVER_VERSION: &str = "0.36.0";

/// The path of wasm-bindgen's test runner for browsers. Its version must be that of the library in
/// Cargo.lock.
///
/// # Errors
///
/// When cargo can't build it.
pub fn wasm_test_runner(workspace: &Workspace) -> Result<PathBuf> {
    const NAME: &str = "wasm-bindgen-test-runner";
    let version = workspace.locked_version("wasm-bindgen")?;
    let path = executable(&bin(workspace), NAME);
    if version_of(&path).as_deref() != Some(&version) {
        // Not `--locked`: the lock file has a version of webpki-roots that registries may lack. The
        // runner doesn't depend on it, as it only connects to a browser on this machine.
        let options = ["--no-default-features", "--bin", NAME];
        // It rewrites modules of megabytes.
        install(workspace, "wasm-bindgen-cli", &version, &options, "1")?;
    }
    Ok(path)
}

/// The path of Firefox's driver: by the variable `GECKODRIVER`, on the PATH, or our own build.
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
        // The registry may lack a version in its lock file.
        let build = |options: &[&str]| {
            // It only passes messages on: unoptimised, it is built in half the time.
            install(workspace, "geckodriver", GECKODRIVER_VERSION, options, "0")
        };
        build(&["--locked"]).or_else(|error| {
            println!("  {error:#}; trying again without the lock file");
            build(&[])
        })?;
    }
    Ok(path)
}

/// Builds a tool from crates.io.
fn install(
    workspace: &Workspace,
    package: &str,
    version: &str,
    options: &[&str],
    opt_level: &str,
) -> Result<()> {
    println!("building {package} {version}, once (about two minutes)");
    let mut install = workspace.cargo();
    install
        .args(["install", "--quiet", "--force"])
        .args([package, "--version", &format!("={version}")])
        .args(options)
        .arg("--root")
        .arg(tools_folder(workspace))
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", opt_level);
    process::run(&mut install)
}

fn tools_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// The folder of the programs in the tools folder.
fn bin(workspace: &Workspace) -> PathBuf {
    tools_folder(workspace).join("bin")
}

fn executable(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The version that a program prints after its name (`wasm-bindgen 0.2.100`); `None` if it can't be
/// run.
fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .nth(1)?
        .to_owned();
    Some(version)
}
