//! `train`: pairs to weights.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module as _, ParamGroup};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor, TensorData};
use soundalike::head::Calibration;
use soundalike::model::SiameseNetwork;
use soundalike::{FeatureConfig, Model};

use crate::batches::{Batch, BatchMaker};
use crate::device::DeviceName;
use crate::loss::{self, BatchRelations};
use crate::metrics::{self, Scored};
use crate::pair_table::{self, Pair};
use crate::passages::Passages;
use crate::run_folder::{self, History, HistoryEntry, RunFolder};
use crate::train_config::TrainConfig;
use crate::{audio_file, calibrate, progress};

/// Train weights on the tables that `pairs` wrote
#[derive(clap::Args)]
pub struct Args {
    /// Folder with train.csv and validation.csv
    #[arg(long)]
    pairs: PathBuf,
    /// Folder of the run: configuration, learning curves (history.json), checkpoints
    #[arg(long)]
    out: PathBuf,
    /// Settings as JSON; what it leaves out keeps its default
    #[arg(long)]
    config: Option<PathBuf>,
    /// Continue the run in --out from its last checkpoint
    #[arg(long)]
    resume: bool,
    /// Optimiser steps, instead of the configuration's
    #[arg(long)]
    steps: Option<usize>,
    /// Seed, instead of the configuration's
    #[arg(long)]
    seed: Option<u64>,
    /// Folders of recordings (speech, crowds) laid over some copies, besides other tracks
    #[arg(long, num_args = 1..)]
    overlays: Vec<PathBuf>,
    /// Validation pairs to use at most
    #[arg(long, default_value_t = 1_000)]
    validation_pairs: usize,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

/// The state of a run in memory.
struct Run {
    folder: RunFolder,
    config: TrainConfig,
    history: History,
    device: Device,
    network: SiameseNetwork,
    optimizer: ModuleOptimizer,
}

/// Validation passages with their labels.
struct Validation {
    pairs: Vec<Pair>,
    passages: Passages,
}

pub fn run(args: &Args) -> Result<()> {
    let run = if args.resume {
        resume(args)?
    } else {
        start(args)?
    };
    let first_step = run.history.entries.last().map_or(0, |entry| entry.step);
    if first_step >= run.config.steps {
        bail!(
            "this run is complete: {first_step} steps of {}",
            run.config.steps
        );
    }
    let training = pair_table::read(&args.pairs.join("train.csv"))?;
    let validation = Validation::load(args)?;
    let overlays = if args.overlays.is_empty() {
        Vec::new()
    } else {
        audio_file::find(&args.overlays)?
    };
    let maker = Arc::new(BatchMaker::load(&run.config, &training, &overlays)?);
    println!(
        "{} parameters; steps {first_step} to {}",
        run.network.num_params(),
        run.config.steps
    );
    run.train(first_step, maker, &validation)
}

fn start(args: &Args) -> Result<Run> {
    let mut config = args
        .config
        .as_deref()
        .map_or_else(|| Ok(TrainConfig::default()), TrainConfig::read)?;
    config.steps = args.steps.unwrap_or(config.steps);
    config.seed = args.seed.unwrap_or(config.seed);
    let device = args.device.open()?.autodiff();
    device.seed(config.seed);
    let folder = RunFolder::create(&args.out, &config)?;
    let network = SiameseNetwork::new(&config.encoder, &FeatureConfig::default(), &device);
    let optimizer = optimizer(&config, &network);
    Ok(Run {
        folder,
        config,
        history: History::default(),
        device,
        network,
        optimizer,
    })
}

fn resume(args: &Args) -> Result<Run> {
    if args.config.is_some() || args.steps.is_some() || args.seed.is_some() {
        bail!("a resumed run keeps its configuration: leave out --config, --steps and --seed");
    }
    let (folder, config, history) = RunFolder::open(&args.out)?;
    let device = args.device.open()?.autodiff();
    let network = folder.load_network(SiameseNetwork::new(
        &config.encoder,
        &FeatureConfig::default(),
        &device,
    ))?;
    let optimizer = folder.load_optimizer(optimizer(&config, &network))?;
    Ok(Run {
        folder,
        config,
        history,
        device,
        network,
        optimizer,
    })
}

/// AdamW; weight decay would pull the head's weights, which act through a softplus, towards 0.69 instead of 0, so it has none.
fn optimizer(config: &TrainConfig, network: &SiameseNetwork) -> ModuleOptimizer {
    let adamw = |weight_decay| AdamWConfig::new().with_weight_decay(weight_decay);
    let clipping = GradientClippingConfig::Norm(config.gradient_norm);
    let head = ParamGroup::ids_from_module(network.head.clone());
    ModuleOptimizer::from(adamw(config.weight_decay).build())
        .with_grad_clipping(clipping.init())
        .with_group(head, adamw(0.0).build(), Some(clipping.init()))
}

impl Run {
    fn train(
        mut self,
        first_step: usize,
        maker: Arc<BatchMaker>,
        validation: &Validation,
    ) -> Result<()> {
        let began = Instant::now();
        let elapsed_before_secs = self
            .history
            .entries
            .last()
            .map_or(0.0, |entry| entry.elapsed_secs);
        let bar = progress::bar(self.config.steps, "train").with_position(first_step as u64);
        let batches = maker.spawn(first_step);
        let mut losses = Vec::new();
        for step in first_step..self.config.steps {
            let batch = batches
                .recv()
                .context("the thread that makes batches has died")?;
            losses.push(self.step(step, batch)?);
            bar.inc(1);
            let done = step + 1;
            if done % self.config.validate_every != 0 && done != self.config.steps {
                continue;
            }
            let mean = |part: fn(&(f32, f32)) -> f32| {
                losses.iter().map(part).sum::<f32>() / losses.len() as f32
            };
            let (contrast_loss, verdict_loss) = (mean(|loss| loss.0), mean(|loss| loss.1));
            losses.clear();
            let elapsed_secs = elapsed_before_secs + began.elapsed().as_secs_f64();
            let learning_rate = self.config.learning_rate_at(step);
            let entry = HistoryEntry {
                step: done,
                elapsed_secs,
                learning_rate,
                contrast_loss,
                verdict_loss,
                validation_roc_auc: 0.0,
                validation_loss: 0.0,
                validation_accuracy: 0.0,
                is_best: false,
            };
            let entry = self.validate(entry, validation)?;
            bar.suspend(|| println!(
                "step {done}: contrast {contrast_loss:.3}, verdict {verdict_loss:.3}; validation AUC {:.5}, accuracy {:.4}, loss {:.4}{}",
                entry.validation_roc_auc,
                entry.validation_accuracy,
                entry.validation_loss,
                if entry.is_best { ", best" } else { "" }
            ));
            self.history.entries.push(entry);
            self.folder.save_state(&self.network, &self.optimizer)?;
            self.folder.save_history(&self.history)?;
            if self.has_stopped_improving() {
                bar.suspend(|| {
                    println!(
                        "no better one in {} validations: stopped",
                        self.config.patience
                    )
                });
                break;
            }
        }
        bar.finish();
        println!("best weights: {}", self.folder.best_path().display());
        Ok(())
    }

