//! The encoder on a device of burn: WebGPU in a browser, or any other that burn supports.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::FeatureConfig;
use crate::error::{Error, Result};
use crate::recording::encoder::burn::Encoder;
use crate::recording::encoder::config::{
    CONTEXT_FEATURE_FRAMES, FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES, feature_frames,
};
use crate::spectrum::log_mel::LogMelSpectrogram;

/// Frames of a whole block, context included: 24 s. Longer blocks would save nothing, as the
/// context is only 4 feature frames a block. Shorter ones would spend more on context, but report
/// progress more often.
const WHOLE_BLOCK_FRAMES: usize = 64 * FRAMES_PER_FEATURE_FRAME;

/// Frames of half a block, for the end of a song: 12 s. With this width and that of one segment,
/// the end of a song costs 46 feature frames on average, of the 64 of a whole block. Further widths
/// would save little, and each costs a GPU shaders and memory.
const HALF_BLOCK_FRAMES: usize = 32 * FRAMES_PER_FEATURE_FRAME;

/// An encoder on a device.
#[derive(Debug)]
pub struct DevicePass {
    encoder: Encoder,
    features: FeatureConfig,
    device: Device,
    fixed_shapes: bool,
}

impl DevicePass {
    /// Takes an encoder whose tensors are on `device`. With `fixed_shapes` the blocks of all songs
    /// have one of [three widths](Self::widths). GPU backends need it, as each new shape costs them
    /// tuning and memory.
    #[must_use]
    pub fn new(
        encoder: Encoder,
        features: &FeatureConfig,
        device: &Device,
        fixed_shapes: bool,
    ) -> Self {
        Self {
            encoder,
            features: features.clone(),
            device: device.clone(),
            fixed_shapes,
        }
    }

    /// The widths of blocks in frames, ascending: a segment, half a block, a whole block.
    #[must_use]
    pub fn widths(features: &FeatureConfig) -> [usize; 3] {
        [
            features.segment_frames(),
            HALF_BLOCK_FRAMES,
            WHOLE_BLOCK_FRAMES,
        ]
    }

    /// Embeddings of single segments of the same length, `[segments, embedding]`.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_segments(&self, segments: &[LogMelSpectrogram]) -> Result<Vec<f32>> {
        let Some(first) = segments.first() else {
            return Ok(Vec::new());
        };
        let shape = [segments.len(), 1, first.mel_bands, first.frames];
        let frames: Vec<f32> = segments
            .iter()
            .flat_map(|segment| segment.normalised(&self.features))
            .collect();
        let frames = Tensor::<4>::from_data(TensorData::new(frames, shape), &self.device);
        read_back(self.encoder.forward(frames)).await
    }

    /// Embeddings of a song's segments, computed in blocks that overlap by the receptive field and
    /// read back together. `progress` is called with the fraction of blocks issued.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_song(
        &self,
        song: &LogMelSpectrogram,
        mut progress: impl FnMut(f32),
    ) -> Result<Vec<f32>> {
        let normalised = song.normalised(&self.features);
        let blocks = blocks(song.frames, Self::widths(&self.features));
        let features = blocks
            .iter()
            .enumerate()
            .map(|(issued, block)| {
                progress(issued as f32 / blocks.len() as f32);
                self.block_features(&normalised, song, block)
            })
            .collect();
        let embeddings = self.pooled(Tensor::cat(features, 3));
        let embeddings = read_back(embeddings).await;
        progress(1.0);
        embeddings
    }

    /// Embeddings of one segment, computed in a block of every width. They are equal if the device
    /// computes each width correctly.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_segment_in_every_width(
        &self,
        segment: &LogMelSpectrogram,
    ) -> Result<Vec<f32>> {
        let normalised = segment.normalised(&self.features);
        let embeddings = Self::widths(&self.features)
            .map(|width| {
                let block = Block {
                    width,
                    ..Block::last(0, segment.frames)
                };
                self.pooled(self.block_features(&normalised, segment, &block))
            })
            .into();
        read_back(Tensor::cat(embeddings, 0)).await
    }

    /// Feature frames `[1, channels, rows, n]` to the embeddings of their segments.
    fn pooled(&self, features: Tensor<4>) -> Tensor<2> {
        let window = feature_frames(self.features.segment_frames());
        self.encoder
            .embeddings(features, window, SEGMENT_HOP_FEATURE_FRAMES)
    }

    /// The feature frames that a block contributes, `[1, channels, rows, feature frames]`.
    fn block_features(
        &self,
        normalised: &[f32],
        song: &LogMelSpectrogram,
        block: &Block,
    ) -> Tensor<4> {
        let valid = block.frames.len();
        let width = if self.fixed_shapes {
            block.width
        } else {
            valid
        };
        let mut values = vec![0.0; song.mel_bands * width];
        for (row, band) in values
            .chunks_exact_mut(width)
            .zip(normalised.chunks_exact(song.frames))
        {
            row[..valid].copy_from_slice(&band[block.frames.clone()]);
        }
        let values = Tensor::<4>::from_data(
            TensorData::new(values, [1, 1, song.mel_bands, width]),
            &self.device,
        );
        let kept: Vec<bool> = (0..width).map(|frame| frame < valid).collect();
        let features = self
            .encoder
            .feature_frames(values, (valid < width).then_some(&kept));
        features.narrow(3, block.kept.start, block.kept.len())
    }
}

