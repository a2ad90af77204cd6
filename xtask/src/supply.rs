//! The supply chain: every package of Cargo.lock comes from a registry and under a licence that `deny.toml` allows.
//!
//! `cargo deny check` reads the same file and does more, but takes longer to build than all else that `check` gets, and
//! asks the network for advisories.

use std::{collections::HashSet, fs};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};

use crate::{process, workspace::Workspace};

/// Checks the packages that any build of the workspace could use, on any system and with any feature.
///
/// # Errors
///
/// With every package that isn't allowed, one a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let path = workspace.root.join("deny.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let rules = Rules::from_toml(&text)?;
    let mut metadata = workspace.cargo();
    metadata.args(["metadata", "--format-version=1", "--locked"]);
    let Metadata { packages } = serde_json::from_str(&process::output(&mut metadata)?)
        .context("cargo metadata printed something unexpected")?;
    let faults: Vec<_> = packages
        .iter()
        .filter_map(|package| rules.fault(package))
        .collect();
    match faults.len() {
        0 => println!(
            "  {} packages come from registries and under licences that deny.toml allows",
            packages.len()
        ),
        _ => bail!("{}", faults.join("\n       ")),
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// `None` for the workspace's own.
    source: Option<String>,
}

/// What `deny.toml` says, as far as it is read here.
struct Rules {
    licences: Vec<Licensee>,
    /// Licences of packages whose manifests don't tell, by name.
    clarified: Vec<(String, String)>,
    sources: HashSet<String>,
}

impl Rules {
    fn from_toml(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Deny {
            licenses: Licenses,
            sources: Sources,
        }
        #[derive(Deserialize)]
        struct Licenses {
            allow: Vec<String>,
            #[serde(default)]
            clarify: Vec<Clarified>,
        }
        #[derive(Deserialize)]
        struct Clarified {
            #[serde(rename = "crate")]
            name: String,
            expression: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct Sources {
            allow_registry: Vec<String>,
        }
        let Deny { licenses, sources } = toml::from_str(text).context("deny.toml")?;
        let licence = |name: &String| {
            Licensee::parse(name).with_context(|| format!("deny.toml: {name} is no licence"))
        };
        Ok(Self {
            licences: licenses.allow.iter().map(licence).collect::<Result<_>>()?,
            clarified: licenses
                .clarify
                .into_iter()
                .map(|one| (one.name, one.expression))
                .collect(),
            sources: sources
                .allow_registry
                .iter()
                .map(|registry| format!("registry+{registry}"))
                .collect(),
        })
    }

    fn fault(&self, package: &Package) -> Option<String> {
        let Package {
            name,
            version,
            license,
            source,
        } = package;
        let source = source.as_ref()?;
        if !self.sources.contains(source) {
            return Some(format!("{name} {version} comes from {source}"));
        }
        let clarified = self.clarified.iter().find(|(whose, _)| whose == name);
        let Some(stated) = clarified
            .map(|(_, expression)| expression)
            .or(license.as_ref())
        else {
            return Some(format!("{name} {version} states no licence"));
        };
        // Old manifests write `/` for `OR`.
        let allowed = Expression::parse_mode(stated, ParseMode::LAX).is_ok_and(|expression| {
            expression.evaluate(|required| {
                self.licences
                    .iter()
                    .any(|licence| licence.satisfies(required))
            })
        });
        (!allowed).then(|| format!("{name} {version} is under {stated}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES_IO: &str = "registry+https://example.org/index";
    const DENY: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]
[[licenses.clarify]]
crate = "silent"
expression = "MIT"
[sources]
allow-registry = ["https://example.org/index"]
"#;

    fn fault(name: &str, license: Option<&str>, source: Option<&str>) -> Option<String> {
        Rules::from_toml(DENY).unwrap().fault(&Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
        })
    }

    #[test]
    fn one_allowed_choice_is_enough_and_every_duty_must_be_allowed() {
        for (licence, is_allowed) in [
            ("MIT", true),
            ("GPL-3.0-only OR MIT", true),
            ("Apache-2.0/MIT", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0", false),
            ("MIT AND Unicode-3.0", true),
            ("MIT AND GPL-3.0-only", false),
            ("free for all", false),
        ] {
            let found = fault("some", Some(licence), Some(CRATES_IO));
            assert_eq!(found.is_none(), is_allowed, "{licence}: {found:?}");
        }
    }

    #[test]
    fn a_missing_licence_must_be_clarified() {
        let expected = Some("mute 1.0.0 states no licence".to_owned());
        assert_eq!(fault("mute", None, Some(CRATES_IO)), expected);
        assert_eq!(fault("silent", None, Some(CRATES_IO)), None);
    }

    #[test]
    fn other_sources_are_faults_and_our_own_packages_are_not() {
        let git = "git+https://example.org/some.git#0123";
        let expected = Some(format!("some 1.0.0 comes from {git}"));
        assert_eq!(fault("some", Some("MIT"), Some(git)), expected);
        assert_eq!(fault("soundalike", None, None), None);
    }
}
