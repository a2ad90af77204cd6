//! The rules of `deny.toml`: allowed sources and licences of packages.

use std::{collections::HashSet, fs};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;
use spdx::{Expression, LicenseId, Licensee, ParseMode};

use super::packages::Package;
use crate::workspace::Workspace;

/// The part of `deny.toml` that is checked here.
pub struct Rules {
    licences: Vec<Licensee>,
    /// Licences of packages whose manifests have none, by name.
    clarified: Vec<(String, String)>,
    sources: HashSet<String>,
    /// The ids of advisories that don't concern us.
    pub ignored_advisories: Vec<String>,
}

impl Rules {
    /// Reads the workspace's `deny.toml`.
    ///
    /// # Errors
    ///
    /// When it is missing or not valid.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.root.join("deny.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
        Self::from_toml(&text)
    }

    /// The licences that we choose for a package: where it offers several, the `preferred` ones
    /// first.
    ///
    /// # Errors
    ///
    /// When none of its licences is allowed.
    pub fn chosen(&self, package: &Package, preferred: &[&str]) -> Result<Vec<LicenseId>> {
        let stated = self.stated(package).context("it has no licence")?;
        let expression = Expression::parse_mode(stated, ParseMode::LAX)
            .map_err(|error| anyhow!("{stated:?}: {}", error.reason))?;
        let preferred: Vec<_> = preferred
            .iter()
            .filter_map(|name| Licensee::parse(name).ok())
            .filter(|licence| self.licences.contains(licence))
            .collect();
        let required = expression
            .minimized_requirements(preferred.iter().chain(&self.licences))
            .with_context(|| stated.to_owned())?;
        let mut chosen: Vec<_> = required
            .iter()
            .filter_map(|requirement| requirement.license.id())
            .collect();
        chosen.sort_by_key(|licence| licence.name);
        Ok(chosen)
    }

    /// The licence of a package by `deny.toml`, or else by its manifest.
    fn stated<'a>(&'a self, package: &'a Package) -> Option<&'a String> {
        let clarified = self
            .clarified
            .iter()
            .find(|(whose, _)| *whose == package.name);
        clarified
            .map(|(_, expression)| expression)
            .or(package.license.as_ref())
    }

    /// Reads the text of a `deny.toml`.
    ///
    /// # Errors
    ///
    /// When it isn't valid.
    pub fn from_toml(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Deny {
            licenses: Licenses,
            sources: Sources,
            #[serde(default)]
            advisories: Advisories,
        }
        #[derive(Default, Deserialize)]
        struct Advisories {
            #[serde(default)]
            ignore: Vec<Ignored>,
        }
        #[derive(Deserialize)]
        struct Ignored {
            id: String,
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
        let Deny {
            licenses,
            sources,
            advisories,
        } = toml::from_str(text).context("deny.toml")?;
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
            ignored_advisories: advisories.ignore.into_iter().map(|one| one.id).collect(),
        })
    }

    /// Why a package isn't allowed, if it isn't.
    pub fn fault(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        let source = package.source.as_ref()?;
        if !self.sources.contains(source) {
            return Some(format!("{name} {version} comes from {source}"));
        }
        let Some(stated) = self.stated(package) else {
            return Some(format!("{name} {version} has no licence in its manifest"));
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
    use std::path::PathBuf;

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
[advisories]
ignore = [{ id = "RUSTSEC-2020-0001", reason = "we never call it" }]
"#;

    fn fault(name: &str, license: Option<&str>, source: Option<&str>) -> Option<String> {
        Rules::from_toml(DENY).unwrap().fault(&Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: source.map(str::to_owned),
            authors: Vec::new(),
            manifest_path: PathBuf::new(),
        })
    }

    #[test]
    fn one_allowed_alternative_is_enough_and_all_licences_of_a_conjunction_are_needed() {
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
        let expected = Some("mute 1.0.0 has no licence in its manifest".to_owned());
        assert_eq!(fault("mute", None, Some(CRATES_IO)), expected);
        assert_eq!(fault("silent", None, Some(CRATES_IO)), None);
    }

    #[test]
    fn advisories_are_ignored_by_their_ids() {
        let rules = Rules::from_toml(DENY).unwrap();
        assert_eq!(rules.ignored_advisories, ["RUSTSEC-2020-0001"]);
        let without = DENY.split("[advisories]").next().unwrap();
        assert!(
            Rules::from_toml(without)
                .unwrap()
                .ignored_advisories
                .is_empty()
        );
    }

    #[test]
    fn other_sources_are_faults_and_our_own_packages_are_not() {
        let git = "git+https://example.org/some.git#0123";
        let expected = Some(format!("some 1.0.0 comes from {git}"));
        assert_eq!(fault("some", Some("MIT"), Some(git)), expected);
        assert_eq!(fault("soundalike", None, None), None);
    }
}
