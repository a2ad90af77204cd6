//! Songs by their landmarks: all of them are looked through.

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_schema::ArrowError;
use futures::TryStreamExt as _;
use lance::Dataset;
use rayon::prelude::*;
use soundalike::training::LandmarkSearch;

use super::Catalogue;
use super::rows::LANDMARKS;
use super::tables::newest;

/// Songs of a batch: 5 MB of landmarks.
const BATCH_SONGS: usize = 256;

/// The evidence that a song plays in the searched one.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Its id.
    pub song: String,
    /// How much; 0 for none.
    pub evidence: f64,
}

impl Catalogue {
    /// Whether songs under other music can be found.
    ///
    /// # Errors
    ///
    /// When the catalogue has no landmarks.
    pub fn check_landmarks(&self) -> Result<()> {
        ensure!(
            has_landmarks(&self.songs),
            "{} was made by a version that didn't look under other music: make it anew, or leave out --under-music",
            self.address
        );
        Ok(())
    }

    /// Whether there is a column of landmarks.
    #[must_use]
    pub fn has_landmarks(&self) -> bool {
        has_landmarks(&self.songs)
    }

    /// All songs with evidence that they play in the searched one, most evidence first.
    ///
    /// # Errors
    ///
    /// When the table can't be read.
    pub fn heard(&self, search: &LandmarkSearch) -> Result<Vec<Heard>> {
        let mut heard = self.wait(async {
            let songs = newest(&self.songs).await?;
            let heard = Mutex::new(Vec::new());
            if !has_landmarks(&songs) {
                return Ok(Vec::new());
            }
            let mut scanner = songs.scan();
            scanner.project(&["id", LANDMARKS])?;
            scanner.batch_size(BATCH_SONGS).scan_in_order(false);
            let mut batches = scanner.try_into_stream().await?;
            while let Some(batch) = batches.try_next().await? {
                let found = listen(search, &batch);
                heard
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(found);
            }
            Ok(heard.into_inner().unwrap_or_else(PoisonError::into_inner))
        })?;
        heard.sort_by(|a, b| {
            let order = b.evidence.total_cmp(&a.evidence);
            order.then_with(|| a.song.cmp(&b.song))
        });
        // Two writers may have added a song at once.
        heard.dedup_by(|a, b| a.song == b.song);
        Ok(heard)
    }
}

/// The rows of songs as this table takes them: without landmarks if it has no column for them.
pub fn fitting(table: &Dataset, mut rows: RecordBatch) -> Result<RecordBatch, ArrowError> {
    if let (false, Ok(column)) = (has_landmarks(table), rows.schema().index_of(LANDMARKS)) {
        rows.remove_column(column);
    }
    Ok(rows)
}

fn has_landmarks(songs: &Dataset) -> bool {
    songs.schema().field(LANDMARKS).is_some()
}

fn listen(search: &LandmarkSearch, batch: &RecordBatch) -> Vec<Heard> {
    let ids = batch["id"].as_string::<i32>();
    let landmarks = batch[LANDMARKS].as_binary::<i64>();
    let rows = 0..batch.num_rows();
    rows.into_par_iter()
        .map_init(Vec::new, |counts, row| Heard {
            song: ids.value(row).to_owned(),
            // Empty where there are none.
            evidence: search.evidence(landmarks.value(row), counts),
        })
        .filter(|heard| heard.evidence > 0.0)
        .collect()
}
