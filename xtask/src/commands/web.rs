//! `cargo xtask web`: all modules and the site, for development and tests.

use anyhow::Result;

use crate::{
    modules::{self, MODULES, Profile},
    product::site,
    workspace::Workspace,
};

/// Builds all modules into `pkg/wasm` and assembles the site.
///
/// # Errors
///
/// When a tool is missing and can't be installed, or a build fails.
pub fn build(workspace: &Workspace) -> Result<()> {
    modules::build(workspace, &MODULES, Profile::Web)?;
    site::assemble(workspace, &workspace.site(), &MODULES)?;
    println!("the site is in {}", workspace.site().display());
    Ok(())
}
