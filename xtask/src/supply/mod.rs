//! The supply chain: every package of both Cargo.lock files comes from a registry and under a
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

use self::rules::Rules;
use crate::workspace::Workspace;

/// Checks all packages, also those of other systems and of features that we don't use.
///
/// # Errors
///
/// Lists every package that isn't allowed, one a line.
pub fn check(workspace: &Workspace) -> Result<()> {
    let rules = Rules::read(workspace)?;
    let mut packages = packages::of_manifest(workspace, "Cargo.toml")?;
    packages.extend(packages::of_manifest(workspace, "fuzz/Cargo.toml")?);
    let mut seen = HashSet::new();
    packages.retain(|package| seen.insert((package.name.clone(), package.version.clone())));
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
    advisories::check(workspace, &rules.ignored_advisories)?;
    npm_audit::check(workspace)
}
