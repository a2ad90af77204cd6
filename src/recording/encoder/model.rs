//! The model: encoder and head with validated weights, and the backend of the encoder.

#[cfg(feature = "burn")]
use burn::tensor::Device;

use crate::error::{Error, Result};
use crate::nn::tensors::Tensors;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::encoder::config::SEGMENT_HOP_FEATURE_FRAMES;
use crate::recording::encoder::cpu::ForwardPass;
#[cfg(feature = "burn")]
use crate::recording::encoder::device::DevicePass;
use crate::recording::encoder::embeddings::Embeddings;
use crate::recording::encoder::golden;
use crate::recording::encoder::head::ScoringHead;
use crate::recording::encoder::weights_file::{self, WeightsInfo};
use crate::spectrum::log_mel::{LogMelPlan, LogMelSpectrogram};

/// The weights file of this release.
pub const SHIPPED_WEIGHTS: &[u8] = include_bytes!("../../weights/recording.safetensors");

/// Greatest cosine distance of the golden segment's embedding from the known one. Another order of
/// summation in float32 stays below 1e-5; a wrong kernel is far above.
const SELF_TEST_TOLERANCE: f32 = 1e-3;

/// A model with loaded weights.
#[derive(Debug)]
pub struct Model {
    info: WeightsInfo,
    sha256: String,
    parameters: usize,
    encoder: EncoderPass,
    head: ScoringHead,
}

/// The implementation of the encoder.
#[derive(Debug)]
enum EncoderPass {
    Cpu(Box<ForwardPass>),
    #[cfg(feature = "burn")]
    Device(Box<DevicePass>),
}

impl Model {
    /// Loads weights for the CPU.
    ///
    /// # Errors
    ///
    /// [`Error::WeightsInvalid`] for every file that isn't a complete, undamaged weights file for
    /// the features of this engine.
    pub fn on_cpu(bytes: &[u8]) -> Result<Self> {
        Self::with_pass(bytes, |info, tensors| {
            let pass = ForwardPass::new(&info.encoder, &info.features, tensors)?;
            Ok(EncoderPass::Cpu(Box::new(pass)))
        })
    }

    /// Loads weights onto a device of burn. With `fixed_shapes` the blocks of songs have one of a
    /// few shapes. GPU backends need it, as each new shape costs them tuning and memory.
    ///
    /// # Errors
    ///
    /// Those of [`on_cpu`](Self::on_cpu).
    #[cfg(feature = "burn")]
    pub async fn load(bytes: &[u8], device: &Device, fixed_shapes: bool) -> Result<Self> {
        Self::with_pass(bytes, |info, tensors| {
            let encoder = info.encoder.init(&info.features, device);
            let encoder = tensors.load_into("encoder", encoder)?;
            let pass = DevicePass::new(encoder, &info.features, device, fixed_shapes);
            Ok(EncoderPass::Device(Box::new(pass)))
        })
    }

    fn with_pass(
        bytes: &[u8],
        pass: impl FnOnce(&WeightsInfo, &Tensors) -> Result<EncoderPass>,
    ) -> Result<Self> {
        let (info, tensors) = weights_file::read(bytes)?;
        let sizes = &info.encoder;
        let plausible = sizes
            .channels
            .iter()
            .chain([&sizes.reduced_channels, &sizes.embedding]);
        // A network of gigabytes would exhaust memory before its shapes are compared with the
        // tensors.
        if plausible.into_iter().any(|&size| size == 0 || size > 4_096)
            || !(0.0..1.0).contains(&sizes.dropout)
        {
            return Err(Error::WeightsInvalid(
                "its network has impossible sizes".into(),
            ));
        }
        if info.golden_embedding.len() != sizes.embedding {
            return Err(Error::WeightsInvalid(
                "its golden embedding has another length than its embeddings".into(),
            ));
        }
        Ok(Self {
            sha256: weights_file::sha256(bytes),
            parameters: tensors.count("encoder."),
            encoder: pass(&info, &tensors)?,
            head: ScoringHead::new(sizes.embedding, &tensors)?,
            info,
        })
    }

    /// The description in the weights file.
    #[must_use]
    pub fn info(&self) -> &WeightsInfo {
        &self.info
    }

