//! The encoder's forward pass on the CPU, written for this network alone: the hot loop of every
//! check.
//!
//! The results are those of the network in burn, as the tests assert, with less work:
//!
//! - Batch norm is folded into the convolutions when weights are loaded.
//! - 3x3 convolutions use minimal filtering.
//! - The layout is channels last, so that a vector contains channels.
//! - A song streams through all layers a few columns at a time. Each layer keeps only the columns
//!   that its filter still needs. Everything stays in the cache, and nothing is computed twice.

use crate::config::FeatureConfig;
use crate::error::Result;
use crate::nn::columns::Columns;
use crate::nn::convolution::{Convolution, StridedConvolution, TileScratch};
use crate::nn::packed_matrix::{PANEL, PackedMatrix};
use crate::nn::tensors::Tensors;
use crate::recording::encoder::config::EncoderConfig;
use crate::recording::encoder::config::feature_frames;
use crate::recording::encoder::folded::FoldedLayer;
use crate::spectrum::log_mel::LogMelSpectrogram;

/// Frames that go through the layers together: 3 s. Few enough for the largest map, after the first
/// layer, to stay in the second-level cache.
const FRAMES_AT_ONCE: usize = 128;

/// Side of the first convolution's filter.
const FIRST_TAPS: usize = 5;
/// Stride of the first convolution.
const FIRST_STRIDE: usize = 2;

/// The encoder, with its weights in the layout of the forward pass.
#[derive(Debug)]
pub struct ForwardPass {
    features: FeatureConfig,
    /// Rows of the input of each layer, from the mel bands to the feature frames.
    rows: [usize; 6],
    /// Stride of each layer, in columns.
    strides: [usize; 6],
    /// The 5x5 convolution, as a matrix product with the patches under the filter.
    first: PackedMatrix,
    strided: [StridedConvolution; 3],
    plain: Convolution,
    /// The 1x1 convolution.
    reduce: PackedMatrix,
    /// `[mean and maximum of the values of feature frames, embedding]`
    project: PackedMatrix,
    embedding: usize,
}

/// Scratch buffers of a pass. Made once, used for any number of passes.
#[derive(Debug)]
pub struct Scratch {
    /// Input maps of the six convolutions.
    maps: [Columns; 6],
    /// Patches of one column, `[rows, 25]`.
    patches: Vec<f32>,
    tiles: TileScratch,
    /// `[feature frames, rows, channels]`
    feature_frames: Vec<f32>,
    /// `[segments, mean and maximum, rows, channels]`
    pooled: Vec<f32>,
    /// `[segments, embedding]`
    projected: Vec<f32>,
}

impl ForwardPass {
    /// The encoder with the given tensors.
    ///
    /// # Errors
    ///
    /// [`WeightsInvalid`](crate::Error::WeightsInvalid) when one is missing or has another shape.
    pub fn new(
        config: &EncoderConfig,
        features: &FeatureConfig,
        tensors: &Tensors,
    ) -> Result<Self> {
        let layers = config.layers();
        let mut rows = [features.mel_bands; 6];
        for layer in 1..rows.len() {
            rows[layer] = rows[layer - 1].div_ceil(layers[layer - 1][3]);
        }
        let [first, second, third, fourth, fifth, last] = config.folded_convolutions(tensors)?;
        let folded_projection = config.folded_projection(features.mel_bands, tensors)?;
        let strided = |layer: usize, folded: &FoldedLayer| {
            let (inputs, rows) = (layers[layer][0], rows[layer + 1]);
            StridedConvolution::new(inputs, rows, &folded.weights, &folded.bias)
        };
        Ok(Self {
            first: PackedMatrix::new(FIRST_TAPS * FIRST_TAPS, &first.bias, |tap, output| {
                // A patch is `[column, row]`, the weights are `[row, column]`.
                let (column, row) = (tap / FIRST_TAPS, tap % FIRST_TAPS);
                first.weights[(output * FIRST_TAPS + row) * FIRST_TAPS + column]
            }),
            strided: [strided(1, &second), strided(2, &third), strided(3, &fourth)],
            plain: Convolution::new(layers[4][0], rows[5], &fifth.weights, &fifth.bias),
            reduce: {
                let inputs = layers[5][0];
                let padded = inputs.next_multiple_of(PANEL);
                PackedMatrix::new(padded, &last.bias, |input, output| {
                    let weights = &last.weights[output * inputs..][..inputs];
                    weights.get(input).copied().unwrap_or_default()
                })
            },
            project: projection(config, rows[5], &folded_projection),
            embedding: config.embedding,
            features: features.clone(),
            rows,
            strides: layers.map(|[_, _, _, stride]| stride),
        })
    }

