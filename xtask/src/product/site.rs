//! The static site: `www`, with the npm package in its folder `pkg`.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::{comments, notices, style};
use crate::{
    folders::{copy_folder, empty_folder, lock, replace_folder, replace_locked_folder},
    modules::{MODULES, Module},
    workspace::Workspace,
};

/// Assembles the site, with these modules.
///
/// # Errors
///
/// When `pkg/wasm` hasn't been built, or a file can't be copied.
pub fn assemble(workspace: &Workspace, site: &Path, modules: &[Module]) -> Result<()> {
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
    // An older site may be served at the same time.
    replace_folder(site, |new| {
        // Another build that replaces a module now would pair its glue with the other's code.
        let locks = modules
            .iter()
            .map(|module| lock(&workspace.wasm().join(module.name)));
        let _locks = locks.collect::<Result<Vec<_>>>()?;
        copy_folder(&workspace.root.join("www"), new, is_shipped)?;
        style::join(new)?;
        copy_folder(&workspace.root.join("pkg"), &new.join("pkg"), |path| {
            is_shipped(path) && !is_left_out(path)
        })
    })
}

/// Whether a file or folder of `www` or `pkg` belongs to the site, and isn't for development only.
pub fn is_shipped(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !name.starts_with('.') && name != "node_modules" && name != "package-lock.json"
}

/// A copy, in the target folder, of the site as it is published.
///
/// # Errors
///
/// As [`publish`].
pub fn published(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("published");
    publish(workspace, &folder)?;
    Ok(folder)
}

/// Writes the site as it is published: without comments, with the notices of third parties.
///
/// # Errors
///
/// When the site hasn't been assembled, a tool is missing, or a file can't be written.
pub fn publish(workspace: &Workspace, to: &Path) -> Result<()> {
    let site = workspace.site();
    ensure!(
        site.join("index.html").is_file(),
        "the site isn't built yet: run cargo xtask web"
    );
    empty_folder(to)?;
    copy_folder(&site, to, is_shipped)?;
    comments::strip(workspace, to)?;
    notices::write(workspace, &to.join("pkg"))
}

/// Copies a module from `pkg/wasm` into a site, which may be served at the same time.
///
/// # Errors
///
/// When a file can't be copied.
pub fn add_module(wasm: &Path, site: &Path, module: Module) -> Result<()> {
    let built = wasm.join(module.name);
    let _site_lock = lock(site)?;
    let _module_lock = lock(&built)?;
    replace_locked_folder(&site.join("pkg/wasm").join(module.name), |folder| {
        copy_folder(&built, folder, is_shipped)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::modules::{CPU, WEBGPU};

    #[test]
    fn a_site_starts_without_webgpu_and_gets_it_later() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: folder.path().to_owned(),
            target: folder.path().join("target"),
        };
        fs::create_dir_all(folder.path().join("www")).unwrap();
        fs::create_dir_all(&workspace.target).unwrap();
        for module in ["cpu", "webgpu", ".webgpu-new", ".webgpu-old"] {
            let folder = workspace.wasm().join(module);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("soundalike.js"), "").unwrap();
        }
        fs::write(workspace.wasm().join("weights.safetensors"), "").unwrap();
        fs::create_dir(folder.path().join("www/style")).unwrap();
        fs::write(folder.path().join("www/style.css"), "").unwrap();
        let site = workspace.site();
        let holds = |module: &str| {
            site.join("pkg/wasm")
                .join(module)
                .join("soundalike.js")
                .is_file()
        };

        assemble(&workspace, &site, &[CPU]).unwrap();
        assert_eq!(
            ["cpu", "webgpu", ".webgpu-new", ".webgpu-old"].map(holds),
            [true, false, false, false]
        );

        add_module(&workspace.wasm(), &site, WEBGPU).unwrap();
        assert_eq!(
            ["cpu", "webgpu", ".webgpu-new", ".webgpu-old"].map(holds),
            [true, true, false, false]
        );
    }
}
