//! From a song's embeddings to the few songs of a catalogue that are worth a comparison.

pub mod lists;
pub mod query;
pub mod scan;
pub mod top;
pub mod votes;

/// Embeddings beyond this number don't count for a query vector. In a million songs, a copy of 32 s
/// is found in 99.9 % of cases with 100, by the distances of false neighbours.
pub const HITS_PER_VECTOR: usize = 100;

/// An embedding of the catalogue that is near to a query vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Index of the query vector.
    pub query: usize,
    /// The song that has the embedding.
    pub song: String,
    /// Index of its segment.
    pub segment: u32,
    /// Cosine of the angle between the two.
    pub cosine: f32,
}
