//! Trains, evaluates and exports the weights of Soundalike.

use clap::Parser as _;
use soundalike_trainer::steps::{self, Step};

fn main() -> std::process::ExitCode {
    steps::exit_code(Step::parse().run())
}
