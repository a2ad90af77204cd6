//! Tables of pairs: the CSV files that `pairs` writes and `train` and `evaluate` read.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::recipe::Recipe;

/// One row: two passages of three seconds, and whether one is a copy of the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Left file, relative to the table.
    pub left: PathBuf,
    /// Right file, relative to the table.
    pub right: PathBuf,
    /// 1 for a copy, 0 for other music.
    pub label: u8,
    /// Start of the left passage.
    #[serde(default)]
    pub left_start_secs: f64,
    /// Start of the right passage.
    #[serde(default)]
    pub right_start_secs: f64,
    /// The kinds of change of the right passage, or the sort of other music.
    #[serde(default)]
    pub perturbation: String,
    /// The changes applied to the right passage when it is loaded; empty when the file already has
    /// them.
    #[serde(default)]
    pub recipe: String,
}

impl Pair {
    /// Whether the right passage is a copy of the left.
    pub fn is_copy(&self) -> bool {
        self.label == 1
    }

    /// The recipe, parsed.
    ///
    /// # Errors
    ///
    /// When the cell isn't one.
    pub fn parsed_recipe(&self) -> Result<Recipe> {
        self.recipe
            .parse()
            .with_context(|| format!("recipe {:?}", self.recipe))
    }
}

/// Reads a table. Paths in the result are absolute or relative to the current folder, no longer to
/// the table.
///
/// # Errors
///
/// When the file can't be read or a row isn't a pair; the error names the row.
pub fn read(path: &Path) -> Result<Vec<Pair>> {
    let mut reader =
        csv::Reader::from_path(path).with_context(|| format!("can't open {}", path.display()))?;
    let header = reader.headers()?.clone();
    for column in ["left", "right", "label"] {
        if !header.iter().any(|name| name == column) {
            bail!("{} has no column {column:?}", path.display());
        }
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut pairs = Vec::new();
    for (row, pair) in reader.deserialize().enumerate() {
        let place = || format!("{}, row {}", path.display(), row + 2);
        let mut pair: Pair = pair.with_context(place)?;
        let starts_are_times = [pair.left_start_secs, pair.right_start_secs]
            .iter()
            .all(|secs| secs.is_finite() && *secs >= 0.0);
        if pair.label > 1 || !starts_are_times {
            bail!(
                "{}: the label must be 0 or 1 and starts must be seconds from 0 on",
                place()
            );
        }
        pair.parsed_recipe().with_context(place)?;
        pair.left = folder.join(pair.left);
        pair.right = folder.join(pair.right);
        pairs.push(pair);
    }
    if pairs.is_empty() {
        bail!("{} has no pairs", path.display());
    }
    Ok(pairs)
}

/// Writes a table, of passages or of whole songs.
///
/// # Errors
///
/// When the file can't be written.
pub fn write<Row: Serialize>(path: &Path, rows: &[Row]) -> Result<()> {
    let written = || -> Result<()> {
        let mut writer = csv::Writer::from_path(path)?;
        for row in rows {
            writer.serialize(row)?;
        }
        Ok(writer.flush()?)
    };
    written().with_context(|| format!("can't write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Pair>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("pairs.csv");
        std::fs::write(&path, text)?;
        read(&path)
    }

    #[test]
    fn optional_columns_have_defaults() {
        let pairs = read_text("left,right,label\na.wav,b.wav,1\n").unwrap();
        assert!(
            pairs[0].is_copy() && pairs[0].left.is_absolute() && pairs[0].left_start_secs == 0.0
        );
    }

    #[test]
    fn broken_tables_are_refused_with_their_row() {
        for (text, message) in [
            ("", "no column"),
            ("left,right\na,b\n", "no column"),
            ("left,right,label\n", "no pairs"),
            ("left,right,label\na,b,2\n", "row 2"),
            ("left,right,label\na,b,x\n", "row 2"),
            ("left,right,label,left_start_secs\na,b,1,-1\n", "row 2"),
            ("left,right,label,left_start_secs\na,b,1,NaN\n", "row 2"),
            ("left,right,label,recipe\na,b,1,fry=3\n", "row 2"),
            ("left,right,label\na,b,1\na,b\n", "row 3"),
        ] {
            let error = format!("{:#}", read_text(text).expect_err(text));
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }
}
