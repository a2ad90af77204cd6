//! `plot`: the learning curves of a run.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::figures::plots;
use crate::training::run_folder::RunFolder;

/// Draw the learning curves of a run as SVG and PNG
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the run, as `train` wrote it
    #[arg(long)]
    run: PathBuf,
    /// Folder to write learning_curves.svg and learning_curves.png to
    #[arg(long)]
    out: PathBuf,
    /// Accepted by every step; plotting has nothing random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let (_, _, history) = RunFolder::open(&args.run)?;
    ensure!(
        !history.entries.is_empty(),
        "{} has no validation yet, so there is nothing to draw",
        args.run.display()
    );
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    plots::draw_learning(&args.out, &history.entries)?;
    println!("{}", args.out.join("learning_curves.png").display());
    Ok(())
}
