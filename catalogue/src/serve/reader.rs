//! All that the service knows of the catalogue: what made it, candidates for query vectors, and the
//! bytes of a kept song.

use std::sync::Arc;

use anyhow::Result;
use soundalike::Model;
use tokio::sync::Mutex;

use crate::retrieval::Hit;
use crate::retrieval::query::Vectors;
use crate::retrieval::votes::{Candidate, candidates};
use crate::store::{Address, Catalogue, Nearest, Stamp};

/// Most songs of an answer.
pub(super) const MOST_CANDIDATES: usize = 20;

/// The catalogue, opened for reading.
#[derive(Clone, Debug)]
pub struct StoreReader {
    stamp: Stamp,
    /// Answers searches, one at a time: a search uses all cores.
    searching: Arc<Mutex<Catalogue>>,
    /// Answers all other requests, so that they don't wait for a search.
    reading: Arc<Mutex<Catalogue>>,
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Found {
    /// Number of songs in the catalogue.
    pub songs: usize,
    /// The best candidates with their names, best first.
    pub candidates: Vec<(Candidate, String)>,
    /// The hits of all songs.
    pub hits: Vec<Hit>,
}

impl StoreReader {
    /// Opens a catalogue.
    ///
    /// # Errors
    ///
    /// When it can't be read, or another program or other weights made it.
    pub fn open(address: &Address, model: &Model) -> Result<Self> {
        let searching = Catalogue::open(address, model)?;
        let reading = Catalogue::open(address, model)?;
        Ok(Self {
            stamp: searching.stamp().clone(),
            searching: Arc::new(Mutex::new(searching)),
            reading: Arc::new(Mutex::new(reading)),
        })
    }

    /// The versions with which the catalogue was made.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Number of songs in it.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub async fn songs(&self) -> Result<usize> {
        let read = |catalogue: &Catalogue| Ok(catalogue.size()?.songs);
        with(&self.reading, read).await
    }

    /// The songs that are nearest to these vectors.
    pub(super) async fn find(&self, query: Vectors) -> Result<Found> {
        with(&self.searching, move |catalogue| {
            let Nearest {
                hits,
                index_is_damaged,
            } = catalogue.nearest(&query)?;
            if index_is_damaged {
                let address = catalogue.address();
                eprintln!("warning: {address}: its index can't be read, all songs are scanned");
            }
            let candidates = candidates(&hits, MOST_CANDIDATES);
            let ids: Vec<_> = candidates.iter().map(|one| one.song.clone()).collect();
            let mut names = catalogue.names(&ids)?;
            // A song that was removed meanwhile has no name.
            let candidates = candidates.into_iter().filter_map(|one| {
                let name = names.remove(&one.song)?;
                Some((one, name))
            });
            Ok(Found {
                songs: catalogue.size()?.songs,
                candidates: candidates.collect(),
                hits,
            })
        })
        .await
    }

    /// The bytes of a kept song; `None` if it isn't there.
    pub(super) async fn kept(&self, id: String) -> Result<Option<Vec<u8>>> {
        with(&self.reading, move |catalogue| {
            let mut kept = catalogue.kept(std::slice::from_ref(&id))?;
            Ok(kept.remove(&id).map(|(_, bytes)| bytes))
        })
        .await
    }
}

/// Reads on a thread that may wait for the disk. A request that ends before its turn reads nothing.
async fn with<T: Send + 'static>(
    catalogue: &Arc<Mutex<Catalogue>>,
    read: impl FnOnce(&Catalogue) -> Result<T> + Send + 'static,
) -> Result<T> {
    let catalogue = Arc::clone(catalogue).lock_owned().await;
    tokio::task::spawn_blocking(move || read(&catalogue)).await?
}
