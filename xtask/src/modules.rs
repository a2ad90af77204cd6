//! The WebAssembly modules, and how they are built.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    folders::{copy, replace_folder},
    process,
    tools::rust::{self, WASM_TARGET},
    workspace::Workspace,
};

/// A module. The two of the engine have the same interface. A browser loads the faster one for its
/// machine.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its folder under `pkg/wasm`.
    pub name: &'static str,
    /// The package that it is built from.
    pub package: &'static str,
    /// The cargo features it is built with.
    pub features: &'static [&'static str],
}

/// Without burn: the CPU has a forward pass of its own.
pub const CPU: Module = Module {
    name: "cpu",
    package: "soundalike",
    features: &["--no-default-features"],
};

/// With burn and its GPU runtime, which take minutes to compile.
pub const WEBGPU: Module = Module {
    name: "webgpu",
    package: "soundalike",
    features: &["--no-default-features", "--features=webgpu"],
};

/// The decoder of files that the browser refuses. It is loaded with the first such file.
pub const DECODER: Module = Module {
    name: "decoder",
    package: "soundalike-decoder",
    features: &[],
};

/// The modules that are published.
pub const MODULES: [Module; 3] = [CPU, WEBGPU, DECODER];

impl Module {
    /// The name of its files: `NAME.js` and `NAME_bg.wasm`.
    pub fn file_stem(self) -> String {
        self.package.replace('-', "_")
    }
}

/// A profile of cargo.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// For development, tests and continuous integration: minutes quicker to build.
    Web,
    /// The profile of published modules: minutes slower to build, smaller and faster to run.
    Ship,
}

impl Profile {
    /// Its name in `Cargo.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Ship => "ship",
        }
    }
}

/// Builds modules into `pkg/wasm` and copies the weights there.
///
/// # Errors
///
/// When a tool is missing and can't be installed, or a build fails.
pub fn build(workspace: &Workspace, modules: &[Module], profile: Profile) -> Result<()> {
    rust::wasm_target()?;
    for module in modules {
        build_one(workspace, *module, profile)?;
    }
    copy(
        &workspace.root.join("src/weights/recording.safetensors"),
        &workspace.wasm().join("weights.safetensors"),
    )
}

/// Builds one module into its folder in `pkg/wasm`.
///
/// # Errors
///
/// When the build fails or the folder can't be replaced.
pub fn build_one(workspace: &Workspace, module: Module, profile: Profile) -> Result<()> {
    println!(
        "building the {} module (profile {})",
        module.name,
        profile.name()
    );
    let compiled = compile(workspace, module, profile)?;
    replace_folder(&workspace.wasm().join(module.name), |folder| {
        Bindgen::new()
            .input_path(&compiled)
            .out_name(&module.file_stem())
            .web(true)?
            .typescript(true)
            // The default of the command line tool.
            .omit_default_module_path(false)
            .generate(folder)
            .with_context(|| format!("can't make the JavaScript of {}", compiled.display()))
    })
}

/// A cargo command for the browser builds.
///
/// `RUSTFLAGS` of the environment would replace the target features of `.cargo/config.toml`, with
/// SIMD, without a warning.
pub fn wasm_cargo(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo();
    command
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    command
}

fn compile(workspace: &Workspace, module: Module, profile: Profile) -> Result<PathBuf> {
    let mut command = wasm_cargo(workspace);
    // Not `crate-type` in the manifests: a library that is a `cdylib`, too, has no hash in its
    // file's name, and native builds with other features would replace each other's.
    command
        .args([
            "rustc",
            "--package",
            module.package,
            "--lib",
            "--crate-type",
            "cdylib",
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
        .join(module.file_stem() + ".wasm"))
}
