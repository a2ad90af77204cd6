//! `evaluate`: the figures of weights on a table of passages or of songs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use rayon::prelude::*;
use soundalike::{Checker, Report};
use soundalike_native::{audio_file, progress, weights};
use soundalike_tables::pair_table::{self, Pair};

use crate::corpus::passages::{self, Passages};
use crate::corpus::songs;
use crate::corpus::true_passage;
use crate::figures::composition::{self, CompositionFigures, Separation};
use crate::figures::evaluation::{self, Evaluation, Group};
use crate::figures::intervals::Interval;
use crate::figures::metrics::Figures;
use crate::figures::plots;
use crate::training::run_files::write_json;

/// Score a table of pairs: scores.csv, metrics.json and plots
#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("table").required(true).args(["pairs", "songs"])))]
pub struct Args {
    /// Table of 3-second passages: left,right,label and optionally
    /// left_start_secs,right_start_secs,perturbation,recipe
    #[arg(long)]
    pairs: Option<PathBuf>,
    /// Table of whole songs, compared as the browser does
    #[arg(long)]
    songs: Option<PathBuf>,
    /// Folder to write to
    #[arg(long)]
    out: PathBuf,
    /// Weights to use instead of the shipped ones
    #[arg(long)]
    weights: Option<PathBuf>,
    /// Scores from here on count as "copy"
    #[arg(long, default_value_t = 0.5)]
    threshold: f32,
    /// Seed of the bootstrap that gives the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let (table, of_songs) = match (&args.pairs, &args.songs) {
        (Some(pairs), _) => (pairs, false),
        (None, Some(songs)) => (songs, true),
        (None, None) => bail!("give --pairs or --songs"),
    };
    let pairs = pair_table::read(table)?;
    let checker = weights::checker(args.weights.as_deref())?;
    let (scores, found) = if of_songs {
        let reports = compare_songs(&checker, &pairs)?;
        let scores = reports.iter().map(|report| report.score as f32).collect();
        (scores, song_columns(&reports)?)
    } else {
        score_passages(&checker, &pairs)?
    };
    let evaluation = Evaluation::of(&pairs, &scores, args.threshold, args.seed);
    fs::create_dir_all(&args.out).with_context(|| format!("can't make {}", args.out.display()))?;
    write_scores(table, &args.out.join("scores.csv"), &scores, &found)?;
    let compared = match of_songs {
        true => composition::compared(&pairs, &found, &true_passage::read(table)?)?,
        false => None,
    };
    let stronger_score = match of_songs {
        true => composition::by_stronger_score(&pairs, &scores, &found)?,
        false => None,
    };
    let metrics = Metrics {
        evaluation: &evaluation,
        stronger_score,
        composition: compared.as_deref().map(CompositionFigures::of),
    };
    write_json(&args.out.join("metrics.json"), &metrics)?;
    plots::draw(&args.out, &evaluation::scored(&pairs, &scores), &evaluation)?;
    print(&evaluation);
    if let (Some(compared), Some(figures)) = (&compared, &metrics.composition) {
        plots::draw_versions(&args.out, compared)?;
        print_composition(figures, metrics.stronger_score.as_ref());
    }
    Ok(())
}

/// `metrics.json`.
#[derive(serde::Serialize)]
struct Metrics<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    /// By the stronger of the scores of recordings and of compositions.
    #[serde(skip_serializing_if = "Option::is_none")]
    stronger_score: Option<Separation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    composition: Option<CompositionFigures>,
}

