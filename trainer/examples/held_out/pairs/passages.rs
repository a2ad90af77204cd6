//! Passages of held-out tracks and their modified copies, as files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::modification::Modification;
use crate::overlays::Overlays;
use crate::pairs::recipes::Recipe;
use crate::places::loud_place;
use crate::rendition::{Rendition, Workshop};
use crate::sound::{CONTEXT_SECS, Sound};
use crate::tracks::Track;

/// Length of the passages that `evaluate --pairs` compares.
const PASSAGE_SECS: f64 = 3.0;
/// The copy starts at most this much before or after the passage. It isn't the constant of the
/// training data on purpose: the test set doesn't change where they do.
const MISALIGNMENT_SECS: f64 = 0.5;
/// Song on both sides of an unmodified passage in its file.
const LEFT_CONTEXT_SECS: f64 = 0.1;
/// Length from which the number of passages of a track no longer grows.
const WEIGHT_LIMIT_SECS: f64 = 240.0;

/// The table that a passage is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Ordinary,
    Extreme,
    Copy,
}

/// A passage to be made.
pub struct Job {
    index: usize,
    group: Group,
    track: usize,
    recipe: Recipe,
}

/// A passage and its modified copy.
pub struct Passage {
    pub group: Group,
    pub track: usize,
    /// Start in the track.
    pub track_secs: f64,
    pub recipe: Recipe,
    /// Path relative to the tables, and where the passage starts in the file.
    pub original: (String, f64),
    pub copy: (String, f64),
    /// Start of the copy relative to the passage, in the copy's time.
    pub misalignment_secs: f64,
}

/// Deals recipes to tracks by their length.
pub fn jobs(groups: [(Group, Vec<Recipe>); 3], tracks: &[Track], rng: &mut ChaCha8Rng) -> Vec<Job> {
    let mut jobs = Vec::new();
    for (group, recipes) in groups {
        let weights: Vec<f64> = tracks
            .iter()
            .map(|track| track.duration_secs.min(WEIGHT_LIMIT_SECS))
            .collect();
        let total: f64 = weights.iter().sum();
        // Evenly spaced marks on the tracks laid end to end: each track gets its share, rounded up
        // or down.
        let mut dealt: Vec<usize> = (0..recipes.len())
            .map(|recipe| {
                let mut mark = (recipe as f64 + 0.5) / recipes.len() as f64 * total;
                weights
                    .iter()
                    .position(|weight| {
                        mark -= weight;
                        mark < 0.0
                    })
                    .unwrap_or(weights.len() - 1)
            })
            .collect();
        dealt.shuffle(rng);
        for (track, recipe) in dealt.into_iter().zip(recipes) {
            jobs.push(Job {
                index: jobs.len(),
                group,
                track,
                recipe,
            });
        }
    }
    jobs
}

/// Makes all passages, track by track on all cores. The result has the order of the jobs.
pub fn render(
    jobs: &[Job],
    tracks: &[Track],
    overlays: &Overlays,
    scratch: &Path,
    audio_dir: &Path,
    seed: u64,
) -> Result<Vec<Passage>> {
    let progress = ProgressBar::new(jobs.len() as u64);
    // The template is a constant that indicatif accepts; its default would do as well.
    progress.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} passages, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let made: Result<Vec<Vec<(usize, Passage)>>> = (0..tracks.len())
        .into_par_iter()
        .map(|track| {
            let song = Sound::decode_stereo(&tracks[track].path)?;
            jobs.par_iter()
                .filter(|job| job.track == track)
                .map(|job| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(1 + job.index as u64);
                    let folder = scratch.join(job.index.to_string());
                    std::fs::create_dir_all(&folder)
                        .with_context(|| format!("making {}", folder.display()))?;
                    let workshop = Workshop {
                        overlays,
                        folder: &folder,
                        track,
                    };
                    let passage =
                        make(job, &song, &workshop, audio_dir, &mut rng).with_context(|| {
                            format!(
                                "{} of {}",
                                job.recipe.perturbation,
                                tracks[track].path.display()
                            )
                        })?;
                    std::fs::remove_dir_all(&folder)
                        .with_context(|| format!("removing {}", folder.display()))?;
                    progress.inc(1);
                    Ok((job.index, passage))
                })
                .collect()
        })
        .collect();
    progress.finish();
    let mut made: Vec<_> = made?.into_iter().flatten().collect();
    made.sort_by_key(|(index, _)| *index);
    Ok(made.into_iter().map(|(_, passage)| passage).collect())
}

