//! `train-windows`: scores to the window network of compositions.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use burn::module::Module as _;
use soundalike_native::progress;

use crate::corpus::tracks::Split;
use crate::training::device::DeviceName;
use crate::training::windows::batch::Windows;
use crate::training::windows::learner::{Outcome, WindowLearner, WindowTraining};
use crate::training::windows::run_folder::{WindowEntry, WindowHistory, WindowRun};
use crate::training::windows::validation::WindowValidation;

/// Train the window network of compositions on scores; no audio is rendered
#[derive(clap::Args)]
pub struct Args {
    /// A copy of POP909: folders of songs with their MIDI files, chords, beats and keys
    #[arg(long)]
    pop909: PathBuf,
    /// Folder of the run: configuration, learning curves (history.json), checkpoints
    #[arg(long)]
    out: PathBuf,
    /// Continue the run in --out from its last checkpoint, with its settings
    #[arg(long, conflicts_with_all = ["steps", "batch", "learning_rate", "validate_every", "seed"])]
    resume: bool,
    /// Optimiser steps [default: 3000]
    #[arg(long)]
    steps: Option<usize>,
    /// Triples of windows a step [default: 32]
    #[arg(long)]
    batch: Option<usize>,
    /// Highest learning rate [default: 0.003]
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Steps from one validation to the next [default: 100]
    #[arg(long)]
    validate_every: Option<usize>,
    /// Seed of the weights and of the batches [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// Device to compute on
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

/// A run of training, new or resumed.
struct Running {
    config: WindowTraining,
    folder: WindowRun,
    history: WindowHistory,
    learner: WindowLearner,
}

/// Runs the step.
///
/// # Errors
///
/// When the songs can't be read, the run can't be started or resumed, or the loss isn't finite.
pub fn run(args: &Args) -> Result<()> {
    let resumed = match args.resume {
        true => Some(WindowRun::open(&args.out)?),
        false => None,
    };
    let config = match &resumed {
        Some((_, config, _)) => config.clone(),
        None => configured(args)?,
    };
    let windows = Arc::new(Windows::read(&args.pop909, Split::Train, config.batch)?);
    let validation = WindowValidation::read(&args.pop909)?;
    let mut learner = WindowLearner::new(&config, args.device)?;
    let (folder, history) = match resumed {
        Some((folder, _, history)) => {
            folder.load(&mut learner, &history)?;
            (folder, history)
        }
        None => (
            WindowRun::create(&args.out, &config)?,
            WindowHistory::default(),
        ),
    };
    let run = Running {
        config,
        folder,
        history,
        learner,
    };
    run.train(windows, &validation)
}

impl Running {
    /// Trains to the last step, with a checkpoint at each validation.
    fn train(mut self, windows: Arc<Windows>, validation: &WindowValidation) -> Result<()> {
        let WindowTraining {
            steps,
            batch,
            validate_every,
            seed,
            ..
        } = self.config;
        let last = self.history.entries.last();
        let first_step = last.map_or(0, |entry| entry.step);
        let before_secs = last.map_or(0.0, |entry| entry.elapsed_secs);
        if first_step >= steps {
            bail!("this run is complete: {first_step} steps of {steps}");
        }
        println!(
            "{} parameters, {} songs; steps {first_step} to {steps}",
            self.learner.network.num_params(),
            windows.len()
        );
        let began = Instant::now();
        let bar = progress::bar(steps, "train").with_position(first_step as u64);
        let batches = windows.spawn(first_step..steps, batch, seed);
        let mut losses = Vec::new();
        for step in first_step..steps {
            let batch = batches
                .recv()
                .context("the thread that makes batches has stopped")?;
            losses.push(self.learner.step(step, &batch)?.loss);
            bar.inc(1);
            let done = step + 1;
            if done % validate_every == 0 || done == steps {
                let loss = losses.iter().sum::<f32>() / losses.len() as f32;
                losses.clear();
                let elapsed_secs = before_secs + began.elapsed().as_secs_f64();
                let entry = self.validate(validation, done, elapsed_secs, loss);
                bar.suspend(|| print(&entry));
                self.save(entry)?;
            }
        }
        bar.finish();
        Ok(())
    }

    /// The entry of the learning curves after so many steps.
    fn validate(
        &self,
        validation: &WindowValidation,
        step: usize,
        elapsed_secs: f64,
        loss: f32,
    ) -> WindowEntry {
        let network = self.learner.network.valid();
        let outcome = validation.examine(&network, self.config.temperature);
        WindowEntry {
            step,
            elapsed_secs,
            loss,
            validation_loss: outcome.loss,
            validation_top_1: outcome.top_1,
            validation_above_decoy: outcome.above_decoy,
            is_best: is_best(&self.history, &outcome),
        }
    }

    /// Adds an entry, and saves the network that it describes.
    fn save(&mut self, entry: WindowEntry) -> Result<()> {
        if entry.is_best {
            self.folder.save_best(&self.learner)?;
        }
        self.history.entries.push(entry);
        self.folder.save(&self.learner, &self.history)
    }
}

fn configured(args: &Args) -> Result<WindowTraining> {
    let default = WindowTraining::default();
    let config = WindowTraining {
        steps: args.steps.unwrap_or(default.steps),
        batch: args.batch.unwrap_or(default.batch),
        learning_rate: args.learning_rate.unwrap_or(default.learning_rate),
        validate_every: args.validate_every.unwrap_or(default.validate_every),
        seed: args.seed.unwrap_or(default.seed),
        ..default
    };
    ensure!(
        config.steps > 0 && config.validate_every > 0 && config.batch > 1,
        "--steps and --validate-every must be positive, --batch at least 2"
    );
    ensure!(
        config.learning_rate > 0.0 && config.learning_rate.is_finite(),
        "--learning-rate must be positive"
    );
    Ok(config)
}

fn is_best(history: &WindowHistory, outcome: &Outcome) -> bool {
    let mut earlier = history.entries.iter();
    earlier.all(|entry| outcome.loss < entry.validation_loss)
}

fn print(entry: &WindowEntry) {
    println!(
        "step {}: loss {:.3}; validation loss {:.3}, top 1 of 32 {:.3}, above the decoy {:.3}{}",
        entry.step,
        entry.loss,
        entry.validation_loss,
        entry.validation_top_1,
        entry.validation_above_decoy,
        if entry.is_best { ", best" } else { "" }
    );
}
