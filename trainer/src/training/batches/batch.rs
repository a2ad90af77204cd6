//! Batches of passages and their copies, made on a thread of their own while the network trains.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use anyhow::{Context as _, Result};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike::FeatureConfig;
use soundalike::training::{LogMelPlan, MelSpectrogram};
use soundalike_native::audio_file;
use soundalike_tables::pair_table::Pair;

use crate::corpus::repeats::{self, PassageInContext};
use crate::training::batches::augment::Augmenter;
use crate::training::batches::spectral_bank::{ShiftedMelBanks, TrackSpectra};
use crate::training::batches::training_tracks::TrainingTracks;
use crate::training::batches::views::{View, ViewDraw};
use crate::training::clip_and_context::{InputRow, Window};
use crate::training::train_config::TrainConfig;

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
    draw: ViewDraw,
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
            draw: ViewDraw::new(&config.augmentation, &features),
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
                let original = self.draw.original(&self.tracks, track, start_secs, rng);
                copies.push(self.draw.copy(&self.tracks, &original, rng));
                originals.push(original);
                starts_secs.push(start_secs);
            }
        }
        (originals, copies, starts_secs)
    }

    /// Pairs of passages of one track that repeat the same notes, up to a shift of a second.
    fn repeats(&self, views: &[View]) -> Vec<(usize, usize)> {
        let mut pairs = self.repeats_of(views, |track| Some(self.tracks.spectra(track)));
        // A copy may have one stem alone, so it is enough that one of them repeats.
        pairs.extend(self.repeats_of(views, |track| self.tracks.backing(track)));
        pairs
    }

    /// The same of one stem.
    fn repeats_of<'a>(
        &'a self,
        views: &[View],
        stem: impl Fn(usize) -> Option<&'a TrackSpectra> + Sync,
    ) -> Vec<(usize, usize)> {
        const SHIFT_SECS: f64 = 1.0;
        let shift_frames = (SHIFT_SECS / self.features.frame_hop_secs()).round();
        let frames = self.features.segment_frames();
        let indices: Vec<usize> = (0..views.len())
            .filter(|&index| stem(views[index].track).is_some())
            .collect();
        let passages: Vec<PassageInContext> = indices
            .par_iter()
            .filter_map(|&index| {
                let view = &views[index];
                let first = view.start_frame - shift_frames as f32;
                let count = frames + 2 * shift_frames as usize;
                let spectra = stem(view.track)?;
                let power = self.banks.mel_power(spectra, first, 1.0, 0.0, count);
                Some(PassageInContext::new(&power, self.features.mel_bands))
            })
            .collect();
        let pairs = (0..indices.len())
            .flat_map(|a| (a + 1..indices.len()).map(move |b| (a, b)))
            .filter(|&(a, b)| views[indices[a]].track == views[indices[b]].track)
            .collect();
        let repeats = repeats::repeats(&passages, pairs, frames).into_iter();
        repeats.map(|(a, b)| (indices[a], indices[b])).collect()
    }

    fn read(&self, view: &View, window: Window) -> Vec<f32> {
        let read = |spectra| {
            self.banks.mel_power(
                spectra,
                view.start_frame - window.lead_frames as f32 * view.tempo_ratio,
                view.tempo_ratio,
                view.semitones,
                window.frames,
            )
        };
        let mut power = read(self.tracks.spectra(view.track));
        if let Some(backing) = self.tracks.backing(view.track) {
            view.stems.mix(&mut power, &read(backing));
        }
        power
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
