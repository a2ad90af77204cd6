//! The 3-second passages of a table of pairs as segments for the encoder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use soundalike::training::{Embeddings, LogMelPlan, LogMelSpectrogram};
use soundalike::{Checker, Error, FeatureConfig, Model, Song, Waveform};
use soundalike_native::{audio_file, progress};
use soundalike_tables::pair_table::Pair;
use soundalike_tables::recipe::Recipe;

use crate::changes::perturb;

/// Left and right segment of every pair, in order.
pub struct Passages {
    /// Left segments.
    pub left: Vec<LogMelSpectrogram>,
    /// Right segments, changed by their recipes.
    pub right: Vec<LogMelSpectrogram>,
}

impl Passages {
    /// Loads every file once, in parallel, and cuts all its passages.
    ///
    /// # Errors
    ///
    /// When a file can't be decoded or a recipe not be applied; the error names the file.
    pub fn load(pairs: &[Pair]) -> Result<Self> {
        Ok(Self::of(cut(pairs, |plan, samples| {
            Ok(plan.segment_db(samples))
        })?))
    }

    /// The passages of these pairs, left and right.
    pub fn of(pairs: Vec<[LogMelSpectrogram; 2]>) -> Self {
        let (left, right) = pairs.into_iter().map(|[left, right]| (left, right)).unzip();
        Self { left, right }
    }

    /// The logit of every pair.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn logits(&self, model: &Model) -> Result<Vec<f32>> {
        let (left, right) = (embed(model, &self.left)?, embed(model, &self.right)?);
        Ok(left
            .rows()
            .zip(right.rows())
            .map(|(left, right)| model.head().logit(left, right))
            .collect())
    }
}

/// Loads every file once, in parallel, and makes something of the samples of each left and right
/// passage, changed by its recipe.
///
/// # Errors
///
/// When a file can't be decoded, a recipe not be applied, or `make` fails; the error names the
/// file.
pub fn cut<T: Send>(
    pairs: &[Pair],
    make: impl Fn(&mut LogMelPlan, &[f32]) -> Result<T> + Sync,
) -> Result<Vec<[T; 2]>> {
    let features = FeatureConfig::default();
    let mut by_file: BTreeMap<&Path, Vec<(usize, f64, Recipe)>> = BTreeMap::new();
    for (index, pair) in pairs.iter().enumerate() {
        by_file.entry(&pair.left).or_default().push((
            2 * index,
            pair.left_start_secs,
            Recipe::default(),
        ));
        by_file.entry(&pair.right).or_default().push((
            2 * index + 1,
            pair.right_start_secs,
            pair.parsed_recipe()?,
        ));
    }
    let bar = progress::bar(by_file.len(), "load");
    let made = by_file
        .into_par_iter()
        .map_init(
            || LogMelPlan::new(&features),
            |plan, (path, passages)| {
                let song = audio_file::load(path)?;
                bar.inc(1);
                passages
                    .into_iter()
                    .map(|(place, start_secs, recipe)| {
                        let length = features.segment_samples;
                        let made =
                            perturb::passage_of_file(path, &song, start_secs, length, &recipe)
                                .and_then(|samples| make(plan, &samples))
                                .with_context(|| format!("{} at {start_secs} s", path.display()))?;
                        Ok((place, made))
                    })
                    .collect::<Result<Vec<_>>>()
            },
        )
        .collect::<Result<Vec<_>>>()?;
    bar.finish();
    let mut made: Vec<_> = made.into_iter().flatten().collect();
    made.sort_unstable_by_key(|(place, _)| *place);
    let mut made = made.into_iter().map(|(_, made)| made);
    Ok(std::iter::from_fn(|| Some([made.next()?, made.next()?])).collect())
}

/// A passage as a clip that a visitor drops on the page; `None` if it is silent.
///
/// # Errors
///
/// When the device fails.
pub fn clip(checker: &Checker, samples: &[f32]) -> Result<Option<Song>> {
    let name = "a passage";
    let rate_hz = FeatureConfig::default().sample_rate_hz;
    let waveform = Waveform::new(name, samples.to_vec(), rate_hz)?;
    match pollster::block_on(checker.analyse(name, waveform, |_, _| ())) {
        Ok(song) => Ok(Some(song)),
        Err(Error::Silent { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The score of two clips in 0..1, as the page shows it; 0 if one of them is silent.
pub fn clip_score(checker: &Checker, clips: [&Option<Song>; 2]) -> f32 {
    match clips {
        [Some(left), Some(right)] => checker.compare(left, right, |_, _| ()).score as f32,
        _ => 0.0,
    }
}

fn embed(model: &Model, segments: &[LogMelSpectrogram]) -> Result<Embeddings> {
    const BATCH: usize = 32;
    let mut all: Option<Embeddings> = None;
    for segments in segments.chunks(BATCH) {
        let embeddings = pollster::block_on(model.embed_segments(segments))?;
        match &mut all {
            Some(all) => all.values.extend(embeddings.values),
            None => all = Some(embeddings),
        }
    }
    all.context("there are no passages")
}
