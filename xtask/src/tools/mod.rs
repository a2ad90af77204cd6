//! The tools that the commands call: found, got when this machine lets us, or named in one line
//! when it doesn't. Those that cargo builds are in `cargo_tools.rs`.

pub mod cargo_tools;

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{process, workspace::Workspace};

/// The compilation target of the browser builds.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The oldest Node.js whose test runner and `npm` the checks are written for.
const OLDEST_NODE: u32 = 20;

/// A program that the system's package manager provides.
struct Program {
    /// Names it goes by, the most likely first.
    names: &'static [&'static str],
    /// An environment variable that may hold its path.
    variable: &'static str,
    /// The Debian package that holds it.
    package: &'static str,
}

const CHROMIUM: Program = Program {
    names: &[
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
        "chrome",
    ],
    variable: "CHROMIUM",
    package: "chromium",
};
const CHROMEDRIVER: Program = Program {
    names: &["chromedriver"],
    variable: "CHROMEDRIVER",
    package: "chromium-driver",
};
const FIREFOX: Program = Program {
    names: &["firefox-esr", "firefox"],
    variable: "FIREFOX",
    package: "firefox-esr",
};
const FFMPEG: Program = Program {
    names: &["ffmpeg"],
    variable: "FFMPEG",
    package: "ffmpeg",
};

/// The programs that the browser tests and the audio tests call.
pub struct TestPrograms {
    /// The browser of most tests.
    pub chromium: PathBuf,
    /// The program that drives it for wasm-bindgen's test runner.
    pub chromedriver: PathBuf,
    /// The other browser; cargo builds its driver.
    pub firefox: PathBuf,
}

/// Finds both browsers, Chromium's driver and ffmpeg; installs what is missing with apt-get where
/// that is possible.
///
/// # Errors
///
/// With one line that says what to install, when something is missing and can't be installed from
/// here.
pub fn test_programs() -> Result<TestPrograms> {
    let programs = [CHROMIUM, CHROMEDRIVER, FIREFOX, FFMPEG];
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| program.find().is_none())
        .map(|program| program.package)
        .collect();
    if !missing.is_empty() {
        apt_get_install(&missing)?;
    }
    FFMPEG.require()?;
    Ok(TestPrograms {
        chromium: CHROMIUM.require()?,
        chromedriver: CHROMEDRIVER.require()?,
        firefox: FIREFOX.require()?,
    })
}

/// Makes sure that libclang is there: the trainer's C and C++ libraries are bound through it while
/// they are built (bindgen).
///
/// # Errors
///
/// With one line that says what to install, when it is missing and can't be installed from here.
pub fn libclang() -> Result<()> {
    const PACKAGE: &str = "libclang-dev";
    if clang_sys::load().is_ok() {
        return Ok(());
    }
    apt_get_install(&[PACKAGE])?;
    clang_sys::load().ok().with_context(|| {
        format!("libclang isn't found: install {PACKAGE}, or set LIBCLANG_PATH to its folder")
    })
}

impl Program {
    fn find(&self) -> Option<PathBuf> {
        let given = env::var_os(self.variable)
            .map(PathBuf::from)
            .filter(|path| path.is_file());
        given.or_else(|| self.names.iter().find_map(|name| which::which(name).ok()))
    }

    fn require(&self) -> Result<PathBuf> {
        let Self {
            names, variable, ..
        } = self;
        self.find().with_context(|| {
            format!(
                "{} isn't on the PATH: install it, or set {variable} to its path",
                names[0]
            )
        })
    }
}

fn apt_get_install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    let by_hand = format!(
        "missing: {list} (their names in Debian). Please install them and run the command again"
    );
    if which::which("apt-get").is_err() {
        bail!("{by_hand}");
    }
    let Some(as_root) = as_root() else {
        bail!("{by_hand}: sudo apt-get install {list}");
    };
    println!("installing {list} with apt-get");
    let apt_get = |arguments: &[&str]| {
        let words = [
            as_root,
            &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"],
            arguments,
        ]
        .concat();
        process::run(Command::new(words[0]).args(&words[1..]))
    };
    apt_get(&["update", "--quiet=2"])?;
    let install = ["install", "--quiet=2", "--yes", "--no-install-recommends"];
    apt_get(&[&install[..], packages].concat()).context(by_hand)
}

/// The words that start a command as root, when that needs no password.
fn as_root() -> Option<&'static [&'static str]> {
    const SUDO: &[&str] = &["sudo", "--non-interactive"];
    let user = process::output(Command::new("id").arg("-u")).ok()?;
    if user.trim() == "0" {
        return Some(&[]);
    }
    quiet(Command::new(SUDO[0]).args(&SUDO[1..]).arg("true")).then_some(SUDO)
}

/// Makes sure that Node.js and npm are there.
///
/// # Errors
///
/// With one line that says what to install, when they aren't or are too old.
pub fn node() -> Result<()> {
    for name in ["node", "npm"] {
        which::which(name).ok().with_context(|| {
            format!(
                "{name} isn't on the PATH: install Node.js {OLDEST_NODE} or newer, which brings it"
            )
        })?;
    }
    let version = process::output(Command::new("node").arg("--version"))?;
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= OLDEST_NODE => Ok(()),
        _ => bail!(
            "Node.js {} is too old: install {OLDEST_NODE} or newer",
            version.trim()
        ),
    }
}

/// Installs the packages that a folder's `package-lock.json` fixes, unless they are there already.
///
/// # Errors
///
/// When npm is missing or fails.
pub fn npm_ci(folder: &Path) -> Result<()> {
    let modified = |name: &str| {
        folder
            .join(name)
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    // npm writes this copy of the lock file last, so its age is the age of a finished install.
    if modified("node_modules/.package-lock.json") >= modified("package-lock.json") {
        return Ok(());
    }
    node()?;
    process::run(
        Command::new("npm")
            .args(["ci", "--no-audit", "--no-fund"])
            .current_dir(folder),
    )
}

/// Makes sure that the standard library for the browser builds is there.
///
/// # Errors
///
/// With one line that says what to install, when it isn't and rustup can't add it.
pub fn wasm_target() -> Result<()> {
    let folder = process::output(Command::new("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]))?;
    if Path::new(folder.trim()).is_dir() {
        return Ok(());
    }
    println!("adding the Rust target {WASM_TARGET}");
    rustup(&["target", "add", WASM_TARGET])
}

/// Makes sure that `cargo fmt` and `cargo clippy` are there.
///
/// # Errors
///
/// With one line that says what to install, when they aren't and rustup can't add them.
pub fn rust_components(workspace: &Workspace) -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !quiet(workspace.cargo().args([command, "--version"])) {
            println!("adding the Rust component {component}");
            rustup(&["component", "add", component])?;
        }
    }
    Ok(())
}

fn rustup(arguments: &[&str]) -> Result<()> {
    let words = arguments.join(" ");
    which::which("rustup").ok().with_context(|| {
        format!("rustup isn't on the PATH: install Rust through rustup (https://rustup.rs), for `rustup {words}`")
    })?;
    process::run(Command::new("rustup").args(arguments))
}

/// Whether a command succeeds; what it prints is dropped.
fn quiet(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
