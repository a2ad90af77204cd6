//! Figures of merit of scores against labels.

use std::collections::BTreeMap;

use serde::Serialize;

/// What `metrics.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Scores at or above it count as "copy".
    pub threshold: f32,
    /// Number of pairs.
    pub pairs: usize,
    /// Share of right verdicts.
    pub accuracy: f64,
    /// Share of copies among the pairs called copies.
    pub precision: f64,
    /// Share of the copies that were found.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Area under the ROC curve: the chance that a copy scores above other music.
    pub roc_auc: f64,
    /// Area under the precision-recall curve, as the mean precision at each copy.
    pub average_precision: f64,
    /// Share of other music called copies.
    pub false_positive_rate: f64,
    /// Counts.
    pub confusion: Confusion,
    /// By kind of change (or of other music).
    pub per_perturbation: BTreeMap<String, PerPerturbation>,
}

/// Counts of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Confusion {
    /// Copies called copies.
    pub tp: usize,
    /// Other music called copies.
    pub fp: usize,
    /// Other music called different.
    pub tn: usize,
    /// Copies called different.
    #[serde(rename = "fn")]
    pub fn_: usize,
}

/// Figures of one kind of pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PerPerturbation {
    /// Number of pairs.
    pub pairs: usize,
    /// Mean score.
    pub mean_score: f64,
    /// Share of right verdicts.
    pub accuracy: f64,
}

/// One scored pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Scored<'a> {
    /// Its score in 0..1.
    pub score: f32,
    /// Whether it is a copy.
    pub is_copy: bool,
    /// The kind of change.
    pub perturbation: &'a str,
}

