//! All figures of an evaluation, as in `metrics.json`.

use std::collections::BTreeMap;

use serde::Serialize;
use soundalike_tables::pair_table::Pair;

use crate::changes::change_labels::{ChangeLabel, OtherMusic};
use crate::figures::intervals::{self, Interval, Intervals};
use crate::figures::metrics::{Confusion, Figures, Ranking, Scored, share};

/// The content of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Scores at or above it count as "copy".
    pub threshold: f32,
    /// Number of pairs.
    pub pairs: usize,
    /// Over all pairs.
    #[serde(flatten)]
    pub figures: Figures,
    /// Counts.
    pub confusion: Confusion,
    /// Confidence intervals of the figures.
    pub intervals: Intervals,
    /// Figures of each name in the table.
    pub per_perturbation: BTreeMap<String, PerPerturbation>,
    /// Figures of copies, by modification and strength.
    pub per_modification: BTreeMap<String, PerModification>,
    /// Figures of other music, by its relation to the song.
    pub other_music: BTreeMap<&'static str, Group>,
}

/// Figures of the pairs of one name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PerPerturbation {
    /// Number of pairs.
    pub pairs: usize,
    /// Mean score.
    pub mean_score: f64,
    /// Share of right verdicts.
    pub accuracy: f64,
}

/// Some pairs of one label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Number of pairs.
    pub pairs: usize,
    /// Mean score.
    pub mean_score: f64,
    /// Share called copies: recall among copies, false-positive rate among other music.
    pub called_copies: f64,
    /// Its 95 % interval (Wilson's score interval).
    pub interval: Interval,
}

/// Copies made by one modification.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerModification {
    /// All its strengths together.
    #[serde(flatten)]
    pub all: Group,
    /// Unit of the strengths.
    pub unit: &'static str,
    /// Each strength, from low to high; empty for changes without a single number.
    pub strengths: Vec<PerStrength>,
}

/// Copies made by one modification of one strength.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerStrength {
    /// Strength, in the modification's unit.
    pub strength: f64,
    /// Its pairs.
    #[serde(flatten)]
    pub group: Group,
    /// Their scores, for plots.
    #[serde(skip)]
    pub scores: Vec<f32>,
}

impl Evaluation {
    /// All figures of pairs and their scores.
    pub fn of(pairs: &[Pair], scores: &[f32], threshold: f32, seed: u64) -> Self {
        let ranking = Ranking::new(&scored(pairs, scores));
        let (confusion, figures) = ranking.figures(threshold, |_| 1);
        let group = |scores: &[f32]| Group::of(scores, threshold);

        let mut names: BTreeMap<&str, Vec<(bool, f32)>> = BTreeMap::new();
        let mut modifications: BTreeMap<String, Vec<(ChangeLabel, f32)>> = BTreeMap::new();
        let mut others: BTreeMap<OtherMusic, Vec<f32>> = BTreeMap::new();
        for (pair, &score) in pairs.iter().zip(scores) {
            names
                .entry(&pair.perturbation)
                .or_default()
                .push((pair.is_copy(), score));
            if pair.is_copy() {
                let kind = ChangeLabel::of(pair);
                modifications
                    .entry(kind.family.clone())
                    .or_default()
                    .push((kind, score));
            } else {
                others
                    .entry(OtherMusic::of(&pair.perturbation))
                    .or_default()
                    .push(score);
            }
        }
        Self {
            threshold,
            pairs: pairs.len(),
            figures,
            confusion,
            intervals: Intervals::of(&ranking, threshold, seed),
            per_perturbation: names
                .into_iter()
                .filter_map(|(name, pairs)| {
                    Some((name.to_owned(), PerPerturbation::of(&pairs, threshold)?))
                })
                .collect(),
            per_modification: modifications
                .into_iter()
                .filter_map(|(family, copies)| {
                    Some((family, PerModification::of(&copies, threshold)?))
                })
                .collect(),
            other_music: others
                .into_iter()
                .filter_map(|(sort, scores)| Some((sort.name(), group(&scores)?)))
                .collect(),
        }
    }
}

/// Pairs with their scores, as figures and plots take them.
pub fn scored<'a>(pairs: &'a [Pair], scores: &[f32]) -> Vec<Scored<'a>> {
    pairs
        .iter()
        .zip(scores)
        .map(|(pair, &score)| Scored {
            score,
            is_copy: pair.is_copy(),
            perturbation: &pair.perturbation,
        })
        .collect()
}

impl PerPerturbation {
    fn of(pairs: &[(bool, f32)], threshold: f32) -> Option<Self> {
        let right = pairs
            .iter()
            .filter(|(is_copy, score)| (*score >= threshold) == *is_copy)
            .count();
        let sum: f64 = pairs.iter().map(|(_, score)| f64::from(*score)).sum();
        Some(Self {
            pairs: pairs.len(),
            mean_score: sum / pairs.len() as f64,
            accuracy: share(right, pairs.len())?,
        })
    }
}

