//! Batches of passages and their copies, made on a thread of their own while the network trains.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context as _, Result};
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::FeatureConfig;
use soundalike::training::{LogMelPlan, MelSpectrogram};
use soundalike_native::audio_file;
use soundalike_tables::pair_table::Pair;
use soundalike_tables::recipe::log_uniform;

use crate::corpus::repeats::{self, PassageInContext};
use crate::training::batches::augment::Augmenter;
use crate::training::batches::spectral_bank::{MAX_SHIFT_SEMITONES, ShiftedMelBanks};
use crate::training::batches::training_tracks::TrainingTracks;
use crate::training::clip_and_context::{InputRow, Window};
use crate::training::train_config::{AugmentationConfig, TrainConfig};

/// Most batches that are made in advance.
const BATCHES_AHEAD: usize = 4;

/// Pairs for one step: `size` originals and as many copies, normalised.
pub struct Batch {
    /// The layout of the segments in `frames`.
    pub row: InputRow,
    /// Rows `[rows, 1, mel_bands, frames of a row]`.
    pub frames: Vec<f32>,
    /// Index of each original, then of each copy, among the segments of the rows: clips first, then
    /// segments with context.
    pub segments: Vec<usize>,
    /// The track of each pair.
    pub tracks: Vec<usize>,
    /// The start of each original.
    pub starts_secs: Vec<f64>,
    /// Pairs that are neither positive nor negative to each other: the music of one is laid over
    /// the copy of the other, or both are repeats of one passage of a track.
    pub ambiguous: Vec<(usize, usize)>,
}

/// Makes batches from the training tracks in memory.
pub struct BatchMaker {
    config: TrainConfig,
    features: FeatureConfig,
    banks: ShiftedMelBanks,
    augmenter: Augmenter,
    tracks: TrainingTracks,
    overlays: Vec<Vec<f32>>,
}

/// The sources of batches.
pub struct Sources<'a> {
    /// The training table. Its copies give the tracks and their passages.
    pub pairs: &'a [Pair],
    /// Further music; its passages may start anywhere.
    pub rendered: Vec<PathBuf>,
    /// Recordings for overlays.
    pub overlays: Vec<PathBuf>,
}

