//! The browser builds: two WebAssembly modules of one crate, and the static site around them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use super::serve;
use crate::{
    process,
    tools::rust::{self, WASM_TARGET},
    workspace::{Workspace, copy, copy_folder, empty_folder, move_folder},
};

/// One of the two modules. Both have the same interface; a browser loads the one that its machine
/// can run best.
#[derive(Clone, Copy)]
pub struct Module {
    /// Its folder under `pkg/wasm`.
    pub name: &'static str,
    /// The cargo features it is built with.
    pub features: &'static [&'static str],
}

/// Without burn: the CPU has a forward pass of its own, and the module half the bytes.
pub const CPU: Module = Module {
    name: "cpu",
    features: &["--no-default-features"],
};

/// With burn and its GPU runtime, which take minutes to compile.
pub const WEBGPU: Module = Module {
    name: "webgpu",
    features: &["--features=webgpu"],
};

/// The modules that are shipped.
pub const MODULES: [Module; 2] = [CPU, WEBGPU];

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
    build_modules(workspace, &MODULES, profile)?;
    assemble_site(workspace, &workspace.site(), &MODULES)?;
    println!("the site is in {}", workspace.site().display());
    Ok(())
}

/// Builds the CPU module and serves the site; builds the webgpu module while the site is in use.
///
/// Until the webgpu module is in place, the browser gets a 404 for it, and a checker with the
/// backend `auto` takes the CPU.
///
/// # Errors
///
/// When a tool is missing and can't be got, the CPU module can't be built, or the port is taken.
pub fn build_and_serve(workspace: &Workspace, port: u16) -> Result<()> {
    build_modules(workspace, &[CPU], Profile::Release)?;
    // A webgpu module of an earlier build may not fit the sources any more.
    assemble_site(workspace, &workspace.site(), &[CPU])?;
    serve::serve(&workspace.site(), port, || {
        let added = build_module(workspace, WEBGPU, Profile::Release)
            .and_then(|()| add_module(&workspace.wasm(), &workspace.site(), WEBGPU));
        match added {
            Ok(()) => println!("the webgpu module is in place: reload the page to use it"),
            Err(error) => {
                eprintln!("the webgpu module isn't built, the page uses the CPU: {error:#}");
            }
        }
    })
}

/// Builds modules into `pkg/wasm` and puts the weights beside them.
///
/// # Errors
///
/// When a tool is missing and can't be got, or a build fails.
pub fn build_modules(workspace: &Workspace, modules: &[Module], profile: Profile) -> Result<()> {
    rust::wasm_target()?;
    for module in modules {
        build_module(workspace, *module, profile)?;
    }
    copy(
        &workspace.root.join("src/weights/recording.safetensors"),
        &workspace.wasm().join("weights.safetensors"),
    )
}

fn build_module(workspace: &Workspace, module: Module, profile: Profile) -> Result<()> {
    println!(
        "building the {} module (profile {})",
        module.name,
        profile.name()
    );
    let compiled = compile(workspace, module, profile)?;
    replace_folder(&workspace.wasm().join(module.name), |folder| {
        Bindgen::new()
            .input_path(&compiled)
            .out_name("soundalike")
            .web(true)?
            .typescript(true)
            // As the command line tool does by default.
            .omit_default_module_path(false)
            .generate(folder)
            .with_context(|| format!("cannot make the JavaScript of {}", compiled.display()))
    })
}

/// Copies a module from `pkg/wasm` into a site that may be being served.
fn add_module(wasm: &Path, site: &Path, module: Module) -> Result<()> {
    replace_folder(&site.join("pkg/wasm").join(module.name), |folder| {
        copy_folder(&wasm.join(module.name), folder, is_shipped)
    })
}

/// Fills a folder aside and then moves it in place, so that its readers never find it half full.
fn replace_folder(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // A hidden name, which `is_shipped` leaves out should an interrupted build leave it behind.
    let aside = folder.with_file_name(format!(".{name}-new"));
    empty_folder(&aside)?;
    fill(&aside)?;
    move_folder(&aside, folder)
}

/// A cargo command for the browser builds.
///
/// `RUSTFLAGS` in the environment would silently replace the target features of
/// `.cargo/config.toml`, SIMD among them.
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

/// Lays the site out: `www` at its root and the npm package, as it is published, under `pkg`,
/// with these modules.
///
/// # Errors
///
/// When `pkg/wasm` hasn't been built, or a file can't be copied.
pub fn assemble_site(workspace: &Workspace, site: &Path, modules: &[Module]) -> Result<()> {
    ensure!(
        workspace.wasm().join("weights.safetensors").is_file(),
        "pkg/wasm isn't built yet: run cargo xtask web"
    );
    let is_left_out = |path: &Path| {
        MODULES
            .iter()
            .filter(|module| modules.iter().all(|kept| kept.name != module.name))
            .any(|module| path == workspace.wasm().join(module.name))
    };
    // Laid out aside and then moved, so that a site that is being served is never half there.
    let aside = site.with_extension(format!("new-{}", std::process::id()));
    empty_folder(&aside)?;
    copy_folder(&workspace.root.join("www"), &aside, is_shipped)?;
    copy_folder(&workspace.root.join("pkg"), &aside.join("pkg"), |path| {
        is_shipped(path) && !is_left_out(path)
    })?;
    move_folder(&aside, site)
}

/// Whether a file or folder of `www` or `pkg` is meant for the public, as opposed to development.
pub fn is_shipped(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && name != "node_modules" && name != "package-lock.json"
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_site_starts_without_webgpu_and_gets_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: folder.path().to_owned(),
            target: folder.path().join("target"),
        };
        fs::create_dir_all(folder.path().join("www")).unwrap();
        fs::create_dir_all(&workspace.target).unwrap();
        for module in ["cpu", "webgpu", ".webgpu-new"] {
            let folder = workspace.wasm().join(module);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("soundalike.js"), "").unwrap();
        }
        fs::write(workspace.wasm().join("weights.safetensors"), "").unwrap();
        let site = workspace.site();
        let holds = |module: &str| {
            site.join("pkg/wasm")
                .join(module)
                .join("soundalike.js")
                .is_file()
        };

        assemble_site(&workspace, &site, &[CPU]).unwrap();
        assert_eq!(
            ["cpu", "webgpu", ".webgpu-new"].map(holds),
            [true, false, false]
        );

        add_module(&workspace.wasm(), &site, WEBGPU).unwrap();
        assert_eq!(
            ["cpu", "webgpu", ".webgpu-new"].map(holds),
            [true, true, false]
        );
    }

    #[test]
    fn a_folder_that_cannot_be_filled_leaves_the_old_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cpu");
        fs::create_dir(&folder).unwrap();
        replace_folder(&folder, |_| anyhow::bail!("no")).unwrap_err();
        assert!(folder.is_dir());
    }
}
