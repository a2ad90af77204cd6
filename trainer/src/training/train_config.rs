//! The settings of a training run, with the recipe's values as defaults; saved beside the weights.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use soundalike::training::EncoderConfig;

use crate::training::ablation::{HeadChoice, Normalisation};
use crate::training::clip_and_context::InputRow;

/// Everything that a run depends on besides its pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Seed of weights, batches and augmentation.
    pub seed: u64,
    /// Shape of the network.
    pub encoder: EncoderConfig,
    /// Tracks in a batch; with `passages_per_track` the number of pairs.
    pub tracks_per_batch: usize,
    /// Tracks of one album (one folder) that are drawn together. Music with equal timbres and other
    /// notes is harder to tell apart. With 1 each track is drawn alone.
    pub tracks_per_album: usize,
    /// Share of albums drawn from rendered music, where `train` is given any.
    pub rendered_share: f64,
    /// Passages of each track in a batch: other sections of a track are the hardest negatives.
    pub passages_per_track: usize,
    /// The head.
    pub head: HeadChoice,
    /// Normalisation of the encoder's input.
    pub normalisation: Normalisation,
    /// Whether half of the segments are read with the music around them, as in one pass over a
    /// song. Otherwise all are clips.
    pub stretches: bool,
    /// Arithmetic of the encoder's training pass.
    pub precision: Precision,
    /// Optimiser steps.
    pub steps: usize,
    /// Steps between two validations.
    pub validate_every: usize,
    /// Training stops after this many validations without a better one.
    pub patience: usize,
    /// Highest learning rate; it rises over `warm_up_steps` and falls as a cosine.
    pub learning_rate: f64,
    /// Steps to the highest learning rate.
    pub warm_up_steps: usize,
    /// AdamW's weight decay; the head has none.
    pub weight_decay: f32,
    /// Gradients of a tensor are scaled down to this norm.
    pub gradient_norm: f32,
    /// Temperature of the contrastive loss.
    pub temperature: f32,
    /// Weight of the contrastive loss; 0 trains on pairs only.
    pub contrast_weight: f32,
    /// Weight of another section of the same track as a negative, against 1 for another track.
    pub same_track_weight: f32,
    /// Passages of one track whose starts are closer than this are neither positive nor negative.
    pub near_secs: f64,
    /// The changes of copies.
    pub augmentation: AugmentationConfig,
}

/// Number formats of activations. Parameters, statistics and losses are always float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// bfloat16: half the memory traffic, on devices that compute with it (`tch`).
    Bf16,
}

