//! Third-party notices: the packages in the WebAssembly modules and their licences. Most licences
//! require their text beside the built program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use spdx::LicenseId;

use crate::{
    modules, process,
    supply::{
        packages::{self, Package},
        rules::Rules,
    },
    tools::rust::WASM_TARGET,
    workspace::Workspace,
};

/// The name of the file in the package and in the site.
pub const FILE_NAME: &str = "THIRD-PARTY-NOTICES.txt";

/// The first of these is chosen where a package offers several licences: their texts are short.
const PREFERRED: [&str; 3] = ["0BSD", "MIT", "Zlib"];

const HEADER: &str = "\
The WebAssembly modules under wasm/ are built from Soundalike's own code (LICENSE-MIT or
LICENSE-APACHE), from Rust's standard library (https://github.com/rust-lang/rust, MIT or Apache-2.0,
by the Rust Project's contributors), and from the packages below, each under the licence that
follows its name. Their sources lie at https://crates.io.
";

/// First parts of the names of licence files, in capitals. The name of the licence or an extension
/// may follow.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE", "COPYRIGHT"];

/// Words that identify the text of a licence; the names of files don't.
const WORDS: [(&str, &str); 10] = [
    (
        "0BSD",
        "distribute this software for any purpose with or without fee is hereby granted",
    ),
    ("Apache-2.0", "Apache License"),
    (
        "BSD-2-Clause",
        "Redistribution and use in source and binary forms",
    ),
    (
        "BSD-3-Clause",
        "Redistribution and use in source and binary forms",
    ),
    ("BSL-1.0", "Boost Software License"),
    ("CC0-1.0", "CC0"),
    (
        "ISC",
        "distribute this software for any purpose with or without fee is hereby granted",
    ),
    ("MIT", "Permission is hereby granted, free of charge"),
    ("Unicode-3.0", "UNICODE LICENSE"),
    (
        "Zlib",
        "provided 'as-is', without any express or implied warranty",
    ),
];

/// Writes the notices into a folder.
///
/// # Errors
///
/// When cargo fails, a package has no licence that is allowed, or a file can't be read or written.
pub fn write(workspace: &Workspace, folder: &Path) -> Result<()> {
    let path = folder.join(FILE_NAME);
    fs::write(&path, notices(workspace)?).with_context(|| format!("can't write {}", path.display()))
}

fn notices(workspace: &Workspace) -> Result<String> {
    let rules = Rules::read(workspace)?;
    let packages = packages::of_manifest(workspace, "Cargo.toml")?;
    // Packages by the text of their licence, which many of them share.
    let mut holders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version) in linked_packages(workspace)? {
        let package = packages
            .iter()
            .find(|package| package.name == name && package.version == version)
            .with_context(|| format!("cargo metadata doesn't know {name} {version}"))?;
        for (licence, text) in licences(package, &rules)? {
            let holder = format!("{name} {version} ({})", licence.name);
            holders.entry(text).or_default().insert(holder);
        }
    }
    Ok(text_of(&holders))
}

fn text_of(holders: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut sorted: Vec<_> = holders.iter().collect();
    sorted.sort_by_key(|(_, holders)| holders.first());
    let mut text = HEADER.to_owned();
    for (licence, holders) in sorted {
        let holders: Vec<_> = holders.iter().map(String::as_str).collect();
        let line = "-".repeat(80);
        let _ = write!(
            text,
            "\n{line}\n{}\n{line}\n\n{licence}\n",
            holders.join("\n")
        );
    }
    text
}

/// Name and version of every package in one of the modules; without those that only build scripts
/// and macros use.
fn linked_packages(workspace: &Workspace) -> Result<BTreeSet<(String, String)>> {
    let mut linked = BTreeSet::new();
    for module in modules::MODULES {
        let mut tree = modules::wasm_cargo(workspace);
        tree.args([
            "tree",
            "--locked",
            "--package",
            module.package,
            "--edges=normal,no-proc-macro",
        ])
        .args(["--target", WASM_TARGET, "--prefix=none", "--format={p}"])
        .args(module.features);
        linked.extend(
            process::output(&mut tree)?
                .lines()
                .filter_map(package_of_line),
        );
    }
    linked.retain(|(name, _)| modules::MODULES.iter().all(|own| own.package != name));
    Ok(linked)
}

/// The package of a line such as `rubato v5.0.1 (*)`.
fn package_of_line(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    Some((name.to_owned(), version.strip_prefix('v')?.to_owned()))
}

