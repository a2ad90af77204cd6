//! Figures of merit of scores against labels.

use serde::Serialize;

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

/// Counts of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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

/// The figures of a set of pairs. `None` (null in JSON) where a figure doesn't exist, such as
/// recall without copies, or precision when the table has one label only or nothing is called a
/// copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Share of right verdicts.
    pub accuracy: Option<f64>,
    /// Share of copies among the pairs called copies.
    pub precision: Option<f64>,
    /// Share of the copies that were found.
    pub recall: Option<f64>,
    /// Harmonic mean of precision and recall.
    pub f1: Option<f64>,
    /// Area under the ROC curve: the probability that a copy scores above other music; ties count
    /// half.
    pub roc_auc: Option<f64>,
    /// Area under the precision-recall curve, as the mean precision at each copy.
    pub average_precision: Option<f64>,
    /// Share of other music called copies.
    pub false_positive_rate: Option<f64>,
}

impl Figures {
    /// Names as in `metrics.json`, and as people write them, in the order of [`Figures::values`].
    pub const NAMES: [(&'static str, &'static str); 7] = [
        ("accuracy", "accuracy"),
        ("precision", "precision"),
        ("recall", "recall"),
        ("f1", "F1"),
        ("roc_auc", "ROC-AUC"),
        ("average_precision", "average precision"),
        ("false_positive_rate", "false-positive rate"),
    ];

    /// All figures in the order of [`Figures::NAMES`].
    pub fn values(&self) -> [Option<f64>; 7] {
        [
            self.accuracy,
            self.precision,
            self.recall,
            self.f1,
            self.roc_auc,
            self.average_precision,
            self.false_positive_rate,
        ]
    }
}

