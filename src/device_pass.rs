//! The encoder on one of burn's devices: WebGPU in a browser, or any other that burn knows.

use burn::tensor::{Device, Tensor, TensorData};

use crate::config::FeatureConfig;
use crate::error::{Error, Result};
use crate::network::Encoder;
use crate::segment::{
    CONTEXT_FEATURE_FRAMES, FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES, feature_frames,
};
use crate::spectrogram::LogMelSpectrogram;

/// Feature frames of a song that go through the convolutions at once, context not counted: 23 s. Longer blocks save nothing, as the
/// context is 4 feature frames a block; shorter ones cost more of it, and report progress more often.
const BLOCK_FEATURE_FRAMES: usize = 60;

/// An encoder on a device.
#[derive(Debug)]
pub struct DevicePass {
    encoder: Encoder,
    features: FeatureConfig,
    device: Device,
    fixed_shapes: bool,
}

impl DevicePass {
    /// For an encoder whose tensors are on `device`. With `fixed_shapes` every block of a song has the same shape, which GPU backends want: each new
    /// shape costs them tuning and memory.
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

    /// Embeddings of a song's segments, in blocks that overlap by the receptive field, read back once. `progress` is told the fraction of blocks
    /// issued.
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
        let total = feature_frames(song.frames);
        let blocks = total.div_ceil(BLOCK_FEATURE_FRAMES);
        let features = (0..blocks)
            .map(|block| {
                progress(block as f32 / blocks as f32);
                let first = block * BLOCK_FEATURE_FRAMES;
                let last = (first + BLOCK_FEATURE_FRAMES).min(total);
                self.block_features(&normalised, song, first, last)
            })
            .collect();
        let window = feature_frames(self.features.segment_frames());
        let embeddings =
            self.encoder
                .embeddings(Tensor::cat(features, 3), window, SEGMENT_HOP_FEATURE_FRAMES);
        let embeddings = read_back(embeddings).await;
        progress(1.0);
        embeddings
    }

    /// Feature frames `first..last` of a song, `[1, channels, rows, last - first]`.
    fn block_features(
        &self,
        normalised: &[f32],
        song: &LogMelSpectrogram,
        first: usize,
        last: usize,
    ) -> Tensor<4> {
        let context_before = CONTEXT_FEATURE_FRAMES.min(first);
        let start = (first - context_before) * FRAMES_PER_FEATURE_FRAME;
        let end = (last + CONTEXT_FEATURE_FRAMES) * FRAMES_PER_FEATURE_FRAME;
        let valid = end.min(song.frames) - start;
        let width = if self.fixed_shapes {
            (BLOCK_FEATURE_FRAMES + 2 * CONTEXT_FEATURE_FRAMES) * FRAMES_PER_FEATURE_FRAME
        } else {
            valid
        };
        let mut block = vec![0.0; song.mel_bands * width];
        for (row, band) in block
            .chunks_exact_mut(width)
            .zip(normalised.chunks_exact(song.frames))
        {
            row[..valid].copy_from_slice(&band[start..start + valid]);
        }
        let block = Tensor::<4>::from_data(
            TensorData::new(block, [1, 1, song.mel_bands, width]),
            &self.device,
        );
        let kept: Vec<bool> = (0..width).map(|frame| frame < valid).collect();
        let features = self
            .encoder
            .feature_frames(block, (valid < width).then_some(&kept));
        features.narrow(3, context_before, last - first)
    }
}

async fn read_back(embeddings: Tensor<2>) -> Result<Vec<f32>> {
    let failed = |reason: String| Error::BackendUnavailable {
        backend: "chosen",
        reason,
    };
    let data = embeddings
        .into_data_async()
        .await
        .map_err(|error| failed(error.to_string()))?;
    data.try_into_vec()
        .map_err(|error| failed(format!("{error:?}")))
}