/// Ranges and shares of the changes in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationConfig {
    /// Greatest change of pitch of a copy, in semitones, either way.
    pub pitch_semitones: f32,
    /// Share of shifted copies whose shift is drawn from the outer half of that range.
    pub far_pitch_share: f64,
    /// Slowest and fastest tempo of a copy.
    pub tempo_ratio: (f32, f32),
    /// Share of copies of another tempo whose tempo is drawn from the outer half of that range, by
    /// the logarithm.
    pub far_tempo_share: f64,
    /// Greatest misalignment of a copy, in seconds, either way.
    pub misalignment_secs: f32,
    /// Signal-to-noise ratios of noise, in dB.
    pub noise_snr_db: (f32, f32),
    /// Share of copies with another sound laid over them (another track, or a file of `overlays`).
    pub overlay_share: f64,
    /// Share of the recordings of `overlays` among the sounds laid over; the rest is other music.
    pub recording_share: f64,
    /// Signal-to-noise ratios of overlays, in dB.
    pub overlay_snr_db: (f32, f32),
    /// Share of copies of pieces with stems, in rendered music, that have one stem alone.
    pub stem_share: f64,
    /// Range of a lead's level above its backing, in dB.
    pub lead_db: (f32, f32),
    /// Share of copies limited to a telephone's band, 300 Hz to 3.4 kHz with steep edges, most of
    /// them with noise.
    pub telephone_share: f64,
    /// Whether low-rate codecs are imitated.
    pub codec: bool,
    /// Share of segments whose level differs from their maximum, as in a song where other parts are
    /// louder.
    pub level_share: f64,
    /// Range of that difference, in dB.
    pub level_db: (f32, f32),
    /// Scale of all these probabilities for originals; 1 for copies.
    pub original_strength: f64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            encoder: EncoderConfig::default(),
            tracks_per_batch: 16,
            tracks_per_album: 1,
            rendered_share: 0.35,
            passages_per_track: 4,
            head: HeadChoice::Monotone,
            normalisation: Normalisation::Fixed,
            stretches: true,
            precision: Precision::F32,
            steps: 2_000,
            validate_every: 100,
            patience: 8,
            learning_rate: 3e-3,
            warm_up_steps: 60,
            weight_decay: 0.02,
            gradient_norm: 5.0,
            temperature: 0.1,
            contrast_weight: 1.0,
            same_track_weight: 1.0,
            near_secs: 6.0,
            augmentation: AugmentationConfig::default(),
        }
    }
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self {
            pitch_semitones: 12.5,
            far_pitch_share: 0.25,
            tempo_ratio: (0.45, 2.2),
            far_tempo_share: 0.25,
            misalignment_secs: 0.5,
            noise_snr_db: (-4.0, 40.0),
            overlay_share: 0.4,
            recording_share: 0.5,
            overlay_snr_db: (-8.0, 15.0),
            stem_share: 0.4,
            lead_db: (-6.0, 6.0),
            telephone_share: 0.1,
            codec: true,
            level_share: 0.5,
            level_db: (-25.0, 4.0),
            original_strength: 0.5,
        }
    }
}

impl TrainConfig {
    /// Reads a JSON file; missing settings keep their defaults.
    ///
    /// # Errors
    ///
    /// When it isn't JSON of this shape or its values are outside of their ranges.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't open {}", path.display()))?;
        let config: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} isn't a training configuration", path.display()))?;
        config.check().with_context(|| path.display().to_string())?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        ensure!(
            self.tracks_per_batch * self.passages_per_track >= 2,
            "a batch needs at least 2 pairs"
        );
        ensure!(
            self.tracks_per_album > 0 && (0.0..1.0).contains(&self.rendered_share),
            "tracks_per_album must be positive and rendered_share within 0..1"
        );
        ensure!(
            self.steps > 0 && self.validate_every > 0,
            "steps and validate_every must be positive"
        );
        ensure!(
            self.temperature > 0.0 && self.learning_rate > 0.0,
            "temperature and learning_rate must be positive"
        );
        let (slowest, fastest) = self.augmentation.tempo_ratio;
        ensure!(
            0.2 <= slowest && slowest <= fastest && fastest <= 5.0,
            "tempo_ratio must rise within 0.2..5"
        );
        ensure!(
            (0.0..=1.0).contains(&self.augmentation.recording_share)
                && (0.0..=1.0).contains(&self.augmentation.stem_share),
            "recording_share and stem_share must be within 0..1"
        );
        let (quietest, loudest) = self.augmentation.lead_db;
        ensure!(quietest <= loudest, "lead_db must rise");
        Ok(())
    }

    /// The layout of segments in the encoder's input.
    pub fn input_row(&self) -> InputRow {
        if self.stretches {
            InputRow::ClipAndContext
        } else {
            InputRow::Clip
        }
    }

    /// Whether the engine can load weights that this trains.
    pub fn fits_the_engine(&self) -> bool {
        self.head == HeadChoice::Monotone && self.normalisation == Normalisation::Fixed
    }

    /// Learning rate of a step: linear warm-up, then a cosine to nearly 0 (I. Loshchilov and F.
    /// Hutter, "SGDR", 2016, without restarts).
    pub fn learning_rate_at(&self, step: usize) -> f64 {
        let warm_up = ((step + 1) as f64 / self.warm_up_steps.max(1) as f64).min(1.0);
        let done = step as f64 / self.steps as f64;
        self.learning_rate * warm_up * (0.5 + 0.5 * (std::f64::consts::PI * done).cos()) + 1e-5
    }
}
