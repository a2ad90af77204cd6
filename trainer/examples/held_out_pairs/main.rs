//! Makes the examination of the weights: pairs of 3-second passages from held-out tracks, modified by other tools than training uses.
//!
//! ```text
//! cargo run --release -p soundalike-trainer --example held_out_pairs -- --manifest PAIRS/manifest.json --originals MUSIC --out EXAM
//! cargo run --release -p soundalike-trainer -- evaluate --pairs EXAM/pairs.csv --out REPORT
//! ```
//!
//! It takes the tracks that the manifest of the `pairs` step keeps in its split `test`, or with `--split validation` those by which constants are chosen, and writes tables for `evaluate --pairs`:
//!
//! | file | pairs |
//! |---|---|
//! | `pairs.csv` | balanced. Positive: a passage and its copy after one to three modifications, misaligned by up to 0.5 s. Negative: a passage and such a copy of an unrelated track's passage |
//! | `hard.csv` | negative only, and deceptive: `negative-same-album`, `negative-same-track` (another section of the song at least 10 s away) and, where artists are known, `negative-same-artist` (another album of theirs) |
//! | `extremes.csv` | balanced, for each condition beyond the ordinary: the name of the condition, and `negative-` with it |
//! | `copies.csv` | balanced, nothing changed but the alignment |
//! | `recipes.csv` | for each copy, how it was made: the modifications in order, where in the track, the misalignment |
//!
//! A misalignment is that of the music, before any codec: decoders leave up to 0.05 s of encoder delay in MP3 and AAC files on top.
//! Copies of negative pairs come from the same pool as those of positive ones, so that being modified says nothing. Passages are never silent.
//! The same manifest, count and seed give the same pairs.

#[path = "../held_out/mod.rs"]
mod held_out;
mod pairing;
mod passages;
mod recipes;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use held_out::overlays::Overlays;
use held_out::tools;
use held_out::tracks::{Split, held_out_tracks};
use pairing::Pair;
use passages::{Group, Passage};

/// Makes the examination of the weights: pairs of passages from held-out tracks, modified by other tools than training uses.
#[derive(Parser)]
struct Arguments {
    /// manifest.json of the trainer's `pairs` step
    #[arg(long)]
    manifest: PathBuf,
    /// Whose tracks; constants are chosen by those of validation
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Folder of the songs as they were before `decode`, so that stereo and treble take part in the examination
    #[arg(long)]
    originals: Option<PathBuf>,
    /// Folder for the tables and their audio; made if need be
    #[arg(long)]
    out: PathBuf,
    /// Pairs in pairs.csv, half of them positive; hard.csv gets half as many
    #[arg(long, default_value_t = 2_400)]
    count: usize,
    /// Positive pairs for each extreme condition
    #[arg(long, default_value_t = 60)]
    extreme_count: usize,
    /// Positive pairs that are not modified
    #[arg(long, default_value_t = 100)]
    copy_count: usize,
    /// The same seed gives the same pairs
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> std::process::ExitCode {
    held_out::report(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<()> {
    tools::require_all()?;
    ensure!(arguments.count >= 2, "--count must be at least 2");
    let tracks = held_out_tracks(
        &arguments.manifest,
        arguments.split,
        arguments.originals.as_deref(),
    )?;
    let minutes: f64 = tracks.iter().map(|track| track.duration_secs / 60.0).sum();
    println!("{} held-out tracks, {minutes:.0} minutes", tracks.len());

    let audio_dir = arguments.out.join("audio");
    std::fs::create_dir_all(&audio_dir)
        .with_context(|| format!("making {}", audio_dir.display()))?;
    // Files between two tools, beside the results, so that both are on one disk; gone afterwards, also after an error.
    let scratch =
        tempfile::tempdir_in(&arguments.out).context("making a folder for scratch files")?;
    let overlays = Overlays::new(scratch.path(), &tracks)?;

    let mut rng = ChaCha8Rng::seed_from_u64(arguments.seed);
    let groups = [
        (
            Group::Ordinary,
            recipes::ordinary(arguments.count / 2, &mut rng),
        ),
        (
            Group::Extreme,
            recipes::extreme(arguments.extreme_count, &mut rng),
        ),
        (Group::Copy, recipes::unmodified(arguments.copy_count)),
    ];
    let jobs = passages::jobs(groups, &tracks, &mut rng);
    let passages = passages::render(
        &jobs,
        &tracks,
        &overlays,
        scratch.path(),
        &audio_dir,
        arguments.seed,
    )?;

    let of = |group| {
        passages
            .iter()
            .filter(|passage| passage.group == group)
            .collect::<Vec<&Passage>>()
    };
    let (ordinary, extremes, copies) = (of(Group::Ordinary), of(Group::Extreme), of(Group::Copy));
    let with = |mut positives: Vec<Pair>, negatives| {
        positives.extend(negatives);
        positives
    };
    let tables = [
        (
            "pairs.csv",
            with(
                pairing::positives(&ordinary),
                pairing::unrelated(&ordinary, &tracks, |_| "negative".into(), &mut rng),
            ),
        ),
        (
            "hard.csv",
            pairing::hard(&ordinary, &tracks, arguments.count / 4, &mut rng),
        ),
        (
            "extremes.csv",
            with(
                pairing::positives(&extremes),
                pairing::unrelated(
                    &extremes,
                    &tracks,
                    |copy| format!("negative-{}", copy.recipe.perturbation),
                    &mut rng,
                ),
            ),
        ),
        (
            "copies.csv",
            with(
                pairing::positives(&copies),
                pairing::unrelated(&copies, &tracks, |_| "negative".into(), &mut rng),
            ),
        ),
    ];
    for (name, pairs) in &tables {
        let positives = pairs.iter().filter(|pair| pair.label == 1).count();
        println!("{name}: {} pairs, {positives} positive", pairs.len());
        pairing::write_pairs(&arguments.out.join(name), pairs)?;
    }
    passages::write_recipes(&arguments.out.join("recipes.csv"), &passages, &tracks)
}
