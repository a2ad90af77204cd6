//! The build commands of Soundalike, run as `cargo xtask COMMAND`.
//!
//! | command | what it does | file |
//! |---|---|---|
//! | `web` | builds the WebAssembly modules and the static site | `commands/web.rs` |
//! | `serve` | serves the site on this machine as soon as the CPU module is built | `commands/serve.rs` |
//! | `check` | everything that continuous integration runs | `commands/check.rs` |
//! | `pack` | optimised npm tarball and site in `dist/` | `commands/pack.rs` |
//! | `bench` | speed in a browser, compared with other libraries | `commands/bench.rs` |
//!
//! Each command installs the tools it needs (`tools/`), or names in one line what to install.
//!
//! Folders use only those below them:
//!
//! | folder | content |
//! |---|---|
//! | `commands/` | one file a command |
//! | `checks/` | steps of `check` that are more than one call of a program |
//! | `product/` | the site and the npm package |
//! | `supply/` | sources, licences and vulnerabilities of dependencies |
//! | `tools/` | programs that other people wrote |

mod checks;
mod commands;
mod folders;
mod modules;
mod process;
mod product;
mod supply;
mod tests_ran;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{
    commands::{bench, check, pack, serve, web},
    workspace::Workspace,
};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Build commands of Soundalike"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the WebAssembly modules into pkg/wasm and the static site into target/site
    Web,
    /// Build the site and serve it on http://localhost:8080
    Serve {
        /// Port to listen on; 0 takes any free one
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Run everything that continuous integration runs, cheapest first
    Check {
        /// Run only these steps, in their usual order
        #[arg(value_name = "STEP", value_parser = PossibleValuesParser::new(check::step_names()))]
        steps: Vec<String>,
    },
    /// Build fully optimised; write the npm tarball and the static site to dist/
    Pack,
    /// Measure the site of `pack` and other libraries in Chromium; print tables and write them to
    /// target/bench
    Bench {
        /// Measure only these parts
        #[arg(value_name = "PART", value_parser = PossibleValuesParser::new(bench::PARTS))]
        parts: Vec<String>,
        #[command(flatten)]
        options: bench::Options,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = Workspace::find().and_then(|workspace| match cli.command {
        Command::Web => web::build(&workspace),
        Command::Serve { port } => serve::serve(&workspace, port),
        Command::Check { steps } => check::check(&workspace, &steps),
        Command::Pack => pack::pack(&workspace),
        Command::Bench { parts, options } => bench::bench(&workspace, &parts, &options),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // `{:#}` puts the whole chain of causes on one line; `{:?}` would add a backtrace.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
