//! `cargo xtask serve`: the site on this machine, first with the CPU module alone.

use anyhow::Result;

use crate::{
    modules::{self, CPU, DECODER, Profile, WEBGPU},
    product::{server::LocalServer, site},
    workspace::Workspace,
};

/// Builds the CPU module and serves the site, then builds the webgpu module.
///
/// Until the webgpu module is in place, its address answers 404, and a checker with the backend
/// `auto` runs on the CPU.
///
/// # Errors
///
/// When a tool is missing and can't be installed, the CPU module can't be built, or the port is
/// taken.
pub fn serve(workspace: &Workspace, port: u16) -> Result<()> {
    // Before the build, which takes minutes the first time.
    let server = LocalServer::listen(port)?;
    modules::build(workspace, &[CPU, DECODER], Profile::Web)?;
    // Without the webgpu module of an earlier build, which may be older than the sources.
    site::assemble(workspace, &workspace.site(), &[CPU, DECODER])?;
    server.serve(&workspace.site(), || {
        let added = modules::build_one(workspace, WEBGPU, Profile::Web)
            .and_then(|()| site::add_module(&workspace.wasm(), &workspace.site(), WEBGPU));
        match added {
            Ok(()) => println!("the webgpu module is built: reload the page to use it"),
            Err(error) => {
                eprintln!("the webgpu module isn't built, so the page runs on the CPU: {error:#}");
            }
        }
    });
    Ok(())
}
