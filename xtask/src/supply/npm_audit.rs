//! Known vulnerabilities among the npm packages that tests and builds use. The list lies with the
//! registry: where that doesn't answer (no network, a mirror without it), the check says so and
//! passes. For Rust's packages see [`advisories`](super::advisories).

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::{process, workspace::Workspace};

/// Asks about every lock file in the repository.
///
/// # Errors
///
/// With every folder whose lock file fixes a package that is known to be vulnerable.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--", "*package-lock.json"])
        .current_dir(&workspace.root);
    let listed = process::output(&mut git)?;
    let mut faults = Vec::new();
    for lock in listed.lines() {
        let folder = Path::new(lock).parent().unwrap_or(Path::new(""));
        match audit(&workspace.root.join(folder))? {
            Answer::Known(0) => println!("  {lock}: no known vulnerability"),
            Answer::Known(count) => faults.push(format!(
                "{lock}: {count} packages with known vulnerabilities (npm audit tells which)"
            )),
            Answer::None(why) => println!("  {lock}: not asked for vulnerabilities: {why}"),
        }
    }
    match faults.len() {
        0 => Ok(()),
        _ => bail!("{}", faults.join("\n       ")),
    }
}

/// What the registry said.
#[derive(Debug, PartialEq)]
enum Answer {
    /// So many packages are vulnerable.
    Known(u64),
    /// Nothing, and why.
    None(String),
}

fn audit(folder: &Path) -> Result<Answer> {
    let mut npm = Command::new("npm");
    npm.args(["audit", "--json", "--package-lock-only"])
        .args(["--fetch-retries=0", "--fetch-timeout=20000"])
        .current_dir(folder);
    // npm exits with an error when it found something, too: what it printed tells.
    let output = npm.output().context("cannot start npm")?;
    answer(&String::from_utf8_lossy(&output.stdout))
}

fn answer(json: &str) -> Result<Answer> {
    #[derive(Deserialize)]
    struct Audit {
        message: Option<String>,
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Metadata {
        vulnerabilities: Vulnerabilities,
    }
    #[derive(Deserialize)]
    struct Vulnerabilities {
        total: u64,
    }
    let audit: Audit =
        serde_json::from_str(json).with_context(|| format!("npm audit printed {json:?}"))?;
    Ok(match audit.metadata {
        Some(metadata) => Answer::Known(metadata.vulnerabilities.total),
        None => Answer::None(audit.message.unwrap_or_else(|| "npm says nothing".into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_from_a_registry_that_does_not_answer() {
        let found = r#"{ "vulnerabilities": {}, "metadata": { "vulnerabilities": { "high": 1, "total": 1 } } }"#;
        assert_eq!(answer(found).unwrap(), Answer::Known(1));
        let none = r#"{ "message": "405 Method Not Allowed", "error": { "summary": "" } }"#;
        assert_eq!(
            answer(none).unwrap(),
            Answer::None("405 Method Not Allowed".into())
        );
        assert!(answer("").is_err());
    }
}
