//! Rules that no compiler checks: paths that the documents name exist, versions are equal
//! everywhere, lock files name no download addresses, and lines are no wider than they may be.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use pulldown_cmark::{Event, Parser, Tag};
use serde::Deserialize;

use super::widths;
use crate::{process, workspace::Workspace};

/// Checks the rules on the files that git knows or would add.
///
/// # Errors
///
/// With every broken rule, one a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut faults = Vec::new();
    let mut documents = 0;
    for path in files(workspace)? {
        let read = || {
            fs::read_to_string(workspace.root.join(&path))
                .with_context(|| format!("cannot read {path}"))
        };
        if path.ends_with(".md") {
            documents += 1;
            faults.extend(missing_paths(workspace, &path, &read()?));
        } else if path.ends_with("package-lock.json") && read()?.contains("\"resolved\": \"http") {
            faults.push(format!(
                "{path}: download addresses (set omit-lockfile-registry-resolved in .npmrc)"
            ));
        } else if widths::is_measured(&path) {
            faults.extend(widths::too_wide_lines(&path, &read()?));
        }
    }
    faults.extend(version_fault(workspace)?);
    match faults.len() {
        0 => println!(
            "  every path that {documents} documents name exists; versions agree; no line is too wide"
        ),
        _ => bail!("{}", faults.join("\n       ")),
    }
    Ok(())
}

fn files(workspace: &Workspace) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(&workspace.root);
    let listed = process::output(&mut git)?;
    // A file deleted but not yet committed is still listed.
    let exists = |path: &&str| workspace.root.join(path).is_file();
    Ok(listed
        .split_terminator('\0')
        .filter(exists)
        .map(str::to_owned)
        .collect())
}

/// Paths that a document names and that exist neither beside it nor from the root, unless builds
/// make them.
fn missing_paths(workspace: &Workspace, document: &str, text: &str) -> Vec<String> {
    let root = &workspace.root;
    let beside = root
        .join(document)
        .parent()
        .map_or_else(|| root.clone(), Path::to_path_buf);
    let named = named_paths(text).into_iter();
    named
        .filter(|path| !beside.join(path).exists() && !root.join(path).exists())
        .filter(|path| !is_generated(root, path) && !is_generated(&beside, path))
        .map(|path| format!("{document}: {path} doesn't exist"))
        .collect()
}

/// Whether git ignores a path: builds make it.
fn is_generated(folder: &Path, path: &str) -> bool {
    let mut git = Command::new("git");
    git.args(["check-ignore", "--quiet", "--", path])
        .current_dir(folder);
    git.stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The paths that a Markdown document names: relative link and image targets, and code that reads
/// like a path.
fn named_paths(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let path = dest_url.split('#').next().unwrap_or_default();
                if !path.is_empty() && !path.contains(':') {
                    paths.push(path.to_owned());
                }
            }
            Event::Code(code) if reads_like_a_path(&code) => paths.push(code.to_string()),
            _ => {}
        }
    }
    paths
}

/// Whether inline code is a path in this repository: names joined by slashes, ending in `/` or in a
/// file extension, without placeholders (`RUN/history.json`), scopes or dot-dots.
fn reads_like_a_path(code: &str) -> bool {
    let Some((folders, name)) = code.rsplit_once('/') else {
        return false;
    };
    let is_name = |name: &str| {
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "._-".contains(letter))
    };
    let is_placeholder =
        |name: &str| !name.contains(|letter: char| letter.is_ascii_lowercase()) && name != "README";
    let is_folder = |name: &str| is_name(name) && !is_placeholder(name);
    let is_file = |name: &str| {
        name.rsplit_once('.').is_some_and(|(stem, extension)| {
            is_name(name)
                && !is_placeholder(stem)
                && extension.starts_with(|letter: char| letter.is_ascii_alphabetic())
        })
    };
    folders.split('/').all(is_folder) && (name.is_empty() || is_file(name))
}

/// The npm package carries the version of the crate.
fn version_fault(workspace: &Workspace) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let path = workspace.root.join("pkg/package.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let package: Package = serde_json::from_str(&text).context("pkg/package.json")?;
    let crate_version = workspace.locked_version("soundalike")?;
    let differs = package.version != crate_version;
    Ok(differs.then(|| {
        format!(
            "pkg/package.json has version {}, Cargo.toml {crate_version}",
            package.version
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_code_name_paths() {
        let text = "See [the card](trainer/README.md#data), ![plot](figures/roc.svg),
            [site](https://example.com/a.html), [below](#below), `src/spectrum/mel.rs`, `pkg/`,
            `src/weights/`, `config.rs`, `text/javascript`, `a/b`, `RUN/history.json`,
            `@scope/name/x.js`, `https://x.org/y.html`, `left / right.`, `../outside/x.md`,
            `trainer/README.md`, `dist/NAME.tgz`.

            ```
            ignored/in/blocks.rs
            ```";
        let expected = [
            "trainer/README.md",
            "figures/roc.svg",
            "src/spectrum/mel.rs",
            "pkg/",
            "src/weights/",
            "trainer/README.md",
        ];
        assert_eq!(named_paths(&text.replace("            ", "")), expected);
    }

    #[test]
    fn only_missing_paths_are_faults() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("docs/pictures")).unwrap();
        fs::write(folder.path().join("docs/here.md"), "").unwrap();
        let workspace = Workspace {
            root: folder.path().to_owned(),
            target: folder.path().join("target"),
        };
        let text = "`docs/here.md` [x](here.md) `pictures/` `docs/gone.md` [y](pictures/no.svg)";
        let expected = [
            "docs/a.md: docs/gone.md doesn't exist",
            "docs/a.md: pictures/no.svg doesn't exist",
        ];
        assert_eq!(missing_paths(&workspace, "docs/a.md", text), expected);
    }
}
