//! `cargo xtask serve`: the site on this machine, first with the CPU module alone.

use anyhow::Result;

use crate::{
    modules::{self, CPU, Profile, WEBGPU},
    product::{server, site},
    workspace::Workspace,
};

/// Builds the CPU module and serves the site; builds the webgpu module while the site is in use.
///
/// Until the webgpu module is in place, the browser gets a 404 for it, and a checker with the
/// backend `auto` takes the CPU.
///
/// # Errors
///
/// When a tool is missing and can't be got, the CPU module can't be built, or the port is taken.
pub fn serve(workspace: &Workspace, port: u16) -> Result<()> {
    modules::build(workspace, &[CPU], Profile::Release)?;
    // A webgpu module of an earlier build may not fit the sources any more.
    site::assemble(workspace, &workspace.site(), &[CPU])?;
    server::serve(&workspace.site(), port, || {
        let added = modules::build_one(workspace, WEBGPU, Profile::Release)
            .and_then(|()| site::add_module(&workspace.wasm(), &workspace.site(), WEBGPU));
        match added {
            Ok(()) => println!("the webgpu module is in place: reload the page to use it"),
            Err(error) => {
                eprintln!("the webgpu module isn't built, the page uses the CPU: {error:#}");
            }
        }
    })
}
