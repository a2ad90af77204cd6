//! Batches of passages and their copies, made on a thread of their own while the network trains.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context as _, Result};
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::training::MelSpectrogram;
use soundalike::{FeatureConfig, LogMelPlan};
use soundalike_native::audio_file;
use soundalike_tables::pair_table::Pair;
use soundalike_tables::recipe::log_uniform;

use crate::corpus::repeats::{self, Surroundings};
use crate::training::augment::Augmenter;
use crate::training::clip_and_context::{Extent, Strip, extent};
use crate::training::spectral_bank::{MAX_SHIFT_SEMITONES, ShiftedMelBanks};
use crate::training::train_config::{AugmentationConfig, TrainConfig};
use crate::training::training_tracks::TrainingTracks;

/// Batches that wait ready for the network.
const BATCHES_AHEAD: usize = 4;

/// Pairs for one step: `size` originals and as many copies, normalised.
pub struct Batch {
    /// How the segments lie in `frames`.
    pub strip: Strip,
    /// Strips `[strips, 1, mel_bands, frames of a strip]`.
    pub frames: Vec<f32>,
    /// For each original, then for each copy, which of the strips' segments it is: clips first, then stretches.
    pub segments: Vec<usize>,
    /// Which track each pair is of.
    pub tracks: Vec<usize>,
    /// Where each original starts, in seconds.
    pub starts_secs: Vec<f64>,
    /// Pairs that say nothing about each other: the music of one is laid over the copy of the other, or both are repeats of one passage of a track.
    pub ambiguous: Vec<(usize, usize)>,
}

/// The training tracks in memory, and what it takes to make batches of them.
pub struct BatchMaker {
    config: TrainConfig,
    features: FeatureConfig,
    banks: ShiftedMelBanks,
    augmenter: Augmenter,
    tracks: TrainingTracks,
    overlays: Vec<Vec<f32>>,
}

/// What batches are made of.
pub struct Sources<'a> {
    /// The training table: its copies say which tracks there are, and which passages of them.
    pub pairs: &'a [Pair],
    /// Further music, of which any passage will do.
    pub rendered: Vec<PathBuf>,
    /// Recordings that may be laid over.
    pub overlays: Vec<PathBuf>,
}

/// One segment to be: what is read of a track, before augmentation.
struct View {
    track: usize,
    start_frame: f32,
    tempo_ratio: f32,
    semitones: f32,
}

impl BatchMaker {
    /// Loads everything into memory.
    ///
    /// # Errors
    ///
    /// When a file can't be decoded or there are too few tracks.
    pub fn load(config: &TrainConfig, sources: Sources<'_>) -> Result<Self> {
        let features = FeatureConfig::default();
        let banks = ShiftedMelBanks::new(&features);
        let tracks = TrainingTracks::load(config, &banks, sources.pairs, sources.rendered)?;
        let overlays = sources
            .overlays
            .par_iter()
            .map_init(
                || LogMelPlan::new(&features),
                |plan, path| {
                    Ok(plan
                        .mel_power(audio_file::load(path)?.samples(), |_| ())
                        .power)
                },
            )
            .collect::<Result<_>>()
            .context("overlays")?;
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let augmenter = Augmenter::new(&config.augmentation, &features, &mut rng);
        Ok(Self {
            config: config.clone(),
            features,
            banks,
            augmenter,
            tracks,
            overlays,
        })
    }

    /// Makes batches from `first_step` on, in order, until the receiver is dropped. A batch depends on the seed and its step alone, so that a resumed run sees the same.
    pub fn spawn(self: Arc<Self>, first_step: usize) -> Receiver<Batch> {
        let (sender, receiver) = sync_channel(BATCHES_AHEAD);
        std::thread::spawn(move || {
            for step in first_step..self.config.steps {
                if sender.send(self.batch(step)).is_err() {
                    break;
                }
            }
        });
        receiver
    }

