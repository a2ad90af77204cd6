//! `versions`: scores to audio as compositions that are played anew, with a table of pairs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use soundalike::FeatureConfig;
use soundalike_native::{progress, wav};
use soundalike_tables::pair_table;

use crate::corpus::pop909;
use crate::corpus::tracks::Split;
use crate::corpus::true_passage::{TruePassage, VersionPair};
use crate::midi::arrangement::Rendition;
use crate::midi::parts::Arrangement;
use crate::midi::synthesis::Instruments;
use crate::midi::version::Version;
use crate::midi::work::Work;
use crate::partial_success::PartialSuccess;

/// Play compositions anew: re-orchestrated, over a new accompaniment, without one, reharmonised,
/// and over chords that all share; songs.csv has the pairs with their true passages
#[derive(clap::Args)]
pub struct Args {
    /// A copy of POP909: folders of songs with their MIDI files, chords, beats and keys
    #[arg(long)]
    pop909: PathBuf,
    /// SoundFonts 2 with the General MIDI programs: the originals are played by the first, all
    /// other versions by the rest, if there are several
    #[arg(long, required = true, num_args = 1..)]
    soundfonts: Vec<PathBuf>,
    /// Folder to write WAV files and songs.csv to
    #[arg(long)]
    out: PathBuf,
    /// Works to play; of each 18 of POP909 one is for validation and one for the test
    #[arg(long, value_enum, default_value_t = WorkSplit::Validation)]
    split: WorkSplit,
    /// Works to play at most, evenly spaced in the split
    #[arg(long)]
    works: Option<usize>,
    /// Length of each version
    #[arg(long, default_value_t = 70.0)]
    secs: f64,
    /// Other works with which each work is compared at most
    #[arg(long, default_value_t = 8)]
    others: usize,
    /// Seed of instruments, tempos, keys and places
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A split of works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum WorkSplit {
    /// For training
    Train,
    /// To choose constants and weights by
    Validation,
    /// For the test alone
    Test,
}

impl WorkSplit {
    fn has(self, split: Split) -> bool {
        match self {
            Self::Train => split == Split::Train,
            Self::Validation => split == Split::Validation,
            Self::Test => split == Split::Test,
        }
    }
}

/// A version of a work, ready to be played.
struct Job {
    /// The work's place in the list of works.
    work: usize,
    version: Version,
    arrangement: Arrangement,
    file: String,
    soundfont: usize,
}

/// Runs the step.
///
/// # Errors
///
/// When a SoundFont can't be read, or nothing can be played.
pub fn run(args: &Args) -> Result<()> {
    ensure!(
        args.secs > 0.0 && args.works != Some(0),
        "--secs and --works must be positive"
    );
    let fonts: Vec<Instruments> = args
        .soundfonts
        .iter()
        .map(|path| Instruments::read(path))
        .collect::<Result<_>>()?;
    let folders = chosen(args)?;
    let (works, unread) = read(&folders);
    if works.is_empty() {
        bail!("none of {} songs could be read", folders.len());
    }
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    let jobs: Vec<Job> = (0..works.len())
        .flat_map(|work| Version::ALL.map(|version| job(args, &works, work, version)))
        .collect();
    let played = progress::each(&jobs, "play", |_, job| {
        play(&fonts[job.soundfont], job, &args.out)
    });
    if played == 0 {
        bail!("none of {} versions could be played", jobs.len());
    }
    let audible: Vec<&Job> = jobs
        .iter()
        .filter(|job| args.out.join(&job.file).exists())
        .collect();
    let table = pairs(&works, &audible, args.others);
    pair_table::write(&args.out.join("songs.csv"), &table)?;
    println!(
        "{played} versions of {} works, {} pairs in {}",
        works.len(),
        table.len(),
        args.out.join("songs.csv").display()
    );
    PartialSuccess::unless_none(
        &[
            (unread, "songs could not be read"),
            (jobs.len() - played, "versions could not be played"),
        ],
        "the others are there",
    )
}

fn chosen(args: &Args) -> Result<Vec<PathBuf>> {
    let mut folders = pop909::songs(&args.pop909)?;
    folders.retain(|folder| args.split.has(pop909::split(folder)));
    ensure!(
        !folders.is_empty(),
        "{} has no songs of this split",
        args.pop909.display()
    );
    let count = args.works.unwrap_or(folders.len()).min(folders.len());
    Ok((0..count)
        .map(|index| folders[index * folders.len() / count].clone())
        .collect())
}

/// The works that can be read, and the number of others, which are named on standard error.
fn read(folders: &[PathBuf]) -> (Vec<Work>, usize) {
    let (read, failed): (Vec<_>, Vec<_>) = folders
        .iter()
        .map(|folder| pop909::read(folder))
        .partition(Result::is_ok);
    for error in failed.iter().filter_map(|outcome| outcome.as_ref().err()) {
        eprintln!("skipped: {error:#}");
    }
    (read.into_iter().flatten().collect(), failed.len())
}

/// Draws a version; its random choices depend on the seed, the work's name and the version alone.
fn job(args: &Args, works: &[Work], work: usize, version: Version) -> Job {
    let name = &works[work].name;
    let generator = |stream: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(args.seed);
        let number: u64 = name.parse().unwrap_or(work as u64);
        rng.set_stream(number * 16 + stream as u64);
        rng
    };
    // All versions of a work begin near one place, after its introduction.
    let start_secs = generator(0).random_range(0.12..0.3) * works[work].duration_secs();
    let mut rng = generator(1 + version as usize);
    let soundfont = match version {
        Version::Original => 0,
        _ => rng.random_range(1.min(args.soundfonts.len() - 1)..args.soundfonts.len()),
    };
    Job {
        work,
        version,
        arrangement: version.arrange(&works[work], start_secs, args.secs, &mut rng),
        file: format!("{name}-{}.wav", version.name()),
        soundfont,
    }
}