    /// Scratch buffers for passes of this network.
    #[must_use]
    pub fn scratch(&self) -> Scratch {
        let mut tiles = TileScratch::default();
        self.strided
            .iter()
            .for_each(|layer| layer.reserve(&mut tiles));
        self.plain.reserve(&mut tiles);
        let rows = self.rows;
        let first_rows = (rows[1] - 1) * FIRST_STRIDE + FIRST_TAPS;
        Scratch {
            maps: [
                Columns::new(rows[0], 1, FIRST_TAPS / 2, first_rows),
                self.strided[0].input(rows[1]),
                self.strided[1].input(rows[2]),
                self.strided[2].input(rows[3]),
                self.plain.input(rows[4]),
                Columns::new(rows[5], self.reduce.depth(), 0, rows[5]),
            ],
            patches: vec![0.0; rows[1] * FIRST_TAPS * FIRST_TAPS],
            tiles,
            feature_frames: Vec::new(),
            pooled: Vec::new(),
            projected: Vec::new(),
        }
    }

    /// Embeddings of a song's segments, `[segments, embedding]`, each of unit length. A song
    /// shorter than a segment has none. Segments start `hop` feature frames apart. `progress` is
    /// called with the fraction of frames done.
    #[must_use]
    pub fn embed(
        &self,
        song: &LogMelSpectrogram,
        hop: usize,
        scratch: &mut Scratch,
        progress: impl FnMut(f32),
    ) -> Vec<f32> {
        self.feature_frames(song, scratch, progress);
        self.pool(hop, scratch);
        let segments = scratch.pooled.len() / self.project.depth();
        scratch
            .projected
            .resize(segments * self.project.columns(), 0.0);
        self.project
            .multiply::<false>(&scratch.pooled, &mut scratch.projected);
        let rows = scratch.projected.chunks_exact(self.project.columns());
        rows.flat_map(|row| {
            let embedding = &row[..self.embedding];
            let square: f32 = embedding.iter().map(|value| value * value).sum();
            let length = square.sqrt().max(1e-12);
            embedding.iter().map(move |value| value / length)
        })
        .collect()
    }

    /// The convolutions, over the whole song, to `scratch.feature_frames`.
    fn feature_frames(
        &self,
        song: &LogMelSpectrogram,
        scratch: &mut Scratch,
        mut progress: impl FnMut(f32),
    ) {
        let mut columns = song.frames;
        for (map, stride) in scratch.maps.iter_mut().zip(self.strides) {
            map.start(columns);
            columns = columns.div_ceil(stride);
        }
        scratch.feature_frames.clear();
        for start in (0..song.frames).step_by(FRAMES_AT_ONCE) {
            progress(start as f32 / song.frames as f32);
            let end = (start + FRAMES_AT_ONCE).min(song.frames);
            self.push_frames(song, start..end, &mut scratch.maps[0]);
            let [frames, first, second, third, fourth, fifth] = &mut scratch.maps;
            self.advance_first(frames, first, &mut scratch.patches);
            self.strided[0].advance(first, second, &mut scratch.tiles);
            self.strided[1].advance(second, third, &mut scratch.tiles);
            self.strided[2].advance(third, fourth, &mut scratch.tiles);
            self.plain.advance(fourth, fifth, &mut scratch.tiles);
            let (done, new) = (scratch.feature_frames.len(), fifth.held());
            let feature_frame = self.rows[5] * self.reduce.columns();
            scratch
                .feature_frames
                .resize(done + new * feature_frame, 0.0);
            self.reduce
                .multiply::<true>(fifth.values(), &mut scratch.feature_frames[done..]);
            fifth.drop_front(new);
        }
        progress(1.0);
    }

