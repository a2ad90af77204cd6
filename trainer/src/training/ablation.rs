//! Alternatives to the recipe, for ablations. Weights trained with them can't be exported: the
//! engine has the recipe's head and normalisation alone.

use anyhow::{Context as _, Result};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use soundalike::FeatureConfig;
use soundalike::training::{EncoderConfig, LogMelSpectrogram, SiameseNetwork};

use crate::corpus::passages::Passages;

/// The head: two embeddings to a logit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadChoice {
    /// [`soundalike::training::SimilarityHead`].
    Monotone,
    /// Two layers without constraint, as in the predecessor, a PyTorch model of the same task.
    Free,
}

/// The normalisation of the encoder's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// The fixed map of [`FeatureConfig`]. With it a song can be read in one pass.
    Fixed,
    /// Zero mean and unit deviation of each segment.
    PerSegment,
}

/// The trained network, with the free head where that is chosen.
#[derive(Module, Debug)]
pub struct TrainedNetwork {
    /// Encoder and monotone head.
    pub siamese: SiameseNetwork,
    free_head: Option<FreeHead>,
}

/// `|e1 - e2|` -> 32 -> 1.
#[derive(Module, Debug)]
struct FreeHead {
    hidden: Linear,
    output: Linear,
}

impl TrainedNetwork {
    /// Fresh weights.
    pub fn new(encoder: &EncoderConfig, head: HeadChoice, device: &Device) -> Self {
        const HIDDEN: usize = 32;
        Self {
            siamese: SiameseNetwork::new(encoder, &FeatureConfig::default(), device),
            free_head: (head == HeadChoice::Free).then(|| FreeHead {
                hidden: LinearConfig::new(encoder.embedding, HIDDEN).init(device),
                output: LinearConfig::new(HIDDEN, 1).init(device),
            }),
        }
    }

    /// Logits of all pairs: `[n, embedding]` and `[m, embedding]` to `[n, m]`.
    pub fn logits(&self, left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
        let Some(head) = &self.free_head else {
            return self.siamese.head.logits(left, right);
        };
        let ([n, embedding], [m, _]) = (left.dims(), right.dims());
        let distances = (left.reshape([n, 1, embedding]) - right.reshape([1, m, embedding])).abs();
        let hidden = relu(head.hidden.forward(distances.reshape([n * m, embedding])));
        head.output.forward(hidden).reshape([n, m])
    }

    /// The logit of every pair of passages, and the mean logit of left passages with themselves.
    /// Of networks that [`soundalike::Model`] can't hold.
    ///
    /// # Errors
    ///
    /// When the device fails.
    pub fn judge(
        &self,
        passages: &Passages,
        normalisation: Normalisation,
        device: &Device,
    ) -> Result<(Vec<f32>, f32)> {
        const BATCH: usize = 32;
        let (mut logits, mut identities) = (Vec::new(), Vec::new());
        for (left, right) in passages
            .left
            .chunks(BATCH)
            .zip(passages.right.chunks(BATCH))
        {
            let left = self.embed(left, normalisation, device)?;
            let right = self.embed(right, normalisation, device)?;
            logits.extend(diagonal(self.logits(left.clone(), right))?);
            identities.extend(diagonal(self.logits(left.clone(), left))?);
        }
        let identity = identities.iter().sum::<f32>() / identities.len().max(1) as f32;
        Ok((logits, identity))
    }

    fn embed(
        &self,
        segments: &[LogMelSpectrogram],
        normalisation: Normalisation,
        device: &Device,
    ) -> Result<Tensor<2>> {
        let features = FeatureConfig::default();
        let first = segments.first().context("there are no passages")?;
        let shape = [segments.len(), 1, first.mel_bands, first.frames];
        let frames: Vec<f32> = segments
            .iter()
            .flat_map(|segment| normalisation.apply(segment.normalised(&features)))
            .collect();
        let frames = Tensor::<4>::from_data(TensorData::new(frames, shape), device);
        Ok(self.siamese.encoder.forward(frames))
    }
}

impl Normalisation {
    /// Applies the normalisation to a segment after the fixed map.
    pub fn apply(self, mut segment: Vec<f32>) -> Vec<f32> {
        if self == Self::PerSegment {
            let count = segment.len() as f32;
            let mean = segment.iter().sum::<f32>() / count;
            let variance = segment.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / count;
            let deviation = variance.sqrt().max(1e-3);
            segment
                .iter_mut()
                .for_each(|x| *x = (*x - mean) / deviation);
        }
        segment
    }
}

fn diagonal(matrix: Tensor<2>) -> Result<Vec<f32>> {
    let columns = matrix.dims()[1];
    let values: Vec<f32> = matrix
        .into_data()
        .try_into_vec()
        .ok()
        .context("the logits aren't 32-bit floats")?;
    Ok(values.into_iter().step_by(columns + 1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_standardised() {
        let fixed = vec![1.0, 2.0, 3.0, 6.0];
        assert_eq!(Normalisation::Fixed.apply(fixed.clone()), fixed);
        let standard = Normalisation::PerSegment.apply(fixed);
        let mean = standard.iter().sum::<f32>() / 4.0;
        let variance = standard.iter().map(|x| x * x).sum::<f32>() / 4.0;
        assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-5);
    }

    #[test]
    fn only_the_monotone_head_scores_identity_highest_by_construction() {
        let device = Device::flex();
        let embeddings = Tensor::<2>::from_data([[1.0, 0.0, 0.0], [0.0, 0.6, 0.8]], &device);
        let encoder = EncoderConfig {
            embedding: 3,
            ..EncoderConfig::default()
        };
        let identity_is_highest = |head, seed| {
            device.seed(seed);
            let network = TrainedNetwork::new(&encoder, head, &device);
            let logits = network.logits(embeddings.clone(), embeddings.clone());
            let logits: Vec<f32> = logits.into_data().try_into_vec().unwrap();
            logits[0] == logits[3] && logits[0] > logits[1]
        };
        assert!((0..20).all(|seed| identity_is_highest(HeadChoice::Monotone, seed)));
        assert!(!(0..20).all(|seed| identity_is_highest(HeadChoice::Free, seed)));
    }
}
