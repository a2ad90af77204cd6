//! Known vulnerabilities of Rust packages, by the RustSec database
//! (<https://github.com/RustSec/advisory-db>), which the crate `rustsec` reads and matches.
//!
//! The database is fetched where the network allows. Otherwise an earlier copy is used. Without any
//! copy the check reports that it didn't ask, and passes.
//!
//! The crate is used without its feature `git`, which would build a git client. It adds 36 packages
//! and 13 s to the first build of xtask on two cores (35 s without it).

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustsec::{Collection, Database, Lockfile, database::Query};

use crate::workspace::Workspace;

const URL: &str = "https://github.com/RustSec/advisory-db";

/// Path of a copy of the database; nothing is fetched then.
const FOLDER_VARIABLE: &str = "SOUNDALIKE_ADVISORY_DB";

/// The database has about 3 MB.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// The lock files of the workspace and of the catalogue.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "catalogue/Cargo.lock"];

/// Looks up the packages of all lock files. `ignored` are the ids of advisories that `deny.toml`
/// allows.
///
/// # Errors
///
/// When a package has a known vulnerability, with the names of all of them, or when the database
/// or a lock file can't be read.
pub fn check(workspace: &Workspace, ignored: &[String]) -> Result<()> {
    let folder = match database_folder(workspace)? {
        Ok(folder) => folder,
        Err(reason) => {
            println!("  Rust packages: not asked for vulnerabilities: {reason}");
            return Ok(());
        }
    };
    let database = Database::open(&folder)
        .with_context(|| format!("can't read the advisories in {}", folder.display()))?;
    let mut findings = Vec::new();
    for path in LOCK_FILES {
        let lock_file = Lockfile::load(workspace.root.join(path)).context(path)?;
        findings.extend(findings_in(&database, &lock_file, ignored));
    }
    findings.sort();
    findings.dedup();
    let (faults, remarks): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.is_fault);
    for finding in remarks {
        println!("  {}", finding.sentence);
    }
    let asked = format!(
        "{} advisories, the newest of {}",
        database.iter().count(),
        newest(&database)
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

/// The folder of a copy of the database, or the reason why there is none.
fn database_folder(workspace: &Workspace) -> Result<Result<PathBuf, String>> {
    if let Some(named) = std::env::var_os(FOLDER_VARIABLE) {
        return Ok(Ok(named.into()));
    }
    let ours = workspace.target.join("advisory-db");
    let fetched = fetch(&ours)?;
    // The folder of cargo-audit.
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

/// Fetches the newest database into a folder; returns the reason if that fails.
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
    let mut child = git.spawn().context("can't start git")?;
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
    let stderr = String::from_utf8_lossy(&output.stderr);
    Ok(Err(stderr
        .lines()
        .last()
        .unwrap_or("git gives no reason")
        .to_owned()))
}

/// The date of the newest advisory.
fn newest(database: &Database) -> &str {
    let dates = database.iter().map(|advisory| advisory.date().as_str());
    dates.max().unwrap_or("never")
}

/// An advisory that concerns one of our packages.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    is_fault: bool,
    sentence: String,
}

fn findings_in(database: &Database, lock_file: &Lockfile, ignored: &[String]) -> Vec<Finding> {
    // Not `Query::crate_scope`, which leaves out packages that are unmaintained or unsound.
    let query = Query::new().collection(Collection::Crates).withdrawn(false);
    let vulnerabilities = database.query_vulnerabilities(lock_file, &query);
    let findings = vulnerabilities.into_iter().map(|vulnerability| {
        let (package, advisory) = (vulnerability.package, vulnerability.advisory);
        let id = advisory.id.as_str();
        let kind = match &advisory.informational {
            Some(kind) => kind.as_str(),
            None => "vulnerable",
        };
        let is_ignored = ignored.iter().any(|ignored| ignored == id);
        Finding {
            is_fault: advisory.informational.is_none() && !is_ignored,
            sentence: format!("{} {}: {kind}, {id}", package.name, package.version),
        }
    });
    findings.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A database with one advisory, about the package `some`.
    fn database(properties: &str, versions: &str) -> (tempfile::TempDir, Database) {
        let folder = tempfile::tempdir().unwrap();
        let advisories = folder.path().join("crates/some");
        fs::create_dir_all(&advisories).unwrap();
        let text = format!(
            "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"some\"\n\
             date = \"2020-01-02\"\n{properties}\n[versions]\n{versions}\n```\n\n\
             # Some is bad\n\nSo bad.\n"
        );
        fs::write(advisories.join("RUSTSEC-2020-0001.md"), text).unwrap();
        let database = Database::open(folder.path()).unwrap();
        (folder, database)
    }

    fn lock_file(version: &str) -> Lockfile {
        let text = format!(
            "version = 4\n[[package]]\nname = \"some\"\nversion = \"{version}\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        );
        text.parse().unwrap()
    }

    #[test]
    fn versions_before_the_patch_are_faults_and_the_others_are_not() {
        let versions = "patched = [\">= 1.2.3\", \"^0.9.5\"]\nunaffected = [\"< 0.5.0\"]";
        let (_folder, database) = database("", versions);
        for (version, is_fault) in [
            ("1.2.2", true),
            ("1.2.3", false),
            ("0.9.4", true),
            ("0.9.6", false),
            ("0.4.0", false),
        ] {
            let findings = findings_in(&database, &lock_file(version), &[]);
            assert_eq!(
                findings.len(),
                usize::from(is_fault),
                "{version}: {findings:?}"
            );
        }
    }

    #[test]
    fn informational_and_ignored_advisories_are_remarks_and_withdrawn_ones_are_nothing() {
        let findings = |properties: &str, ignored: &[String]| {
            let (_folder, database) = database(properties, "patched = []");
            findings_in(&database, &lock_file("1.0.0"), ignored)
        };
        let expected = |kind: &str, is_fault| {
            vec![Finding {
                is_fault,
                sentence: format!("some 1.0.0: {kind}, RUSTSEC-2020-0001"),
            }]
        };
        assert_eq!(findings("", &[]), expected("vulnerable", true));
        let ignored = ["RUSTSEC-2020-0001".to_owned()];
        assert_eq!(findings("", &ignored), expected("vulnerable", false));
        let unmaintained = "informational = \"unmaintained\"";
        assert_eq!(findings(unmaintained, &[]), expected("unmaintained", false));
        assert_eq!(findings("withdrawn = \"2021-01-01\"", &[]), Vec::new());
    }

    #[test]
    fn a_database_is_read_from_its_files() {
        let (folder, database) = database("", "patched = []");
        assert_eq!(newest(&database), "2020-01-02");
        assert!(Database::open(&folder.path().join("nowhere")).is_err());
        let other = folder.path().join("crates/some/RUSTSEC-2021-0003.md");
        fs::write(other, "no fence").unwrap();
        assert!(Database::open(folder.path()).is_err());
    }
}
