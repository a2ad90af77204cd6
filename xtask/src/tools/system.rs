//! Programs and libraries that the system's package manager provides: browsers, ffmpeg, libclang.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process;

/// A program of the system's package manager.
struct Program {
    /// Its names, the most likely first.
    names: &'static [&'static str],
    /// An environment variable that may hold its path.
    variable: &'static str,
    /// Its package in Debian.
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
const PROTOC: Program = Program {
    names: &["protoc"],
    variable: "PROTOC",
    package: "protobuf-compiler",
};
const FFMPEG: Program = Program {
    names: &["ffmpeg"],
    variable: "FFMPEG",
    package: "ffmpeg",
};

/// The programs of the browser tests.
pub struct TestPrograms {
    /// The browser of most tests.
    pub chromium: PathBuf,
    /// Chromium's driver for wasm-bindgen's test runner.
    pub chromedriver: PathBuf,
    /// The other browser. Cargo builds its driver.
    pub firefox: PathBuf,
}

/// Finds both browsers, Chromium's driver and ffmpeg, and installs missing ones with apt-get if
/// possible.
///
/// # Errors
///
/// Names what to install, if apt-get can't.
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

/// Installs the compiler of protocol buffers, if it is missing: the catalogue's store is built with
/// it.
///
/// # Errors
///
/// Names what to install, if apt-get can't.
pub fn protoc() -> Result<()> {
    if PROTOC.find().is_none() {
        // The second has the types of Google that every program has.
        apt_get_install(&[PROTOC.package, "libprotobuf-dev"])?;
    }
    PROTOC.require().map(|_| ())
}

/// Installs Python's package manager, if it is missing.
///
/// # Errors
///
/// Names what to install, if apt-get can't.
pub fn pip() -> Result<()> {
    let is_there = || process::succeeds(Command::new("python3").args(["-m", "pip", "--version"]));
    if !is_there() {
        apt_get_install(&["python3-pip"])?;
    }
    ensure!(is_there(), "python3 has no pip: install it");
    Ok(())
}

/// Installs libclang, if it is missing: bindgen needs it for the trainer's C and C++ libraries.
///
/// # Errors
///
/// Names what to install, if apt-get can't.
pub fn libclang() -> Result<()> {
    const PACKAGE: &str = "libclang-dev";
    if clang_sys::load().is_ok() {
        return Ok(());
    }
    apt_get_install(&[PACKAGE])?;
    clang_sys::load().ok().with_context(|| {
        format!("libclang is missing: install {PACKAGE}, or set LIBCLANG_PATH to its folder")
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
        "missing: {list} (names of Debian packages). Install them and run the command again"
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

/// The words that start a command as root; `None` if that needs a password.
fn as_root() -> Option<&'static [&'static str]> {
    const SUDO: &[&str] = &["sudo", "--non-interactive"];
    let user = process::output(Command::new("id").arg("-u")).ok()?;
    if user.trim() == "0" {
        return Some(&[]);
    }
    process::succeeds(Command::new(SUDO[0]).args(&SUDO[1..]).arg("true")).then_some(SUDO)
}
