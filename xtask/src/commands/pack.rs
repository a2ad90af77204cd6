//! `cargo xtask pack`: the npm tarball and the static site, fully optimised, in `dist/`.

use std::{path::Path, process::Command};

use anyhow::Result;

use crate::{
    checks::sizes::{self, Build},
    folders::empty_folder,
    modules::{self, MODULES, Profile},
    process,
    product::{package, site},
    tools::node,
    workspace::Workspace,
};

/// The WebAssembly features of our compiled code. Every browser with SIMD128 has them.
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
/// When a tool is missing, a build fails, or a first visit is larger than its budget.
pub fn pack(workspace: &Workspace) -> Result<()> {
    node::require()?;
    let tools_folder = workspace.root.join("xtask");
    node::npm_ci(&tools_folder)?;
    modules::build(workspace, &MODULES, Profile::Ship)?;
    for module in MODULES {
        let path = workspace
            .wasm()
            .join(module.name)
            .join(module.file_stem() + "_bg.wasm");
        println!("shrinking the {} module", module.name);
        shrink(
            &tools_folder.join("node_modules/binaryen/bin/wasm-opt"),
            &path,
        )?;
    }
    site::assemble(workspace, &workspace.site(), &MODULES)?;

    let dist = workspace.root.join("dist");
    empty_folder(&dist)?;
    site::publish(workspace, &dist.join("site"))?;
    package::pack(workspace, &dist)?;
    sizes::check(&dist.join("site"), Build::Published)?;
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
