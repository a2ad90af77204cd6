//! Tests with whole songs: cases of two recipes (`cases/KIND/*.json`), and properties of all songs.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod properties;
mod synth;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use soundalike::report::MatchedPassage;
use soundalike::{Checker, Error, Model, Report, SHIPPED_WEIGHTS, Song, Waveform};

use synth::{RATE_HZ, Recipe};

/// Two songs and the expected report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    left: Recipe,
    right: Recipe,
    /// Smallest and greatest score.
    score: (f64, f64),
    /// All passages, in any order. Not given where there may be some or none.
    passages: Option<Vec<Expected>>,
    /// The one passage that is the same composition played anew. Without it there is none.
    composition: Option<Expected>,
    /// Share of the left and of the right song that is left out as blank, to 0.1.
    left_out: Option<(f64, f64)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    left: (f64, f64),
    right: (f64, f64),
    #[serde(default = "unchanged")]
    speed_ratio: f64,
    #[serde(default)]
    semitones: f64,
    #[serde(default)]
    reversed: bool,
}

fn unchanged() -> f64 {
    1.0
}

#[test]
fn every_case_has_the_expected_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/songs/cases");
    let mut paths: Vec<_> = entries(&folder)
        .iter()
        .flat_map(|kind| entries(kind))
        .collect();
    paths.sort();
    assert!(paths.len() >= 10, "only {} cases", paths.len());
    let checker = checker();
    let faults: Vec<String> = paths
        .iter()
        .flat_map(|path| {
            let case: Case = serde_json::from_str(&std::fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let report = compare(&checker, &case.left, &case.right);
            let name = path.file_stem().unwrap().display().to_string();
            faults(&case, &report)
                .into_iter()
                .map(move |fault| format!("{name}: {fault}"))
        })
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn faults(case: &Case, report: &Report) -> Vec<String> {
    let mut faults = Vec::new();
    let (least, most) = case.score;
    if !(least..=most).contains(&report.score) {
        faults.push(format!(
            "the score is {}, not {least}..{most}",
            report.score
        ));
    }
    if let Some((left, right)) = case.left_out {
        for (song, expected) in [(&report.left, left), (&report.right, right)] {
            if (song.left_out_share - expected).abs() > 0.1 {
                faults.push(format!(
                    "{} of a song are left out, not {expected}",
                    song.left_out_share
                ));
            }
        }
    }
    faults.extend(composition_fault(case.composition.as_ref(), report));
    if let Some(expected) = &case.passages {
        if report.passages.len() != expected.len() {
            faults.push(format!(
                "{} passages, not {}: {:?}",
                report.passages.len(),
                expected.len(),
                report.passages
            ));
        }
        for expected in expected {
            if !report
                .passages
                .iter()
                .any(|found| is_as_expected(found, expected))
            {
                faults.push(format!("no {expected:?} among {:?}", report.passages));
            }
        }
    }
    if !report
        .passages
        .is_sorted_by(|a, b| a.left_start_secs <= b.left_start_secs)
    {
        faults.push(format!("passages are out of order: {:?}", report.passages));
    }
    faults
}

/// Copies and unrelated songs are no composition played anew.
fn composition_fault(expected: Option<&Expected>, report: &Report) -> Option<String> {
    const SECS: f64 = 4.0;
    const SPEED: f64 = 0.03;
    let found = &report.composition;
    let is_right = match (expected, &found.passages[..]) {
        (None, []) => found.score < 0.5,
        (Some(expected), [passage]) => {
            let times = [
                passage.left_start_secs - expected.left.0,
                passage.left_end_secs - expected.left.1,
                passage.right_start_secs - expected.right.0,
                passage.right_end_secs - expected.right.1,
            ];
            found.score >= 0.8
                && times.iter().all(|off| off.abs() <= SECS)
                && (passage.speed_ratio / expected.speed_ratio - 1.0).abs() <= SPEED
                && f64::from(passage.transposition_semitones) == expected.semitones
        }
        _ => false,
    };
    (!is_right).then(|| format!("the composition is {found:?}, not {expected:?}"))
}

fn is_as_expected(found: &MatchedPassage, expected: &Expected) -> bool {
    const SECS: f64 = 0.5;
    const SPEED: f64 = 0.02;
    const SEMITONES: f64 = 0.5;
    let times = [
        found.left_start_secs - expected.left.0,
        found.left_end_secs - expected.left.1,
        found.right_start_secs - expected.right.0,
        found.right_end_secs - expected.right.1,
    ];
    found.reversed == expected.reversed
        && times.iter().all(|off| off.abs() <= SECS)
        && (found.speed_ratio / expected.speed_ratio - 1.0).abs() <= SPEED
        && (found.pitch_shift_semitones - expected.semitones).abs() <= SEMITONES
}

fn checker() -> Checker {
    let model = Model::on_cpu(SHIPPED_WEIGHTS).unwrap();
    Checker::new(model, "cpu")
}

fn analyse(checker: &Checker, samples: Vec<f32>) -> Result<Song, Error> {
    let waveform = Waveform::new("song", samples, RATE_HZ)?;
    pollster::block_on(checker.analyse("song", waveform, |_, _| ()))
}

fn compare(checker: &Checker, left: &Recipe, right: &Recipe) -> Report {
    let song = |recipe: &Recipe| analyse(checker, recipe.samples()).unwrap();
    checker.compare(&song(left), &song(right), |_, _| ())
}
