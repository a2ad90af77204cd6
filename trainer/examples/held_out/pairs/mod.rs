//! Pairs of 3-second passages from held-out tracks.
//!
//! The tracks are those in the split `test` of the manifest that the step `pairs` of the trainer
//! wrote; with `--split validation`, those by which constants are chosen. The tables are for
//! `evaluate --pairs`:
//!
//! - `pairs.csv`, balanced. Positive: a passage and its copy after one to three modifications,
//!   misaligned by up to 0.5 s. Negative: a passage and such a copy of an unrelated track's
//!   passage.
//! - `hard.csv`, negative only, and deceptive: `negative-same-album`, `negative-same-track`
//!   (another section of the song, at least 10 s away) and, where artists are known,
//!   `negative-same-artist` (another of their albums).
//! - `extremes.csv`, balanced, for each condition beyond the ordinary: the name of the condition,
//!   and `negative-` with it.
//! - `copies.csv`, balanced, nothing changed but the alignment.
//! - `recipes.csv`, for each copy: the modifications in order, the place in the track, the
//!   misalignment.
//!
//! The misalignment is measured before any codec; the encoder delay of MP3 and AAC adds up to 0.05
//! s. Copies of negative pairs come from the same pool as those of positive ones, so that a
//! modification doesn't reveal the label. Passages are never silent. The same manifest, count
//! and seed give the same pairs.

mod kinds;
mod pairing;
mod passages;
mod recipes;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::overlays::Overlays;
use crate::tools;
use crate::tracks::{Split, Track, held_out_tracks};
use pairing::Pair;
use passages::{Group, Passage};

/// Make pairs of passages
#[derive(clap::Args)]
pub struct Args {
    /// manifest.json of the trainer's `pairs` step
    #[arg(long)]
    manifest: PathBuf,
    /// Split whose tracks are taken; constants are chosen by those of validation
    #[arg(long, value_enum, default_value_t = Split::Test)]
    split: Split,
    /// Folder of the songs as they were before `decode`, so that stereo and treble take part in the
    /// test
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

/// Makes the tables and their audio.
pub fn run(args: &Args) -> Result<()> {
    tools::require_all()?;
    ensure!(args.count >= 2, "--count must be at least 2");
    let tracks = held_out_tracks(&args.manifest, args.split, args.originals.as_deref())?;
    let minutes: f64 = tracks.iter().map(|track| track.duration_secs / 60.0).sum();
    println!("{} held-out tracks, {minutes:.0} minutes", tracks.len());

    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
    let passages = render(args, &tracks, &mut rng)?;
    for (name, pairs) in tables(args, &tracks, &passages, &mut rng) {
        let positives = pairs.iter().filter(|pair| pair.label == 1).count();
        println!("{name}: {} pairs, {positives} positive", pairs.len());
        pairing::write_pairs(&args.out.join(name), &pairs)?;
    }
    passages::write_recipes(&args.out.join("recipes.csv"), &passages, &tracks)
}

/// Draws recipes for all groups, and makes the passages and copies as files.
fn render(args: &Args, tracks: &[Track], rng: &mut ChaCha8Rng) -> Result<Vec<Passage>> {
    let audio_dir = args.out.join("audio");
    std::fs::create_dir_all(&audio_dir)
        .with_context(|| format!("making {}", audio_dir.display()))?;
    // Files between two tools, on the disk of the results; removed afterwards, also after an error.
    let scratch = tempfile::tempdir_in(&args.out).context("making a folder for scratch files")?;
    let overlays = Overlays::new(scratch.path(), tracks)?;
    let groups = [
        (Group::Ordinary, recipes::ordinary(args.count / 2, rng)),
        (Group::Extreme, recipes::extreme(args.extreme_count, rng)),
        (Group::Copy, recipes::unmodified(args.copy_count)),
    ];
    let jobs = passages::jobs(groups, tracks, rng);
    passages::render(
        &jobs,
        tracks,
        &overlays,
        scratch.path(),
        &audio_dir,
        args.seed,
    )
}

/// Names and pairs of all tables.
fn tables(
    args: &Args,
    tracks: &[Track],
    passages: &[Passage],
    rng: &mut ChaCha8Rng,
) -> [(&'static str, Vec<Pair>); 4] {
    let of = |group| -> Vec<&Passage> {
        let of_group = passages.iter().filter(|passage| passage.group == group);
        of_group.collect()
    };
    let (ordinary, extremes, copies) = (of(Group::Ordinary), of(Group::Extreme), of(Group::Copy));
    let balanced = |passages: &[&Passage], name: fn(&Passage) -> String, rng: &mut _| {
        let mut pairs = pairing::positives(passages);
        pairs.extend(pairing::unrelated(passages, tracks, name, rng));
        pairs
    };
    let negative = |_: &Passage| "negative".to_owned();
    let negative_of = |copy: &Passage| format!("negative-{}", copy.recipe.perturbation);
    [
        ("pairs.csv", balanced(&ordinary, negative, rng)),
        (
            "hard.csv",
            pairing::hard(&ordinary, tracks, args.count / 4, rng),
        ),
        ("extremes.csv", balanced(&extremes, negative_of, rng)),
        ("copies.csv", balanced(&copies, negative, rng)),
    ]
}