impl Metrics {
    /// All figures at a threshold. Shares of nothing are 0.
    pub fn of(scored: &[Scored<'_>], threshold: f32) -> Self {
        let mut confusion = Confusion::default();
        let mut kinds: BTreeMap<String, (usize, f64, usize)> = BTreeMap::new();
        for pair in scored {
            let called = pair.score >= threshold;
            *match (pair.is_copy, called) {
                (true, true) => &mut confusion.tp,
                (false, true) => &mut confusion.fp,
                (false, false) => &mut confusion.tn,
                (true, false) => &mut confusion.fn_,
            } += 1;
            let kind = kinds.entry(pair.perturbation.to_owned()).or_default();
            *kind = (
                kind.0 + 1,
                kind.1 + f64::from(pair.score),
                kind.2 + usize::from(called == pair.is_copy),
            );
        }
        let Confusion { tp, fp, tn, fn_ } = confusion;
        let (precision, recall) = (share(tp, tp + fp), share(tp, tp + fn_));
        let per_perturbation = kinds
            .into_iter()
            .map(|(kind, (pairs, sum, right))| {
                (
                    kind,
                    PerPerturbation {
                        pairs,
                        mean_score: sum / pairs as f64,
                        accuracy: share(right, pairs),
                    },
                )
            })
            .collect();
        Self {
            threshold,
            pairs: scored.len(),
            accuracy: share(tp + tn, scored.len()),
            precision,
            recall,
            f1: if precision + recall > 0.0 {
                2.0 * precision * recall / (precision + recall)
            } else {
                0.0
            },
            roc_auc: roc_auc(scored),
            average_precision: average_precision(scored),
            false_positive_rate: share(fp, fp + tn),
            confusion,
            per_perturbation,
        }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Scores from high to low as groups of equal scores: `(copies, others)` in each.
fn tied_groups(scored: &[Scored<'_>]) -> Vec<(usize, usize)> {
    let mut sorted: Vec<_> = scored
        .iter()
        .map(|pair| (pair.score, pair.is_copy))
        .collect();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    sorted
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let copies = group.iter().filter(|(_, is_copy)| *is_copy).count();
            (copies, group.len() - copies)
        })
        .collect()
}

/// One threshold of the curves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Share of other music at or above the threshold.
    pub false_positive_rate: f64,
    /// Share of copies at or above it.
    pub recall: f64,
    /// Share of copies among all pairs at or above it.
    pub precision: f64,
}

/// The figures at every threshold that makes a difference, from above the highest score down.
pub fn curve(scored: &[Scored<'_>]) -> Vec<CurvePoint> {
    let groups = tied_groups(scored);
    let (copies, others) = groups
        .iter()
        .fold((0, 0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
    let (mut tp, mut fp) = (0, 0);
    let mut curve = vec![CurvePoint {
        false_positive_rate: 0.0,
        recall: 0.0,
        precision: 1.0,
    }];
    for group in groups {
        (tp, fp) = (tp + group.0, fp + group.1);
        curve.push(CurvePoint {
            false_positive_rate: share(fp, others),
            recall: share(tp, copies),
            precision: share(tp, tp + fp),
        });
    }
    curve
}

/// The share of copy-other pairs in the right order, ties counting half (Mann-Whitney U).
pub fn roc_auc(scored: &[Scored<'_>]) -> f64 {
    let (mut copies_above, mut ordered, mut others_in_all) = (0.0, 0.0, 0.0);
    for (copies, others) in tied_groups(scored) {
        ordered += others as f64 * (copies_above + copies as f64 / 2.0);
        copies_above += copies as f64;
        others_in_all += others as f64;
    }
    if copies_above * others_in_all == 0.0 {
        0.0
    } else {
        ordered / (copies_above * others_in_all)
    }
}

/// Precision at each step of recall, averaged (scikit-learn's `average_precision_score`).
fn average_precision(scored: &[Scored<'_>]) -> f64 {
    let (mut copies_seen, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for (copies, others) in tied_groups(scored) {
        copies_seen += copies as f64;
        seen += (copies + others) as f64;
        sum += copies as f64 * copies_seen / seen;
    }
    if copies_seen == 0.0 {
        0.0
    } else {
        sum / copies_seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(pairs: &[(f32, bool)]) -> Vec<Scored<'static>> {
        pairs
            .iter()
            .map(|&(score, is_copy)| Scored {
                score,
                is_copy,
                perturbation: "x",
            })
            .collect()
    }

    #[test]
    fn figures_equal_those_of_scikit_learn() {
        // sklearn.metrics on y = [1,1,0,1,0,0], s = [.9,.8,.8,.4,.3,.6]: AUC 0.7222, AP 0.7556.
        let scored = scored(&[
            (0.9, true),
            (0.8, true),
            (0.8, false),
            (0.4, true),
            (0.3, false),
            (0.6, false),
        ]);
        let metrics = Metrics::of(&scored, 0.5);
        assert!(
            (metrics.roc_auc - 0.722_222).abs() < 1e-5,
            "{}",
            metrics.roc_auc
        );
        assert!(
            (metrics.average_precision - 0.755_556).abs() < 1e-5,
            "{}",
            metrics.average_precision
        );
        assert_eq!(
            metrics.confusion,
            Confusion {
                tp: 2,
                fp: 2,
                tn: 1,
                fn_: 1
            }
        );
        assert!((metrics.accuracy - 0.5).abs() < 1e-9 && (metrics.precision - 0.5).abs() < 1e-9);
        assert!(
            (metrics.recall - 2.0 / 3.0).abs() < 1e-9
                && (metrics.false_positive_rate - 2.0 / 3.0).abs() < 1e-9
        );
    }

    #[test]
    fn one_sided_input_gives_zeros_not_nan() {
        for scored in [scored(&[]), scored(&[(0.1, true)]), scored(&[(0.9, false)])] {
            let metrics = Metrics::of(&scored, 0.5);
            assert!(
                [
                    metrics.accuracy,
                    metrics.f1,
                    metrics.roc_auc,
                    metrics.average_precision
                ]
                .iter()
                .all(|value| value.is_finite())
            );
        }
    }
}
