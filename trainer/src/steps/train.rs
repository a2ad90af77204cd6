//! `train`: pairs to weights.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use burn::module::Module as _;
use burn::tensor::Device;
use soundalike::Model;
use soundalike::training::Calibration;
use soundalike_native::{audio_file, progress};
use soundalike_tables::pair_table;

use crate::figures::history::{History, HistoryEntry};
use crate::training::batches::batch::{BatchMaker, Sources};
use crate::training::device::DeviceName;
use crate::training::learner::Learner;
use crate::training::run_folder::{self, RunFolder};
use crate::training::train_config::TrainConfig;
use crate::training::validation::Validation;

/// Train weights on the tables that `pairs` wrote
#[derive(clap::Args)]
pub struct Args {
    /// Folder with train.csv and validation.csv
    #[arg(long)]
    pairs: PathBuf,
    /// Folder of the run: configuration, learning curves (history.json), checkpoints
    #[arg(long)]
    out: PathBuf,
    /// Settings as JSON; missing ones keep their defaults
    #[arg(long)]
    config: Option<PathBuf>,
    /// Weights to begin from, instead of random ones
    #[arg(long)]
    from: Option<PathBuf>,
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
    /// Folders of further music for training alone, such as the output of `render`; a folder is an
    /// album
    #[arg(long, num_args = 1..)]
    rendered: Vec<PathBuf>,
    /// Validation pairs to use at most
    #[arg(long, default_value_t = 1_000)]
    validation_pairs: usize,
    /// Device to compute on
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

/// The state of a run in memory.
struct Run {
    folder: RunFolder,
    config: TrainConfig,
    history: History,
    learner: Learner,
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
    let validation = Validation::load(&args.pairs.join("validation.csv"), args.validation_pairs)?;
    let found = |folders: &[PathBuf]| match folders {
        [] => Ok(Vec::new()),
        folders => audio_file::find(folders),
    };
    let sources = Sources {
        pairs: &training,
        rendered: found(&args.rendered)?,
        overlays: found(&args.overlays)?,
    };
    let maker = Arc::new(BatchMaker::load(&run.config, sources)?);
    println!(
        "{} parameters; steps {first_step} to {}",
        run.learner.network.num_params(),
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
    let mut learner = Learner::new(&config, args.device)?;
    if let Some(path) = &args.from {
        let bytes =
            std::fs::read(path).with_context(|| format!("can't open {}", path.display()))?;
        let began = learner.begin_from(&bytes);
        began.with_context(|| format!("can't begin from {}", path.display()))?;
    }
    let folder = RunFolder::create(&args.out, &config)?;
    Ok(Run {
        folder,
        config,
        history: History::default(),
        learner,
    })
}

fn resume(args: &Args) -> Result<Run> {
    let begins_anew = args.config.is_some() || args.from.is_some();
    if begins_anew || args.steps.is_some() || args.seed.is_some() {
        bail!(
            "a resumed run keeps its configuration: leave out --config, --from, --steps and --seed"
        );
    }
    let (folder, config, history) = RunFolder::open(&args.out)?;
    let mut learner = Learner::new(&config, args.device)?;
    folder.load_state(&mut learner)?;
    Ok(Run {
        folder,
        config,
        history,
        learner,
    })
}

impl Run {
    fn train(
        mut self,
        first_step: usize,
        maker: Arc<BatchMaker>,
        validation: &Validation,
    ) -> Result<()> {
        let clock = Clock::continued(&self.history);
        let bar = progress::bar(self.config.steps, "train").with_position(first_step as u64);
        let batches = maker.spawn(first_step);
        let mut losses = Vec::new();
        let mut waited = Duration::ZERO;
        for step in first_step..self.config.steps {
            let asked = Instant::now();
            let batch = batches
                .recv()
                .context("the thread that makes batches has stopped")?;
            waited += asked.elapsed();
            losses.push(self.learner.step(step, batch)?);
            bar.inc(1);
            let done = step + 1;
            if done % self.config.validate_every != 0 && done != self.config.steps {
                continue;
            }
            let entry = self.unvalidated_entry(step, &losses, clock.elapsed_secs());
            losses.clear();
            let entry = self.validate(entry, validation)?;
            bar.suspend(|| print_entry(&entry));
            self.history.entries.push(entry);
            self.folder.save_state(&self.learner, &self.history)?;
            if self.has_stopped_improving() {
                let patience = self.config.patience;
                bar.suspend(|| println!("no better one in {patience} validations: stopped"));
                break;
            }
        }
        bar.finish();
        let trained_secs = clock.began.elapsed().as_secs_f64();
        println!(
            "{:.1} % of {trained_secs:.0} s spent waiting for batches",
            100.0 * waited.as_secs_f64() / trained_secs
        );
        println!("best weights: {}", self.folder.best_path().display());
        Ok(())
    }