/// A column of scores.csv: its name and a cell for every pair.
type Column = (&'static str, Vec<String>);

/// Score of every pair, as of clips on the page, and the logit of their embeddings.
fn score_passages(checker: &Checker, pairs: &[Pair]) -> Result<(Vec<f32>, Vec<Column>)> {
    let cut = passages::cut(pairs, |plan, samples| {
        Ok((plan.segment_db(samples), passages::clip(checker, samples)?))
    })?;
    let scores = cut
        .par_iter()
        .map(|[(_, left), (_, right)]| passages::clip_score(checker, [left, right]))
        .collect();
    let segments = cut.into_iter().map(|pair| pair.map(|(segment, _)| segment));
    let logits = Passages::of(segments.collect()).logits(checker.model())?;
    let logits = logits.iter().map(|logit| format!("{logit:.4}"));
    Ok((scores, vec![("logit", logits.collect())]))
}

/// The columns of reports, with their passages as JSON.
fn song_columns(reports: &[Report]) -> Result<Vec<Column>> {
    let mut columns = [
        ("passages", Vec::new()),
        ("composition_score", Vec::new()),
        ("composition_verdict", Vec::new()),
        ("composition_passages", Vec::new()),
    ];
    for report in reports {
        let composition = &report.composition;
        let verdict = serde_json::to_value(composition.verdict)?;
        let cells = [
            serde_json::to_string(&report.passages)?,
            format!("{:.6}", composition.score),
            verdict.as_str().unwrap_or("").to_owned(),
            serde_json::to_string(&composition.passages)?,
        ];
        for ((_, column), cell) in columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }
    Ok(columns.into())
}

/// The report of every pair; each file is analysed once.
fn compare_songs(checker: &Checker, pairs: &[Pair]) -> Result<Vec<Report>> {
    if let Some(pair) = pairs.iter().find(|pair| !pair.recipe.is_empty()) {
        bail!(
            "{} has a recipe, which works on passages only; render whole songs first",
            pair.right.display()
        );
    }
    let songs = songs::analysed(pairs, |path| audio_file::analyse(checker, path))?;
    let bar = progress::bar(pairs.len(), "compare");
    pairs
        .par_iter()
        .map(|pair| {
            let mut report = checker.compare(
                &songs[pair.left.as_path()],
                &songs[pair.right.as_path()],
                |_, _| (),
            );
            bar.inc(1);
            // The matrices of thousands of pairs would fill the memory.
            report.matrix.scores = Vec::new();
            Ok(report)
        })
        .collect()
}

/// The input's own columns in its order, then the results.
fn write_scores(table: &Path, out: &Path, scores: &[f32], found: &[Column]) -> Result<()> {
    let written = || -> Result<()> {
        let mut reader = csv::Reader::from_path(table)?;
        let mut writer = csv::Writer::from_path(out)?;
        let mut header = reader.headers()?.clone();
        header.push_field("score");
        for (name, _) in found {
            header.push_field(name);
        }
        writer.write_record(&header)?;
        for (row, record) in reader.records().enumerate() {
            let mut record = record?;
            record.push_field(&format!("{:.6}", scores[row]));
            for (_, cells) in found {
                record.push_field(&cells[row]);
            }
            writer.write_record(&record)?;
        }
        Ok(writer.flush()?)
    };
    written().with_context(|| format!("can't write {}", out.display()))
}

fn print(evaluation: &Evaluation) {
    println!(
        "{} pairs at threshold {}; 95 % intervals by the percentile bootstrap over pairs, those of groups by Wilson",
        evaluation.pairs, evaluation.threshold
    );
    let values = evaluation.figures.values();
    for ((key, name), value) in Figures::NAMES.into_iter().zip(values) {
        let interval = evaluation.intervals.figures.get(key).copied().flatten();
        println!(
            "{name:>24}  {:>7}  {}",
            value.map_or("-".into(), |value| format!("{value:.5}")),
            interval.map_or("-".into(), |interval| shown(interval, 5))
        );
    }
    let confusion = evaluation.confusion;
    println!(
        "{:>24}  tp {}, fp {}, tn {}, fn {}",
        "confusion", confusion.tp, confusion.fp, confusion.tn, confusion.fn_
    );
    let row = |name: &str, group: &Group| {
        println!(
            "{name:>24}  {:>5}  {:>10.3}  {:>13.4}  {}",
            group.pairs,
            group.mean_score,
            group.called_copies,
            shown(group.interval, 4)
        );
    };
    let header =
        |what: &str| println!("{what:>24}  pairs  mean score  called copies  95 % interval");
    if !evaluation.other_music.is_empty() {
        header("other music");
        for (sort, group) in &evaluation.other_music {
            row(sort, group);
        }
    }
    if !evaluation.per_modification.is_empty() {
        header("copies");
        for (family, modification) in &evaluation.per_modification {
            row(family, &modification.all);
            let unit = modification.unit;
            for of in &modification.strengths {
                row(format!("{} {unit}", of.strength).trim_end(), &of.group);
            }
        }
    }
}

fn print_composition(figures: &CompositionFigures, stronger: Option<&Separation>) {
    let number = |value: Option<f64>| value.map_or("-".into(), |value| format!("{value:.4}"));
    println!("\ncompositions: ROC-AUC, and recall at 1 % and at 0.1 % false alarms");
    let row = |name: &str, of: &Separation| {
        println!(
            "{name:>44}  {:>7}  {:>7}  {:>7}",
            number(of.roc_auc),
            number(of.recall_at_1_percent),
            number(of.recall_at_0_1_percent)
        );
    };
    if let Some(stronger) = stronger {
        row(
            "by the stronger score, recordings or compositions",
            stronger,
        );
    }
    row("all", &figures.all);
    for (name, version) in &figures.per_perturbation {
        for (other, separation) in &version.against {
            row(&format!("{name}, {other}"), separation);
        }
    }
    println!("verdicts");
    for (name, version) in &figures.per_perturbation {
        let shares = version.verdicts.iter();
        let shares: Vec<String> = shares
            .map(|(verdict, share)| format!("{verdict} {share:.4}"))
            .collect();
        println!("{name:>44}  {}", shares.join(", "));
    }
    let (retrieval, passages) = (&figures.retrieval, &figures.passages);
    for (name, value) in [
        ("mean average precision", retrieval.mean_average_precision),
        ("mean reciprocal rank", retrieval.mean_reciprocal_rank),
        ("first candidate right", retrieval.top_1),
        ("true passages found", passages.found),
        ("intersection over union", passages.intersection_over_union),
        ("transposition right", passages.transposition_right),
        ("speed within 3 %", passages.speed_right),
        ("mean error of the speed", passages.speed_error),
        ("seconds elsewhere a pair", passages.elsewhere_secs),
    ] {
        println!("{name:>44}  {:>7}", number(value));
    }
}

fn shown([low, high]: Interval, digits: usize) -> String {
    format!("{low:.digits$} to {high:.digits$}")
}
