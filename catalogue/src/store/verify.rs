//! Reads everything and names what is damaged.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float16Type, UInt32Type};
use futures::TryStreamExt as _;
use half::f16;
use lance::Dataset;
use lance::dataset::ProjectionRequest;
use soundalike::training::landmarks;
use soundalike::{Model, Song};

use super::Catalogue;
use super::rows::LANDMARKS;
use super::tables::newest;
use crate::retrieval::query::{MOST_VECTORS, Vectors, evenly};

/// Greatest difference of an embedding's squared length from 1. Rounding to f16 stays below 0.001.
const LENGTH_TOLERANCE: f32 = 0.01;
/// Least cosine of an embedding with itself. Rounding to f16 stays above 0.999.
const SAME_COSINE: f32 = 0.99;
/// Songs that are read at once: 25 MB.
const READ_AT_ONCE: usize = 64;

/// What [`Catalogue::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Number of songs.
    pub songs: usize,
    /// Songs that must be removed and added again: ids, and what is wrong.
    pub damaged: Vec<(String, String)>,
    /// Number of songs that two writers added at once.
    pub twice: usize,
    /// Number of embeddings without a song, from writers that were stopped.
    pub orphans: usize,
    /// Number of the index's segments whose files are missing or cut short.
    pub damaged_index_segments: usize,
    /// Whether the index, asked for embeddings that it covers, doesn't find them.
    pub index_is_wrong: bool,
}

/// The embeddings of a song.
#[derive(Clone, Copy, Debug, Default)]
pub struct Embeddings {
    pub count: usize,
    pub are_unsound: bool,
}

impl Catalogue {
    /// Reads the whole catalogue. `progress` is told the number of songs read.
    ///
    /// # Errors
    ///
    /// When it can't be read at all.
    pub fn verify(&self, model: &Model, progress: impl Fn(usize)) -> Result<Findings> {
        self.wait(async {
            // Songs first: those that come while we read have all their embeddings.
            let songs = newest(&self.songs).await?;
            let mut embeddings = embeddings(&newest(&self.segments).await?, true).await?;
            let mut findings = Findings::default();
            let mut seen = HashSet::new();
            let mut scanner = songs.scan();
            let mut columns = vec!["id", "name", "embeddings", "bytes"];
            columns.extend(songs.schema().field(LANDMARKS).map(|_| LANDMARKS));
            scanner.project(&columns)?;
            scanner.batch_size(READ_AT_ONCE);
            let mut batches = scanner.try_into_stream().await?;
            while let Some(batch) = batches.try_next().await? {
                let [ids, names] = ["id", "name"].map(|name| batch[name].as_string::<i32>());
                let counts = batch["embeddings"].as_primitive::<UInt32Type>();
                let bytes = batch["bytes"].as_binary::<i64>();
                let kept = batch.column_by_name(LANDMARKS);
                let kept = kept.map(|column| column.as_binary::<i64>());
                for row in 0..batch.num_rows() {
                    let id = ids.value(row);
                    if !seen.insert(id.to_owned()) {
                        findings.twice += 1;
                        continue;
                    }
                    findings.songs += 1;
                    let expected = counts.value(row) as usize;
                    let there = embeddings.remove(id).unwrap_or_default();
                    let song = Song::from_bytes(bytes.value(row), names.value(row), model);
                    let fault = match song {
                        None => "its kept song is damaged",
                        Some(_) if there.count < expected => "embeddings are missing",
                        Some(_) if there.are_unsound => "its embeddings are damaged",
                        Some(song)
                            if kept.is_some_and(|kept| kept.value(row) != landmarks(&song)) =>
                        {
                            "its landmarks are damaged"
                        }
                        Some(_) => continue,
                    };
                    findings.damaged.push((id.to_owned(), fault.to_owned()));
                }
                progress(findings.songs);
            }
            findings.orphans = embeddings.values().map(|one| one.count).sum();
            Ok(findings)
        })
        .and_then(|findings| {
            Ok(Findings {
                damaged_index_segments: self.damaged_index_segments()?,
                index_is_wrong: self.index_is_wrong()?,
                ..findings
            })
        })
    }

    /// Whether the index can't be read, or misses one of some embeddings that it covers.
    fn index_is_wrong(&self) -> Result<bool> {
        if self.indexed()?.is_none() {
            return Ok(false);
        }
        let sample = self.wait(async { sample(&newest(&self.segments).await?).await })?;
        let nearest = self.nearest(&sample)?;
        let mut best = vec![0.0_f32; sample.len()];
        for hit in nearest.hits {
            best[hit.query] = best[hit.query].max(hit.cosine);
        }
        Ok(nearest.index_is_damaged || best.iter().any(|&cosine| cosine < SAME_COSINE))
    }
}

/// Some embeddings, evenly spread over the table.
async fn sample(segments: &Dataset) -> lance::Result<Vectors> {
    let count = segments.count_rows(None).await?;
    let rows: Vec<_> = evenly(count, MOST_VECTORS).map(|row| row as u64).collect();
    let columns = ProjectionRequest::from_columns(["segment", "vector"], segments.schema());
    let batch = segments.take(&rows, columns).await?;
    let vectors = batch["vector"].as_fixed_size_list();
    let numbers = batch["segment"].as_primitive::<UInt32Type>();
    Ok(Vectors {
        dimensions: vectors.value_length() as usize,
        values: vectors
            .values()
            .as_primitive::<Float16Type>()
            .values()
            .to_vec(),
        segments: numbers.values().to_vec(),
    })
}

/// The number of embeddings by song; whether they are sound, if their `values` are to be read, too.
pub async fn embeddings(
    segments: &Dataset,
    values: bool,
) -> lance::Result<HashMap<String, Embeddings>> {
    let columns: &[&str] = if values {
        &["song", "vector"]
    } else {
        &["song"]
    };
    let mut scanner = segments.scan();
    scanner.project(columns)?;
    let mut batches = scanner.try_into_stream().await?;
    let mut found: HashMap<String, Embeddings> = HashMap::new();
    while let Some(batch) = batches.try_next().await? {
        let songs = batch["song"].as_string::<i32>();
        let vectors = batch.column_by_name("vector");
        let vectors = vectors.map(|column| column.as_fixed_size_list());
        let width = vectors.map_or(0, |vectors| vectors.value_length() as usize);
        let values = vectors.map(|vectors| vectors.values().as_primitive::<Float16Type>().values());
        for (row, song) in songs.iter().flatten().enumerate() {
            let is_unsound =
                values.is_some_and(|values| !is_unit(&values[row * width..(row + 1) * width]));
            match found.get_mut(song) {
                Some(one) => {
                    one.count += 1;
                    one.are_unsound |= is_unsound;
                }
                None => {
                    let one = Embeddings {
                        count: 1,
                        are_unsound: is_unsound,
                    };
                    found.insert(song.to_owned(), one);
                }
            }
        }
    }
    Ok(found)
}

fn is_unit(vector: &[f16]) -> bool {
    let squares = vector.iter().map(|value| value.to_f32().powi(2));
    (squares.sum::<f32>() - 1.0).abs() < LENGTH_TOLERANCE
}
