//! Calibration of logits as scores: knots fitted on validation pairs.

use soundalike::training::Calibration;

/// Fits a calibration, so that
/// - 0.5 separates copies from other music best (balanced accuracy),
/// - typical other music scores a few hundredths and typical copies above 0.9, using the whole
///   range,
/// - only a song with itself scores 1.
///
/// `copies` and `others` are logits, `identity` that of equal embeddings. Without enough of either
/// the plain sigmoid is kept.
pub fn fit(copies: &[f32], others: &[f32], identity: f32) -> Calibration {
    const FEWEST: usize = 20;
    if copies.len() < FEWEST || others.len() < FEWEST {
        return Calibration::default();
    }
    let (copies, others) = (sorted(copies), sorted(others));
    let threshold = best_threshold(&copies, &others);
    let wanted = [
        (quantile(&others, 0.5), 0.02),
        (quantile(&others, 0.9), 0.06),
        (threshold, 0.5),
        (quantile(&copies, 0.1), 0.9),
        (quantile(&copies, 0.3), 0.96),
        (quantile(&copies, 0.5), 0.98),
        (identity, 1.0),
    ];
    // Where the distributions overlap so much that two knots come in the wrong order, the later one
    // is dropped; the threshold and the identity stay.
    const LEAST_STEP: f32 = 1e-3;
    let mut knots: Vec<(f32, f32)> = Vec::new();
    for (logit, score) in wanted {
        let fits =
            |after: Option<&(f32, f32)>| after.is_none_or(|last| logit > last.0 + LEAST_STEP);
        if score == 0.5 || score == 1.0 {
            while !fits(knots.last()) {
                knots.pop();
            }
        }
        if fits(knots.last()) {
            knots.push((logit, score));
        }
    }
    Calibration { knots }
}

/// The middle of the range of thresholds with the greatest balanced accuracy.
fn best_threshold(copies: &[f32], others: &[f32]) -> f32 {
    let accuracy = |threshold: f32| {
        let found = copies.len() - copies.partition_point(|&logit| logit < threshold);
        let refused = others.partition_point(|&logit| logit < threshold);
        found as f64 / copies.len() as f64 + refused as f64 / others.len() as f64
    };
    let mut candidates = sorted(&[copies, others].concat());
    candidates.dedup();
    // A threshold between two neighbouring logits stands for all thresholds between them.
    let between: Vec<f32> = candidates
        .windows(2)
        .map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0)
        .collect();
    let accuracies: Vec<f64> = between
        .iter()
        .map(|&threshold| accuracy(threshold))
        .collect();
    let best = accuracies.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ties: Vec<f32> = between
        .iter()
        .zip(&accuracies)
        .filter(|(_, accuracy)| **accuracy >= best)
        .map(|(threshold, _)| *threshold)
        .collect();
    match (ties.first(), ties.last()) {
        (Some(first), Some(last)) => (first + last) / 2.0,
        _ => 0.0,
    }
}

fn sorted(values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f32::total_cmp);
    values
}

fn quantile(sorted: &[f32], share: f64) -> f32 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knots_follow_the_distributions() {
        let others: Vec<f32> = (0..100).map(|n| -10.0 + 0.1 * n as f32).collect();
        let copies: Vec<f32> = (0..100).map(|n| 1.0 + 0.04 * n as f32).collect();
        let calibration = fit(&copies, &others, 6.0);
        assert!(calibration.is_valid());
        assert_eq!(calibration.score(6.0), 1.0);
        let threshold = calibration
            .knots
            .iter()
            .find(|knot| knot.1 == 0.5)
            .unwrap()
            .0;
        assert!((-0.1..1.0).contains(&threshold), "{threshold}");
        assert!(calibration.score(-5.0) < 0.05 && calibration.score(3.0) > 0.9);
    }

    #[test]
    fn overlapping_distributions_still_give_rising_knots() {
        let logits: Vec<f32> = (0..100).map(|n| 0.1 * n as f32).collect();
        let calibration = fit(&logits, &logits, 4.0);
        assert!(calibration.is_valid(), "{calibration:?}");
        assert_eq!(calibration.score(4.0), 1.0);
    }

    #[test]
    fn too_few_pairs_keep_the_sigmoid() {
        assert_eq!(fit(&[1.0], &[0.0], 6.0), Calibration::default());
    }
}
