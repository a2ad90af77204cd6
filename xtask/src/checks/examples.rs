//! The examples of programs that use Soundalike: each is run as in its documentation.

use std::{env, process::Command};

use anyhow::{Result, ensure};

use crate::{
    process,
    workspace::{PRODUCT, Workspace},
};

/// Compares the two songs of the site with the native example.
///
/// # Errors
///
/// When the example can't be built, fails, or prints no passage.
pub fn native(workspace: &Workspace) -> Result<()> {
    let mut build = workspace.cargo();
    process::run(build.arg("build").args(PRODUCT).arg("--examples"))?;
    let program = format!("release/examples/compare{}", env::consts::EXE_SUFFIX);
    let songs = ["midnight-ferry.mp3", "harbour-lights.mp3"]
        .map(|name| workspace.root.join("www/example").join(name));
    let printed = process::output(Command::new(workspace.target.join(program)).args(songs))?;
    print!("{printed}");
    let has_passage = printed.lines().any(|line| line.starts_with("left "));
    ensure!(
        has_passage,
        "one of the site's songs copies the other, and the example finds no passage"
    );
    Ok(())
}
