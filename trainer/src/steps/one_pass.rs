//! `one-pass`: the effect of the music around a segment on its embedding.
//!
//! The page reads a song in one pass, so the outer frames of a segment see the music beside it.
//! `evaluate --pairs` reads clips of three seconds alone. The figures of one hold for the other
//! only if both give the same embedding.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::Model;
use soundalike::training::{
    CONTEXT_FEATURE_FRAMES, Embeddings, LogMelPlan, SEGMENT_HOP_FEATURE_FRAMES, Segments,
    cosine_distance,
};
use soundalike_native::{audio_file, progress, weights};

/// Compare segments read within their songs with the same segments read alone
#[derive(clap::Args)]
pub struct Args {
    /// Songs, or folders of them
    #[arg(long, required = true, num_args = 1..)]
    audio: Vec<PathBuf>,
    /// Weights to use instead of the shipped ones
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Pairs of segments of different songs to draw
    #[arg(long, default_value_t = 20_000)]
    unrelated: usize,
    /// Seed of that draw
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Every fifth segment of a song is also read alone.
const SEGMENT_STEP: usize = 5;

/// Some segments of a song, embedded both ways.
struct BothWays {
    in_song: Embeddings,
    alone: Embeddings,
}

/// Runs the step.
///
/// # Errors
///
/// When a file can't be decoded or there are fewer than two songs with segments to compare.
pub fn run(args: &Args) -> Result<()> {
    let model = weights::load(args.weights.as_deref())?;
    let songs = embed_all(&model, &audio_file::find(&args.audio)?)?;
    ensure!(
        songs.len() >= 2,
        "there must be two songs with five segments"
    );
    let score = |a: &[f32], b: &[f32]| model.calibration().score(model.head().logit(a, b));
    let pairs = || {
        songs
            .iter()
            .flat_map(|song| song.in_song.rows().zip(song.alone.rows()))
    };
    println!(
        "{} segments of {} songs; 5 %, median, 95 %",
        pairs().count(),
        songs.len()
    );
    print(
        "cosine distance, alone to in its song",
        pairs().map(|(a, b)| cosine_distance(a, b)).collect(),
    );
    print(
        "score, alone with in its song",
        pairs().map(|(a, b)| score(a, b)).collect(),
    );
    let (alone, in_songs) = unrelated_scores(&songs, args.unrelated, args.seed, score);
    print("score, unrelated, both alone", alone);
    print("score, unrelated, both in their songs", in_songs);
    Ok(())
}

/// Songs with segments that can be compared.
fn embed_all(model: &Model, files: &[PathBuf]) -> Result<Vec<BothWays>> {
    let bar = progress::bar(files.len(), "embed");
    let songs = files
        .par_iter()
        .map(|file| {
            let song = embed_both_ways(model, &audio_file::load(file)?);
            bar.inc(1);
            song
        })
        .collect::<Result<Vec<BothWays>>>()?;
    bar.finish();
    let with_segments = songs.into_iter().filter(|song| !song.alone.is_empty());
    Ok(with_segments.collect())
}

/// Scores of random segments of different songs: both alone, and both in their songs.
fn unrelated_scores(
    songs: &[BothWays],
    count: usize,
    seed: u64,
    score: impl Fn(&[f32], &[f32]) -> f32,
) -> (Vec<f32>, Vec<f32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |_| {
        let left = rng.random_range(0..songs.len());
        let right = (left + rng.random_range(1..songs.len())) % songs.len();
        let (left, right) = (&songs[left], &songs[right]);
        let rows = [left, right].map(|song| rng.random_range(0..song.alone.len()));
        let both = |a: &Embeddings, b: &Embeddings| score(row(a, rows[0]), row(b, rows[1]));
        (
            both(&left.alone, &right.alone),
            both(&left.in_song, &right.in_song),
        )
    };
    (0..count).map(draw).unzip()
}

fn embed_both_ways(model: &Model, waveform: &soundalike::Waveform) -> Result<BothWays> {
    let config = &model.info().features;
    let mut plan = LogMelPlan::new(config);
    let mel = plan.mel_power(waveform.samples(), |_| ());
    let segments = Segments::of(&mel, config);
    let whole = mel.relative_db(config, mel.level_db(config));
    let whole = pollster::block_on(model.embed_song(&whole, |_| ()))?;
    // Segments with music on both sides that aren't blank.
    let margin = CONTEXT_FEATURE_FRAMES.div_ceil(SEGMENT_HOP_FEATURE_FRAMES);
    let chosen: Vec<usize> = (margin..whole.len().saturating_sub(margin))
        .step_by(SEGMENT_STEP)
        .filter(|&segment| !segments.blank[segment])
        .collect();
    let clips: Vec<_> = chosen
        .iter()
        .map(|&segment| {
            let clip = waveform.excerpt(segments.start_secs(segment), config.segment_samples);
            plan.segment_db(&clip)
        })
        .collect();
    let values = chosen.iter().flat_map(|&segment| row(&whole, segment));
    Ok(BothWays {
        in_song: Embeddings {
            dimensions: whole.dimensions,
            values: values.copied().collect(),
        },
        alone: pollster::block_on(model.embed_segments(&clips))?,
    })
}

fn row(embeddings: &Embeddings, row: usize) -> &[f32] {
    &embeddings.values[row * embeddings.dimensions..][..embeddings.dimensions]
}

fn print(what: &str, mut values: Vec<f32>) {
    values.sort_by(f32::total_cmp);
    let quantile = |share: f32| values[((values.len() - 1) as f32 * share).round() as usize];
    println!(
        "{what:<40} {:.4}  {:.4}  {:.4}",
        quantile(0.05),
        quantile(0.5),
        quantile(0.95)
    );
}
