//! The embeddings of a song's segments.
//!
//! Those of an analysed song are rounded to half precision (f16), in which they are kept: a song
//! from bytes then gives the same report as the audio that it came from.

use half::f16;
use serde::{Deserialize, Serialize};

/// The embeddings of a song's segments, row by row.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Embeddings {
    /// Values of one embedding.
    pub dimensions: usize,
    /// `[segments, dimensions]`; each row has unit length. As bytes, each value is an f16.
    #[serde(with = "half_precision")]
    pub values: Vec<f32>,
}

impl Embeddings {
    /// Number of segments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there are no segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The embeddings in the order of the segments.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimensions)
    }

    /// The same, with each value rounded to half precision: by at most 2^-11 of it, or by 2^-25
    /// where it is below 2^-14.
    #[must_use]
    pub(crate) fn rounded(mut self) -> Self {
        for value in &mut self.values {
            *value = f16::from_f32(*value).to_f32();
        }
        self
    }
}

/// Values as little-endian f16, in one string of bytes. (Postcard would write numbers of 16 bits in
/// two or three bytes.)
mod half_precision {
    use std::fmt;

    use half::f16;
    use serde::de::{Deserializer, Error, Visitor};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(values: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|&value| f16::from_f32(value).to_le_bytes())
            .collect();
        serializer.serialize_bytes(&bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        deserializer.deserialize_bytes(Values)
    }

    struct Values;

    impl Visitor<'_> for Values {
        type Value = Vec<f32>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("two bytes for each value")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<f32>, E> {
            let (pairs, rest) = bytes.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(E::invalid_length(bytes.len(), &self));
            }
            let value = |pair: &[u8; 2]| f16::from_le_bytes(*pair).to_f32();
            Ok(pairs.iter().map(value).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embeddings() -> Embeddings {
        Embeddings {
            dimensions: 4,
            values: vec![0.1, -0.7, 1.0, 0.0, 1e-5, -1e-9, 0.333, -1.0],
        }
    }

    #[test]
    fn rounded_embeddings_survive_their_bytes() {
        let rounded = embeddings().rounded();
        let bytes = postcard::to_allocvec(&rounded).unwrap();
        assert_eq!(bytes.len(), 2 + 2 * rounded.values.len());
        assert_eq!(postcard::from_bytes::<Embeddings>(&bytes).unwrap(), rounded);
        assert_eq!(rounded.clone().rounded(), rounded);
        for (value, exact) in rounded.values.iter().zip(embeddings().values) {
            let bound = (exact.abs() / 2048.0).max(1.0 / 33_554_432.0);
            assert!((value - exact).abs() <= bound, "{exact} became {value}");
        }
    }

    #[test]
    fn an_odd_number_of_bytes_is_refused() {
        assert!(postcard::from_bytes::<Embeddings>(&[4, 3, 1, 2, 3]).is_err());
    }
}
