//! 95 % confidence intervals of figures measured on a sample of pairs.

use std::collections::BTreeMap;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

use crate::figures::metrics::{Figures, Ranking};

/// Lower and upper end.
pub type Interval = [f64; 2];

/// Resamples of the bootstrap. With 2,000 the ends of a 95 % interval are stable in the third digit
/// (B. Efron and R. Tibshirani advise 1,000 and more for percentiles).
const RESAMPLES: usize = 2_000;
const LEVEL: f64 = 0.95;
/// The normal quantile of 97.5 %.
const Z: f64 = 1.959_964;

/// Intervals of all figures: `intervals` of `metrics.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// Probability that an interval made this way contains the true figure.
    pub level: f64,
    /// The method.
    pub method: &'static str,
    /// Resamples drawn.
    pub resamples: usize,
    /// Seed of the resamples.
    pub seed: u64,
    /// Lower and upper end by figure; null where the figure doesn't exist.
    #[serde(flatten)]
    pub figures: BTreeMap<&'static str, Option<Interval>>,
}

impl Intervals {
    /// Percentile bootstrap over pairs (B. Efron and R. Tibshirani, "An Introduction to the
    /// Bootstrap", 1993, section 13.3). As many pairs as there are are drawn with replacement; the
    /// figures of 2,000 such tables give the interval. It assumes independent pairs. Pairs of few
    /// tracks are dependent, and their true intervals are wider.
    pub fn of(ranking: &Ranking, threshold: f32, seed: u64) -> Self {
        let resampled: Vec<Figures> = (0..RESAMPLES)
            .into_par_iter()
            .map_init(
                || vec![0_usize; ranking.len()],
                |counts, resample| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    rng.set_stream(resample as u64);
                    counts.fill(0);
                    for _ in 0..counts.len() {
                        counts[rng.random_range(0..ranking.len())] += 1;
                    }
                    ranking.figures(threshold, |place| counts[place]).1
                },
            )
            .collect();
        let (_, measured) = ranking.figures(threshold, |_| 1);
        let figures = Figures::NAMES
            .iter()
            .enumerate()
            .map(|(index, (name, _))| {
                // A resample without a figure, such as recall without copies, doesn't count.
                let values: Vec<f64> = resampled
                    .iter()
                    .filter_map(|figures| figures.values()[index])
                    .collect();
                (
                    *name,
                    measured.values()[index].and_then(|_| percentiles(values)),
                )
            })
            .collect();
        Self {
            level: LEVEL,
            method: "percentile bootstrap over pairs (Efron and Tibshirani 1993, section 13.3)",
            resamples: RESAMPLES,
            seed,
            figures,
        }
    }
}

fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |quantile: f64| values[(quantile * last as f64).round() as usize];
    Some([at((1.0 - LEVEL) / 2.0), at((1.0 + LEVEL) / 2.0)])
}

/// Interval of a share of independent trials (E. B. Wilson, 1927). Unlike the bootstrap's it has a
/// width when all trials have the same outcome, as in groups of a few pairs without an error.
pub fn wilson(part: usize, whole: usize) -> Option<Interval> {
    if whole == 0 {
        return None;
    }
    let (n, p) = (whole as f64, part as f64 / whole as f64);
    let centre = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::metrics::Scored;

    /// 400 pairs, half of them copies, one in ten on the wrong side.
    fn ranking() -> Ranking {
        let scored: Vec<Scored<'_>> = (0..400)
            .map(|index| {
                let is_copy = index % 2 == 0;
                let is_wrong = index % 20 < 2;
                Scored {
                    score: if is_copy != is_wrong { 0.8 } else { 0.2 },
                    is_copy,
                    perturbation: "",
                }
            })
            .collect();
        Ranking::new(&scored)
    }

    #[test]
    fn the_bootstrap_of_a_share_has_the_width_of_the_binomial() {
        let intervals = Intervals::of(&ranking(), 0.5, 1);
        // Accuracy 0.9 of 400: 1.96 sqrt(0.9 0.1 / 400) = 0.0294; the bootstrap is coarse by 1 /
        // 400 and by chance.
        let [low, high] = intervals.figures["accuracy"].unwrap();
        assert!(
            (low - 0.8706).abs() < 0.006 && (high - 0.9294).abs() < 0.006,
            "{low} {high}"
        );
        let [low, high] = intervals.figures["recall"].unwrap();
        assert!(
            (low - 0.858).abs() < 0.012 && (high - 0.942).abs() < 0.012,
            "{low} {high}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_intervals() {
        assert_eq!(
            Intervals::of(&ranking(), 0.5, 3),
            Intervals::of(&ranking(), 0.5, 3)
        );
        assert_ne!(
            Intervals::of(&ranking(), 0.5, 3).figures,
            Intervals::of(&ranking(), 0.5, 4).figures
        );
    }

    #[test]
    fn missing_figures_have_no_interval() {
        let copies = [Scored {
            score: 0.7,
            is_copy: true,
            perturbation: "",
        }];
        let intervals = Intervals::of(&Ranking::new(&copies), 0.5, 1);
        assert_eq!(intervals.figures["roc_auc"], None);
        assert_eq!(intervals.figures["recall"], Some([1.0, 1.0]));
    }

    #[test]
    fn wilson_equals_scipy() {
        // scipy.stats.binomtest(60, 60).proportion_ci(method="wilson"), and of 7 in 60.
        let [low, high] = wilson(60, 60).unwrap();
        assert!(
            (low - 0.939_828).abs() < 1e-5 && (high - 1.0).abs() < 1e-9,
            "{low}"
        );
        let [low, high] = wilson(7, 60).unwrap();
        assert!(
            (low - 0.057_677).abs() < 1e-5 && (high - 0.221_788).abs() < 1e-5,
            "{low} {high}"
        );
        assert_eq!(wilson(0, 0), None);
    }
}
