//! Parts of the Rust toolchain that rustup adds.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{process, workspace::Workspace};

/// The compilation target of the browser builds.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Adds the standard library for the browser builds, if it is missing.
///
/// # Errors
///
/// Names what to install, if rustup can't add it.
pub fn wasm_target() -> Result<()> {
    let folder = process::output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("adding the Rust target {WASM_TARGET}");
    rustup(&["target", "add", WASM_TARGET])
}

/// Adds `cargo fmt` and `cargo clippy`, if they are missing.
///
/// # Errors
///
/// Names what to install, if rustup can't add them.
pub fn components(workspace: &Workspace) -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !process::succeeds(workspace.cargo().args([command, "--version"])) {
            println!("adding the Rust component {component}");
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(arguments: &[&str]) -> Result<()> {
    let words = arguments.join(" ");
    which::which("rustup").ok().with_context(|| {
        format!("rustup isn't on the PATH: install Rust through rustup (https://rustup.rs), for `rustup {words}`")
    })?;
    process::run(Command::new("rustup").args(arguments))
}
