//! The browser builds: two WebAssembly modules of one crate, and the static site around them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};

use crate::{
    cargo_tools::WasmBindgen,
    process,
    tools::{self, WASM_TARGET},
    workspace::{Workspace, copy, copy_folder, empty_folder, move_folder},
};

/// One of the two modules. Both have the same interface; a browser loads the one that its machine can run best.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its folder under `pkg/wasm`.
    pub name: &'static str,
    /// The cargo features it is built with.
    pub features: &'static [&'static str],
}

/// The modules that are shipped.
pub const MODULES: [Module; 2] = [
    Module {
        name: "cpu",
        // Without burn: the CPU has a forward pass of its own, and the module half the bytes.
        features: &["--no-default-features"],
    },
    Module {
        name: "webgpu",
        features: &["--features=webgpu"],
    },
];

/// How much the compiler optimises.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Cargo's release profile: what development, tests and continuous integration share.
    Release,
    /// What is published: minutes slower to build, smaller and faster to run.
    Ship,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Ship => "ship",
        }
    }
}

/// Builds both modules into `pkg/wasm` and assembles the site.
///
/// # Errors
///
/// When a tool is missing and can't be got, or a build fails.
pub fn build(workspace: &Workspace, profile: Profile) -> Result<()> {
    build_modules(workspace, profile)?;
    assemble_site(workspace, &workspace.site())?;
    println!("the site is in {}", workspace.site().display());
    Ok(())
}

/// Builds both modules into `pkg/wasm` and puts the weights beside them.
///
/// # Errors
///
/// When a tool is missing and can't be got, or a build fails.
pub fn build_modules(workspace: &Workspace, profile: Profile) -> Result<()> {
    tools::wasm_target()?;
    let wasm_bindgen = WasmBindgen::get(workspace)?;
    for module in MODULES {
        println!(
            "building the {} module (profile {})",
            module.name,
            profile.name()
        );
        let compiled = compile(workspace, module, profile)?;
        let folder = workspace.wasm().join(module.name);
        empty_folder(&folder)?;
        let mut bindgen = wasm_bindgen.bindgen();
        bindgen
            .args(["--target", "web", "--out-name", "soundalike", "--out-dir"])
            .arg(folder)
            .arg(compiled);
        process::run(&mut bindgen)?;
    }
    copy(
        &workspace.root.join("src/weights/recording.safetensors"),
        &workspace.wasm().join("weights.safetensors"),
    )
}

/// A cargo command for the browser builds.
///
/// `RUSTFLAGS` in the environment would silently replace the target features of `.cargo/config.toml`, SIMD among them.
pub fn wasm_cargo(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

fn compile(workspace: &Workspace, module: Module, profile: Profile) -> Result<PathBuf> {
    let mut command = wasm_cargo(workspace);
    command
        .args([
            "build",
            "--package=soundalike",
            "--lib",
            "--target",
            WASM_TARGET,
            "--profile",
            profile.name(),
        ])
        .args(module.features);
    process::run(&mut command)?;
    Ok(workspace
        .target
        .join(WASM_TARGET)
        .join(profile.name())
        .join("soundalike.wasm"))
}

/// Lays the site out: `www` at its root and the npm package, as it is published, under `pkg`.
///
/// # Errors
///
/// When `pkg/wasm` hasn't been built, or a file can't be copied.
pub fn assemble_site(workspace: &Workspace, site: &Path) -> Result<()> {
    ensure!(
        workspace.wasm().join("weights.safetensors").is_file(),
        "pkg/wasm isn't built yet: run cargo xtask web"
    );
    // Laid out aside and then moved, so that a site that is being served is never half there.
    let aside = site.with_extension(format!("new-{}", std::process::id()));
    empty_folder(&aside)?;
    copy_folder(&workspace.root.join("www"), &aside, is_shipped)?;
    copy_folder(&workspace.root.join("pkg"), &aside.join("pkg"), is_shipped)?;
    move_folder(&aside, site)
}

/// Whether a file or folder of `www` or `pkg` is meant for the public, as opposed to development.
pub fn is_shipped(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && name != "node_modules" && name != "package-lock.json"
}
