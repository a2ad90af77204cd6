//! The model: encoder and head with loaded, checked weights, on one device.

use burn::module::Module as _;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::encoder::{CONTEXT_FEATURE_FRAMES, Encoder, EncoderConfig};
use crate::error::{Error, Result};
use crate::golden;
use crate::head::{Calibration, ScoringHead, SimilarityHead};
use crate::segment::{FRAMES_PER_FEATURE_FRAME, SEGMENT_HOP_FEATURE_FRAMES, feature_frames};
use crate::spectrogram::{LogMelPlan, LogMelSpectrogram};
use crate::weights_file::{self, Tensors, WeightsInfo};

/// The weights that this release ships.
pub const SHIPPED_WEIGHTS: &[u8] = include_bytes!("weights/soundalike.safetensors");

/// Feature frames of a song that go through the convolutions at once, context not counted: 23 s. Longer blocks save nothing, as the
/// context is 4 feature frames a block; shorter ones cost more of it, and report progress more often.
const BLOCK_FEATURE_FRAMES: usize = 60;

/// Greatest cosine distance of the golden segment's embedding from the known answer. Float32 in another order of summation stays below
/// 1e-5; a broken kernel is far above.
const SELF_TEST_TOLERANCE: f32 = 1e-3;

/// The embeddings of a song's segments, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Embeddings {
    /// Values of one embedding.
    pub dimensions: usize,
    /// `segments * dimensions` values; each row has unit length.
    pub values: Vec<f32>,
}

impl Embeddings {
    /// Number of segments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One embedding after the other.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions)
    }
}

/// The two halves that are trained together.
#[derive(burn::module::Module, Debug)]
pub struct SiameseNetwork {
    /// Applied to both songs.
    pub encoder: Encoder,
    /// Compares what it makes of them.
    pub head: SimilarityHead,
}

impl SiameseNetwork {
    /// A network with fresh weights.
    #[must_use]
    pub fn new(config: &EncoderConfig, features: &FeatureConfig, device: &Device) -> Self {
        Self {
            encoder: config.init(features, device),
            head: SimilarityHead::new(config.embedding, device),
        }
    }

    /// All tensors, for a weights file.
    #[must_use]
    pub fn tensors(&self) -> Tensors {
        let mut tensors = Tensors::default();
        tensors.collect("encoder", &self.encoder);
        tensors.collect("head", &self.head);
        tensors
    }

    /// The network with the tensors of a weights file.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] when a tensor is missing or has another shape.
    pub fn with_tensors(self, tensors: &Tensors) -> Result<Self> {
        Ok(Self {
            encoder: tensors.load_into("encoder", self.encoder)?,
            head: tensors.load_into("head", self.head)?,
        })
    }
}

/// Weights in use on a device.
#[derive(Debug)]
pub struct Model {
    info: WeightsInfo,
    sha256: String,
    encoder: Encoder,
    head: ScoringHead,
    device: Device,
    fixed_shapes: bool,
}

impl Model {
    /// Loads weights onto a device. With `fixed_shapes` every block of a song has the same shape, which GPU backends want: each new shape
    /// costs them tuning and memory.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] for any file that isn't a whole, undamaged weights file for these features and this network.
    pub async fn load(bytes: &[u8], device: &Device, fixed_shapes: bool) -> Result<Self> {
        let (info, tensors) = weights_file::read(bytes)?;
        let plausible = info
            .encoder
            .channels
            .iter()
            .chain([&info.encoder.reduced_channels, &info.encoder.embedding]);
        // A file that asks for a network of gigabytes would exhaust memory before its shapes could be compared.
        if plausible.into_iter().any(|&size| size == 0 || size > 4_096)
            || !(0.0..1.0).contains(&info.encoder.dropout)
        {
            return Err(Error::WeightsInvalid(
                "its network has impossible sizes".into(),
            ));
        }
        if info.golden_embedding.len() != info.encoder.embedding {
            return Err(Error::WeightsInvalid(
                "its golden embedding has another length than its embeddings".into(),
            ));
        }
        let network =
            SiameseNetwork::new(&info.encoder, &info.features, device).with_tensors(&tensors)?;
        let head = network
            .head
            .scoring()
            .await
            .ok_or_else(|| Error::WeightsInvalid("the head can't be read".into()))?;
        Ok(Self {
            info,
            sha256: weights_file::sha256(bytes),
            encoder: network.encoder,
            head,
            device: device.clone(),
            fixed_shapes,
        })
    }

