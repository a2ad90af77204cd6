//! Scores and passages of `evaluate --songs` against the truth, row by row.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::mixes::accuracy::{Accuracy, Errors};
use crate::mixes::take::Passage;
use crate::mixes::{ScoreArgs, Truth};
use crate::song_tables::{ScoredPair, THRESHOLD, median, quantile, read, write};

/// Score from which the page calls a similarity strong.
const STRONG: f64 = 0.8;
/// Greatest errors at which speed and pitch count as right.
const SPEED_TOLERANCE: f64 = 0.01;
const PITCH_TOLERANCE_SEMITONES: f64 = 0.3;

/// Figures of the pairs of one row. Those of passages are NaN or 0 where there are none.
#[derive(Debug, Serialize)]
struct Figures {
    row: String,
    label: u8,
    pairs: usize,
    /// Share of the pairs that score [`THRESHOLD`] or more.
    similar: f64,
    /// Share of the pairs that score [`STRONG`] or more.
    strong: f64,
    lowest_score: f64,
    highest_score: f64,
    /// Share of the true seconds of the left songs that a passage covers on the right map.
    covered: f64,
    /// The share that at least 98 % of the pairs have.
    covered_in_98_percent: f64,
    /// True passages, and the share of them that was found.
    uses: usize,
    uses_found: f64,
    /// Reported where one of the songs has no true passage, in seconds a pair.
    outside_secs: f64,
    /// Reported between true passages on another map, in seconds a pair.
    elsewhere_secs: f64,
    /// Errors of starts and ends.
    left_median_secs: f64,
    left_95_percent_secs: f64,
    right_median_secs: f64,
    right_95_percent_secs: f64,
    /// Shares of the passages found.
    speed_right: f64,
    pitch_right: f64,
}

/// Prints the figures of every row, and writes them as CSV if asked to.
pub fn run(args: &ScoreArgs) -> Result<()> {
    let truths: Vec<Truth> = read(&args.exam.join("truth.csv"))?;
    let pairs: Vec<ScoredPair> = read(&args.scores)?;
    ensure!(!pairs.is_empty(), "{} is empty", args.scores.display());
    let truths = by_pair(truths)?;
    let mut rows: Vec<String> = Vec::new();
    for pair in &pairs {
        if !rows.contains(&pair.perturbation) {
            rows.push(pair.perturbation.clone());
        }
    }
    let figures: Vec<Figures> = rows
        .into_iter()
        .map(|row| {
            let of_row = pairs.iter().filter(|pair| pair.perturbation == row);
            Figures::of(&row, &of_row.collect::<Vec<_>>(), &truths)
        })
        .collect::<Result<_>>()?;
    print(&figures);
    if let Some(out) = &args.out {
        write(out, &figures)?;
    }
    Ok(())
}

/// Left song, right song and row.
type Key = (String, String, String);

fn by_pair(truths: Vec<Truth>) -> Result<HashMap<Key, Vec<Passage>>> {
    truths
        .into_iter()
        .map(|truth| {
            let passages = serde_json::from_str(&truth.passages)
                .with_context(|| format!("the true passages of {} are no JSON", truth.right))?;
            Ok(((truth.left, truth.right, truth.perturbation), passages))
        })
        .collect()
}

