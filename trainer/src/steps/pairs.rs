//! `pairs`: a corpus to balanced tables of copies and other music, split by track.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rand::distr::Distribution as _;
use rand::distr::weighted::WeightedIndex;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::{FeatureConfig, Waveform};
use soundalike_native::{audio_file, progress, wav};
use soundalike_tables::fma::{self, FmaMetadata};
use soundalike_tables::pair_table::{self, Pair};
use soundalike_tables::recipe::Recipe;

use crate::changes::perturb;
use crate::corpus::manifest::Manifest;
use crate::corpus::passage_starts::{MISALIGNMENT_SECS, START_GRID_SECS, starts_secs};
use crate::corpus::split_table::SplitTable;
use crate::corpus::tracks::{self, Split, Track};
use crate::partial_success::PartialSuccess;

/// Make balanced tables of pairs, split 75/15/10 by track (by artist where known) or by a table
#[derive(clap::Args)]
pub struct Args {
    /// Folders (or files) of audio, decoded or not
    #[arg(long, required = true, num_args = 1..)]
    audio: Vec<PathBuf>,
    /// Folder to write train.csv, validation.csv, test.csv and manifest.json to
    #[arg(long)]
    out: PathBuf,
    /// The FMA's tracks.csv, for artists and albums
    #[arg(long)]
    fma_metadata: Option<PathBuf>,
    /// Table of fixed splits, such as trainer/splits.csv; files without a row are left out
    #[arg(long, conflicts_with = "fma_metadata")]
    splits: Option<PathBuf>,
    /// Pairs in all three tables together
    #[arg(long, default_value_t = 48_000)]
    count: usize,
    /// Write the modified passages as WAV files instead of recipes to apply while loading
    #[arg(long)]
    render: bool,
    /// Seed of the split (without --splits), the passages and the recipes
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A track with the possible starts of passages.
struct Source<'a> {
    track: &'a Track,
    starts_secs: &'a [f64],
}

/// Audio files to decode, and the reasons why others are left out.
struct Found {
    files: Vec<PathBuf>,
    damaged: Vec<String>,
}

/// Possible starts of passages in each usable file, and the reasons why the others are skipped.
struct Usable {
    starts_secs: HashMap<PathBuf, Vec<f64>>,
    skipped: Vec<String>,
}

/// Runs the step.
///
/// # Errors
///
/// When folders can't be read or written, or there is too little music for three splits. Also when
/// some files can't be used or have no row in the metadata; then the tables are there.
pub fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    let metadata = args
        .fma_metadata
        .as_deref()
        .map(FmaMetadata::read)
        .transpose()?;
    let table = args.splits.as_deref().map(SplitTable::read).transpose()?;
    let Found {
        mut files,
        damaged: mut left_out,
    } = find(&args.audio, metadata.is_some())?;
    let found = files.len();
    let without_split = table.as_ref().map_or(0, |table| {
        leave_out_files_without_split(&mut files, table, &mut left_out)
    });
    let known = left_out.len();
    let without_row = metadata.as_ref().map_or(0, |metadata| {
        note_files_without_row(&files, metadata, args.fma_metadata.as_deref())
    });
    let Usable {
        starts_secs,
        skipped,
    } = decode_all(files, left_out);
    let mut files: Vec<PathBuf> = starts_secs.keys().cloned().collect();
    files.sort();
    let tracks = match &table {
        Some(table) => table.tracks(files),
        None => tracks::split(files, metadata.as_ref(), args.seed),
    };
    let pairs = write_tables(args, &tracks, &starts_secs)?;
    let manifest = Manifest {
        seed: args.seed,
        pairs,
        tracks,
        skipped,
    };
    manifest.write(&args.out)?;
    let total: usize = manifest.pairs.values().sum();
    println!(
        "{total} pairs in {:.1} s, {} files left out",
        began.elapsed().as_secs_f64(),
        manifest.skipped.len()
    );
    // Files that are known to be damaged don't count, and those without a split only once.
    PartialSuccess::unless_none(
        &[
            (
                manifest.skipped.len() - known,
                &format!("of {found} files can't be used"),
            ),
            (
                without_row,
                &format!("of {found} files have no row in the metadata"),
            ),
            (
                without_split,
                &format!("of {found} files have no row in the table of splits"),
            ),
        ],
        "the tables are there",
    )
}

