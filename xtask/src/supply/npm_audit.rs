//! Known vulnerabilities of the npm packages that tests and builds use, by the registry's list.
//! Without an answer (no network, a mirror without the list) the check reports that and passes.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::{process, workspace::Workspace};

/// Checks every lock file of npm in the repository.
///
/// # Errors
///
/// Lists every lock file with a vulnerable package.
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
                "{lock}: {count} packages with known vulnerabilities (npm audit lists them)"
            )),
            Answer::None(why) => println!("  {lock}: not asked for vulnerabilities: {why}"),
        }
    }
    match faults.len() {
        0 => Ok(()),
        _ => bail!("{}", faults.join("\n       ")),
    }
}

/// The answer of the registry.
#[derive(Debug, PartialEq)]
enum Answer {
    /// The number of vulnerable packages.
    Known(u64),
    /// No list, and the reason.
    None(String),
}

fn audit(folder: &Path) -> Result<Answer> {
    let mut npm = Command::new("npm");
    npm.args(["audit", "--json", "--package-lock-only"])
        .args(["--fetch-retries=0", "--fetch-timeout=20000"])
        .current_dir(folder);
    // npm also exits with an error for vulnerabilities, so only its output counts.
    let output = npm.output().context("can't start npm")?;
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
        None => Answer::None(
            audit
                .message
                .unwrap_or_else(|| "npm gives no reason".into()),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vulnerabilities_are_distinguished_from_a_missing_answer() {
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
