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
use serde::{Deserialize, Serialize};
use soundalike::{FeatureConfig, Waveform};
use soundalike_native::{audio_file, progress, wav};

use crate::changes::perturb;
use crate::changes::recipe::Recipe;
use crate::corpus::fma::{self, FmaMetadata};
use crate::corpus::pair_table::{self, Pair};
use crate::corpus::tracks::{self, Split, Track};
use crate::steps::partial_success::PartialSuccess;

/// Make balanced tables of pairs, split 75/15/10 by track (by artist where known)
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
    /// Pairs in all three tables together
    #[arg(long, default_value_t = 48_000)]
    count: usize,
    /// Write the modified passages as WAV files instead of recipes to apply while loading
    #[arg(long)]
    render: bool,
    /// Seed of the split, the passages and the recipes
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was made of what: `manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Seed of everything random.
    pub seed: u64,
    /// Pairs in each table.
    pub pairs: HashMap<String, usize>,
    /// All tracks with their split.
    pub tracks: Vec<Track>,
    /// Files that were left out, with the reason.
    pub skipped: Vec<String>,
}

/// A track with the places where passages may start.
struct Source<'a> {
    track: &'a Track,
    starts_secs: Vec<f64>,
}

/// Greatest misalignment of the two passages of a copy, in seconds.
const MISALIGNMENT_SECS: f64 = 0.5;
/// Passages start on this grid.
const START_GRID_SECS: f64 = 0.25;
/// A passage must be at least this loud (RMS, full scale = 1): -46 dB.
const QUIETEST_RMS: f32 = 0.005;

pub fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    let metadata = args
        .fma_metadata
        .as_deref()
        .map(FmaMetadata::read)
        .transpose()?;
    let roots: Vec<PathBuf> = args
        .audio
        .iter()
        .map(|root| {
            root.canonicalize()
                .with_context(|| format!("there is no {}", root.display()))
        })
        .collect::<Result<_>>()?;
    let damaged = |path: &PathBuf| {
        metadata.is_some()
            && fma::track_id(path).is_some_and(|id| fma::DAMAGED_TRACKS.contains(&id))
    };
    let (mut skipped, files): (Vec<_>, Vec<_>) =
        audio_file::find(&roots)?.into_iter().partition(damaged);
    let mut skipped: Vec<String> = skipped
        .drain(..)
        .map(|path| format!("{}: known to be damaged", path.display()))
        .collect();

    let (known, found) = (skipped.len(), files.len());
    let without_row = metadata.as_ref().map_or(0, |metadata| {
        note_files_without_row(&files, metadata, args.fma_metadata.as_deref())
    });
    let bar = progress::bar(files.len(), "listen");
    let heard: Vec<(PathBuf, Result<Vec<f64>>)> = files
        .into_par_iter()
        .map(|path| {
            let starts_secs = starts_secs(&path);
            bar.inc(1);
            (path, starts_secs)
        })
        .collect();
    bar.finish();
    // What can't be used takes no place in a split.
    let mut starts_of: HashMap<PathBuf, Vec<f64>> = HashMap::new();
    for (path, starts_secs) in heard {
        match starts_secs {
            Ok(starts_secs) => _ = starts_of.insert(path, starts_secs),
            Err(error) => skipped.push(format!("{error:#}")),
        }
    }
    skipped
        .iter()
        .for_each(|reason| eprintln!("skipped: {reason}"));
    let mut files: Vec<PathBuf> = starts_of.keys().cloned().collect();
    files.sort();
    let tracks = tracks::split(files, metadata.as_ref(), args.seed);
    let usable: Vec<Source<'_>> = tracks
        .iter()
        .filter_map(|track| {
            let starts_secs = starts_of.get(&track.path)?.clone();
            Some(Source { track, starts_secs })
        })
        .collect();

    let mut counts = HashMap::new();
    for (split, percent) in Split::ALL {
        let count = args.count * percent / 100 / 2 * 2;
        let of_split: Vec<&Source<'_>> = usable
            .iter()
            .filter(|source| source.track.split == split)
            .collect();
        if of_split.len() < 2 {
            bail!(
                "the {} split has {} usable tracks; at least 2 are needed, so give more music",
                split.name(),
                of_split.len()
            );
        }
        // Each split draws from its own stream, so that the tables don't depend on each other's length.
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        rng.set_stream(split as u64 + 1);
        let mut pairs = draw(&of_split, count, &mut rng)?;
        if args.render {
            render(&mut pairs, &args.out, split)?;
        }
        pair_table::write(&args.out.join(split.name()).with_extension("csv"), &pairs)?;
        println!(
            "{}: {} pairs from {} tracks",
            split.name(),
            pairs.len(),
            of_split.len()
        );
        counts.insert(split.name().to_owned(), pairs.len());
    }
    let manifest = Manifest {
        seed: args.seed,
        pairs: counts,
        tracks,
        skipped,
    };
    let path = args.out.join("manifest.json");
    fs::write(&path, serde_json::to_string_pretty(&manifest)?)
        .with_context(|| format!("can't write {}", path.display()))?;
    let total: usize = manifest.pairs.values().sum();
    println!(
        "{total} pairs in {:.1} s, {} files left out",
        began.elapsed().as_secs_f64(),
        manifest.skipped.len()
    );
    // Those known to be damaged are as they should be.
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
        ],
        "the tables are there",
    )
}

/// One line for all of them, and their number: they stay, each as if by an artist of its own.
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

/// Where passages of a file may start: loud enough, with room for the misalignment and for a slower or faster copy.
pub fn starts_secs(path: &Path) -> Result<Vec<f64>> {
    let features = FeatureConfig::default();
    // At the file's own rate: resampling takes longer than all the rest.
    let song = audio_file::decode(path)?;
    let rate_hz = f64::from(song.sample_rate_hz());
    let passage_samples = (features.segment_secs() * rate_hz).round() as usize;
    let last_secs = song.duration_secs() - features.segment_secs() - MISALIGNMENT_SECS;
    // Running sums of energy: the loudness of any passage is the difference of two.
    let energies: Vec<f64> = std::iter::once(0.0)
        .chain(song.samples().iter().scan(0.0, |sum, &sample| {
            *sum += f64::from(sample) * f64::from(sample);
            Some(*sum)
        }))
        .collect();
    let least = f64::from(QUIETEST_RMS).powi(2) * passage_samples as f64;
    let mut starts = Vec::new();
    let mut start_secs = MISALIGNMENT_SECS;
    while start_secs <= last_secs {
        let first = (start_secs * rate_hz) as usize;
        if energies[first + passage_samples] - energies[first] >= least {
            starts.push(start_secs);
        }
        start_secs += START_GRID_SECS;
    }
    if starts.is_empty() {
        bail!(
            "{} is silent or shorter than {:.0} s",
            path.display(),
            features.segment_secs() + 2.0 * MISALIGNMENT_SECS
        );
    }
    Ok(starts)
}

/// `count` pairs, every second one a copy. Long tracks are drawn more often, by the square root of their length. Both kinds of pair get a modified right side, so that a
/// modification says nothing about the label.
fn draw(sources: &[&Source<'_>], count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<Pair>> {
    let weights = sources
        .iter()
        .map(|source| (source.starts_secs.len() as f64).sqrt());
    let by_weight = WeightedIndex::new(weights).context("no track has a passage")?;
    let pick = |rng: &mut ChaCha8Rng| {
        let source = sources[by_weight.sample(rng)];
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
