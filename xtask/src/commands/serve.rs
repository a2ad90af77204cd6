//! `cargo xtask serve`: the site on this machine, first with the CPU module alone.

use anyhow::Result;

use crate::{
    modules::{self, CPU, DECODER, Profile, WEBGPU},
    product::{server::LocalServer, site},
    workspace::Workspace,
};

/// Builds the CPU module and serves the site, then builds the other modules.
///
/// Until they are in place, their addresses answer 404: files that the browser can't decode are
/// named, and a checker with the backend `auto` runs on the CPU.
///
/// # Errors
///
/// When a tool is missing and can't be installed, the CPU module can't be built, or the port is
/// taken.
pub fn serve(workspace: &Workspace, port: u16) -> Result<()> {
    // Before the build, which takes minutes the first time.
    let server = LocalServer::listen(port)?;
    modules::build(workspace, &[CPU], Profile::Web)?;
    // Without the other modules of an earlier build, which may be older than the sources.
    site::assemble(workspace, &workspace.site(), &[CPU])?;
    server.serve(&workspace.site(), || {
        for module in [DECODER, WEBGPU] {
            let added = modules::build_one(workspace, module, Profile::Web)
                .and_then(|()| site::add_module(&workspace.wasm(), &workspace.site(), module));
            match added {
                Ok(()) => println!(
                    "the {} module is built: reload the page to use it",
                    module.name
                ),
                Err(error) => eprintln!(
                    "the page works without the {} module: {error:#}",
                    module.name
                ),
            }
        }
    });
    Ok(())
}