/// A part of a song that goes through the convolutions at once.
#[derive(Debug, PartialEq)]
struct Block {
    /// The frames of the song that it reads.
    frames: Range<usize>,
    /// The feature frames that are kept of its output. The others are context.
    kept: Range<usize>,
    /// Number of frames after padding.
    width: usize,
}

impl Block {
    /// The last block of a song of `frames` frames, from feature frame `first` on, without padding.
    fn last(first: usize, frames: usize) -> Self {
        let context = CONTEXT_FEATURE_FRAMES.min(first);
        let start = (first - context) * FRAMES_PER_FEATURE_FRAME;
        Self {
            frames: start..frames,
            kept: context..feature_frames(frames - start),
            width: frames - start,
        }
    }
}

/// The blocks of a song of `frames` frames: whole ones, then the narrowest that is wide enough for
/// the rest. The convolutions pad the end of a song with zeros, so that the last block needs no
/// context there.
fn blocks(frames: usize, widths: [usize; 3]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut first = 0;
    loop {
        let last = Block::last(first, frames);
        if let Some(width) = widths.into_iter().find(|&width| last.width <= width) {
            blocks.push(Block { width, ..last });
            return blocks;
        }
        let start = last.frames.start;
        let kept = last.kept.start..feature_frames(WHOLE_BLOCK_FRAMES) - CONTEXT_FEATURE_FRAMES;
        first += kept.len();
        blocks.push(Block {
            frames: start..start + WHOLE_BLOCK_FRAMES,
            kept,
            width: WHOLE_BLOCK_FRAMES,
        });
    }
}

async fn read_back(embeddings: Tensor<2>) -> Result<Vec<f32>> {
    let failed = |reason: String| Error::BackendUnavailable {
        backend: None,
        reason,
    };
    let data = embeddings
        .into_data_async()
        .await
        .map_err(|error| failed(error.to_string()))?;
    data.try_into_vec()
        .map_err(|error| failed(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths_of(frames: usize) -> Vec<usize> {
        blocks(frames, DevicePass::widths(&FeatureConfig::default()))
            .iter()
            .map(|block| block.width)
            .collect()
    }

    #[test]
    fn the_last_block_has_the_smallest_width_that_suffices() {
        let [segment, half, whole] = DevicePass::widths(&FeatureConfig::default());
        for (frames, expected) in [
            (segment, vec![segment]),
            (segment + 1, vec![half]),
            (half, vec![half]),
            (half + 1, vec![whole]),
            (whole, vec![whole]),
            // The second block starts with two feature frames of context, four before the end of
            // the first.
            (whole + 1, vec![whole, segment]),
            (whole - 64 + segment, vec![whole, segment]),
            (whole - 64 + segment + 1, vec![whole, half]),
            (whole - 64 + half + 1, vec![whole, whole]),
            (whole - 64 + whole + 1, vec![whole, whole, segment]),
        ] {
            assert_eq!(widths_of(frames), expected, "{frames} frames");
        }
    }

    #[test]
    fn every_feature_frame_is_kept_once_with_its_context() {
        let widths = DevicePass::widths(&FeatureConfig::default());
        for frames in (130..2_500).step_by(7) {
            let blocks = blocks(frames, widths);
            let mut next = 0;
            for (index, block) in blocks.iter().enumerate() {
                let first = block.frames.start / FRAMES_PER_FEATURE_FRAME + block.kept.start;
                assert_eq!(first, next, "{frames} frames, block {index}");
                next += block.kept.len();
                assert!(block.frames.len() <= block.width && block.frames.end <= frames);
                let context_after = feature_frames(block.frames.len()) - block.kept.end;
                let is_last = index + 1 == blocks.len();
                assert!(is_last || context_after == CONTEXT_FEATURE_FRAMES);
                assert!(index == 0 || block.kept.start == CONTEXT_FEATURE_FRAMES);
            }
            assert_eq!(next, feature_frames(frames), "{frames} frames");
        }
    }
}
