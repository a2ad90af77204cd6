//! What is published: an npm tarball and the static site, fully optimised, under `dist/`.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    process, sizes, tools,
    web::{self, Profile},
    workspace::{Workspace, copy, copy_folder, empty_folder},
};

/// The WebAssembly features that our compiled code uses, each in every browser that has SIMD128.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Builds with the `ship` profile, shrinks the modules, and writes `dist/`.
///
/// # Errors
///
/// When a tool is missing, a build fails, or a first visit would be larger than its budget.
pub fn pack(workspace: &Workspace) -> Result<()> {
    tools::node()?;
    let tools_folder = workspace.root.join("xtask");
    tools::npm_ci(&tools_folder)?;
    web::build_modules(workspace, Profile::Ship)?;
    for module in web::MODULES {
        let path = workspace
            .wasm()
            .join(module.name)
            .join("soundalike_bg.wasm");
        println!("shrinking the {} module", module.name);
        shrink(
            &tools_folder.join("node_modules/binaryen/bin/wasm-opt"),
            &path,
        )?;
    }
    web::assemble_site(workspace, &workspace.site())?;

    let dist = workspace.root.join("dist");
    empty_folder(&dist)?;
    copy_folder(&workspace.site(), &dist.join("site"), |_| true)?;
    npm_pack(workspace, &dist)?;
    sizes::report(&dist.join("site"), true)?;
    println!("the npm tarball and the site are in {}", dist.display());
    Ok(())
}

fn shrink(wasm_opt: &Path, module: &Path) -> Result<()> {
    let mut command = Command::new("node");
    command
        .arg(wasm_opt)
        .args(["-O3", "--strip-debug", "--strip-producers"])
        .args(WASM_FEATURES)
        .arg(module)
        .arg("-o")
        .arg(module);
    process::run(&mut command)
}

/// Packs a copy of `pkg` that carries the licences and the type declarations.
fn npm_pack(workspace: &Workspace, dist: &Path) -> Result<()> {
    let staged = workspace.target.join("package");
    empty_folder(&staged)?;
    copy_folder(&workspace.root.join("pkg"), &staged, web::is_shipped)?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&workspace.root.join(licence), &staged.join(licence))?;
    }
    declare_types(workspace, &staged)?;
    let mut command = Command::new("npm");
    command
        .args(["pack", "--pack-destination"])
        .arg(dist)
        .current_dir(staged);
    process::run(&mut command)
}

/// Writes the declarations that the package's JSDoc comments describe beside its modules.
fn declare_types(workspace: &Workspace, package: &Path) -> Result<()> {
    let tools_folder = workspace.root.join("tests/e2e");
    tools::npm_ci(&tools_folder)?;
    let mut command = Command::new("node");
    command
        .arg(tools_folder.join("node_modules/typescript/bin/tsc"))
        .args([
            "--allowJs",
            "--declaration",
            "--emitDeclarationOnly",
            "--strict",
        ])
        .args([
            "--target", "es2023", "--module", "nodenext", "--outDir", ".",
        ])
        // wasm-bindgen's declarations name `Symbol.dispose`.
        .args(["--lib", "es2023,esnext.disposable,dom,dom.iterable"])
        .args(["index.js", "element.js"])
        .current_dir(package);
    process::run(&mut command)
}
