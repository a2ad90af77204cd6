//! Whether found passages lie where the same music is, with the right transposition and speed.

use serde::{Deserialize, Serialize};

use crate::corpus::true_passage::{TruePassage, without_octaves};
use crate::figures::composition::{ComparedPair, mean};
use crate::figures::metrics::share;

/// A found passage is on the map of the true one if its middle is mapped within this time.
const ON_MAP_SECS: f64 = 2.0;

/// Greatest relative error of a right speed.
const SPEED_TOLERANCE: f64 = 0.03;

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

/// A pair's passages against its truth.
struct Placed {
    intersection_over_union: f64,
    transposition_is_right: bool,
    speed_error: f64,
}

impl PassageFigures {
    pub(super) fn of(pairs: &[ComparedPair<'_>]) -> Self {
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

/// The intersection over the union of all spans together and the true one.
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
    use crate::figures::composition::CompositionFigures;
    use crate::figures::composition::tests::{near, pair};

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
}