    /// What the weights file says about itself.
    #[must_use]
    pub fn info(&self) -> &WeightsInfo {
        &self.info
    }

    /// SHA-256 of the weights file, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The similarity head.
    #[must_use]
    pub fn head(&self) -> &ScoringHead {
        &self.head
    }

    /// Logit to score.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.info.calibration
    }

    /// Number of learned values.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.encoder.num_params()
    }

    /// Embeddings of single segments, each `[mel_bands, segment_frames]`, relative to its own maximum.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_segments(&self, segments: &[LogMelSpectrogram]) -> Result<Embeddings> {
        let dimensions = self.info.encoder.embedding;
        let Some(first) = segments.first() else {
            return Ok(Embeddings {
                dimensions,
                values: Vec::new(),
            });
        };
        let shape = [segments.len(), 1, first.mel_bands, first.frames];
        let frames: Vec<f32> = segments
            .iter()
            .flat_map(|segment| segment.normalised(&self.info.features))
            .collect();
        let frames = Tensor::<4>::from_data(TensorData::new(frames, shape), &self.device);
        self.read_back(self.encoder.forward(frames)).await
    }

    /// Embeddings of a song's segments in one pass over its frames, in blocks that overlap by the receptive field, read back once.
    /// `progress` is told the fraction of blocks issued.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_song(
        &self,
        song: &LogMelSpectrogram,
        mut progress: impl FnMut(f32),
    ) -> Result<Embeddings> {
        let normalised = song.normalised(&self.info.features);
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
        let features = Tensor::cat(features, 3);
        let window = feature_frames(self.info.features.segment_frames());
        let embeddings = self
            .encoder
            .embeddings(features, window, SEGMENT_HOP_FEATURE_FRAMES);
        let embeddings = self.read_back(embeddings).await;
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
        let features = self
            .encoder
            .feature_frames(block, (valid < width).then_some(valid));
        features.narrow(3, context_before, last - first)
    }

    /// Computes the golden segment's embedding and compares it with the known answer in the weights file. Returns the cosine distance.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`], named `backend`, when the device fails or computes something else.
    pub async fn self_test(&self, backend: &'static str) -> Result<f32> {
        let distance =
            cosine_distance(&self.golden_embedding().await?, &self.info.golden_embedding);
        if distance.is_nan() || distance > SELF_TEST_TOLERANCE {
            let reason = format!(
                "its self-test is off by a cosine distance of {distance:.2e}, at most {SELF_TEST_TOLERANCE:.0e} is right"
            );
            return Err(Error::BackendUnavailable { backend, reason });
        }
        Ok(distance)
    }

    /// The golden segment's embedding as this device computes it.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn golden_embedding(&self) -> Result<Vec<f32>> {
        let golden =
            LogMelPlan::new(&self.info.features).segment_db(&golden::segment(&self.info.features));
        Ok(self.embed_song(&golden, |_| ()).await?.values)
    }

    async fn read_back(&self, embeddings: Tensor<2>) -> Result<Embeddings> {
        let failed = |reason: String| Error::BackendUnavailable {
            backend: "chosen",
            reason,
        };
        let data = embeddings
            .into_data_async()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let values: Vec<f32> = data
            .try_into_vec()
            .map_err(|error| failed(format!("{error:?}")))?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(failed("it computed values that aren't numbers".into()));
        }
        Ok(Embeddings {
            dimensions: self.info.encoder.embedding,
            values,
        })
    }
}

/// 1 - cos of the angle between two vectors; 2 when they differ in length or have none.
#[must_use]
pub fn cosine_distance(left: &[f32], right: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    if left.len() != right.len() || left.is_empty() {
        return 2.0;
    }
    1.0 - dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}
