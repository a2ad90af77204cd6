//! Figures of composition scores, as in `metrics.json`: retrieval, recall at few false alarms, and
//! whether passages lie where the same music is.

mod passages;
mod separation;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use soundalike_tables::pair_table::Pair;

use crate::corpus::true_passage::TruePassage;
pub use passages::{FoundPassage, PassageFigures};
pub use separation::{Retrieval, Separation, scored};

/// A pair with its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedPair<'a> {
    /// The left song, as the query of a search.
    pub query: &'a Path,
    /// Whether both are the same composition.
    pub is_same: bool,
    /// The version, or the kind of other music.
    pub perturbation: &'a str,
    /// Composition score.
    pub score: f32,
    /// Verdict, as in the report.
    pub verdict: String,
    /// Found passages.
    pub passages: Vec<FoundPassage>,
    /// What the versions have in common, if known.
    pub truth: Option<TruePassage>,
}

/// Pairs with the answers in the columns of `scores.csv`; `None` if the engine compared no
/// compositions. `columns` are names with a cell for every pair.
///
/// # Errors
///
/// When a cell can't be read.
pub fn compared<'a>(
    pairs: &'a [Pair],
    columns: &[(&str, Vec<String>)],
    truths: &[Option<TruePassage>],
) -> Result<Option<Vec<ComparedPair<'a>>>> {
    let cells = |name: &str| {
        let column = columns.iter().find(|(column, _)| *column == name);
        column.map(|(_, cells)| cells)
    };
    let (Some(scores), Some(verdicts), Some(passages)) = (
        cells("composition_score"),
        cells("composition_verdict"),
        cells("composition_passages"),
    ) else {
        return Ok(None);
    };
    let rows = pairs
        .iter()
        .zip(truths)
        .zip(scores)
        .zip(verdicts)
        .zip(passages);
    let compared = rows
        .filter(|((((_, _), score), _), _)| !score.is_empty())
        .map(|((((pair, truth), score), verdict), passages)| {
            Ok(ComparedPair {
                query: &pair.left,
                is_same: pair.is_copy(),
                perturbation: &pair.perturbation,
                score: score.parse().context("a composition score is no number")?,
                verdict: verdict.clone(),
                passages: serde_json::from_str(passages)
                    .context("passages of compositions can't be read")?,
                truth: *truth,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok((!compared.is_empty()).then_some(compared))
}

/// How well the stronger of both scores separates pairs of the same music from others: that of
/// recordings, in `scores`, and that of compositions, in the columns of `scores.csv`. A pair
/// without the latter, such as a copy, has the former alone. `None` if the engine compared no
/// compositions.
///
/// # Errors
///
/// When a cell can't be read.
pub fn by_stronger_score(
    pairs: &[Pair],
    scores: &[f32],
    columns: &[(&str, Vec<String>)],
) -> Result<Option<Separation>> {
    let column = columns
        .iter()
        .find(|(name, _)| *name == "composition_score");
    let Some((_, cells)) = column.filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()))
    else {
        return Ok(None);
    };
    let stronger = pairs.iter().zip(scores).zip(cells);
    let stronger = stronger
        .map(|((pair, &score), cell)| {
            let composition = match cell.as_str() {
                "" => 0.0,
                cell => cell.parse().context("a composition score is no number")?,
            };
            Ok(ComparedPair {
                query: &pair.left,
                is_same: pair.is_copy(),
                perturbation: &pair.perturbation,
                score: score.max(composition),
                verdict: String::new(),
                passages: Vec::new(),
                truth: None,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let all: Vec<&ComparedPair<'_>> = stronger.iter().collect();
    Ok(Some(Separation::of(
        &of_label(&all, true),
        &of_label(&all, false),
    )))
}

/// The part `composition` of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompositionFigures {
    /// Number of pairs.
    pub pairs: usize,
    /// Pairs of the same composition against all others.
    #[serde(flatten)]
    pub all: Separation,
    /// Each left song as a query among the right songs of its rows.
    pub retrieval: Retrieval,
    /// Pairs of each name in the table.
    pub per_perturbation: BTreeMap<String, VersionFigures>,
    /// Found passages against the true ones.
    pub passages: PassageFigures,
}

/// Figures of the pairs of one name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VersionFigures {
    /// Number of pairs.
    pub pairs: usize,
    /// Mean score.
    pub mean_score: f64,
    /// Share of each verdict.
    pub verdicts: BTreeMap<String, f64>,
    /// For the same composition: the separation from each kind of other music.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub against: BTreeMap<String, Separation>,
}

impl CompositionFigures {
    /// All figures.
    pub fn of(pairs: &[ComparedPair<'_>]) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&ComparedPair<'_>>> = BTreeMap::new();
        for pair in pairs {
            by_name.entry(pair.perturbation).or_default().push(pair);
        }
        let others: Vec<(&str, Vec<&ComparedPair<'_>>)> = by_name
            .iter()
            .map(|(&name, pairs)| (name, of_label(pairs, false)))
            .filter(|(_, pairs)| !pairs.is_empty())
            .collect();
        let per_perturbation = by_name.iter().map(|(&name, pairs)| {
            let same = of_label(pairs, true);
            let against = others
                .iter()
                .filter(|_| !same.is_empty())
                .map(|(kind, others)| ((*kind).to_owned(), Separation::of(&same, others)));
            let figures = VersionFigures {
                pairs: pairs.len(),
                mean_score: mean(pairs.iter().map(|pair| f64::from(pair.score)))
                    .unwrap_or_default(),
                verdicts: verdicts(pairs),
                against: against.collect(),
            };
            (name.to_owned(), figures)
        });
        let all: Vec<&ComparedPair<'_>> = pairs.iter().collect();
        Self {
            pairs: pairs.len(),
            all: Separation::of(&of_label(&all, true), &of_label(&all, false)),
            retrieval: Retrieval::of(pairs),
            per_perturbation: per_perturbation.collect(),
            passages: PassageFigures::of(pairs),
        }
    }
}

fn of_label<'a, 'b>(pairs: &[&'a ComparedPair<'b>], is_same: bool) -> Vec<&'a ComparedPair<'b>> {
    let chosen = pairs.iter().filter(|pair| pair.is_same == is_same);
    chosen.copied().collect()
}

fn verdicts(pairs: &[&ComparedPair<'_>]) -> BTreeMap<String, f64> {
    let mut shares = BTreeMap::new();
    for pair in pairs {
        *shares.entry(pair.verdict.clone()).or_default() += 1.0 / pairs.len() as f64;
    }
    shares
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn pair<'a>(query: &'a str, perturbation: &'a str, score: f32) -> ComparedPair<'a> {
        ComparedPair {
            query: Path::new(query),
            is_same: !perturbation.starts_with("negative"),
            perturbation,
            score,
            verdict: if score > 0.5 {
                "same-composition"
            } else {
                "none"
            }
            .to_owned(),
            passages: Vec::new(),
            truth: None,
        }
    }

    pub(super) fn near(value: Option<f64>, expected: f64) {
        assert!(
            value.is_some_and(|value| (value - expected).abs() < 1e-9),
            "{value:?}, expected {expected}"
        );
    }

    #[test]
    fn versions_are_separated_from_each_kind_of_other_music() {
        let mut pairs = vec![
            pair("a", "reharmonised", 0.9),
            pair("a", "reharmonised", 0.3),
        ];
        pairs.extend((0..200).map(|_| pair("a", "negative-unrelated", 0.1)));
        pairs.extend([0.5, 0.4].map(|score| pair("a", "negative-unrelated", score)));
        pairs.extend([0.95, 0.2].map(|score| pair("a", "negative-same-chords", score)));
        let figures = CompositionFigures::of(&pairs);
        let of = &figures.per_perturbation["reharmonised"];
        let unrelated = of.against["negative-unrelated"];
        // Two of 202 may pass: the threshold is the third highest.
        near(unrelated.recall_at_1_percent, 1.0);
        near(unrelated.recall_at_0_1_percent, 0.5);
        near(unrelated.roc_auc, 1.0 - 2.0 / 404.0);
        let decoys = of.against["negative-same-chords"];
        near(decoys.recall_at_1_percent, 0.0);
        near(decoys.roc_auc, 0.5);
        near(of.verdicts.get("none").copied(), 0.5);
        assert!(
            figures.per_perturbation["negative-unrelated"]
                .against
                .is_empty()
        );
    }

    #[test]
    fn the_stronger_score_of_a_pair_counts() {
        let pair = |label| Pair {
            left: "a".into(),
            right: "b".into(),
            label,
            left_start_secs: 0.0,
            right_start_secs: 0.0,
            perturbation: String::new(),
            recipe: String::new(),
        };
        // A copy without a composition, a version, and two others.
        let pairs = [pair(1), pair(1), pair(0), pair(0)];
        let scores = [0.9, 0.1, 0.2, 0.3];
        let cells = ["", "0.8", "0.1", "0.2"].map(str::to_owned).to_vec();
        let columns = [("composition_score", cells)];
        let of = |scores: &[f32]| by_stronger_score(&pairs, scores, &columns).unwrap();
        near(of(&scores).unwrap().roc_auc, 1.0);
        near(of(&[0.15, 0.1, 0.2, 0.3]).unwrap().roc_auc, 0.5);
        let none = [("composition_score", vec![String::new(); 4])];
        assert_eq!(by_stronger_score(&pairs, &scores, &none).unwrap(), None);
    }

    #[test]
    fn answers_are_read_from_the_columns_of_reports() {
        let pair = |left: &str| Pair {
            left: left.into(),
            right: "r".into(),
            label: 1,
            left_start_secs: 0.0,
            right_start_secs: 0.0,
            perturbation: "melody-alone".into(),
            recipe: String::new(),
        };
        let passage = r#"[{"leftStartSecs":1.0,"leftEndSecs":9.0,"rightStartSecs":2.0,
            "rightEndSecs":10.0,"score":0.9,"speedRatio":1.0,"transpositionSemitones":-3,
            "evidence":"melody"}]"#;
        let column = |name, cells: [&str; 2]| (name, cells.map(str::to_owned).to_vec());
        let columns = [
            column("composition_score", ["0.900000", ""]),
            column("composition_verdict", ["same-composition", ""]),
            column("composition_passages", [passage, ""]),
        ];
        let pairs = [pair("a"), pair("b")];
        let found = compared(&pairs, &columns, &[None, None]).unwrap().unwrap();
        assert_eq!((found.len(), found[0].score), (1, 0.9));
        assert_eq!(found[0].passages[0].transposition_semitones, -3);
        assert!(
            compared(&pairs, &columns[..2], &[None, None])
                .unwrap()
                .is_none()
        );
        let broken = [
            columns[0].clone(),
            columns[1].clone(),
            column("composition_passages", ["no JSON", ""]),
        ];
        assert!(compared(&pairs, &broken, &[None, None]).is_err());
    }
}
