//! The 3-second passages of a table of pairs as segments for the encoder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use soundalike::model::Embeddings;
use soundalike::{FeatureConfig, LogMelPlan, LogMelSpectrogram, Model};

use crate::pair_table::Pair;
use crate::recipe::Recipe;
use crate::{audio_file, perturb, progress};

/// Left and right segment of every pair, in order.
pub struct Passages {
    /// Left segments.
    pub left: Vec<LogMelSpectrogram>,
    /// Right segments, changed as their recipes say.
    pub right: Vec<LogMelSpectrogram>,
}

impl Passages {
    /// Loads every file once, in parallel, and cuts all its passages.
    ///
    /// # Errors
    ///
    /// When a file can't be decoded or a recipe not be applied; the error names the file.
    pub fn load(pairs: &[Pair]) -> Result<Self> {
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
        let cut = by_file
            .into_par_iter()
            .map_init(
                || LogMelPlan::new(&features),
                |plan, (path, passages)| {
                    let song = audio_file::load(path)?;
                    bar.inc(1);
                    passages
                        .into_iter()
                        .map(|(place, start_secs, recipe)| {
                            let samples = perturb::passage_of_file(
                                path,
                                &song,
                                start_secs,
                                features.segment_samples,
                                &recipe,
                            )
                            .with_context(|| format!("{} at {start_secs} s", path.display()))?;
                            Ok((place, plan.segment_db(&samples)))
                        })
                        .collect::<Result<Vec<_>>>()
                },
            )
            .collect::<Result<Vec<_>>>()?;
        bar.finish();
        let mut segments: Vec<_> = cut.into_iter().flatten().collect();
        segments.sort_unstable_by_key(|(place, _)| *place);
        let (left, right): (Vec<_>, Vec<_>) =
            segments.into_iter().partition(|(place, _)| place % 2 == 0);
        let strip = |segments: Vec<(usize, LogMelSpectrogram)>| {
            segments.into_iter().map(|(_, segment)| segment).collect()
        };
        Ok(Self {
            left: strip(left),
            right: strip(right),
        })
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
