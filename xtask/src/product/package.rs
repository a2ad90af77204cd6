//! The npm package: `pkg` with licences, notices and type declarations, packed into a tarball; and
//! the HTML that loads it from a CDN and checks its hashes.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha384};

use super::{comments, notices, site};
use crate::{
    folders::{copy, copy_folder, empty_folder},
    process,
    tools::node,
    workspace::Workspace,
};

/// The placeholder for the address of a CDN in the HTML.
const CDN: &str = "https://cdn.example/";

/// Writes `soundalike-VERSION.tgz` and `cdn.html`, with the modules of `pkg/wasm`, into a folder
/// that exists.
///
/// # Errors
///
/// When npm or the type checker is missing or fails, or a file can't be written.
pub fn pack(workspace: &Workspace, folder: &Path) -> Result<()> {
    let staged = stage(workspace)?;
    let mut command = Command::new("npm");
    command
        .args(["pack", "--silent", "--pack-destination"])
        .arg(folder)
        .current_dir(&staged);
    process::run(&mut command)?;
    let path = folder.join("cdn.html");
    let version = workspace.locked_version("soundalike")?;
    fs::write(&path, cdn_snippet(&staged, &version)?)
        .with_context(|| format!("can't write {}", path.display()))
}

/// A copy of `pkg` as it is published.
fn stage(workspace: &Workspace) -> Result<PathBuf> {
    let staged = workspace.target.join("package");
    empty_folder(&staged)?;
    copy_folder(&workspace.root.join("pkg"), &staged, site::is_shipped)?;
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&workspace.root.join(licence), &staged.join(licence))?;
    }
    notices::write(workspace, &staged)?;
    declare_types(workspace, &staged)?;
    // After the declarations, which are made from comments.
    comments::strip(workspace, &staged)?;
    Ok(staged)
}

/// Writes the type declarations of the JSDoc comments beside the modules.
fn declare_types(workspace: &Workspace, package: &Path) -> Result<()> {
    let tools_folder = workspace.root.join("tests/browser");
    node::npm_ci(&tools_folder)?;
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
        // wasm-bindgen's declarations use `Symbol.dispose`.
        .args(["--lib", "es2023,esnext.disposable,dom,dom.iterable"])
        .args(["index.js", "element.js"])
        .current_dir(package);
    process::run(&mut command)
}

/// The HTML that loads the element from a CDN. Browsers then refuse modules with other hashes.
///
/// The attribute `integrity` of a script tag is for its own file; the import map has the hashes of
/// imported files.
fn cdn_snippet(package: &Path, version: &str) -> Result<String> {
    let base = format!("{CDN}soundalike@{version}/");
    let mut hashes = serde_json::Map::new();
    for module in page_modules(package)? {
        let content = fs::read(package.join(&module))
            .with_context(|| format!("can't read {module} of the package"))?;
        hashes.insert(format!("{base}{module}"), json!(integrity(&content)));
    }
    let element = format!("{base}element.js");
    let mut html = format!(
        "<!-- soundalike {version} from a CDN: put its folder there in the place of {base}\n     \
         Browsers that know hashes in import maps (Chrome 127, Firefox 138, Safari 18) check every \
         module of the page.\n     \
         The worker and the wasm that it runs are not covered: host the package yourself where that matters. -->\n"
    );
    writeln!(
        html,
        "<script type=\"importmap\">\n{}\n</script>",
        serde_json::to_string_pretty(&json!({ "integrity": hashes }))?
    )?;
    let hash = hashes
        .get(&element)
        .and_then(|hash| hash.as_str())
        .context("the package has no element.js")?;
    writeln!(
        html,
        "<script type=\"module\" src=\"{element}\" integrity=\"{hash}\" crossorigin=\"anonymous\"></script>\n\
         <sound-alike></sound-alike>"
    )?;
    Ok(html)
}

/// The modules that a page imports, by their paths in the package. Import maps don't apply to the
/// worker's script, nor to the JavaScript of `wasm`, which only the worker imports.
fn page_modules(package: &Path) -> Result<Vec<String>> {
    let mut modules = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = package.join(&folder);
        for entry in
            fs::read_dir(&path).with_context(|| format!("can't read {}", path.display()))?
        {
            let entry = entry?;
            let module = format!("{folder}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                if module != "wasm" {
                    folders.push(format!("{module}/"));
                }
            } else if module.ends_with(".js") && module != "worker.js" {
                modules.push(module);
            }
        }
    }
    modules.sort();
    Ok(modules)
}

/// The value of an `integrity` attribute.
fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_is_that_of_the_specification() {
        // The example of https://www.w3.org/TR/SRI/#integrity-metadata-description.
        let expected = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        assert_eq!(integrity(b"alert('Hello, world.');"), expected);
    }

    #[test]
    fn the_snippet_has_every_module_of_the_page_and_not_the_worker() {
        let package = tempfile::tempdir().unwrap();
        for folder in ["engine", "decode/containers/mp3", "wasm/cpu"] {
            fs::create_dir_all(package.path().join(folder)).unwrap();
        }
        for name in [
            "element.js",
            "engine/engine.js",
            "decode/containers/mp3/cutter.js",
            "index.d.ts",
            "worker.js",
            "wasm/cpu/soundalike.js",
        ] {
            fs::write(package.path().join(name), name).unwrap();
        }
        let html = cdn_snippet(package.path(), "1.2.3").unwrap();
        assert!(html.contains("src=\"https://cdn.example/soundalike@1.2.3/element.js\""));
        for module in ["engine/engine.js", "decode/containers/mp3/cutter.js"] {
            let hash = integrity(module.as_bytes());
            let line = format!("\"https://cdn.example/soundalike@1.2.3/{module}\": \"{hash}\"");
            assert!(html.contains(&line), "{html}");
        }
        assert!(!html.contains("/wasm/"), "{html}");
        assert!(!html.contains("/worker.js"), "{html}");
        assert!(!html.contains("d.ts"), "{html}");
    }

    #[test]
    fn a_package_without_the_element_has_no_snippet() {
        let package = tempfile::tempdir().unwrap();
        fs::write(package.path().join("index.js"), "").unwrap();
        let error = cdn_snippet(package.path(), "1.2.3").unwrap_err();
        assert_eq!(error.to_string(), "the package has no element.js");
    }
}
