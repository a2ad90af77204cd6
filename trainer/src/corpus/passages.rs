//! The 3-second passages of a table of pairs as segments for the encoder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use rayon::prelude::*;
use soundalike::training::{
    ClipAlignment, Embeddings, LogMelPlan, LogMelSpectrogram, Preset, WhitenedSpectrogram,
    align_clips, clip_score,
};
use soundalike::{FeatureConfig, Model};
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
    /// The left and right whitened spectrogram of every pair.
    spectrograms: Vec<[WhitenedSpectrogram; 2]>,
}

/// A passage as input of the model and of the cross-correlation.
pub struct Cut {
    segment: LogMelSpectrogram,
    spectrogram: WhitenedSpectrogram,
}

impl Cut {
    /// The passage of these samples: one segment at the model's rate.
    pub fn new(plan: &mut LogMelPlan, samples: &[f32]) -> Self {
        let mel = plan.mel_power(samples, |_| ());
        Self {
            segment: plan.segment_db(samples),
            spectrogram: WhitenedSpectrogram::new(&mel, Preset::Clip, plan.config()),
        }
    }
}

/// The scores of a pair.
pub struct Scored {
    /// Logit of the embeddings.
    pub logit: f32,
    /// Best alignment of the spectrograms; `None` if one of them is empty.
    pub alignment: Option<ClipAlignment>,
    /// Fused score in 0..1, which the page shows for two clips.
    pub score: f32,
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
                            Ok((place, Cut::new(plan, &samples)))
                        })
                        .collect::<Result<Vec<_>>>()
                },
            )
            .collect::<Result<Vec<_>>>()?;
        bar.finish();
        let mut cuts: Vec<_> = cut.into_iter().flatten().collect();
        cuts.sort_unstable_by_key(|(place, _)| *place);
        let mut cuts = cuts.into_iter().map(|(_, cut)| cut);
        let pairs = std::iter::from_fn(|| Some([cuts.next()?, cuts.next()?]));
        Ok(Self::of(pairs))
    }

    /// The passages of these pairs, left and right.
    pub fn of(pairs: impl Iterator<Item = [Cut; 2]>) -> Self {
        let mut passages = Self {
            left: Vec::new(),
            right: Vec::new(),
            spectrograms: Vec::new(),
        };
        for [left, right] in pairs {
            passages.left.push(left.segment);
            passages.right.push(right.segment);
            passages
                .spectrograms
                .push([left.spectrogram, right.spectrogram]);
        }
        passages
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

    /// The scores of every pair, as the page computes them.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn scored(&self, model: &Model) -> Result<Vec<Scored>> {
        let logits = self.logits(model)?;
        let scored = logits
            .into_par_iter()
            .zip(&self.spectrograms)
            .map(|(logit, [left, right])| {
                let alignment = align_clips(left, right);
                Scored {
                    logit,
                    score: clip_score(logit, alignment.as_ref(), model.calibration()),
                    alignment,
                }
            })
            .collect();
        Ok(scored)
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
