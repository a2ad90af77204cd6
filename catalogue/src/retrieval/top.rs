//! The best hits of each query vector, while embeddings come in any order.

use super::{HITS_PER_VECTOR, Hit};

/// A hit by its place in a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found {
    /// Index of the row in its batch.
    pub row: usize,
    /// Cosine with the query vector.
    pub cosine: f32,
}

/// Rows of a batch that may be among the best of each query vector.
#[derive(Debug)]
pub struct BatchTop {
    found: Vec<Vec<Found>>,
    /// Least cosine of a row that is among the best, by query vector.
    thresholds: Vec<f32>,
}

impl BatchTop {
    /// An empty list with the thresholds of [`Top::thresholds`].
    #[must_use]
    pub fn new(thresholds: Vec<f32>) -> Self {
        Self {
            found: vec![Vec::new(); thresholds.len()],
            thresholds,
        }
    }

    /// Takes the cosines of rows with each query vector into account, `[rows, queries]`. The first
    /// of them is row `first` of the batch.
    pub fn offer(&mut self, first: usize, cosines: &[f32]) {
        let thresholds = self.thresholds.as_mut_slice();
        for (index, row) in cosines.chunks_exact(thresholds.len()).enumerate() {
            // Hardly one in a thousand is among the best. This crate is optimised little, so that
            // an iterator would be a call for each of some fifty million cosines.
            let mut query = 0;
            while query < row.len() {
                let cosine = row[query];
                if cosine >= thresholds[query] {
                    let found = &mut self.found[query];
                    let row = first + index;
                    found.push(Found { row, cosine });
                    if found.len() >= 4 * HITS_PER_VECTOR {
                        found.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
                        found.truncate(HITS_PER_VECTOR);
                        thresholds[query] = found[HITS_PER_VECTOR - 1].cosine;
                    }
                }
                query += 1;
            }
        }
    }
}

/// The best hits of each query vector.
#[derive(Debug)]
pub struct Top {
    hits: Vec<Vec<Hit>>,
    floor: f32,
}

impl Top {
    /// For this many query vectors; hits with a cosine below `floor` don't count.
    #[must_use]
    pub fn new(queries: usize, floor: f32) -> Self {
        Self {
            hits: vec![Vec::new(); queries],
            floor,
        }
    }

    /// For each query vector, the cosine below which a row can't be among the best.
    #[must_use]
    pub fn thresholds(&self) -> Vec<f32> {
        let threshold = |hits: &Vec<Hit>| match hits.get(HITS_PER_VECTOR - 1) {
            Some(last) => last.cosine,
            None => self.floor,
        };
        self.hits.iter().map(threshold).collect()
    }

    /// Takes a batch into account, whose rows have these songs and segments.
    pub fn merge<'a>(&mut self, batch: &BatchTop, place: impl Fn(usize) -> (&'a str, u32)) {
        for (query, (hits, found)) in self.hits.iter_mut().zip(&batch.found).enumerate() {
            if found.is_empty() {
                continue;
            }
            hits.extend(found.iter().map(|&Found { row, cosine }| {
                let (song, segment) = place(row);
                Hit {
                    query,
                    song: song.to_owned(),
                    segment,
                    cosine,
                }
            }));
            keep_best(hits);
        }
    }

    /// Takes hits into account that were found otherwise.
    pub fn add(&mut self, found: Vec<Hit>) {
        for hit in found {
            if let Some(hits) = self.hits.get_mut(hit.query) {
                hits.push(hit);
            }
        }
        self.hits.iter_mut().for_each(keep_best);
    }

    /// All hits.
    #[must_use]
    pub fn into_hits(self) -> Vec<Hit> {
        self.hits.into_iter().flatten().collect()
    }
}

fn keep_best(hits: &mut Vec<Hit>) {
    // Equal cosines in an order that doesn't depend on the order of the batches.
    hits.sort_by(|a, b| {
        let order = b.cosine.total_cmp(&a.cosine);
        order.then_with(|| (&a.song, a.segment).cmp(&(&b.song, b.segment)))
    });
    // Two writers may have added a song at once.
    hits.dedup_by(|a, b| (&a.song, a.segment) == (&b.song, b.segment));
    hits.truncate(HITS_PER_VECTOR);
}