fn play(instruments: &Instruments, job: &Job, out: &Path) -> Result<()> {
    let secs = job.arrangement.rendition.duration_secs;
    let samples = instruments
        .play(&job.arrangement.events(), secs)?
        .with_context(|| format!("{} is silent", job.file))?;
    wav::write(
        &out.join(&job.file),
        &samples,
        FeatureConfig::default().sample_rate_hz,
    )
}

/// Each original with the versions of its work and of the next `others` works, and versions with
/// the same chords with each other.
fn pairs(works: &[Work], jobs: &[&Job], others: usize) -> Vec<VersionPair> {
    let others = others.min(works.len() - 1);
    let mut table = Vec::new();
    for left in jobs {
        for right in jobs {
            let distance = (works.len() + right.work - left.work) % works.len();
            let files = || [left.file.clone(), right.file.clone()];
            match (left.version, right.version) {
                (Version::Original, version) if version.is_played_anew() && distance == 0 => {
                    let truth = common_passage(&works[left.work], left, right);
                    table.push(VersionPair::new(files(), 1, version.name(), truth));
                }
                (Version::Original, version) if version.is_played_anew() && distance <= others => {
                    table.push(VersionPair::new(files(), 0, "negative-unrelated", None));
                }
                // Half of the distances, as these pairs are symmetric.
                (Version::SameChords, Version::SameChords)
                    if (1..=others).contains(&distance) && 2 * distance <= works.len() =>
                {
                    table.push(VersionPair::new(files(), 0, "negative-same-chords", None));
                }
                _ => {}
            }
        }
    }
    table
}

fn common_passage(work: &Work, left: &Job, right: &Job) -> Option<TruePassage> {
    let rendition = |job: &Job| -> Rendition { job.arrangement.rendition };
    TruePassage::of(&rendition(left), &rendition(right), work.duration_secs())
}
