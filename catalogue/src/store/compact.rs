//! Removes what nobody needs: rows that are there twice, embeddings without a song, small files,
//! and old versions.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{UInt32Type, UInt64Type};
use chrono::{TimeDelta, Utc};
use futures::TryStreamExt as _;
use lance::Dataset;
use lance::dataset::optimize::{CompactionOptions, compact_files};

use super::tables::newest;
use super::{Catalogue, verify};

/// Rows that are removed in one commit.
const REMOVED_AT_ONCE: usize = 10_000;

/// What [`Catalogue::compact`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Rows removed: songs and embeddings that were there twice, embeddings without a song.
    pub rows_removed: usize,
    /// Files that became part of larger ones.
    pub files_merged: usize,
    /// Bytes of old versions removed.
    pub bytes_removed: u64,
}

impl Catalogue {
    /// Removes rows that are there twice and what stopped writers left, merges small files, and
    /// removes versions of the tables older than `keep`. What is younger than that stays: another
    /// program may be reading it, or have yet to commit the songs of its embeddings.
    ///
    /// # Errors
    ///
    /// When the store can't be read or written.
    pub fn compact(&mut self, keep: Duration) -> Result<Compacted> {
        let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
        self.wait(async {
            let mut done = Compacted::default();
            // Embeddings first: the songs of those that are old enough are committed by now.
            let mut segments = newest(&self.segments).await?;
            let mut songs = newest(&self.songs).await?;
            let (expected, twice) = songs_and_twice(&songs).await?;
            let last = last_fragment(&segments, keep).await?;
            let unneeded = unneeded(&segments, &expected, last).await?;
            done.rows_removed = twice.len() + unneeded.len();
            delete_rows(&mut songs, &twice).await?;
            delete_rows(&mut segments, &unneeded).await?;
            for table in [&mut songs, &mut segments] {
                let merged = compact_files(table, CompactionOptions::default(), None).await?;
                done.files_merged += merged.fragments_removed;
                let removed = table.cleanup_old_versions(keep, None, None).await?;
                done.bytes_removed += removed.bytes_removed;
            }
            Ok(done)
        })
    }
}

/// The number of embeddings of each song, and the rows of songs that are there already.
async fn songs_and_twice(songs: &Dataset) -> lance::Result<(HashMap<String, usize>, Vec<u64>)> {
    let mut scanner = songs.scan();
    scanner.project(&["id", "embeddings"])?.with_row_id();
    let mut batches = scanner.try_into_stream().await?;
    let (mut expected, mut twice) = (HashMap::new(), Vec::new());
    while let Some(batch) = batches.try_next().await? {
        let ids = batch["id"].as_string::<i32>();
        let counts = batch["embeddings"].as_primitive::<UInt32Type>();
        let rows = batch["_rowid"].as_primitive::<UInt64Type>();
        for (row, id) in ids.iter().flatten().enumerate() {
            let known = expected.insert(id.to_owned(), counts.value(row) as usize);
            twice.extend(known.map(|_| rows.value(row)));
        }
    }
    Ok((expected, twice))
}

/// The last fragment of the version that was the newest one some time ago: those up to it are no
/// longer part of a commit to come. `None` if the table is younger.
async fn last_fragment(table: &Dataset, age: TimeDelta) -> lance::Result<Option<u64>> {
    let before = Utc::now() - age;
    let versions = table.versions().await?;
    let old = versions.iter().filter(|one| one.timestamp <= before);
    let Some(version) = old.map(|one| one.version).max() else {
        return Ok(None);
    };
    let old = table.checkout_version(version).await?;
    Ok(old.fragments().iter().map(|one| one.id).max())
}

/// Rows of embeddings up to this fragment without a song, or there already.
async fn unneeded(
    segments: &Dataset,
    expected: &HashMap<String, usize>,
    last_fragment: Option<u64>,
) -> lance::Result<Vec<u64>> {
    let there = verify::embeddings(segments, false).await?;
    let is_wrong = |id: &str| there.get(id).map(|one| one.count) != expected.get(id).copied();
    let (mut seen, mut unneeded) = (HashSet::new(), Vec::new());
    let mut scanner = segments.scan();
    scanner.project(&["song", "segment"])?.with_row_id();
    let mut batches = scanner.try_into_stream().await?;
    while let Some(batch) = batches.try_next().await? {
        let songs = batch["song"].as_string::<i32>();
        let indices = batch["segment"].as_primitive::<UInt32Type>();
        let rows = batch["_rowid"].as_primitive::<UInt64Type>();
        for (row, song) in songs.iter().flatten().enumerate() {
            if !is_wrong(song) {
                continue;
            }
            let is_known = !seen.insert((song.to_owned(), indices.value(row)));
            let row = rows.value(row);
            // A row's id has the number of its fragment in the upper half.
            let is_old = last_fragment.is_some_and(|last| row >> 32 <= last);
            if is_known || (is_old && !expected.contains_key(song)) {
                unneeded.push(row);
            }
        }
    }
    Ok(unneeded)
}

async fn delete_rows(table: &mut Dataset, rows: &[u64]) -> lance::Result<()> {
    for chunk in rows.chunks(REMOVED_AT_ONCE) {
        let rows: Vec<_> = chunk.iter().map(u64::to_string).collect();
        table
            .delete(&format!("_rowid IN ({})", rows.join(", ")))
            .await?;
    }
    Ok(())
}
