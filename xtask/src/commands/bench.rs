//! `cargo xtask bench`: the speed of the engine in a browser, compared with libraries that could
//! replace parts of it (`benches/browser`).

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{
    process,
    tools::{node, system},
    workspace::Workspace,
};

/// The parts of the benchmark, in their order.
pub const PARTS: [&str; 5] = ["features", "encoder", "check", "visit", "webgpu"];

/// Options of the benchmark.
#[derive(clap::Args)]
pub struct Options {
    /// Measure the site of `web`, which is less optimised
    #[arg(long)]
    development: bool,
    /// Run everything only once, to test the benchmark itself
    #[arg(long)]
    quick: bool,
}

/// Measures the named parts, or all, of the site that `pack` wrote; prints tables and writes them
/// with all numbers to `target/bench`.
///
/// # Errors
///
/// When a tool is missing, the site isn't built or has other weights, or a result is wrong.
pub fn bench(workspace: &Workspace, parts: &[String], options: &Options) -> Result<()> {
    let (site, command) = if options.development {
        (workspace.site(), "web")
    } else {
        (workspace.root.join("dist/site"), "pack")
    };
    ensure_current(workspace, &site, command)?;
    node::require()?;
    let chromium = system::test_programs()?.chromium;
    let folder = workspace.root.join("benches/browser");
    for folder in [&workspace.root.join("tests/browser"), &folder] {
        node::npm_ci(folder)?;
    }
    let made = workspace.target.join("bench");
    let node = |script: &str| {
        let mut node = Command::new("node");
        node.arg(script).env("CHROMIUM", &chromium);
        node.current_dir(&folder);
        node
    };
    process::run(node("audio.js").arg(&made))?;
    let songs = ["song.f32", "segment.f32"].map(|name| made.join(name));
    let mut export = workspace.cargo();
    export.args(["run", "--release", "--quiet", "--example", "onnx", "--"]);
    process::run(export.arg(&made).args(songs))?;
    let mut run = node("run.js");
    if options.quick {
        run.arg("--quick");
    }
    process::run(run.args([&site, &made]).args(parts))
}

/// Fails for a site with other weights than those in the sources.
fn ensure_current(workspace: &Workspace, site: &Path, command: &str) -> Result<()> {
    let weights = |path: &Path| {
        fs::read(path)
            .with_context(|| format!("{} is missing: run cargo xtask {command}", path.display()))
    };
    let built = weights(&site.join("pkg/wasm/weights.safetensors"))?;
    let source = weights(&workspace.root.join("src/weights/recording.safetensors"))?;
    ensure!(
        built == source,
        "{} has other weights than src/weights: run cargo xtask {command}",
        site.display()
    );
    Ok(())
}