fn make(
    job: &Job,
    song: &Sound,
    workshop: &Workshop<'_>,
    audio_dir: &Path,
    rng: &mut ChaCha8Rng,
) -> Result<Passage> {
    let speed_ratio: f64 = job
        .recipe
        .modifications
        .iter()
        .map(Modification::speed_ratio)
        .product();
    let misalignment_secs = rng.random_range(-MISALIGNMENT_SECS..MISALIGNMENT_SECS);
    // The song before and after the start of the passage from which the copy is cut, at the copy's
    // speed.
    let before_secs = CONTEXT_SECS + MISALIGNMENT_SECS * speed_ratio;
    let after_secs = (PASSAGE_SECS * speed_ratio.max(1.0)) + before_secs;
    let track_secs = loud_place(
        song,
        before_secs,
        after_secs,
        PASSAGE_SECS * speed_ratio.max(1.0),
        rng,
    );

    let original_path = audio_dir.join(format!("{:05}-passage.wav", job.index));
    let passage_end_secs = track_secs + PASSAGE_SECS + LEFT_CONTEXT_SECS;
    song.between(track_secs - LEFT_CONTEXT_SECS, passage_end_secs)
        .mono()
        .write_wav(&original_path)?;

    let stretch = song.between(track_secs - before_secs, track_secs + after_secs);
    let compared_secs = before_secs + misalignment_secs * speed_ratio;
    let measured_secs = [compared_secs, compared_secs + PASSAGE_SECS * speed_ratio];
    let (rendition, codec) = modified(stretch, measured_secs, &job.recipe, workshop, rng)?;
    let copy_path = audio_dir.join(format!("{:05}-copy", job.index));
    let copy_path = rendition.write(&copy_path, codec, workshop)?;
    Ok(Passage {
        group: job.group,
        track: job.track,
        track_secs,
        recipe: job.recipe.clone(),
        original: (from_tables(&original_path)?, LEFT_CONTEXT_SECS),
        copy: (from_tables(&copy_path)?, rendition.measured_secs[0]),
        misalignment_secs,
    })
}

/// A stretch of a song after all modifications of a recipe but the codec, which is returned.
fn modified<'a>(
    stretch: Sound,
    measured_secs: [f64; 2],
    recipe: &'a Recipe,
    workshop: &Workshop<'_>,
    rng: &mut ChaCha8Rng,
) -> Result<(Rendition, Option<&'a Modification>)> {
    let (codec, changes) = match recipe.modifications.split_last() {
        Some((last, others)) if last.stage() == 4 => (Some(last), others),
        _ => (None, &recipe.modifications[..]),
    };
    let keeps_channels = changes.first().is_some_and(|first| first.stage() == 0);
    let sound = if keeps_channels {
        stretch
    } else {
        stretch.mono()
    };
    let mut rendition = Rendition {
        sound,
        measured_secs,
    };
    for change in changes {
        rendition
            .modify(change, workshop, rng)
            .with_context(|| change.to_string())?;
    }
    Ok((rendition, codec))
}

/// The path of an audio file relative to the tables.
fn from_tables(path: &Path) -> Result<String> {
    let name = path.file_name().context("a file has a name")?;
    Ok(Path::new("audio").join(name).to_string_lossy().into_owned())
}

/// Writes how each copy was made.
pub fn write_recipes(path: &PathBuf, passages: &[Passage], tracks: &[Track]) -> Result<()> {
    let mut writer =
        csv::Writer::from_path(path).with_context(|| format!("writing {}", path.display()))?;
    writer.write_record([
        "copy",
        "perturbation",
        "modifications",
        "track",
        "track_secs",
        "misalignment_secs",
    ])?;
    for passage in passages {
        let modifications: Vec<_> = passage
            .recipe
            .modifications
            .iter()
            .map(ToString::to_string)
            .collect();
        writer.write_record([
            &passage.copy.0,
            &passage.recipe.perturbation,
            &modifications.join(" "),
            &tracks[passage.track].path.display().to_string(),
            &format!("{:.3}", passage.track_secs),
            &format!("{:.3}", passage.misalignment_secs),
        ])?;
    }
    writer
        .flush()
        .with_context(|| format!("writing {}", path.display()))
}