    /// One optimiser step. Returns both losses.
    fn step(&mut self, step: usize, batch: Batch) -> Result<(f32, f32)> {
        let features = FeatureConfig::default();
        let relations = BatchRelations::new(&self.config, &batch.tracks, &batch.starts_secs);
        let size = batch.tracks.len();
        let shape = [2 * size, 1, features.mel_bands, features.segment_frames()];
        let frames = Tensor::<4>::from_data(TensorData::new(batch.frames, shape), &self.device);
        let embeddings = self.network.encoder.forward(frames);
        let originals = embeddings.clone().narrow(0, 0, size);
        let copies = embeddings.narrow(0, size, size);
        let contrast = loss::contrast(&originals, &copies, &relations, self.config.temperature);
        let verdict = loss::verdict(&self.network.head, originals, copies, &relations);
        let both = (
            contrast.clone().into_scalar::<f32>(),
            verdict.clone().into_scalar::<f32>(),
        );
        if !(both.0.is_finite() && both.1.is_finite()) {
            bail!("the loss is no longer a number at step {step}; try a lower learning_rate");
        }
        let total = contrast.mul_scalar(self.config.contrast_weight) + verdict;
        let gradients = GradientsParams::from_grads(total.backward(), &self.network);
        let network = self.network.clone();
        self.network = self
            .optimizer
            .step(self.config.learning_rate_at(step), network, gradients);
        Ok(both)
    }

