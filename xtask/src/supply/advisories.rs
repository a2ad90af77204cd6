//! Known vulnerabilities among Rust packages, by the RustSec database
//! (<https://github.com/RustSec/advisory-db>): a folder of files, one an advisory. It is fetched
//! where the network allows; else an earlier copy answers; where there is none, the check says so
//! and passes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use semver::{Version, VersionReq};
use serde::Deserialize;
use walkdir::WalkDir;

use super::packages::Package;
use crate::workspace::Workspace;

const URL: &str = "https://github.com/RustSec/advisory-db";

/// Names a copy of the database; nothing is fetched then.
const FOLDER_VARIABLE: &str = "SOUNDALIKE_ADVISORY_DB";

/// The database is some 3 MB; a network that needs longer gives none.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// Looks every package up. `ignored` are the advisories that `deny.toml` lets pass.
///
/// # Errors
///
/// With every package that is known to be vulnerable.
pub fn check(workspace: &Workspace, packages: &[Package], ignored: &[String]) -> Result<()> {
    let database = match database(workspace)? {
        Ok(database) => database,
        Err(why) => {
            println!("  Rust packages: not asked for vulnerabilities: {why}");
            return Ok(());
        }
    };
    let advisories = read(&database)?;
    let found = found(&advisories, packages, ignored);
    let (faults, remarks): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|finding| finding.is_fault);
    for finding in remarks {
        println!("  {}", finding.sentence);
    }
    let asked = format!(
        "{} packages against {} advisories, the newest of {}",
        packages.len(),
        advisories.len(),
        newest(&advisories)
    );
    match faults.len() {
        0 => println!("  Rust packages: no known vulnerability ({asked})"),
        _ => {
            let sentences: Vec<_> = faults.into_iter().map(|fault| fault.sentence).collect();
            bail!("{} ({asked})", sentences.join("\n       "))
        }
    }
    Ok(())
}

/// A copy of the database, or why there is none.
fn database(workspace: &Workspace) -> Result<Result<PathBuf, String>> {
    if let Some(named) = std::env::var_os(FOLDER_VARIABLE) {
        return Ok(Ok(named.into()));
    }
    let ours = workspace.target.join("advisory-db");
    let fetched = fetch(&ours)?;
    // Where cargo-audit keeps it.
    let audits = std::env::home_dir().map(|home| home.join(".cargo/advisory-db"));
    let copy = [Some(ours), audits]
        .into_iter()
        .flatten()
        .find(|folder| folder.join("crates").is_dir());
    Ok(match (copy, fetched) {
        (Some(copy), Ok(())) => Ok(copy),
        (Some(copy), Err(why)) => {
            println!("  {URL}: {why}; taking {}", copy.display());
            Ok(copy)
        }
        (None, fetched) => Err(format!("{URL}: {}", fetched.err().unwrap_or_default())),
    })
}

/// Fetches the newest state into a folder, or says why it can't.
fn fetch(folder: &Path) -> Result<Result<(), String>> {
    let mut git = Command::new("git");
    if folder.join(".git").is_dir() {
        git.arg("-C").arg(folder).args(["pull", "--quiet"]);
    } else {
        git.args(["clone", "--quiet", "--depth=1", URL]).arg(folder);
    }
    git.env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = git.spawn().context("cannot start git")?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > FETCH_TIMEOUT {
            child.kill()?;
            child.wait()?;
            return Ok(Err(format!("no answer in {} s", FETCH_TIMEOUT.as_secs())));
        }
        thread::sleep(Duration::from_millis(50));
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(Err(said
        .lines()
        .last()
        .unwrap_or("git says nothing")
        .to_owned()))
}

/// One advisory, as far as it is read here.
#[derive(Debug, Deserialize)]
struct Advisory {
    advisory: Description,
    #[serde(default)]
    versions: Versions,
}

#[derive(Debug, Deserialize)]
struct Description {
    id: String,
    package: String,
    date: String,
    /// No vulnerability: `unmaintained`, `unsound` or `notice`.
    informational: Option<String>,
    withdrawn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Versions {
    #[serde(default)]
    patched: Vec<VersionReq>,
    #[serde(default)]
    unaffected: Vec<VersionReq>,
}

impl Advisory {
    /// From the text of its file, which begins with TOML in a fence.
    fn from_markdown(text: &str) -> Result<Self> {
        let toml = text
            .strip_prefix("```toml")
            .and_then(|rest| rest.split_once("```"))
            .context("no advisory")?
            .0;
        Ok(toml::from_str(toml)?)
    }

