//! Reads everything and names what is damaged.

use anyhow::Result;
use half::f16;
use soundalike::{Model, Song};

use super::Catalogue;

/// Greatest difference of an embedding's squared length from 1. Rounding to f16 stays below 0.001.
const LENGTH_TOLERANCE: f32 = 0.01;

/// What [`Catalogue::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Number of songs.
    pub songs: usize,
    /// Songs that must be removed and added again: ids, and what is wrong.
    pub damaged: Vec<(String, String)>,
    /// What is wrong with the file as a whole, in SQLite's words.
    pub file: Vec<String>,
}

impl Catalogue {
    /// Reads the whole catalogue. `progress` is told the number of songs read.
    ///
    /// # Errors
    ///
    /// When it can't be read at all.
    pub fn verify(&self, model: &Model, progress: impl Fn(usize)) -> Result<Findings> {
        let mut findings = Findings::default();
        let check = || -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare("PRAGMA integrity_check(20)")?;
            let lines = statement.query_map([], |row| row.get(0))?;
            lines.collect()
        };
        findings.file = self.named(check())?;
        findings.file.retain(|line| line != "ok");
        let mut read = || -> rusqlite::Result<()> {
            let select = "SELECT id, name, segments, vectors, bytes FROM songs \
                          LEFT JOIN embeddings USING (key) LEFT JOIN kept USING (key)";
            let mut statement = self.connection.prepare(select)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, name): (String, String) = (row.get(0)?, row.get(1)?);
                let blob = |column: usize| row.get_ref(column).ok()?.as_blob().ok();
                let bytes = blob(4).and_then(|bytes| Song::from_bytes(bytes, &name, model));
                let embeddings = blob(2).zip(blob(3));
                let are_sound = |(segments, vectors)| self.are_sound(segments, vectors);
                let fault = match (bytes, embeddings.is_some_and(are_sound)) {
                    (Some(_), true) => None,
                    (None, _) => Some("its kept song is damaged"),
                    (_, false) => Some("its embeddings are damaged"),
                };
                findings
                    .damaged
                    .extend(fault.map(|fault| (id, fault.to_owned())));
                findings.songs += 1;
                progress(findings.songs);
            }
            Ok(())
        };
        let outcome = read();
        self.named(outcome)?;
        Ok(findings)
    }

    fn are_sound(&self, segments: &[u8], vectors: &[u8]) -> bool {
        let (values, _) = vectors.as_chunks::<2>();
        let is_unit = |vector: &[[u8; 2]]| {
            let squares = vector
                .iter()
                .map(|bytes| f16::from_le_bytes(*bytes).to_f32().powi(2));
            (squares.sum::<f32>() - 1.0).abs() < LENGTH_TOLERANCE
        };
        segments.len().is_multiple_of(4)
            && vectors.len() == segments.len() / 4 * 2 * self.stamp.dimensions
            && values.chunks_exact(self.stamp.dimensions).all(is_unit)
    }
}