    /// Looks at the validation pairs; keeps the weights when they are the best so far.
    fn validate(&self, mut entry: HistoryEntry, validation: &Validation) -> Result<HistoryEntry> {
        let network = self.network.valid();
        let version = env!("CARGO_PKG_VERSION");
        let uncalibrated =
            run_folder::weights(&network, &self.config, Calibration::default(), version)?;
        let model = pollster::block_on(Model::load(&uncalibrated, &Device::flex(), false))?;
        let logits = validation.passages.logits(&model)?;
        let (copies, others): (Vec<_>, Vec<_>) = logits
            .iter()
            .zip(&validation.pairs)
            .partition(|(_, pair)| pair.is_copy());
        let strip = |pairs: Vec<(&f32, &Pair)>| {
            pairs
                .into_iter()
                .map(|(logit, _)| *logit)
                .collect::<Vec<f32>>()
        };
        let (copies, others) = (strip(copies), strip(others));
        let scored: Vec<Scored<'_>> = logits
            .iter()
            .zip(&validation.pairs)
            .map(|(&logit, pair)| Scored {
                score: logit,
                is_copy: pair.is_copy(),
                perturbation: &pair.perturbation,
            })
            .collect();
        let softplus = |x: f32| f64::from(x.max(0.0) + (-x.abs()).exp().ln_1p());
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        entry.validation_loss = (mean(copies.iter().map(|&logit| softplus(-logit)).collect())
            + mean(others.iter().map(|&logit| softplus(logit)).collect()))
            / 2.0;
        entry.validation_roc_auc = metrics::roc_auc(&scored);
        let calibration = calibrate::fit(&copies, &others, model.head().identity_logit());
        let right = scored
            .iter()
            .filter(|pair| (calibration.score(pair.score) >= 0.5) == pair.is_copy)
            .count();
        entry.validation_accuracy = right as f64 / scored.len() as f64;
        entry.is_best = self
            .history
            .entries
            .iter()
            .all(|earlier| entry.is_better_than(earlier));
        if entry.is_best {
            let weights = run_folder::weights(&network, &self.config, calibration, version)?;
            std::fs::write(self.folder.best_path(), weights)
                .context("can't save the best weights")?;
        }
        Ok(entry)
    }

    fn has_stopped_improving(&self) -> bool {
        let since_best = self
            .history
            .entries
            .iter()
            .rev()
            .position(|entry| entry.is_best);
        since_best.is_some_and(|validations| validations >= self.config.patience)
    }
}

impl HistoryEntry {
    /// Better is a higher ROC-AUC on validation pairs.
    fn is_better_than(&self, other: &Self) -> bool {
        self.validation_roc_auc > other.validation_roc_auc
    }
}

impl Validation {
    fn load(args: &Args) -> Result<Self> {
        let mut pairs = pair_table::read(&args.pairs.join("validation.csv"))?;
        pairs.truncate(args.validation_pairs);
        let passages = Passages::load(&pairs)?;
        Ok(Self { pairs, passages })
    }
}