/// Searches the folders. If it `is_fma`, the files of the FMA that are known to be damaged are left
/// out.
fn find(roots: &[PathBuf], is_fma: bool) -> Result<Found> {
    let roots: Vec<PathBuf> = roots
        .iter()
        .map(|root| {
            root.canonicalize()
                .with_context(|| format!("there is no {}", root.display()))
        })
        .collect::<Result<_>>()?;
    let is_damaged = |path: &PathBuf| {
        is_fma && fma::track_id(path).is_some_and(|id| fma::DAMAGED_TRACKS.contains(&id))
    };
    let (damaged, files): (Vec<_>, Vec<_>) =
        audio_file::find(&roots)?.into_iter().partition(is_damaged);
    let damaged = damaged
        .into_iter()
        .map(|path| format!("{}: known to be damaged", path.display()))
        .collect();
    Ok(Found { files, damaged })
}

/// Removes the files that have no row in the table, adds the reasons to `left_out`, and returns
/// their number. They may be by an artist who is held out.
fn leave_out_files_without_split(
    files: &mut Vec<PathBuf>,
    table: &SplitTable,
    left_out: &mut Vec<String>,
) -> usize {
    let before = left_out.len();
    files.retain(|path| {
        let has_split = table.split(path).is_some();
        if !has_split {
            left_out.push(format!("{}: no row in the table of splits", path.display()));
        }
        has_split
    });
    left_out.len() - before
}

/// Decodes all files. The unusable ones are appended to `skipped` and are part of no split.
fn decode_all(files: Vec<PathBuf>, mut skipped: Vec<String>) -> Usable {
    let bar = progress::bar(files.len(), "listen");
    let decoded: Vec<(PathBuf, Result<Vec<f64>>)> = files
        .into_par_iter()
        .map(|path| {
            let starts_secs = starts_secs(&path);
            bar.inc(1);
            (path, starts_secs)
        })
        .collect();
    bar.finish();
    let mut starts_of = HashMap::new();
    for (path, starts_secs) in decoded {
        match starts_secs {
            Ok(starts_secs) => _ = starts_of.insert(path, starts_secs),
            Err(error) => skipped.push(format!("{error:#}")),
        }
    }
    skipped
        .iter()
        .for_each(|reason| eprintln!("skipped: {reason}"));
    Usable {
        starts_secs: starts_of,
        skipped,
    }
}

/// Draws and writes the table of each split. Returns their numbers of pairs by name.
fn write_tables(
    args: &Args,
    tracks: &[Track],
    starts_secs: &HashMap<PathBuf, Vec<f64>>,
) -> Result<HashMap<String, usize>> {
    let mut counts = HashMap::new();
    for (split, percent) in Split::ALL {
        let sources: Vec<Source<'_>> = tracks
            .iter()
            .filter(|track| track.split == split)
            .filter_map(|track| {
                let starts_secs = starts_secs.get(&track.path)?;
                Some(Source { track, starts_secs })
            })
            .collect();
        if sources.len() < 2 {
            bail!(
                "the {} split has {} usable tracks; at least 2 are needed, so give more music",
                split.name(),
                sources.len()
            );
        }
        // Each split draws from its own stream, so that the tables don't depend on each other's
        // length.
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(split as u64 + 1);
        let mut pairs = draw(&sources, args.count * percent / 100 / 2 * 2, &mut rng)?;
        if args.render {
            render(&mut pairs, &args.out, split)?;
        }
        pair_table::write(&args.out.join(split.name()).with_extension("csv"), &pairs)?;
        println!(
            "{}: {} pairs from {} tracks",
            split.name(),
            pairs.len(),
            sources.len()
        );
        counts.insert(split.name().to_owned(), pairs.len());
    }
    Ok(counts)
}