/// A segment as it is read from a track, before augmentation.
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

    /// Makes batches from `first_step` on, in order, until the receiver is dropped. A batch depends
    /// on the seed and its step alone, so that a resumed run has the same batches.
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
        let row = self.config.input_row();
        let clips = views.len() / row.segments();
        let mut segments: Vec<usize> = (0..views.len()).collect();
        segments.shuffle(&mut rng);
        let mut inputs = vec![Vec::new(); views.len()];
        for index in 0..views.len() {
            let is_clip = segments[index] < clips;
            let mut rng = ChaCha8Rng::seed_from_u64(seeds[index]);
            let mut power = self.read(&views[index], Window::new(is_clip, &self.features));
            let is_copy = index >= size;
            if is_copy {
                let other = self.overlay(&mut power, &views, index, is_clip, &mut rng);
                ambiguous.extend(other.map(|other| (index - size, other)));
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
            inputs[segments[index]] = self.normalised(power, level_db);
        }
        Batch {
            row,
            frames: row.assemble(&inputs, &self.features),
            segments,
            tracks,
            starts_secs,
            ambiguous,
        }
    }

    /// Lays a recording or the copy of another pair over some copies. Returns the index of that
    /// pair.
    fn overlay(
        &self,
        power: &mut [f32],
        views: &[View],
        index: usize,
        is_clip: bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<usize> {
        let snr_db = self.augmenter.draw_overlay_snr_db(rng)?;
        let size = views.len() / 2;
        let other = (index
            + self.config.passages_per_track
                * rng.random_range(1..self.config.tracks_per_batch.max(2)))
            % size;
        let window = Window::new(is_clip, &self.features);
        let recording = rng
            .random_bool(self.config.augmentation.recording_share)
            .then(|| self.augmenter.cut(&self.overlays, window.frames, rng))
            .flatten();
        if let Some(recording) = recording {
            self.augmenter.overlay(power, recording, snr_db);
            None
        } else {
            let music = self.read(&views[size + other], window);
            self.augmenter.overlay(power, &music, snr_db);
            Some(other)
        }
    }

    /// Originals and copies: some passages of each of some tracks.
    fn draw_views(&self, rng: &mut ChaCha8Rng) -> (Vec<View>, Vec<View>, Vec<f64>) {
        let (mut originals, mut copies, mut starts_secs) = (Vec::new(), Vec::new(), Vec::new());
        for track in self.tracks.draw(rng) {
            for _ in 0..self.config.passages_per_track {
                let start_secs = self.tracks.draw_start_secs(track, rng);
                let original = self.draw_original(track, start_secs, rng);
                copies.push(self.draw_copy(&original, rng));
                originals.push(original);
                starts_secs.push(start_secs);
            }
        }
        (originals, copies, starts_secs)
    }

    /// The original with a random pitch and tempo, which its copy shares: more variety than the
    /// music has.
    fn draw_original(&self, track: usize, start_secs: f64, rng: &mut ChaCha8Rng) -> View {
        let semitones = draw_or(0.0, 0.6, rng, |rng| rng.random_range(-2.0..=2.0));
        let tempo_ratio = draw_or(1.0, 0.5, rng, |rng| rng.random_range(0.85..=1.2));
        View {
            track,
            start_frame: (start_secs / self.features.frame_hop_secs()) as f32,
            tempo_ratio,
            semitones,
        }
    }

    /// A copy that differs from its original in pitch, tempo and alignment, each at random.
    fn draw_copy(&self, original: &View, rng: &mut ChaCha8Rng) -> View {
        let augmentation = &self.config.augmentation;
        let frame_hop_secs = self.features.frame_hop_secs() as f32;
        let shift_semitones = draw_or(0.0, 0.6, rng, |rng| draw_shift_semitones(augmentation, rng));
        let change_ratio = draw_or(1.0, 0.55, rng, |rng| draw_tempo_ratio(augmentation, rng));
        let most_secs = augmentation.misalignment_secs;
        let shift_secs = draw_or(0.0, 0.75, rng, |rng| {
            rng.random_range(-most_secs..=most_secs)
        });
        View {
            track: original.track,
            start_frame: original.start_frame + shift_secs * original.tempo_ratio / frame_hop_secs,
            tempo_ratio: original.tempo_ratio * change_ratio,
            semitones: (original.semitones + shift_semitones)
                .clamp(-MAX_SHIFT_SEMITONES, MAX_SHIFT_SEMITONES),
        }
    }

    /// Pairs of passages of one track that repeat the same notes, up to a shift of a second.
    fn repeats(&self, views: &[View]) -> Vec<(usize, usize)> {
        const SHIFT_SECS: f64 = 1.0;
        let shift_frames = (SHIFT_SECS / self.features.frame_hop_secs()).round();
        let frames = self.features.segment_frames();
        let passages: Vec<PassageInContext> = views
            .par_iter()
            .map(|view| {
                let spectra = self.tracks.spectra(view.track);
                let first = view.start_frame - shift_frames as f32;
                let count = frames + 2 * shift_frames as usize;
                let power = self.banks.mel_power(spectra, first, 1.0, 0.0, count);
                PassageInContext::new(&power, self.features.mel_bands)
            })
            .collect();
        let pairs = (0..views.len())
            .flat_map(|a| (a + 1..views.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| views[a].track == views[b].track)
            .collect();
        repeats::repeats(&passages, pairs, frames)
    }

    fn read(&self, view: &View, window: Window) -> Vec<f32> {
        let spectra = self.tracks.spectra(view.track);
        self.banks.mel_power(
            spectra,
            view.start_frame - window.lead_frames as f32 * view.tempo_ratio,
            view.tempo_ratio,
            view.semitones,
            window.frames,
        )
    }

    /// Mel power to the encoder's input, `level_db` away from its own maximum.
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

/// A drawn value with this probability, else the default.
fn draw_or(
    default: f32,
    probability: f64,
    rng: &mut ChaCha8Rng,
    draw: impl FnOnce(&mut ChaCha8Rng) -> f32,
) -> f32 {
    if rng.random_bool(probability) {
        draw(rng)
    } else {
        default
    }
}

/// A change of pitch, rarely a large one. Twelve semitones are harder to recognise than two, and
/// frequent enough in training only if drawn on purpose.
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

/// A change of tempo, sometimes a large one: a copy of twice the tempo shares only half of its
/// passage with the original.
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
