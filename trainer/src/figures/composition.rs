//! Figures of composition scores, as in `metrics.json`: retrieval, recall at few false alarms, and
//! whether passages lie where the same music is.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use soundalike_tables::pair_table::Pair;

use crate::corpus::true_passage::{TruePassage, without_octaves};
use crate::figures::metrics::{Ranking, Scored, share};

/// A found passage is on the map of the true one if its middle is mapped within this time.
const ON_MAP_SECS: f64 = 2.0;
/// Greatest relative error of a right speed.
const SPEED_TOLERANCE: f64 = 0.03;

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

/// A found passage, as in the report.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundPassage {
    /// Where it starts in the left song.
    pub left_start_secs: f64,
    /// Where it ends in the left song.
    pub left_end_secs: f64,
    /// Where it starts in the right song.
    pub right_start_secs: f64,
    /// Where it ends in the right song.
    pub right_end_secs: f64,
    /// How much higher the right song is.
    pub transposition_semitones: i32,
    /// Tempo of the right song, relative to the left.
    pub speed_ratio: f64,
}

impl FoundPassage {
    fn left_secs(&self) -> [f64; 2] {
        [self.left_start_secs, self.left_end_secs]
    }

    fn right_secs(&self) -> [f64; 2] {
        [self.right_start_secs, self.right_end_secs]
    }
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

/// How well scores separate pairs of the same composition from others. `None` without pairs of
/// either kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Separation {
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Share found at a threshold that 1 % of the others reach.
    pub recall_at_1_percent: Option<f64>,
    /// Share found at a threshold that 0.1 % of the others reach: none, if they are fewer than
    /// 1,000.
    pub recall_at_0_1_percent: Option<f64>,
}

/// Figures of searches. `None` without a query that has both kinds of candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Retrieval {
    /// Left songs with right songs of the same composition and of others.
    pub queries: usize,
    /// Mean over the queries of the average precision.
    pub mean_average_precision: Option<f64>,
    /// Mean over the queries of 1 / rank of the first right candidate.
    pub mean_reciprocal_rank: Option<f64>,
    /// Share of the queries whose first candidate is right.
    pub top_1: Option<f64>,
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

/// Figures of passages, over pairs whose truth is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PassageFigures {
    /// Pairs with a true passage.
    pub pairs: usize,
    /// Share with a passage on the true map.
    pub found: Option<f64>,
    /// Intersection over union of the passages on the true map and the true passage: the mean of
    /// both songs, over the found pairs.
    pub intersection_over_union: Option<f64>,
    /// Share of the found pairs with the right transposition.
    pub transposition_right: Option<f64>,
    /// Share of the found pairs with a speed within 3 %.
    pub speed_right: Option<f64>,
    /// Mean relative error of the speed.
    pub speed_error: Option<f64>,
    /// Mean seconds a pair in the left song that are reported off the true map. They are repeats of
    /// the same music, or wrong.
    pub elsewhere_secs: Option<f64>,
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

/// Pairs as the ranking takes them.
pub fn scored<'a>(pairs: impl IntoIterator<Item = &'a ComparedPair<'a>>) -> Vec<Scored<'a>> {
    let scored = pairs.into_iter().map(|pair| Scored {
        score: pair.score,
        is_copy: pair.is_same,
        perturbation: pair.perturbation,
    });
    scored.collect()
}

impl Separation {
    fn of(same: &[&ComparedPair<'_>], others: &[&ComparedPair<'_>]) -> Self {
        let both = same.iter().chain(others).copied();
        let (_, figures) = Ranking::new(&scored(both)).figures(0.5, |_| 1);
        Self {
            roc_auc: figures.roc_auc,
            recall_at_1_percent: recall_at(0.01, same, others),
            recall_at_0_1_percent: recall_at(0.001, same, others),
        }
    }
}