impl Figures {
    fn of(row: &str, pairs: &[&ScoredPair], truths: &HashMap<Key, Vec<Passage>>) -> Result<Self> {
        let label = pairs[0].label;
        let accuracies: Vec<Accuracy> = pairs
            .iter()
            .map(|pair| {
                let truth = if pair.label == 1 {
                    let key = (pair.left.clone(), pair.right.clone(), row.to_owned());
                    truths.get(&key).map(Vec::as_slice).with_context(|| {
                        format!("truth.csv has no row for {} and {}", pair.left, pair.right)
                    })?
                } else {
                    &[]
                };
                Ok(Accuracy::of(truth, &pair.passages()?))
            })
            .collect::<Result<_>>()?;
        let scores: Vec<f64> = pairs.iter().map(|pair| pair.score).collect();
        let count = pairs.len() as f64;
        let share_from = |least: f64| {
            let from = scores.iter().filter(|score| **score >= least);
            from.count() as f64 / count
        };
        let sum = |of: fn(&Accuracy) -> f64| accuracies.iter().map(of).sum::<f64>();
        let shares: Vec<f64> = accuracies
            .iter()
            .map(|pair| pair.covered_secs / pair.true_secs)
            .collect();
        let uses: Vec<Option<Errors>> = accuracies
            .iter()
            .flat_map(|pair| pair.uses.iter().copied())
            .collect();
        let found: Vec<Errors> = uses.iter().copied().flatten().collect();
        let share_of_found = |is_right: fn(&Errors) -> bool| {
            let right = found.iter().filter(|errors| is_right(errors));
            right.count() as f64 / found.len() as f64
        };
        let left: Vec<f64> = found.iter().flat_map(|errors| errors.left_secs).collect();
        let right: Vec<f64> = found.iter().flat_map(|errors| errors.right_secs).collect();
        Ok(Self {
            row: row.into(),
            label,
            pairs: pairs.len(),
            similar: share_from(THRESHOLD),
            strong: share_from(STRONG),
            lowest_score: scores.iter().copied().fold(f64::INFINITY, f64::min),
            highest_score: scores.iter().copied().fold(0.0, f64::max),
            covered: sum(|pair| pair.covered_secs) / sum(|pair| pair.true_secs),
            covered_in_98_percent: quantile(&shares, 0.02),
            uses: uses.len(),
            uses_found: found.len() as f64 / uses.len() as f64,
            outside_secs: sum(|pair| pair.outside_secs) / count,
            elsewhere_secs: sum(|pair| pair.elsewhere_secs) / count,
            left_median_secs: median(&left),
            left_95_percent_secs: quantile(&left, 0.95),
            right_median_secs: median(&right),
            right_95_percent_secs: quantile(&right, 0.95),
            speed_right: share_of_found(|errors| {
                (errors.speed_ratio - 1.0).abs() <= SPEED_TOLERANCE
            }),
            pitch_right: share_of_found(|errors| {
                errors.semitones.abs() <= PITCH_TOLERANCE_SEMITONES
            }),
        })
    }
}

fn print(figures: &[Figures]) {
    println!(
        "copies: shares of pairs that score {THRESHOLD} and {STRONG} or more; share of the true \
         seconds covered, in all and at least in 98 % of the pairs;\nuses, and share of them \
         found; seconds a pair reported outside of true passages and elsewhere within \
         them;\nerrors of starts and ends in s; shares of passages with speed within 1 % and \
         pitch within {PITCH_TOLERANCE_SEMITONES} semitones"
    );
    println!(
        "{:>32} {:>5} {:>6} {:>6} {:>8} {:>6} {:>5} {:>6} {:>8} {:>9} {:>12} {:>12} {:>6} {:>6}",
        "row",
        "pairs",
        ">=0.5",
        ">=0.8",
        "covered",
        "98 %",
        "uses",
        "found",
        "outside",
        "elsewhere",
        "left 50, 95%",
        "right 50, 95%",
        "speed",
        "pitch"
    );
    for row in figures.iter().filter(|row| row.label == 1) {
        println!(
            "{:>32} {:>5} {:>6.3} {:>6.3} {:>8.3} {:>6.3} {:>5} {:>6.3} {:>8.1} {:>9.1} \
             {:>5.2}, {:>5.2} {:>6.2}, {:>5.2} {:>6.3} {:>6.3}",
            row.row,
            row.pairs,
            row.similar,
            row.strong,
            row.covered,
            row.covered_in_98_percent,
            row.uses,
            row.uses_found,
            row.outside_secs,
            row.elsewhere_secs,
            row.left_median_secs,
            row.left_95_percent_secs,
            row.right_median_secs,
            row.right_95_percent_secs,
            row.speed_right,
            row.pitch_right,
        );
    }
    println!("\nother music: the same shares, the highest score, and seconds reported a pair");
    println!(
        "{:>32} {:>5} {:>6} {:>6} {:>8} {:>8}",
        "row", "pairs", ">=0.5", ">=0.8", "highest", "reported"
    );
    for row in figures.iter().filter(|row| row.label == 0) {
        println!(
            "{:>32} {:>5} {:>6.4} {:>6.4} {:>8.3} {:>8.2}",
            row.row, row.pairs, row.similar, row.strong, row.highest_score, row.outside_secs,
        );
    }
}