/// Pairs sorted by score; all figures follow in one pass.
pub struct Ranking {
    /// Score, label and place in the input; highest score first.
    pairs: Vec<(f32, bool, usize)>,
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

impl Ranking {
    /// Sorts the pairs.
    pub fn new(scored: &[Scored<'_>]) -> Self {
        let mut pairs: Vec<_> = scored
            .iter()
            .enumerate()
            .map(|(place, pair)| (pair.score, pair.is_copy, place))
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self { pairs }
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Each score from high to low, with its numbers of copies and of other pairs. Pair `place`
    /// counts `count(place)` times.
    fn tied_groups(
        &self,
        count: impl Fn(usize) -> usize,
    ) -> impl Iterator<Item = (f32, usize, usize)> {
        self.pairs.chunk_by(|a, b| a.0 == b.0).map(move |group| {
            let (mut copies, mut others) = (0, 0);
            for &(_, is_copy, place) in group {
                *if is_copy { &mut copies } else { &mut others } += count(place);
            }
            (group[0].0, copies, others)
        })
    }

    /// Verdicts and figures at a threshold. Pair `place` counts `count(place)` times: 1, except in
    /// the bootstrap.
    pub fn figures(&self, threshold: f32, count: impl Fn(usize) -> usize) -> (Confusion, Figures) {
        let mut confusion = Confusion::default();
        let (mut copies_above, mut others_above) = (0, 0);
        // For ROC-AUC: the pairs of a copy and another in the right order. For the average
        // precision: the precision summed at each copy.
        let (mut ordered, mut precisions) = (0.0, 0.0);
        for (score, copies, others) in self.tied_groups(count) {
            if score >= threshold {
                confusion.tp += copies;
                confusion.fp += others;
            } else {
                confusion.fn_ += copies;
                confusion.tn += others;
            }
            ordered += others as f64 * (copies_above as f64 + copies as f64 / 2.0);
            copies_above += copies;
            others_above += others;
            if copies > 0 {
                precisions +=
                    copies as f64 * copies_above as f64 / (copies_above + others_above) as f64;
            }
        }
        let Confusion { tp, fp, tn, fn_ } = confusion;
        let (copies, others) = (copies_above, others_above);
        let has_both = copies > 0 && others > 0;
        let figures = Figures {
            accuracy: share(tp + tn, copies + others),
            precision: share(tp, tp + fp).filter(|_| has_both),
            recall: share(tp, copies),
            f1: share(2 * tp, 2 * tp + fp + fn_).filter(|_| has_both),
            roc_auc: has_both.then(|| ordered / (copies as f64 * others as f64)),
            average_precision: has_both.then(|| precisions / copies as f64),
            false_positive_rate: share(fp, others),
        };
        (confusion, figures)
    }

    /// The figures at every distinct threshold, from above the highest score down. Empty unless
    /// there are pairs of both labels.
    pub fn curve(&self) -> Vec<CurvePoint> {
        let copies = self.pairs.iter().filter(|pair| pair.1).count();
        let others = self.pairs.len() - copies;
        if copies == 0 || others == 0 {
            return Vec::new();
        }
        let (mut tp, mut fp) = (0, 0);
        let start = CurvePoint {
            false_positive_rate: 0.0,
            recall: 0.0,
            precision: 1.0,
        };
        let points = self
            .tied_groups(|_| 1)
            .map(|(_, copies_here, others_here)| {
                (tp, fp) = (tp + copies_here, fp + others_here);
                CurvePoint {
                    false_positive_rate: fp as f64 / others as f64,
                    recall: tp as f64 / copies as f64,
                    precision: tp as f64 / (tp + fp) as f64,
                }
            });
        std::iter::once(start).chain(points).collect()
    }
}

/// A share; `None` if the whole is 0.
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The share of copy-other pairs in the right order (Mann-Whitney U); ties count half. 0 unless
/// there are pairs of both labels.
pub fn roc_auc(scored: &[Scored<'_>]) -> f64 {
    let (_, figures) = Ranking::new(scored).figures(0.5, |_| 1);
    figures.roc_auc.unwrap_or(0.0)
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

    /// sklearn.metrics on y = [1,1,0,1,0,0], s = [.9,.8,.8,.4,.3,.6]: AUC 0.7222, AP 0.7556.
    const SIX: [(f32, bool); 6] = [
        (0.9, true),
        (0.8, true),
        (0.8, false),
        (0.4, true),
        (0.3, false),
        (0.6, false),
    ];

    #[test]
    fn figures_equal_those_of_scikit_learn() {
        let (confusion, figures) = Ranking::new(&scored(&SIX)).figures(0.5, |_| 1);
        assert_eq!(
            confusion,
            Confusion {
                tp: 2,
                fp: 2,
                tn: 1,
                fn_: 1
            }
        );
        let expected = [
            0.5,
            0.5,
            2.0 / 3.0,
            4.0 / 7.0,
            0.722_222,
            0.755_556,
            2.0 / 3.0,
        ];
        for ((value, expected), (name, _)) in figures
            .values()
            .into_iter()
            .zip(expected)
            .zip(Figures::NAMES)
        {
            assert!(
                (value.unwrap() - expected).abs() < 1e-5,
                "{name}: {value:?}"
            );
        }
        assert!((roc_auc(&scored(&SIX)) - 0.722_222).abs() < 1e-5);
    }

    #[test]
    fn counting_a_pair_twice_equals_having_it_twice() {
        let counts = [1, 0, 2, 3, 1, 1];
        let repeated: Vec<_> = SIX
            .iter()
            .zip(counts)
            .flat_map(|(&pair, count)| std::iter::repeat_n(pair, count))
            .collect();
        let counted = Ranking::new(&scored(&SIX)).figures(0.5, |place| counts[place]);
        assert_eq!(
            counted,
            Ranking::new(&scored(&repeated)).figures(0.5, |_| 1)
        );
    }

    #[test]
    fn undefined_figures_are_none() {
        let of = |pairs: &[(f32, bool)]| Ranking::new(&scored(pairs)).figures(0.5, |_| 1).1;
        assert_eq!(of(&[]), Figures::default());
        let copies = of(&[(0.1, true), (0.9, true)]);
        assert_eq!((copies.recall, copies.accuracy), (Some(0.5), Some(0.5)));
        assert_eq!(
            [
                copies.precision,
                copies.f1,
                copies.roc_auc,
                copies.average_precision,
                copies.false_positive_rate
            ],
            [None; 5]
        );
        let others = of(&[(0.9, false), (0.2, false)]);
        assert_eq!(others.false_positive_rate, Some(0.5));
        assert_eq!(
            [others.precision, others.recall, others.f1, others.roc_auc],
            [None; 4]
        );
        // Both labels, but nothing called a copy: precision is 0 / 0, F1 is 0.
        let silent = of(&[(0.2, true), (0.1, false)]);
        assert_eq!(
            (silent.precision, silent.f1, silent.roc_auc),
            (None, Some(0.0), Some(1.0))
        );
        assert!(Ranking::new(&scored(&[(0.3, true)])).curve().is_empty());
    }
}
