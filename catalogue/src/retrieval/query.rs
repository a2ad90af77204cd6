//! The embeddings of a song that a catalogue is asked for, and those that it keeps.

use half::f16;
use soundalike::Song;

/// One of this many segments is kept, one in 2.97 s. Of clips of 10 s, no fewer are found than with
/// all segments; with one in 8 it is 1 % fewer, if they are also faster or slower.
pub const STRIDE: usize = 4;

/// Most query vectors of a song. In a million songs, 16 suffice for whole songs and 43 for 32 s.
pub(crate) const MOST_VECTORS: usize = 64;

/// Embeddings of a song and the indices of their segments.
#[derive(Clone, Debug)]
pub struct Vectors {
    /// Values of one embedding.
    pub dimensions: usize,
    /// `[segments, dimensions]`, row by row.
    pub values: Vec<f16>,
    /// Index of each segment.
    pub segments: Vec<u32>,
}

impl Vectors {
    /// The embeddings that a catalogue keeps of a song: those on a grid of [`STRIDE`] segments with
    /// something to recognise, and at least one.
    #[must_use]
    pub fn kept(song: &Song) -> Self {
        let on_grid = |&(segment, _): &(usize, _)| segment.is_multiple_of(STRIDE);
        let mut rows: Vec<_> = song.recognisable().filter(on_grid).collect();
        if rows.is_empty() {
            rows.extend(song.recognisable().next());
        }
        Self::of(song, &rows)
    }

    /// Those that a catalogue is asked for: at most 64, evenly spaced.
    #[must_use]
    pub fn query(song: &Song) -> Self {
        let rows: Vec<_> = song.recognisable().collect();
        let chosen: Vec<_> = evenly(rows.len(), MOST_VECTORS)
            .map(|index| rows[index])
            .collect();
        Self::of(song, &chosen)
    }

    fn of(song: &Song, rows: &[(usize, &[f32])]) -> Self {
        let values = rows.iter().flat_map(|(_, embedding)| embedding.iter());
        Self {
            dimensions: song.embeddings().dimensions,
            values: values.map(|&value| f16::from_f32(value)).collect(),
            segments: rows.iter().map(|&(segment, _)| segment as u32).collect(),
        }
    }

    /// Number of embeddings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}

/// At most `most` of `count` indices, in the middle of equal parts.
pub(crate) fn evenly(count: usize, most: usize) -> impl Iterator<Item = usize> {
    let chosen = count.min(most);
    (0..chosen).map(move |index| (2 * index + 1) * count / (2 * chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_vectors_are_evenly_spaced() {
        assert_eq!(evenly(3, 64).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(evenly(8, 4).collect::<Vec<_>>(), [1, 3, 5, 7]);
        assert_eq!(evenly(0, 4).count(), 0);
        let chosen: Vec<_> = evenly(321, 64).collect();
        assert_eq!(chosen.len(), 64);
        assert!(chosen.is_sorted_by(|a, b| a + 5 <= *b) && chosen[63] < 321);
    }
}