impl Group {
    /// `None` without pairs.
    fn of(scores: &[f32], threshold: f32) -> Option<Self> {
        let called = scores.iter().filter(|score| **score >= threshold).count();
        let sum: f64 = scores.iter().map(|score| f64::from(*score)).sum();
        Some(Self {
            pairs: scores.len(),
            mean_score: sum / scores.len() as f64,
            called_copies: share(called, scores.len())?,
            interval: intervals::wilson(called, scores.len())?,
        })
    }
}

impl PerModification {
    fn of(copies: &[(ChangeLabel, f32)], threshold: f32) -> Option<Self> {
        let scores: Vec<f32> = copies.iter().map(|(_, score)| *score).collect();
        let mut strengths: Vec<f64> = copies
            .iter()
            .filter_map(|(kind, _)| kind.strength)
            .collect();
        strengths.sort_by(f64::total_cmp);
        strengths.dedup();
        Some(Self {
            all: Group::of(&scores, threshold)?,
            unit: copies.first()?.0.unit,
            strengths: strengths
                .into_iter()
                .filter_map(|strength| {
                    let scores: Vec<f32> = copies
                        .iter()
                        .filter(|(kind, _)| kind.strength == Some(strength))
                        .map(|(_, score)| *score)
                        .collect();
                    Some(PerStrength {
                        strength,
                        group: Group::of(&scores, threshold)?,
                        scores,
                    })
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(label: u8, perturbation: &str) -> Pair {
        Pair {
            left: "a".into(),
            right: "b".into(),
            label,
            left_start_secs: 0.0,
            right_start_secs: 0.0,
            perturbation: perturbation.into(),
            recipe: String::new(),
        }
    }

    #[test]
    fn strengths_and_hard_negatives_are_reported_apart() {
        let pairs = [
            pair(1, "pitch+5"),
            pair(1, "pitch-5"),
            pair(1, "pitch+5"),
            pair(1, "eq"),
            pair(0, "negative"),
            pair(0, "negative-same-album"),
            pair(0, "negative-same-track"),
            pair(0, "negative-same-track"),
        ];
        let scores = [0.9, 0.3, 0.7, 0.8, 0.1, 0.2, 0.6, 0.4];
        let evaluation = Evaluation::of(&pairs, &scores, 0.5, 1);
        let pitch = &evaluation.per_modification["pitch"];
        assert_eq!((pitch.all.pairs, pitch.unit), (3, "semitones"));
        assert!((pitch.all.called_copies - 2.0 / 3.0).abs() < 1e-9);
        let by_strength: Vec<_> = pitch
            .strengths
            .iter()
            .map(|of| (of.strength, of.group.pairs, of.group.called_copies))
            .collect();
        assert_eq!(by_strength, [(-5.0, 1, 0.0), (5.0, 2, 1.0)]);
        assert!(evaluation.per_modification["eq"].strengths.is_empty());
        let false_positives: Vec<_> = evaluation
            .other_music
            .iter()
            .map(|(sort, group)| (*sort, group.pairs, group.called_copies))
            .collect();
        assert_eq!(
            false_positives,
            [
                ("same-album", 1, 0.0),
                ("same-track", 2, 0.5),
                ("unrelated", 1, 0.0)
            ]
        );
        let named = evaluation.per_perturbation["negative-same-track"];
        assert_eq!((named.pairs, named.accuracy), (2, 0.5));
        assert!((named.mean_score - 0.5).abs() < 1e-6);
    }

    #[test]
    fn the_json_has_the_expected_keys_and_null_for_missing_figures() {
        let pairs = [pair(0, "negative"), pair(0, "negative")];
        let json = serde_json::to_value(Evaluation::of(&pairs, &[0.1, 0.7], 0.5, 1)).unwrap();
        for key in ["accuracy", "false_positive_rate", "threshold", "pairs"] {
            assert!(json[key].is_number(), "{key}");
        }
        for key in ["precision", "recall", "f1", "roc_auc", "average_precision"] {
            assert!(
                json.get(key).is_some_and(serde_json::Value::is_null),
                "{key}"
            );
            assert!(
                json["intervals"]
                    .get(key)
                    .is_some_and(serde_json::Value::is_null),
                "{key}"
            );
        }
        assert_eq!(json["confusion"]["fn"], 0);
        assert_eq!(json["per_perturbation"]["negative"]["pairs"], 2);
        assert_eq!(json["intervals"]["accuracy"].as_array().unwrap().len(), 2);
    }
}