    fn batch(&self, step: usize) -> Batch {
        let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed);
        rng.set_stream(step as u64 + 1);
        let (originals, copies, starts_secs): (Vec<View>, Vec<View>, Vec<f64>) =
            self.draw_views(&mut rng);
        let size = originals.len();
        let mut ambiguous = self.repeats(&originals);
        let tracks = originals.iter().map(|view| view.track).collect();
        let views: Vec<View> = originals.into_iter().chain(copies).collect();
        let seeds: Vec<u64> = views.iter().map(|_| rng.random()).collect();
        let strip = self.config.strip();
        let clips = views.len() / strip.segments();
        let mut segments: Vec<usize> = (0..views.len()).collect();
        segments.shuffle(&mut rng);
        let mut pieces = vec![Vec::new(); views.len()];
        for (index, view) in views.iter().enumerate() {
            let is_clip = segments[index] < clips;
            let extent = extent(is_clip, &self.features);
            let mut rng = ChaCha8Rng::seed_from_u64(seeds[index]);
            let mut power = self.read(view, extent);
            let is_copy = index >= size;
            if is_copy && let Some(snr_db) = self.augmenter.draw_overlay_snr_db(&mut rng) {
                let other = (index
                    + self.config.passages_per_track
                        * rng.random_range(1..self.config.tracks_per_batch.max(2)))
                    % size;
                let recording = rng
                    .random_bool(self.config.augmentation.recording_share)
                    .then(|| self.augmenter.cut(&self.overlays, extent.frames, &mut rng))
                    .flatten();
                if let Some(recording) = recording {
                    self.augmenter.overlay(&mut power, recording, snr_db);
                } else {
                    ambiguous.push((index - size, other));
                    let music = self.read(&views[size + other], extent);
                    self.augmenter.overlay(&mut power, &music, snr_db);
                }
            }
            let strength = if is_copy {
                1.0
            } else {
                self.config.augmentation.original_strength
            };
            self.augmenter.augment(&mut power, strength, &mut rng);
            if is_clip {
                self.augmenter.emulate_edges(&mut power);
            }
            let level_db = self.augmenter.draw_level_db(&mut rng);
            pieces[segments[index]] = self.normalised(power, level_db);
        }
        Batch {
            strip,
            frames: strip.lay(&pieces, &self.features),
            segments,
            tracks,
            starts_secs,
            ambiguous,
        }
    }

    /// Originals and copies: some passages of each of some tracks.
    fn draw_views(&self, rng: &mut ChaCha8Rng) -> (Vec<View>, Vec<View>, Vec<f64>) {
        let frame_hop_secs = self.features.frame_hop_secs();
        let augmentation = &self.config.augmentation;
        let (mut originals, mut copies, mut starts_secs) = (Vec::new(), Vec::new(), Vec::new());
        for track in self.tracks.draw(rng) {
            for _ in 0..self.config.passages_per_track {
                let start_secs = self.tracks.draw_start_secs(track, rng);
                let start_frame = (start_secs / frame_hop_secs) as f32;
                // Both sides share a random pitch and tempo: more music than there is.
                let semitones = if rng.random_bool(0.6) {
                    rng.random_range(-2.0..=2.0)
                } else {
                    0.0
                };
                let tempo_ratio = if rng.random_bool(0.5) {
                    rng.random_range(0.85..=1.2)
                } else {
                    1.0
                };
                let shift_semitones = if rng.random_bool(0.6) {
                    draw_shift_semitones(augmentation, rng)
                } else {
                    0.0
                };
                let change_ratio = if rng.random_bool(0.55) {
                    draw_tempo_ratio(augmentation, rng)
                } else {
                    1.0
                };
                let shift_secs = if rng.random_bool(0.75) {
                    rng.random_range(
                        -augmentation.misalignment_secs..=augmentation.misalignment_secs,
                    )
                } else {
                    0.0
                };
                originals.push(View {
                    track,
                    start_frame,
                    tempo_ratio,
                    semitones,
                });
                copies.push(View {
                    track,
                    start_frame: start_frame + shift_secs * tempo_ratio / frame_hop_secs as f32,
                    tempo_ratio: tempo_ratio * change_ratio,
                    semitones: (semitones + shift_semitones)
                        .clamp(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES),
                });
                starts_secs.push(start_secs);
            }
        }
        (originals, copies, starts_secs)
    }

    /// Pairs of passages of one track that are the same notes again, up to a shift of a second.
    fn repeats(&self, views: &[View]) -> Vec<(usize, usize)> {
        const SHIFT_SECS: f64 = 1.0;
        let shift_frames = (SHIFT_SECS / self.features.frame_hop_secs()).round();
        let frames = self.features.segment_frames();
        let passages: Vec<Surroundings> = views
            .par_iter()
            .map(|view| {
                let spectra = self.tracks.spectra(view.track);
                let first = view.start_frame - shift_frames as f32;
                let count = frames + 2 * shift_frames as usize;
                let power = self.banks.mel_power(spectra, first, 1.0, 0.0, count);
                Surroundings::new(&power, self.features.mel_bands)
            })
            .collect();
        let pairs = (0..views.len())
            .flat_map(|a| (a + 1..views.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| views[a].track == views[b].track)
            .collect();
        repeats::repeats(&passages, pairs, frames)
    }

    fn read(&self, view: &View, extent: Extent) -> Vec<f32> {
        let spectra = self.tracks.spectra(view.track);
        self.banks.mel_power(
            spectra,
            view.start_frame - extent.lead_frames as f32 * view.tempo_ratio,
            view.tempo_ratio,
            view.semitones,
            extent.frames,
        )
    }

    /// Mel power to what the encoder reads, `level_db` away from its own maximum.
    fn normalised(&self, power: Vec<f32>, level_db: f32) -> Vec<f32> {
        let mel = MelSpectrogram {
            mel_bands: self.features.mel_bands,
            power,
        };
        let maximum_db = mel
            .frame_maxima_db(&self.features)
            .fold(f32::NEG_INFINITY, f32::max);
        let fixed = mel
            .relative_db(&self.features, maximum_db - level_db)
            .normalised(&self.features);
        self.config.normalisation.apply(fixed)
    }
}

/// A change of pitch, rarely a far one: twelve semitones are harder to see through than two, and as common in training only if drawn on purpose.
fn draw_shift_semitones(augmentation: &AugmentationConfig, rng: &mut impl Rng) -> f32 {
    let farthest = augmentation.pitch_semitones;
    if rng.random_bool(augmentation.far_pitch_share) {
        let semitones = rng.random_range(farthest / 2.0..=farthest);
        if rng.random_bool(0.5) {
            semitones
        } else {
            -semitones
        }
    } else {
        rng.random_range(-farthest..=farthest)
    }
}

/// A change of tempo, sometimes a far one: a copy of twice the tempo shares only half of its passage with the original.
fn draw_tempo_ratio(augmentation: &AugmentationConfig, rng: &mut impl Rng) -> f32 {
    let (slowest, fastest) = augmentation.tempo_ratio;
    if rng.random_bool(augmentation.far_tempo_share) {
        if rng.random_bool(0.5) {
            log_uniform(rng, slowest, slowest.sqrt().clamp(slowest, fastest))
        } else {
            log_uniform(rng, fastest.sqrt().clamp(slowest, fastest), fastest)
        }
    } else {
        log_uniform(rng, slowest, fastest)
    }
}