    /// SHA-256 of the weights file, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Computes the golden segment's embedding, in every shape of songs, and compares it with the
    /// known one in the weights file. Returns the greatest cosine distance.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] with the name `backend` when the device fails or computes
    /// another embedding.
    pub async fn self_test(&self, backend: &'static str) -> Result<f32> {
        let golden = self.golden_spectrogram();
        let embeddings = match &self.encoder {
            #[cfg(feature = "burn")]
            EncoderPass::Device(pass) => {
                self.embeddings(pass.embed_segment_in_every_width(&golden).await?)?
            }
            EncoderPass::Cpu(_) => self.embed_song(&golden, |_| ()).await?,
        };
        let distances: Vec<f32> = embeddings
            .rows()
            .map(|embedding| cosine_distance(embedding, &self.info.golden_embedding))
            .collect();
        let is_wrong = |distance: f32| distance.is_nan() || distance > SELF_TEST_TOLERANCE;
        if let Some(distance) = distances.iter().copied().find(|&one| is_wrong(one)) {
            let reason = format!(
                "its self-test is off by a cosine distance of {distance:.2e}, \
                 at most {SELF_TEST_TOLERANCE:.0e} is right"
            );
            return Err(Error::BackendUnavailable {
                backend: Some(backend),
                reason,
            });
        }
        Ok(distances.into_iter().fold(0.0, f32::max))
    }

    fn golden_spectrogram(&self) -> LogMelSpectrogram {
        let features = &self.info.features;
        LogMelPlan::new(features).segment_db(&golden::segment(features))
    }

    fn embeddings(&self, values: Vec<f32>) -> Result<Embeddings> {
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::BackendUnavailable {
                backend: None,
                reason: "it computed values that aren't numbers".into(),
            });
        }
        Ok(Embeddings {
            dimensions: self.info.encoder.embedding,
            values,
        })
    }
}

/// The stages of the model one by one, for training, evaluation and tests.
#[doc(hidden)]
impl Model {
    /// The similarity head.
    #[must_use]
    pub fn head(&self) -> &ScoringHead {
        &self.head
    }

    /// The calibration: logit to score.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.info.calibration
    }

    /// Number of learned values of the encoder.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// Embeddings of single segments, each `[mel_bands, segment_frames]` and relative to its own
    /// maximum.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_segments(&self, segments: &[LogMelSpectrogram]) -> Result<Embeddings> {
        let values = match &self.encoder {
            EncoderPass::Cpu(pass) => {
                let mut scratch = pass.scratch();
                let embed = |segment| pass.embed(segment, 1, &mut scratch, |_| ());
                segments.iter().flat_map(embed).collect()
            }
            #[cfg(feature = "burn")]
            EncoderPass::Device(pass) => pass.embed_segments(segments).await?,
        };
        self.embeddings(values)
    }

    /// Embeddings of a song's segments, in one pass over its frames. `progress` is called with the
    /// fraction done.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn embed_song(
        &self,
        song: &LogMelSpectrogram,
        progress: impl FnMut(f32),
    ) -> Result<Embeddings> {
        let values = match &self.encoder {
            EncoderPass::Cpu(pass) => pass.embed(
                song,
                SEGMENT_HOP_FEATURE_FRAMES,
                &mut pass.scratch(),
                progress,
            ),
            #[cfg(feature = "burn")]
            EncoderPass::Device(pass) => pass.embed_song(song, progress).await?,
        };
        self.embeddings(values)
    }

    /// The golden segment's embedding, as computed by this model's backend.
    ///
    /// # Errors
    ///
    /// [`Error::BackendUnavailable`] when the device fails.
    pub async fn golden_embedding(&self) -> Result<Vec<f32>> {
        let golden = self.golden_spectrogram();
        Ok(self.embed_song(&golden, |_| ()).await?.values)
    }
}

/// `1 - cos` of the angle between two vectors. 2 when their lengths differ or are 0.
#[must_use]
pub fn cosine_distance(left: &[f32], right: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    if left.len() != right.len() || left.is_empty() {
        return 2.0;
    }
    1.0 - dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}
