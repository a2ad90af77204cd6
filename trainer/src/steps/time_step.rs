//! `time-step`: the time of optimiser steps, without making batches.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use soundalike::FeatureConfig;

use crate::training::batches::batch::Batch;
use crate::training::device::DeviceName;
use crate::training::learner::Learner;
use crate::training::train_config::TrainConfig;

/// Print the seconds of optimiser steps on random segments, one a line
#[derive(clap::Args)]
pub struct Args {
    /// Settings as JSON, as for `train`
    #[arg(long)]
    config: Option<PathBuf>,
    /// Steps to take
    #[arg(long, default_value_t = 20)]
    steps: usize,
    /// Seed of weights and segments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Device to compute on
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

/// Runs the step.
///
/// # Errors
///
/// When the configuration can't be read or the device fails.
pub fn run(args: &Args) -> Result<()> {
    let mut config = args
        .config
        .as_deref()
        .map_or_else(|| Ok(TrainConfig::default()), TrainConfig::read)?;
    // Clips only, so that the figure can be compared with other programs.
    config.stretches = false;
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let mut learner = Learner::new(&config, args.device)?;
    for step in 0..args.steps {
        let batch = random_batch(&config, &mut rng);
        let began = Instant::now();
        learner.step(step, batch)?;
        println!("{:.4}", began.elapsed().as_secs_f64());
    }
    Ok(())
}

fn random_batch(config: &TrainConfig, rng: &mut ChaCha8Rng) -> Batch {
    let features = FeatureConfig::default();
    let size = config.tracks_per_batch * config.passages_per_track;
    let row = config.input_row();
    let rows = 2 * size / row.segments();
    let values = rows * features.mel_bands * row.frames(&features);
    Batch {
        row,
        segments: (0..2 * size).collect(),
        frames: (0..values).map(|_| rng.random_range(-2.0..2.0)).collect(),
        tracks: (0..size)
            .map(|pair| pair / config.passages_per_track)
            .collect(),
        starts_secs: (0..size).map(|pair| 10.0 * pair as f64).collect(),
        ambiguous: Vec::new(),
    }
}
