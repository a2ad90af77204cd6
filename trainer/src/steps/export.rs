//! `export`: the best weights of a run into the engine.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use burn::tensor::Device;
use serde::Serialize;
use soundalike::Model;
use soundalike::training::{WeightsInfo, weights_file};

use crate::figures::history::HistoryEntry;
use crate::training::run_files;
use crate::training::run_folder::RunFolder;
use crate::training::train_config::TrainConfig;
use crate::training::validation::Validation;

/// Put the best weights of a run where the engine takes its own from
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the run
    #[arg(long)]
    run: PathBuf,
    /// Folder to write recording.safetensors and recording.json to
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/weights"))]
    out: PathBuf,
    /// Fit the calibration on all pairs of this table, validation.csv of the run's pairs, instead
    /// of those that training looked at
    #[arg(long)]
    calibrate_on: Option<PathBuf>,
    /// Source of the music, for recording.json
    #[arg(long, default_value = "")]
    data: String,
    /// metrics.json of an evaluation of these weights, to be kept in recording.json
    #[arg(long)]
    metrics: Option<PathBuf>,
    /// Accepted by every step; exporting has nothing random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// `recording.json`: the header of the weights file in readable form, and the source of the
/// weights.
#[derive(Serialize)]
struct Provenance<'a> {
    sha256: &'a str,
    parameters: usize,
    data: &'a str,
    info: &'a WeightsInfo,
    training: &'a TrainConfig,
    best: &'a HistoryEntry,
    training_secs: f64,
    /// Figures of the test, without those of each change.
    metrics: Option<serde_json::Value>,
}

pub fn run(args: &Args) -> Result<()> {
    let (folder, training, history) = RunFolder::open(&args.run)?;
    ensure!(
        training.fits_the_engine(),
        "{} was trained with a head or a normalisation that the engine doesn't have; its figures are in history.json",
        args.run.display()
    );
    let best = history
        .entries
        .iter()
        .rfind(|entry| entry.is_best)
        .with_context(|| format!("{} has no weights yet", args.run.display()))?;
    let mut bytes = fs::read(folder.best_path())
        .with_context(|| format!("can't open {}", folder.best_path().display()))?;
    let mut model = pollster::block_on(Model::load(&bytes, &Device::flex(), false))?;
    if let Some(table) = &args.calibrate_on {
        bytes = recalibrated(&bytes, &model, table)?;
        model = pollster::block_on(Model::load(&bytes, &Device::flex(), false))?;
    }
    pollster::block_on(model.self_test("cpu"))?;
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    let metrics = args.metrics.as_deref().map(overall_metrics).transpose()?;
    let path = args.out.join("recording.safetensors");
    fs::write(&path, &bytes).with_context(|| format!("can't write {}", path.display()))?;
    let provenance = Provenance {
        sha256: model.sha256(),
        parameters: model.parameters(),
        data: &args.data,
        info: model.info(),
        training: &training,
        best,
        training_secs: history
            .entries
            .last()
            .map_or(0.0, |entry| entry.elapsed_secs),
        metrics,
    };
    run_files::write_json(&args.out.join("recording.json"), &provenance)?;
    println!(
        "{}: {} parameters, {} bytes, SHA-256 {}",
        path.display(),
        provenance.parameters,
        bytes.len(),
        provenance.sha256
    );
    Ok(())
}

/// The same weights with a calibration fitted on every pair of a table.
fn recalibrated(bytes: &[u8], model: &Model, table: &Path) -> Result<Vec<u8>> {
    let validation = Validation::load(table, usize::MAX)?;
    let outcome = validation.examine(model)?;
    let (mut info, tensors) = weights_file::read(bytes)?;
    info.calibration = outcome.calibration;
    Ok(weights_file::write(&info, &tensors)?)
}

fn overall_metrics(path: &Path) -> Result<serde_json::Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("can't open {}", path.display()))?;
    let mut metrics: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("{} isn't a metrics.json", path.display()))?;
    if let Some(figures) = metrics.as_object_mut() {
        figures.remove("per_perturbation");
    }
    Ok(metrics)
}