/// The licences that we choose for a package, and their texts: its own, or else the standard text.
fn licences(package: &Package, rules: &Rules) -> Result<Vec<(LicenseId, String)>> {
    let Package { name, version, .. } = package;
    let required = rules
        .chosen(package, &PREFERRED)
        .with_context(|| format!("{name} {version}"))?;
    let own = own_texts(package)?;
    let mut texts = Vec::new();
    for licence in required {
        let words = WORDS.iter().find(|(known, _)| *known == licence.name);
        let matching: Vec<_> = own
            .iter()
            .filter(|text| words.is_some_and(|(_, words)| is_in(words, text)))
            .collect();
        if matching.is_empty() {
            let by = if package.authors.is_empty() {
                "its authors".to_owned()
            } else {
                package.authors.join(", ")
            };
            texts.push((
                licence,
                format!("Copyright (c) {by}\n\n{}", licence.text().trim()),
            ));
        }
        texts.extend(matching.into_iter().map(|text| (licence, text.clone())));
    }
    if texts.is_empty() {
        bail!("{name} {version}: no licence was found");
    }
    Ok(texts)
}

/// Whether a text contains the words, in one line or more.
fn is_in(words: &str, text: &str) -> bool {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .contains(words)
}

fn own_texts(package: &Package) -> Result<Vec<String>> {
    let folder = package
        .manifest_path
        .parent()
        .context("the manifest has no folder")?;
    let mut texts = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut paths: Vec<_> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_uppercase();
        if NAMES.iter().any(|known| name.starts_with(known)) && path.is_file() {
            let text = fs::read_to_string(&path)
                .with_context(|| format!("can't read {}", path.display()))?;
            texts.push(text.replace('\r', "").trim_matches('\n').to_owned());
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIT_OF_ADA: &str =
        "Copyright (c) 1843 Ada\n\nPermission is hereby granted, free\nof charge, to any person";

    fn package(folder: &Path, license: &str) -> Package {
        Package {
            name: "some".to_owned(),
            version: "1.0.0".to_owned(),
            license: Some(license.to_owned()),
            source: None,
            authors: vec!["Grace".to_owned()],
            manifest_path: folder.join("Cargo.toml"),
        }
    }

    fn texts(folder: &Path, license: &str) -> Vec<(&'static str, String)> {
        let rules = Rules::from_toml(
            "[licenses]\nallow = [\"Apache-2.0\", \"MIT\", \"ISC\"]\n[sources]\nallow-registry = []",
        );
        let found = licences(&package(folder, license), &rules.unwrap()).unwrap();
        found
            .into_iter()
            .map(|(id, text)| (id.name, text))
            .collect()
    }

    #[test]
    fn the_text_is_the_packages_own_for_the_preferred_licence() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("license-mit.md"),
            format!("\r\n{MIT_OF_ADA}\r\n"),
        )
        .unwrap();
        fs::write(
            folder.path().join("LICENSE-APACHE"),
            "Apache License\nVersion 2.0",
        )
        .unwrap();
        assert_eq!(
            texts(folder.path(), "Apache-2.0 OR MIT"),
            [("MIT", MIT_OF_ADA.to_owned())]
        );
        let both = texts(folder.path(), "Apache-2.0 AND MIT");
        assert_eq!(
            both.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["Apache-2.0", "MIT"]
        );
    }

    #[test]
    fn a_package_without_a_text_gets_the_standard_one_with_its_authors() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("LICENSE"), MIT_OF_ADA).unwrap();
        let [(name, text)] = &texts(folder.path(), "ISC")[..] else {
            panic!("one text")
        };
        assert_eq!(*name, "ISC");
        assert!(
            text.starts_with("Copyright (c) Grace\n") && is_in("ISC", text),
            "{text}"
        );
    }

    #[test]
    fn packages_with_the_same_text_are_listed_above_it() {
        let holders = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let shared = BTreeMap::from([
            ("one text".to_owned(), holders(&["b 1 (MIT)", "c 1 (MIT)"])),
            ("two".to_owned(), holders(&["a 1 (MIT)"])),
        ]);
        let text = text_of(&shared);
        assert_eq!(text.matches("one text").count(), 1);
        assert!(text.contains("b 1 (MIT)\nc 1 (MIT)\n"));
        assert!(text.find("a 1") < text.find("b 1"));
    }

    #[test]
    fn lines_of_cargo_tree_name_packages() {
        let expected = Some(("rubato".to_owned(), "5.0.1".to_owned()));
        assert_eq!(package_of_line("rubato v5.0.1 (*)"), expected);
        assert_eq!(package_of_line(""), None);
    }
}
