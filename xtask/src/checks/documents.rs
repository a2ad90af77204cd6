//! Rules that no compiler checks:
//!
//! - paths in documents exist;
//! - the npm package has the version of the crate;
//! - lock files have no download addresses, which differ between machines;
//! - lines have a [limited width](widths).

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use pulldown_cmark::{Event, Parser, Tag};
use serde::Deserialize;

use super::widths;
use crate::{process, workspace::Workspace};

/// Checks the files that git knows or would add.
///
/// # Errors
///
/// Lists every broken rule, one a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut faults = Vec::new();
    let mut documents = 0;
    for path in files(workspace)? {
        let read = || {
            fs::read_to_string(workspace.root.join(&path))
                .with_context(|| format!("can't read {path}"))
        };
        if path.ends_with(".md") {
            documents += 1;
            faults.extend(missing_paths(workspace, &path, &read()?));
        }
        if path.ends_with("package-lock.json") && read()?.contains("\"resolved\": \"http") {
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
    // git still lists files that are deleted but not yet committed.
    let exists = |path: &&str| workspace.root.join(path).is_file();
    Ok(listed
        .split_terminator('\0')
        .filter(exists)
        .map(str::to_owned)
        .collect())
}

/// Paths in a document that exist neither from its folder nor from the root, without those of
/// generated files.
fn missing_paths(workspace: &Workspace, document: &str, text: &str) -> Vec<String> {
    let root = &workspace.root;
    let beside = root
        .join(document)
        .parent()
        .map_or_else(|| root.clone(), Path::to_path_buf);
    let named = paths_in(text).into_iter();
    named
        .filter(|path| !beside.join(path).exists() && !root.join(path).exists())
        .filter(|path| !is_generated(root, path) && !is_generated(&beside, path))
        .map(|path| format!("{document}: {path} doesn't exist"))
        .collect()
}

/// Whether a path is of a generated file: git ignores it.
fn is_generated(folder: &Path, path: &str) -> bool {
    let mut git = Command::new("git");
    git.args(["check-ignore", "--quiet", "--", path])
        .current_dir(folder);
    git.stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The paths in a Markdown document: relative targets of links and images, and code that looks like
/// a path.
fn paths_in(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let path = dest_url.split('#').next().unwrap_or_default();
                if !path.is_empty() && !path.contains(':') {
                    paths.push(path.to_owned());
                }
            }
            Event::Code(code) if looks_like_a_path(&code) => paths.push(code.to_string()),
            _ => {}
        }
    }
    paths
}

/// Whether inline code looks like a path in this repository: names joined by slashes that end in
/// `/` or in a file extension, without placeholders (`RUN/history.json`), scopes of npm or `..`.
fn looks_like_a_path(code: &str) -> bool {
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

/// The fault of an npm package whose version isn't the crate's.
fn version_fault(workspace: &Workspace) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Package {
        version: String,
    }
    let path = workspace.root.join("pkg/package.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
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
    fn paths_are_in_links_and_in_code() {
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
        assert_eq!(paths_in(&text.replace("            ", "")), expected);
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
