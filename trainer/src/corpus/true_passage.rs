//! The passage that two versions of a composition have in common, as their arrangements know it.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::midi::arrangement::Rendition;

/// Where two versions play the same part of the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruePassage {
    /// Start and end in the left version.
    pub left_secs: [f64; 2],
    /// Start and end in the right version.
    pub right_secs: [f64; 2],
    /// How much higher the right version is, without octaves: -5 to 6.
    pub transposition_semitones: i32,
    /// Tempo of the right version, relative to the left.
    pub speed_ratio: f64,
}

/// Two versions to compare: a row of the table that `versions` writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionPair {
    /// Left file, relative to the table.
    pub left: String,
    /// Right file, relative to the table.
    pub right: String,
    /// 1 for the same composition, 0 for others.
    pub label: u8,
    /// The right version, or the kind of other music.
    #[serde(default)]
    pub perturbation: String,
    #[serde(default)]
    true_left_start_secs: Option<f64>,
    #[serde(default)]
    true_left_end_secs: Option<f64>,
    #[serde(default)]
    true_right_start_secs: Option<f64>,
    #[serde(default)]
    true_right_end_secs: Option<f64>,
    #[serde(default)]
    true_transposition_semitones: Option<i32>,
    #[serde(default)]
    true_speed_ratio: Option<f64>,
}

impl TruePassage {
    /// The part of a score of `score_secs` that both renditions play; `None` if there is none.
    pub fn of(left: &Rendition, right: &Rendition, score_secs: f64) -> Option<Self> {
        let end = |rendition: &Rendition| {
            rendition.start_secs + rendition.duration_secs * rendition.tempo_ratio
        };
        let from = left.start_secs.max(right.start_secs);
        let to = end(left).min(end(right)).min(score_secs);
        let within = |rendition: &Rendition| {
            [from, to].map(|secs| (secs - rendition.start_secs) / rendition.tempo_ratio)
        };
        let semitones = i32::from(right.semitones) - i32::from(left.semitones);
        (from < to).then(|| Self {
            left_secs: within(left),
            right_secs: within(right),
            transposition_semitones: without_octaves(semitones),
            speed_ratio: right.tempo_ratio / left.tempo_ratio,
        })
    }
}

/// A transposition without its octaves: -5 to 6 semitones.
pub fn without_octaves(semitones: i32) -> i32 {
    (semitones + 5).rem_euclid(12) - 5
}

impl VersionPair {
    /// A row of the table.
    pub fn new(
        [left, right]: [String; 2],
        label: u8,
        perturbation: &str,
        truth: Option<TruePassage>,
    ) -> Self {
        Self {
            left,
            right,
            label,
            perturbation: perturbation.to_owned(),
            true_left_start_secs: truth.map(|truth| truth.left_secs[0]),
            true_left_end_secs: truth.map(|truth| truth.left_secs[1]),
            true_right_start_secs: truth.map(|truth| truth.right_secs[0]),
            true_right_end_secs: truth.map(|truth| truth.right_secs[1]),
            true_transposition_semitones: truth.map(|truth| truth.transposition_semitones),
            true_speed_ratio: truth.map(|truth| truth.speed_ratio),
        }
    }

    /// What the versions have in common, if the table says so.
    pub fn truth(&self) -> Option<TruePassage> {
        Some(TruePassage {
            left_secs: [self.true_left_start_secs?, self.true_left_end_secs?],
            right_secs: [self.true_right_start_secs?, self.true_right_end_secs?],
            transposition_semitones: self.true_transposition_semitones?,
            speed_ratio: self.true_speed_ratio?,
        })
    }
}

/// The true passage of each row of a table, where the table has the columns.
///
/// # Errors
///
/// When the file can't be read or a cell isn't a number.
pub fn read(path: &Path) -> Result<Vec<Option<TruePassage>>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("can't open {}", path.display()))?;
    let rows = reader.deserialize::<VersionPair>().enumerate();
    rows.map(|(row, pair)| {
        let pair = pair.with_context(|| format!("{}, row {}", path.display(), row + 2))?;
        Ok(pair.truth())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use soundalike_tables::pair_table;

    use super::*;

    fn rendition(start_secs: f64, tempo_ratio: f64, semitones: i8) -> Rendition {
        Rendition {
            start_secs,
            duration_secs: 60.0,
            tempo_ratio,
            semitones,
        }
    }

    #[test]
    fn the_common_part_is_in_seconds_of_each_version() {
        let [left, right] = [rendition(30.0, 1.0, 0), rendition(40.0, 1.25, 8)];
        let truth = TruePassage::of(&left, &right, 200.0).unwrap();
        assert_eq!(
            (truth.left_secs, truth.right_secs),
            ([10.0, 60.0], [0.0, 40.0])
        );
        assert_eq!(
            (truth.transposition_semitones, truth.speed_ratio),
            (-4, 1.25)
        );
        let short = TruePassage::of(&left, &right, 65.0).unwrap();
        assert_eq!(
            (short.left_secs, short.right_secs),
            ([10.0, 35.0], [0.0, 20.0])
        );
        assert_eq!(
            TruePassage::of(&left, &rendition(90.0, 1.0, 0), 200.0),
            None
        );
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs.csv");
        let truth = TruePassage::of(&rendition(0.0, 1.0, 0), &rendition(6.0, 0.8, -1), 90.0);
        let names = || ["a.wav".to_owned(), "b.wav".to_owned()];
        let pairs = [
            VersionPair::new(names(), 1, "reharmonised", truth),
            VersionPair::new(names(), 0, "negative-unrelated", None),
        ];
        pair_table::write(&path, &pairs).unwrap();
        assert_eq!(read(&path).unwrap(), [truth, None]);
        std::fs::write(&path, "left,right,label,perturbation\na,b,1,x\n").unwrap();
        assert_eq!(read(&path).unwrap(), [None]);
    }
}
