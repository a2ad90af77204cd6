//! The embeddings that are nearest to a song's: an exact scan of all. One thread reads, the others
//! compute.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use half::f16;
use rusqlite::Row;

use super::Catalogue;
use crate::retrieval::Hit;
use crate::retrieval::query::Vectors;
use crate::retrieval::scan::Scan;
use crate::retrieval::top::{BatchTop, Top};
use crate::retrieval::votes::CHANCE_COSINE;

/// Embeddings of a batch: 2 MB.
const BATCH_ROWS: usize = 8_192;

/// Embeddings of some songs.
#[derive(Default)]
struct Batch {
    /// `[rows, dimensions]`.
    values: Vec<f16>,
    /// Index of each row's segment.
    segments: Vec<u32>,
    /// Index of the first row of each song, and its id.
    songs: Vec<(usize, String)>,
}

impl Batch {
    /// Reads the song of a row. False if its parts don't fit each other.
    fn append(&mut self, row: &Row<'_>, dimensions: usize) -> rusqlite::Result<bool> {
        let (id, segments, vectors) = (row.get(0)?, row.get_ref(1)?, row.get_ref(2)?);
        let (segments, rest) = segments.as_blob()?.as_chunks::<4>();
        let (values, odd) = vectors.as_blob()?.as_chunks::<2>();
        if !rest.is_empty() || !odd.is_empty() || values.len() != segments.len() * dimensions {
            return Ok(false);
        }
        self.songs.push((self.segments.len(), id));
        self.segments
            .extend(segments.iter().map(|bytes| u32::from_le_bytes(*bytes)));
        self.values
            .extend(values.iter().map(|bytes| f16::from_le_bytes(*bytes)));
        Ok(true)
    }

    /// Song and segment of a row.
    fn place(&self, row: usize) -> (&str, u32) {
        let song = self.songs.partition_point(|&(first, _)| first <= row) - 1;
        (&self.songs[song].1, self.segments[row])
    }
}

impl Catalogue {
    /// The nearest embeddings of each query vector.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or has embeddings of another length.
    pub fn nearest(&self, query: &Vectors) -> Result<Vec<Hit>> {
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let scan = Scan::new(query);
        let top = Mutex::new(Top::new(query.len(), CHANCE_COSINE));
        let cores = rayon::current_num_threads();
        let (sender, receiver) = sync_channel(2 * cores);
        let receiver = Mutex::new(receiver);
        let read = std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| look_through(&scan, &receiver, &top));
            }
            let read = self.batches(|batch| sender.send(batch).is_ok());
            drop(sender);
            read
        });
        let unfit = self.named(read)?;
        ensure!(
            unfit == 0,
            "{}: the embeddings of {unfit} songs are damaged; `soundalike-catalogue verify` names them",
            self.folder.display()
        );
        Ok(top
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .into_hits())
    }

    /// Reads all embeddings. Returns the number of songs whose embeddings have another length.
    fn batches(&self, mut give: impl FnMut(Batch) -> bool) -> rusqlite::Result<usize> {
        let select = "SELECT id, segments, vectors FROM embeddings JOIN songs USING (key)";
        let mut statement = self.connection.prepare(select)?;
        let mut rows = statement.query([])?;
        let (mut batch, mut unfit) = (Batch::default(), 0);
        while let Some(row) = rows.next()? {
            unfit += usize::from(!batch.append(row, self.stamp.dimensions)?);
            if batch.segments.len() >= BATCH_ROWS && !give(std::mem::take(&mut batch)) {
                break;
            }
        }
        give(batch);
        Ok(unfit)
    }
}

fn look_through(scan: &Scan, batches: &Mutex<Receiver<Batch>>, top: &Mutex<Top>) {
    loop {
        let batch = batches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(batch) = batch else {
            return;
        };
        let top = || top.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BatchTop::new(top().thresholds());
        scan.batch(&batch.values, &mut found);
        top().merge(&found, |row| batch.place(row));
    }
}
