//! The supply chain: every package of all Cargo.lock files comes from a registry and under a
//! licence that `deny.toml` allows, and none has a [known vulnerability](advisories).
//!
//! `cargo deny check` reads the same file and checks more, but takes longer to build than all other
//! tools of `check` together.

mod advisories;
mod npm_audit;
pub mod packages;
pub mod rules;

use std::collections::HashSet;

use anyhow::{Result, bail};

use self::{packages::Package, rules::Rules};
use crate::workspace::{CATALOGUE, Workspace};

/// Packages on which the bits of an analysed song and its kept bytes depend. Programs of all lock
/// files must agree about those.
const ENGINE: [&str; 7] = [
    "half", "libm", "postcard", "realfft", "rubato", "rustfft", "wide",
];

/// Checks all packages, also those of other systems and of features that we don't use.
///
/// # Errors
///
/// Lists every package that isn't allowed, one a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let rules = Rules::read(workspace)?;
    let mut packages = packages::of_manifest(workspace, "Cargo.toml")?;
    let ours = versions(&packages);
    let mut faults = Vec::new();
    let catalogue = packages::of_manifest(workspace, CATALOGUE)?;
    let theirs = versions(&catalogue);
    faults.extend(ours.difference(&theirs).map(|(name, version)| {
        format!("{CATALOGUE}: {name} must have version {version}, as in Cargo.lock")
    }));
    packages.extend(catalogue);
    let mut seen = HashSet::new();
    packages.retain(|package| seen.insert((package.name.clone(), package.version.clone())));
    faults.extend(packages.iter().filter_map(|package| rules.fault(package)));
    match faults.len() {
        0 => println!(
            "  {} packages come from registries and under licences that deny.toml allows",
            packages.len()
        ),
        _ => bail!("{}", faults.join("\n       ")),
    }
    advisories::check(workspace, &rules.ignored_advisories)?;
    npm_audit::check(workspace)
}

/// Name and version of those packages that the engine computes with.
fn versions(packages: &[Package]) -> HashSet<(String, String)> {
    let of_engine = packages
        .iter()
        .filter(|package| ENGINE.contains(&package.name.as_str()));
    of_engine
        .map(|package| (package.name.clone(), package.version.clone()))
        .collect()
}
