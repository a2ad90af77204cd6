//! Tables of pairs of whole songs: those that the test sets write, and the scores of `evaluate
//! --songs`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Score from which a pair counts as similar.
pub const THRESHOLD: f64 = 0.5;

/// A row of `songs.csv`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pair {
    pub left: String,
    pub right: String,
    pub label: u8,
    pub perturbation: String,
}

/// The songs of some pairs, each once.
pub fn songs_of(pairs: &[Pair]) -> Vec<&str> {
    let mut songs: Vec<&str> = pairs
        .iter()
        .flat_map(|pair| [pair.left.as_str(), pair.right.as_str()])
        .collect();
    songs.sort_unstable();
    songs.dedup();
    songs
}

/// The columns of `scores.csv` that matter here.
#[derive(Deserialize)]
pub struct ScoredPair {
    pub left: String,
    pub right: String,
    pub label: u8,
    pub perturbation: String,
    pub score: f64,
    passages: String,
}

/// A passage of the report, by the names of its JSON.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedPassage {
    pub left_start_secs: f64,
    pub left_end_secs: f64,
    pub right_start_secs: f64,
    pub right_end_secs: f64,
    pub speed_ratio: f64,
    pub pitch_shift_semitones: f64,
}

impl ScoredPair {
    pub fn passages(&self) -> Result<Vec<ReportedPassage>> {
        serde_json::from_str(&self.passages)
            .with_context(|| format!("the passages of {} are no JSON", self.right))
    }
}

/// Path of an audio file relative to the tables.
pub fn relative(path: &Path) -> Result<String> {
    Ok(format!(
        "audio/{}",
        path.file_name()
            .context("a file has a name")?
            .to_string_lossy()
    ))
}

pub fn write(path: &Path, rows: impl IntoIterator<Item = impl Serialize>) -> Result<()> {
    let mut writer =
        csv::Writer::from_path(path).with_context(|| format!("writing {}", path.display()))?;
    for row in rows {
        writer.serialize(row)?;
    }
    writer
        .flush()
        .with_context(|| format!("writing {}", path.display()))
}

pub fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} lacks a column or a value", path.display()))
}

pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this share of the values is; NaN without any.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share) as usize;
    let last = sorted.len().saturating_sub(1);
    sorted.get(rank.min(last)).copied().unwrap_or(f64::NAN)
}