/// Notes the files without metadata in one line and returns their number. They stay; each counts as
/// an artist of its own.
fn note_files_without_row(
    files: &[PathBuf],
    metadata: &FmaMetadata,
    table: Option<&Path>,
) -> usize {
    let without: Vec<&PathBuf> = files
        .iter()
        .filter(|path| metadata.track(path).is_none())
        .collect();
    if let Some(first) = without.first() {
        eprintln!(
            "note: {} of {} files without a row in {} are taken for artists of their own, the first of them {}",
            without.len(),
            files.len(),
            table.unwrap_or(Path::new("the metadata")).display(),
            first.display()
        );
    }
    without.len()
}

/// `count` pairs, every second one a copy. Long tracks are drawn more often, by the square root of
/// their length. Both kinds of pair get a modified right side, so that a modification says nothing
/// about the label.
fn draw(sources: &[Source<'_>], count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<Pair>> {
    let weights = sources
        .iter()
        .map(|source| (source.starts_secs.len() as f64).sqrt());
    let by_weight = WeightedIndex::new(weights).context("no track has a passage")?;
    let pick = |rng: &mut ChaCha8Rng| {
        let source = &sources[by_weight.sample(rng)];
        let start_secs = source.starts_secs.choose(rng).copied().unwrap_or_default();
        (
            source.track,
            start_secs + rng.random_range(0.0..START_GRID_SECS),
        )
    };
    let pairs = (0..count)
        .map(|index| {
            let (left, left_start_secs) = pick(rng);
            let recipe = Recipe::draw(rng);
            let is_copy = index % 2 == 0;
            let (right, right_start_secs) = if is_copy {
                let shift_secs = rng.random_range(-MISALIGNMENT_SECS..=MISALIGNMENT_SECS);
                (left, (left_start_secs + shift_secs).max(0.0))
            } else {
                loop {
                    let (right, start_secs) = pick(rng);
                    if right.path != left.path {
                        break (right, start_secs);
                    }
                }
            };
            let round = |secs: f64| (secs * 1e4).round() / 1e4;
            Pair {
                left: left.path.clone(),
                right: right.path.clone(),
                label: u8::from(is_copy),
                left_start_secs: round(left_start_secs),
                right_start_secs: round(right_start_secs),
                perturbation: if is_copy {
                    recipe.perturbation()
                } else {
                    "other".into()
                },
                recipe: recipe.to_string(),
            }
        })
        .collect();
    Ok(pairs)
}

/// Writes every right passage with its change as a WAV file and points the pair to it.
fn render(pairs: &mut [Pair], out: &Path, split: Split) -> Result<()> {
    let folder = out.join("audio").join(split.name());
    fs::create_dir_all(&folder)?;
    let features = FeatureConfig::default();
    let bar = progress::bar(pairs.len(), "render");
    let mut by_file: HashMap<PathBuf, Vec<(usize, &mut Pair)>> = HashMap::new();
    for (index, pair) in pairs.iter_mut().enumerate() {
        by_file
            .entry(pair.right.clone())
            .or_default()
            .push((index, pair));
    }
    by_file.into_par_iter().try_for_each(|(path, pairs)| {
        let song: Waveform = audio_file::load(&path)?;
        for (index, pair) in pairs {
            let passage = perturb::passage_of_file(
                &path,
                &song,
                pair.right_start_secs,
                features.segment_samples,
                &pair.parsed_recipe()?,
            )?;
            let name = format!("{index:06}.wav");
            wav::write(&folder.join(&name), &passage, features.sample_rate_hz)?;
            pair.right = Path::new("audio").join(split.name()).join(name);
            (pair.right_start_secs, pair.recipe) = (0.0, String::new());
            bar.inc(1);
        }
        Ok(())
    })
}
