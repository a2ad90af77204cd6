//! The training loss: contrast within the batch, and the head's cross-entropy on all its pairs.

use burn::tensor::activation::{log_softmax, softplus};
use burn::tensor::{Device, Tensor, TensorData};

use crate::training::train_config::TrainConfig;

/// The relations between the pairs of a batch: constants of its loss.
pub struct BatchRelations {
    size: usize,
    /// Weight of each original-copy pair as a negative, `[size, size]`; zero on the diagonal.
    negative_weights: Vec<f32>,
}

impl BatchRelations {
    /// Weight of pair `i` with pair `j`: 1 for another track, `same_track_weight` far apart in the
    /// same track, 0 near by, and 0 for the `ambiguous` ones.
    pub fn new(
        config: &TrainConfig,
        tracks: &[usize],
        starts_secs: &[f64],
        ambiguous: &[(usize, usize)],
    ) -> Self {
        let size = tracks.len();
        let weight = |i: usize, j: usize| {
            if i == j {
                0.0
            } else if tracks[i] != tracks[j] {
                1.0
            } else if (starts_secs[i] - starts_secs[j]).abs() < config.near_secs {
                0.0
            } else {
                config.same_track_weight
            }
        };
        let mut negative_weights: Vec<f32> = (0..size * size)
            .map(|cell| weight(cell / size, cell % size))
            .collect();
        for &(i, j) in ambiguous {
            negative_weights[i * size + j] = 0.0;
            negative_weights[j * size + i] = 0.0;
        }
        Self {
            size,
            negative_weights,
        }
    }

    fn identity(&self, device: &Device) -> Tensor<2> {
        Tensor::eye(self.size, device)
    }

    fn negatives(&self, device: &Device) -> Tensor<2> {
        Tensor::from_data(
            TensorData::new(self.negative_weights.clone(), [self.size, self.size]),
            device,
        )
    }
}

/// NT-Xent (T. Chen et al., "A Simple Framework for Contrastive Learning", 2020): each original
/// must find its copy among all copies and all other originals, and vice versa. Negatives count by
/// their weight. Inputs are unit embeddings `[size, n]`; the result is a scalar `[1]`.
pub fn contrast(
    originals: &Tensor<2>,
    copies: &Tensor<2>,
    relations: &BatchRelations,
    temperature: f32,
) -> Tensor<1> {
    /// Added so that the logarithm of zero is never taken.
    const NOTHING: f64 = 1e-12;
    let device = originals.device();
    let identity = relations.identity(&device);
    let negatives = relations.negatives(&device);
    let log_cross = (negatives.clone() + identity.clone())
        .add_scalar(NOTHING)
        .log();
    let log_own = negatives.add_scalar(NOTHING).log();
    let one_way = |from: &Tensor<2>, to: &Tensor<2>| {
        let similarities = |other: &Tensor<2>| {
            from.clone()
                .matmul(other.clone().transpose())
                .div_scalar(temperature)
        };
        let logits = Tensor::cat(
            vec![
                similarities(to) + log_cross.clone(),
                similarities(from) + log_own.clone(),
            ],
            1,
        );
        let log_probabilities = log_softmax(logits, 1).narrow(1, 0, relations.size);
        (log_probabilities * identity.clone())
            .sum()
            .div_scalar(-(relations.size as f32))
    };
    (one_way(originals, copies) + one_way(copies, originals)).div_scalar(2.0)
}

/// Binary cross-entropy of the head's logits `[size, size]` over all original-copy pairs: half the
/// mean over the positives plus half the weighted mean over the negatives. A scalar `[1]`.
pub fn verdict(logits: Tensor<2>, relations: &BatchRelations) -> Tensor<1> {
    let device = logits.device();
    let negatives = relations.negatives(&device);
    let total: f32 = relations.negative_weights.iter().sum();
    let missed = (softplus(logits.clone().neg(), 1.0) * relations.identity(&device))
        .sum()
        .div_scalar(relations.size as f32);
    let mistaken = (softplus(logits, 1.0) * negatives)
        .sum()
        .div_scalar(total.max(f32::MIN_POSITIVE));
    (missed + mistaken).div_scalar(2.0)
}

#[cfg(test)]
mod tests {
    use soundalike::training::SimilarityHead;

    use super::*;

    fn embeddings(rows: &[[f32; 2]]) -> Tensor<2> {
        let values = rows.iter().flatten().copied().collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, [rows.len(), 2]), &Device::flex())
    }

    fn relations(tracks: &[usize], starts_secs: &[f64]) -> BatchRelations {
        let config = TrainConfig {
            same_track_weight: 0.5,
            ..TrainConfig::default()
        };
        BatchRelations::new(&config, tracks, starts_secs, &[])
    }

    fn value(loss: Tensor<1>) -> f32 {
        loss.into_scalar()
    }

    #[test]
    fn relations_follow_tracks_and_distance() {
        let relations = relations(&[0, 0, 0, 1], &[0.0, 3.0, 60.0, 0.0]);
        assert_eq!(relations.negative_weights[..4], [0.0, 0.0, 0.5, 1.0]);
        assert_eq!(relations.negative_weights[4..8], [0.0, 0.0, 0.5, 1.0]);
        assert_eq!(relations.negative_weights[12..], [1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn ambiguous_pairs_have_no_weight() {
        let config = TrainConfig::default();
        let relations = BatchRelations::new(&config, &[0, 1, 2], &[0.0; 3], &[(2, 0)]);
        let expected = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        assert_eq!(relations.negative_weights, expected);
    }

    #[test]
    fn contrastive_loss_equals_its_formula() {
        // Two orthogonal pairs with equal sides: each row has similarities 1 (its copy), 0 (the
        // other copy), 0 (the other original).
        let sides = embeddings(&[[1.0, 0.0], [0.0, 1.0]]);
        let loss = value(contrast(
            &sides,
            &sides,
            &relations(&[0, 1], &[0.0, 0.0]),
            0.1,
        ));
        let expected = ((10.0_f32.exp() + 2.0) / 10.0_f32.exp()).ln();
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
        // A near pair of the same track is no negative. Then only the copy is left, and the loss is
        // 0.
        let near = value(contrast(
            &sides,
            &sides,
            &relations(&[0, 0], &[0.0, 1.0]),
            0.1,
        ));
        assert!(near.abs() < 1e-5, "{near}");
    }

    #[test]
    fn verdict_loss_equals_its_formula() {
        let head = SimilarityHead::new(2, &Device::flex());
        let sides = embeddings(&[[1.0, 0.0], [0.0, 1.0]]);
        let logits = head.logits(sides.clone(), sides);
        let loss = value(verdict(logits, &relations(&[0, 1], &[0.0, 0.0])));
        let softplus = |x: f32| (1.0 + x.exp()).ln();
        let apart = 6.0 - 2.0 * softplus(-2.5) * 2.0_f32.sqrt();
        let expected = (softplus(-6.0) + softplus(apart)) / 2.0;
        assert!((loss - expected).abs() < 1e-5, "{loss} {expected}");
    }
}
