//! How well composition scores separate the same composition from other music: ROC-AUC, recall at
//! few false alarms, and searches.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::figures::composition::{ComparedPair, mean, of_label};
use crate::figures::metrics::{Ranking, Scored, share};

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
    pub(super) fn of(same: &[&ComparedPair<'_>], others: &[&ComparedPair<'_>]) -> Self {
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
    pub(super) fn of(pairs: &[ComparedPair<'_>]) -> Self {
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

#[cfg(test)]
mod tests {
    use crate::figures::composition::CompositionFigures;
    use crate::figures::composition::tests::{near, pair};

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
}
