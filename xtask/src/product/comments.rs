//! Removal of comments from the published JavaScript and style sheets: visitors needn't download
//! them.
//!
//! esbuild prints each file again by itself. Names, imports and the division into files stay, and
//! so do the expressions by which bundlers find the worker and the modules, such as
//! `new URL("../worker.js", import.meta.url)`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use walkdir::WalkDir;

use crate::{process, tools::node, workspace::Workspace};

const OPTIONS: [&str; 6] = [
    "--allow-overwrite",
    "--charset=utf8",
    "--legal-comments=none",
    "--log-level=warning",
    "--outdir=.",
    "--outbase=.",
];

/// Tells bundlers to leave an import alone whose address is known only at run time.
const NOT_FOR_BUNDLERS: &str = "/* webpackIgnore: true */ /* @vite-ignore */ ";

/// Removes the comments from all JavaScript and style sheets of a folder.
///
/// # Errors
///
/// When esbuild is missing or can't read a file.
pub fn strip(workspace: &Workspace, folder: &Path) -> Result<()> {
    let tools = workspace.root.join("xtask");
    node::npm_ci(&tools)?;
    let files = files(folder)?;
    // Only without white space does esbuild drop the comments inside of expressions; the second run
    // makes the files readable again.
    for more in [&["--minify-whitespace"][..], &[]] {
        let mut esbuild = Command::new(tools.join("node_modules/.bin/esbuild"));
        esbuild.args(OPTIONS).args(more).args(&files);
        process::output(esbuild.current_dir(folder))?;
    }
    for file in files {
        let path = folder.join(file);
        let failed = || path.display().to_string();
        let text = fs::read_to_string(&path).with_context(failed)?;
        fs::write(&path, with_marked_imports(&text)).with_context(failed)?;
    }
    Ok(())
}

/// The paths, from the folder, of the files that may have comments.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let path = entry?.into_path();
        if path
            .extension()
            .is_some_and(|extension| extension == "js" || extension == "css")
        {
            files.push(path.strip_prefix(folder)?.to_owned());
        }
    }
    Ok(files)
}

/// The text with marks at all imports of an address that isn't a literal; esbuild drops them too.
fn with_marked_imports(text: &str) -> String {
    const IMPORT: &str = "import(";
    let mut marked = String::new();
    let mut pieces = text.split(IMPORT);
    marked.extend(pieces.next());
    for piece in pieces {
        marked.push_str(IMPORT);
        if piece.starts_with(|letter: char| letter.is_alphabetic()) {
            marked.push_str(NOT_FOR_BUNDLERS);
        }
        marked.push_str(piece);
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_imports_of_unknown_addresses_are_marked() {
        let text = "const engine = await import(glueUrl);\nimport(\"./cutter.js\");";
        let expected = "const engine = await import(/* webpackIgnore: true */ /* @vite-ignore */ \
                        glueUrl);\nimport(\"./cutter.js\");";
        assert_eq!(with_marked_imports(text), expected);
    }

    #[test]
    fn scripts_and_style_sheets_of_all_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("engine")).unwrap();
        for name in [
            "engine/engine.js",
            "index.d.ts",
            "index.js",
            "README.md",
            "style.css",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["engine/engine.js", "index.js", "style.css"].map(PathBuf::from);
        assert_eq!(files(folder.path()).unwrap(), expected);
    }
}