    fn concerns(&self, name: &str, version: &Version) -> bool {
        let Versions {
            patched,
            unaffected,
        } = &self.versions;
        self.advisory.withdrawn.is_none()
            && self.advisory.package == name
            && !patched
                .iter()
                .chain(unaffected)
                .any(|harmless| harmless.matches(version))
    }
}

/// All advisories about packages; those about Rust's own tools are the toolchain's affair.
fn read(database: &Path) -> Result<Vec<Advisory>> {
    let crates = database.join("crates");
    let mut advisories = Vec::new();
    for entry in WalkDir::new(&crates) {
        let entry = entry.with_context(|| format!("{FOLDER_VARIABLE}: no advisory database"))?;
        let is_advisory = entry.path().extension().is_some_and(|is| is == "md");
        if is_advisory {
            let text = fs::read_to_string(entry.path())?;
            let advisory = Advisory::from_markdown(&text)
                .with_context(|| entry.path().display().to_string())?;
            advisories.push(advisory);
        }
    }
    Ok(advisories)
}

fn newest(advisories: &[Advisory]) -> &str {
    advisories
        .iter()
        .map(|one| one.advisory.date.as_str())
        .max()
        .unwrap_or("never")
}

/// What an advisory says of one of our packages.
#[derive(Debug, PartialEq)]
struct Finding {
    is_fault: bool,
    sentence: String,
}

fn found(advisories: &[Advisory], packages: &[Package], ignored: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for package in packages {
        let Ok(version) = Version::parse(&package.version) else {
            continue;
        };
        for Advisory { advisory, .. } in advisories
            .iter()
            .filter(|one| one.concerns(&package.name, &version))
        {
            let kind = advisory.informational.as_deref().unwrap_or("vulnerable");
            found.push(Finding {
                is_fault: advisory.informational.is_none() && !ignored.contains(&advisory.id),
                sentence: format!("{} {version}: {kind}, {}", package.name, advisory.id),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory(more: &str, versions: &str) -> Advisory {
        Advisory::from_markdown(&format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"some\"\ndate = \"2020-01-02\"\n{more}\n[versions]\n{versions}\n```\n\n# Some is bad\n"
        ))
        .unwrap()
    }

    fn package(version: &str) -> Package {
        Package {
            name: "some".to_owned(),
            version: version.to_owned(),
            license: None,
            source: None,
            authors: Vec::new(),
            manifest_path: PathBuf::new(),
        }
    }

    #[test]
    fn versions_before_the_patch_are_faults_and_the_others_are_not() {
        let versions = "patched = [\">= 1.2.3\", \"^0.9.5\"]\nunaffected = [\"< 0.5.0\"]";
        let advisories = [advisory("", versions)];
        for (version, is_fault) in [
            ("1.2.2", true),
            ("1.2.3", false),
            ("0.9.4", true),
            ("0.9.6", false),
            ("0.4.0", false),
        ] {
            let found = found(&advisories, &[package(version)], &[]);
            assert_eq!(found.len(), usize::from(is_fault), "{version}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_vulnerability_or_ignored_is_told_and_what_is_withdrawn_is_not() {
        let ours = [package("1.0.0")];
        let expected = |kind: &str, is_fault| {
            vec![Finding {
                is_fault,
                sentence: format!("some 1.0.0: {kind}, RUSTSEC-2020-0001"),
            }]
        };
        let vulnerable = [advisory("", "patched = []")];
        assert_eq!(found(&vulnerable, &ours, &[]), expected("vulnerable", true));
        let ignored = ["RUSTSEC-2020-0001".to_owned()];
        assert_eq!(
            found(&vulnerable, &ours, &ignored),
            expected("vulnerable", false)
        );
        let unmaintained = [advisory("informational = \"unmaintained\"", "patched = []")];
        assert_eq!(
            found(&unmaintained, &ours, &[]),
            expected("unmaintained", false)
        );
        let withdrawn = [advisory("withdrawn = \"2021-01-01\"", "patched = []")];
        assert_eq!(found(&withdrawn, &ours, &[]), Vec::new());
    }

    #[test]
    fn a_database_is_read_from_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let of_some = folder.path().join("crates/some");
        fs::create_dir_all(&of_some).unwrap();
        let text = "```toml\n[advisory]\nid = \"RUSTSEC-2021-0002\"\npackage = \"some\"\ndate = \"2021-03-04\"\n```\n";
        fs::write(of_some.join("RUSTSEC-2021-0002.md"), text).unwrap();
        let advisories = read(folder.path()).unwrap();
        assert_eq!(newest(&advisories), "2021-03-04");
        assert_eq!(found(&advisories, &[package("9.9.9")], &[]).len(), 1);
        assert!(read(&folder.path().join("nowhere")).is_err());
        fs::write(of_some.join("RUSTSEC-2021-0003.md"), "no fence").unwrap();
        assert!(read(folder.path()).is_err());
    }
}