    /// The entry after a step, with the mean losses since the last one and without the figures on
    /// validation pairs.
    fn unvalidated_entry(
        &self,
        step: usize,
        losses: &[(f32, f32)],
        elapsed_secs: f64,
    ) -> HistoryEntry {
        let mean = |part: fn(&(f32, f32)) -> f32| {
            losses.iter().map(part).sum::<f32>() / losses.len() as f32
        };
        HistoryEntry {
            step: step + 1,
            elapsed_secs,
            learning_rate: self.config.learning_rate_at(step),
            contrast_loss: mean(|loss| loss.0),
            verdict_loss: mean(|loss| loss.1),
            validation_roc_auc: 0.0,
            validation_loss: 0.0,
            validation_accuracy: 0.0,
            identity_score: 0.0,
            is_best: false,
        }
    }

    /// Adds the figures on the validation pairs, and saves the weights when they are the best so
    /// far.
    fn validate(&self, mut entry: HistoryEntry, validation: &Validation) -> Result<HistoryEntry> {
        let network = self.learner.network.valid();
        let version = env!("CARGO_PKG_VERSION");
        let weights =
            |calibration| run_folder::weights(&network.siamese, &self.config, calibration, version);
        let outcome = if self.config.fits_the_engine() {
            let uncalibrated = weights(Calibration::default())?;
            let model = pollster::block_on(Model::load(&uncalibrated, &Device::flex(), false))?;
            validation.examine(&model)?
        } else {
            validation.examine_network(&network, self.config.normalisation)?
        };
        entry.validation_loss = outcome.loss;
        entry.validation_roc_auc = outcome.roc_auc;
        entry.validation_accuracy = outcome.accuracy;
        entry.is_best = self
            .history
            .entries
            .iter()
            .all(|earlier| entry.is_better_than(earlier));
        entry.identity_score = outcome.identity_score;
        if entry.is_best && self.config.fits_the_engine() {
            self.folder.save_best(&weights(outcome.calibration)?)?;
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

/// Measures the training time of a run over all its sessions.
struct Clock {
    began: Instant,
    before_secs: f64,
}

impl Clock {
    /// Starts now, from the time that the run has taken already.
    fn continued(history: &History) -> Self {
        Self {
            began: Instant::now(),
            before_secs: history
                .entries
                .last()
                .map_or(0.0, |entry| entry.elapsed_secs),
        }
    }

    fn elapsed_secs(&self) -> f64 {
        self.before_secs + self.began.elapsed().as_secs_f64()
    }
}

fn print_entry(entry: &HistoryEntry) {
    println!(
        "step {}: contrast {:.3}, verdict {:.3}; validation AUC {:.5}, accuracy {:.4}, loss {:.4}{}",
        entry.step,
        entry.contrast_loss,
        entry.verdict_loss,
        entry.validation_roc_auc,
        entry.validation_accuracy,
        entry.validation_loss,
        if entry.is_best { ", best" } else { "" }
    );
}

impl HistoryEntry {
    /// The lower loss on validation pairs is better. ROC-AUC is so near to 1 that it depends on
    /// single pairs.
    fn is_better_than(&self, other: &Self) -> bool {
        self.validation_loss < other.validation_loss
    }
}
