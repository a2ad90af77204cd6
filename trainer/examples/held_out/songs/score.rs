//! The found passages against the truth.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::song_tables::{ReportedPassage, ScoredPair, THRESHOLD, median, read};
use crate::songs::Truth;

/// Least intersection over union with the hidden passage, in both songs, for a passage to count as
/// found.
const FOUND_IOU: f64 = 0.5;

/// Prints how well the scores separate the pairs, and how well the passages match the truth.
pub fn run(exam: &Path, scores: &Path) -> Result<()> {
    let truths: Vec<Truth> = read(&exam.join("truth.csv"))?;
    let rows: Vec<ScoredPair> = read(scores)?;
    print_separation(&rows, scores)?;
    let (copies, hidden) = tallies(&truths, &rows, scores)?;
    println!(
        "whole-song copies at {THRESHOLD} or more: {}",
        share(copies.similar, copies.total)
    );
    copies.print("their longest passage");
    println!(
        "hidden passages at {THRESHOLD} or more: {}",
        share(hidden.similar, hidden.total)
    );
    println!(
        "hidden passages found (intersection over union of {FOUND_IOU} or more in both songs): {}",
        share(hidden.found, hidden.total)
    );
    hidden.print("of those found");
    Ok(())
}

fn print_separation(rows: &[ScoredPair], scores: &Path) -> Result<()> {
    let of_label = |label| -> Vec<f64> {
        let of_label = rows.iter().filter(|row| row.label == label);
        of_label.map(|row| row.score).collect()
    };
    let (positives, negatives) = (of_label(1), of_label(0));
    ensure!(
        !positives.is_empty() && !negatives.is_empty(),
        "{} has pairs of one label only",
        scores.display()
    );
    let false_positives = negatives
        .iter()
        .filter(|score| **score >= THRESHOLD)
        .count();
    println!("ROC-AUC {:.4}", roc_auc(&positives, &negatives));
    println!(
        "unrelated songs at {THRESHOLD} or more: {}",
        share(false_positives, negatives.len())
    );
    Ok(())
}

/// Counts over the whole-song copies, and over the hidden passages.
fn tallies(truths: &[Truth], rows: &[ScoredPair], scores: &Path) -> Result<(Tally, Tally)> {
    let (mut copies, mut hidden) = (Tally::default(), Tally::default());
    for truth in truths {
        let row = rows
            .iter()
            .find(|row| row.label == 1 && row.left == truth.left && row.right == truth.right);
        let row = row.with_context(|| {
            format!(
                "{} has no row for {} and {}",
                scores.display(),
                truth.left,
                truth.right
            )
        })?;
        let passages = row.passages()?;
        let tally = if truth.whole {
            &mut copies
        } else {
            &mut hidden
        };
        tally.add(truth, row.score, &passages);
    }
    Ok((copies, hidden))
}

/// Counts over the pairs of one sort.
#[derive(Default)]
struct Tally {
    total: usize,
    similar: usize,
    found: usize,
    left_ious: Vec<f64>,
    right_ious: Vec<f64>,
    errors_secs: Vec<f64>,
    speeds_right: usize,
    pitches_right: usize,
}

impl Tally {
    fn add(&mut self, truth: &Truth, score: f64, passages: &[ReportedPassage]) {
        self.total += 1;
        self.similar += usize::from(score >= THRESHOLD);
        let left_iou = |passage: &ReportedPassage| {
            iou(
                [passage.left_start_secs, passage.left_end_secs],
                [truth.left_start_secs, truth.left_end_secs],
            )
        };
        let right_iou = |passage: &ReportedPassage| {
            iou(
                [passage.right_start_secs, passage.right_end_secs],
                [truth.right_start_secs, truth.right_end_secs],
            )
        };
        let fit = |passage: &ReportedPassage| left_iou(passage).min(right_iou(passage));
        let Some(best) = passages
            .iter()
            .max_by(|one, other| fit(one).total_cmp(&fit(other)))
        else {
            return;
        };
        if !truth.whole && fit(best) < FOUND_IOU {
            return;
        }
        self.found += 1;
        self.left_ious.push(left_iou(best));
        self.right_ious.push(right_iou(best));
        self.errors_secs.extend([
            (best.left_start_secs - truth.left_start_secs).abs(),
            (best.left_end_secs - truth.left_end_secs).abs(),
            (best.right_start_secs - truth.right_start_secs).abs(),
            (best.right_end_secs - truth.right_end_secs).abs(),
        ]);
        self.speeds_right +=
            usize::from((best.speed_ratio / truth.speed_ratio - 1.0).abs() <= 0.02);
        self.pitches_right +=
            usize::from((best.pitch_shift_semitones - truth.pitch_shift_semitones).abs() <= 0.5);
    }

    fn print(&self, what: &str) {
        println!(
            "  {what}: intersection over union {:.3} left, {:.3} right (mean); \
             time stamps off by {:.2} s (median); \
             speed within 2 %: {}; pitch within half a semitone: {}",
            mean(&self.left_ious),
            mean(&self.right_ious),
            median(&self.errors_secs),
            share(self.speeds_right, self.found),
            share(self.pitches_right, self.found),
        );
    }
}

fn iou(one: [f64; 2], other: [f64; 2]) -> f64 {
    let both = (one[1].min(other[1]) - one[0].max(other[0])).max(0.0);
    let either = one[1] - one[0] + other[1] - other[0] - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// The share of positive and negative pairs in which the positive one scores higher; ties count
/// half.
fn roc_auc(positives: &[f64], negatives: &[f64]) -> f64 {
    let wins: f64 = positives
        .iter()
        .flat_map(|positive| {
            negatives
                .iter()
                .map(move |negative| positive.total_cmp(negative))
        })
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    wins / (positives.len() * negatives.len()) as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn share(part: usize, whole: usize) -> String {
    format!(
        "{part} of {whole} ({:.1} %)",
        100.0 * part as f64 / whole.max(1) as f64
    )
}