    /// Appends normalised frames of a song to a map. The song is `[mel_bands, frames]`, the map
    /// `[frames, mel_bands]`.
    fn push_frames(
        &self,
        song: &LogMelSpectrogram,
        frames: std::ops::Range<usize>,
        map: &mut Columns,
    ) {
        let (column_values, rows) = (map.column_values(), map.row_range());
        let columns = map.push(frames.len());
        for (row, db) in rows.zip(song.db.chunks_exact(song.frames)) {
            for (column, db) in columns
                .chunks_exact_mut(column_values)
                .zip(&db[frames.clone()])
            {
                column[row] = (db - self.features.centre_db) / self.features.spread_db;
            }
        }
    }

    /// The first layer. With one input channel and 25 taps, gathering the patches is the fastest
    /// method.
    fn advance_first(&self, frames: &mut Columns, output: &mut Columns, patches: &mut [f32]) {
        frames.pad_if_complete(FIRST_TAPS);
        let frame = frames.column_values();
        let possible = (frames.held() + FIRST_STRIDE).saturating_sub(FIRST_TAPS) / FIRST_STRIDE;
        let columns = possible.min(output.to_come());
        let (column_values, rows) = (output.column_values(), output.row_range());
        let new = output.push(columns);
        for (column, new) in new.chunks_exact_mut(column_values).enumerate() {
            let under_filter =
                &frames.values()[column * FIRST_STRIDE * frame..][..FIRST_TAPS * frame];
            for (row, patch) in patches
                .chunks_exact_mut(FIRST_TAPS * FIRST_TAPS)
                .enumerate()
            {
                for (taps, frame) in patch
                    .chunks_exact_mut(FIRST_TAPS)
                    .zip(under_filter.chunks_exact(frame))
                {
                    taps.copy_from_slice(&frame[row * FIRST_STRIDE..][..FIRST_TAPS]);
                }
            }
            self.first.multiply::<true>(patches, &mut new[rows.clone()]);
        }
        frames.drop_front(columns * FIRST_STRIDE);
    }

    /// Mean and maximum of the feature frames of each segment, to `scratch.pooled`.
    fn pool(&self, hop: usize, scratch: &mut Scratch) {
        let values = self.rows[5] * self.reduce.columns();
        let window = feature_frames(self.features.segment_frames());
        let available = scratch.feature_frames.len() / values;
        let segments = (available + hop).saturating_sub(window) / hop;
        scratch.pooled.resize(segments * 2 * values, 0.0);
        for (segment, pooled) in scratch.pooled.chunks_exact_mut(2 * values).enumerate() {
            let (mean, maximum) = pooled.split_at_mut(values);
            mean.fill(0.0);
            maximum.fill(f32::NEG_INFINITY);
            let frames = &scratch.feature_frames[segment * hop * values..][..window * values];
            for frame in frames.chunks_exact(values) {
                for ((mean, maximum), &value) in mean.iter_mut().zip(&mut *maximum).zip(frame) {
                    *mean += value;
                    *maximum = if value > *maximum { value } else { *maximum };
                }
            }
            mean.iter_mut().for_each(|mean| *mean /= window as f32);
        }
    }
}

/// The linear layer over pooled values. A pooled row is `[statistic, row, padded channel]`; the
/// weights have `[statistic, channel, row]`.
fn projection(config: &EncoderConfig, rows: usize, folded: &FoldedLayer) -> PackedMatrix {
    let (channels, embedding) = (config.reduced_channels, config.embedding);
    let padded = channels.next_multiple_of(PANEL);
    PackedMatrix::new(2 * rows * padded, &folded.bias, |k, output| {
        let (statistic, row, channel) = (k / (rows * padded), k / padded % rows, k % padded);
        if channel < channels {
            let input = (statistic * channels + channel) * rows + row;
            folded.weights[input * embedding + output]
        } else {
            0.0
        }
    })
}
