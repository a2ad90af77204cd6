//! The command-line tools that make the test set, all of them unrelated to the code of training.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Every tool used and the Debian package that has it.
const TOOLS: [(&str, &str); 9] = [
    ("espeak-ng", "espeak-ng"),
    ("ffmpeg", "ffmpeg"),
    ("ffprobe", "ffmpeg"),
    ("lame", "lame"),
    ("oggenc", "vorbis-tools"),
    ("opusdec", "opus-tools"),
    ("opusenc", "opus-tools"),
    ("rubberband", "rubberband-cli"),
    ("sox", "sox"),
];

/// Checks that every tool is there.
///
/// # Errors
///
/// One line that names the missing tools and what to install.
pub fn require_all() -> Result<()> {
    let missing: Vec<_> = TOOLS.iter().filter(|(tool, _)| !is_there(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    bail!(
        "missing tools: {}; install them with: apt-get install {}",
        names.join(", "),
        packages.join(" ")
    );
}

fn is_there(tool: &str) -> bool {
    let quiet = Command::new(tool)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok()
}

/// Runs a tool to its end and returns its standard output.
///
/// # Errors
///
/// When it can't be started or fails; the message has the last line of its standard error.
pub fn run<I, S>(tool: &str, arguments: I) -> Result<Vec<u8>>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = Command::new(tool)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("'{tool}' could not be started"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!(
            "'{tool}' failed: {}",
            errors.lines().last().unwrap_or("without a word")
        );
    }
    Ok(output.stdout)
}
