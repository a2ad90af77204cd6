//! `verify`: reads everything and names what is damaged.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use soundalike_native::{progress, weights};

use super::Outcome;
use crate::store::Catalogue;

/// Read everything and name what is damaged
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The catalogue's folder
    #[arg(long = "in", value_name = "FOLDER")]
    catalogue: PathBuf,
}

pub(super) fn run(args: &Args, weights: Option<&Path>) -> Result<Outcome> {
    let model = weights::load(weights)?;
    let catalogue = Catalogue::open(&args.catalogue, &model)?;
    let bar = progress::bar(catalogue.size()?.songs, "verify");
    let findings = catalogue.verify(&model, |songs| bar.set_position(songs as u64));
    bar.finish_and_clear();
    let findings = findings?;
    for (id, fault) in &findings.damaged {
        eprintln!("damaged: {id}: {fault}: remove it and add it again");
    }
    for line in &findings.file {
        eprintln!("damaged: {line}");
    }
    let place = args.catalogue.display();
    println!(
        "{place}: {} songs, {} damaged",
        findings.songs,
        findings.damaged.len()
    );
    ensure!(
        findings.file.is_empty(),
        "{place} is damaged: take a copy, or make it anew"
    );
    Ok(Outcome::of(findings.damaged.is_empty()))
}