/// Share of `same` that score higher than all but the given share of `others`.
fn recall_at(
    false_alarms: f64,
    same: &[&ComparedPair<'_>],
    others: &[&ComparedPair<'_>],
) -> Option<f64> {
    let mut scores: Vec<f32> = others.iter().map(|pair| pair.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let passing = (false_alarms * scores.len() as f64) as usize;
    let highest = *scores.get(passing)?;
    let found = same.iter().filter(|pair| pair.score > highest).count();
    share(found, same.len())
}

impl Retrieval {
    fn of(pairs: &[ComparedPair<'_>]) -> Self {
        let mut by_query: BTreeMap<&Path, Vec<&ComparedPair<'_>>> = BTreeMap::new();
        for pair in pairs {
            by_query.entry(pair.query).or_default().push(pair);
        }
        let searches: Vec<(f64, f64)> = by_query
            .values()
            .filter_map(|candidates| {
                let ranking = Ranking::new(&scored(candidates.iter().copied()));
                let precision = ranking.figures(0.5, |_| 1).1.average_precision?;
                let same = of_label(candidates, true);
                let best = same.iter().map(|pair| pair.score).max_by(f32::total_cmp)?;
                let others = of_label(candidates, false);
                let before = others.iter().filter(|pair| pair.score >= best).count();
                Some((precision, 1.0 / (before as f64 + 1.0)))
            })
            .collect();
        Self {
            queries: searches.len(),
            mean_average_precision: mean(searches.iter().map(|search| search.0)),
            mean_reciprocal_rank: mean(searches.iter().map(|search| search.1)),
            top_1: share(
                searches.iter().filter(|search| search.1 == 1.0).count(),
                searches.len(),
            ),
        }
    }
}

/// A pair's passages against its truth.
struct Placed {
    intersection_over_union: f64,
    transposition_is_right: bool,
    speed_error: f64,
}

impl PassageFigures {
    fn of(pairs: &[ComparedPair<'_>]) -> Self {
        let known: Vec<(&TruePassage, &[FoundPassage])> = pairs
            .iter()
            .filter_map(|pair| Some((pair.truth.as_ref()?, pair.passages.as_slice())))
            .collect();
        let placed: Vec<Placed> = known
            .iter()
            .filter_map(|(truth, found)| Placed::of(truth, found))
            .collect();
        let share_of = |is_right: fn(&Placed) -> bool| {
            share(
                placed.iter().filter(|placed| is_right(placed)).count(),
                placed.len(),
            )
        };
        let elsewhere = known.iter().map(|(truth, found)| {
            let off = found.iter().filter(|passage| !truth.maps(passage));
            covered_secs(off.map(FoundPassage::left_secs).collect())
        });
        Self {
            pairs: known.len(),
            found: share(placed.len(), known.len()),
            intersection_over_union: mean(
                placed.iter().map(|placed| placed.intersection_over_union),
            ),
            transposition_right: share_of(|placed| placed.transposition_is_right),
            speed_right: share_of(|placed| placed.speed_error <= SPEED_TOLERANCE),
            speed_error: mean(placed.iter().map(|placed| placed.speed_error)),
            elsewhere_secs: mean(elsewhere),
        }
    }
}

impl TruePassage {
    /// Whether a found passage lies on the map of this one. Repeats of the music do not.
    fn maps(&self, found: &FoundPassage) -> bool {
        let middle = |[start, end]: [f64; 2]| (start + end) / 2.0;
        let mapped =
            self.right_secs[0] + (middle(found.left_secs()) - self.left_secs[0]) / self.speed_ratio;
        (mapped - middle(found.right_secs())).abs() <= ON_MAP_SECS
    }
}

impl Placed {
    /// `None` without a passage on the true map.
    fn of(truth: &TruePassage, found: &[FoundPassage]) -> Option<Self> {
        let on_map: Vec<&FoundPassage> =
            found.iter().filter(|passage| truth.maps(passage)).collect();
        let length = |passage: &FoundPassage| passage.left_end_secs - passage.left_start_secs;
        let longest = on_map
            .iter()
            .max_by(|a, b| length(a).total_cmp(&length(b)))?;
        let side = |part: fn(&FoundPassage) -> [f64; 2], truth| {
            let spans = on_map.iter().map(|passage| part(passage)).collect();
            intersection_over_union(spans, truth)
        };
        let left = side(FoundPassage::left_secs, truth.left_secs);
        let right = side(FoundPassage::right_secs, truth.right_secs);
        Some(Self {
            intersection_over_union: (left + right) / 2.0,
            transposition_is_right: without_octaves(longest.transposition_semitones)
                == truth.transposition_semitones,
            speed_error: (longest.speed_ratio / truth.speed_ratio - 1.0).abs(),
        })
    }
}

/// Of the spans together and one span.
fn intersection_over_union(spans: Vec<[f64; 2]>, truth: [f64; 2]) -> f64 {
    let within = spans
        .iter()
        .map(|span| [span[0].max(truth[0]), span[1].min(truth[1])])
        .filter(|span| span[0] < span[1])
        .collect();
    let common = covered_secs(within);
    let union = covered_secs(spans) + (truth[1] - truth[0]) - common;
    if union > 0.0 { common / union } else { 0.0 }
}

/// Length of the union of spans.
fn covered_secs(mut spans: Vec<[f64; 2]>) -> f64 {
    spans.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let (mut secs, mut end) = (0.0, f64::NEG_INFINITY);
    for [from, to] in spans {
        secs += (to - from.max(end)).max(0.0);
        end = end.max(to);
    }
    secs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair<'a>(query: &'a str, perturbation: &'a str, score: f32) -> ComparedPair<'a> {
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

    fn near(value: Option<f64>, expected: f64) {
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
    fn queries_are_ranked_among_their_own_candidates() {
        // First query: ranks 1 and 3 of 3. Second: a tie with another song, which counts as before.
        // The third one has no other song.
        let pairs = [
            pair("a", "reharmonised", 0.9),
            pair("a", "negative-unrelated", 0.8),
            pair("a", "melody-alone", 0.7),
            pair("b", "reharmonised", 0.5),
            pair("b", "negative-unrelated", 0.5),
            pair("c", "reharmonised", 0.1),
        ];
        let retrieval = CompositionFigures::of(&pairs).retrieval;
        assert_eq!(retrieval.queries, 2);
        near(retrieval.mean_reciprocal_rank, (1.0 + 0.5) / 2.0);
        near(retrieval.top_1, 0.5);
        let first = (1.0 + 2.0 / 3.0) / 2.0;
        near(retrieval.mean_average_precision, (first + 0.5) / 2.0);
    }

    #[test]
    fn passages_are_judged_on_the_true_map() {
        let truth = TruePassage {
            left_secs: [10.0, 50.0],
            right_secs: [0.0, 32.0],
            transposition_semitones: -4,
            speed_ratio: 1.25,
        };
        let found = |left: [f64; 2], right: [f64; 2], semitones| FoundPassage {
            left_start_secs: left[0],
            left_end_secs: left[1],
            right_start_secs: right[0],
            right_end_secs: right[1],
            transposition_semitones: semitones,
            speed_ratio: 1.27,
        };
        let mut found_pair = pair("a", "reharmonised", 0.9);
        found_pair.truth = Some(truth);
        // Two parts of the passage, which overlap, and a repeat of its chorus.
        found_pair.passages = vec![
            found([10.0, 30.0], [0.0, 16.0], 8),
            found([25.0, 40.0], [12.0, 24.0], -4),
            found([12.0, 20.0], [40.0, 46.4], -4),
        ];
        let mut missed = pair("b", "reharmonised", 0.1);
        missed.truth = Some(truth);
        let figures = CompositionFigures::of(&[found_pair, missed]).passages;
        assert_eq!(figures.pairs, 2);
        near(figures.found, 0.5);
        near(figures.intersection_over_union, 0.75);
        near(figures.transposition_right, 1.0);
        near(figures.speed_right, 1.0);
        near(figures.speed_error, 1.27 / 1.25 - 1.0);
        near(figures.elsewhere_secs, 4.0);
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
