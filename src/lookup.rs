//! What a page and the service of a catalogue exchange: a question for the songs that resemble one,
//! and the answer.
//!
//! The question holds numbers that describe pieces of three seconds, and no audio. Its bytes, with
//! numbers in little-endian order:
//!
//! | bytes | content |
//! |---|---|
//! | 4 | `slkq` |
//! | 4 | u32: version of this layout, 1 |
//! | 64 | SHA-256 of the weights, in lower-case hexadecimal |
//! | 8 | f64: seconds between the starts of two segments |
//! | 4 | u32: values of an embedding |
//! | 4 | u32: number of embeddings |
//! | 4 each | u32: index of the segment of each embedding, ascending |
//! | 128 each | i8: the values of each embedding, in parts of the largest, which is 127 or -127 |
//!
//! Segments without anything to recognise are left out. A song of four minutes makes 42 kB. The
//! answer is JSON.

use serde::{Deserialize, Serialize};
use tsify::Tsify;

use crate::config::MAX_SONG_SECS;
use crate::recording::encoder::model::Model;
use crate::recording::segments::Segments;
use crate::song::Song;

/// The first bytes of a query.
const MAGIC: [u8; 4] = *b"slkq";

/// Version of the layout of a query.
const VERSION: u32 = 1;

/// Length of the SHA-256 of the weights in hexadecimal.
const DIGEST_BYTES: usize = 64;

/// Bytes before the segments.
const HEADER_BYTES: usize = 4 + 4 + DIGEST_BYTES + 8 + 4 + 4;

/// The embeddings of a song, as a catalogue is asked with.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// SHA-256 of the weights that made them, in lower-case hexadecimal.
    pub weights_sha256: String,
    /// Seconds between the starts of two segments.
    pub hop_secs: f64,
    /// Values of one embedding.
    pub dimensions: usize,
    /// Index of the segment of each embedding, ascending.
    pub segments: Vec<u32>,
    /// `[segments, dimensions]`, row by row, each row in a scale of its own. No row is all 0.
    pub values: Vec<i8>,
}

/// Why bytes are no query.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// They begin otherwise, or are of another length than they say.
    #[error("this is no query: its {0}")]
    Damaged(&'static str),
    /// They are of another version.
    #[error("the query has version {0}, and version {VERSION} is understood")]
    OtherVersion(u32),
}

impl Query {
    /// The query for a song that `model` analysed. Without embeddings if there is nothing to
    /// recognise in it.
    #[must_use]
    pub fn of(song: &Song, model: &Model) -> Self {
        let features = &model.info().features;
        let mut query = Self {
            weights_sha256: model.sha256().to_owned(),
            hop_secs: Segments::hop_secs(features),
            dimensions: song.embeddings().dimensions,
            segments: Vec::new(),
            values: Vec::new(),
        };
        for (segment, embedding) in song.recognisable() {
            let largest = embedding
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            if largest > 0.0 {
                query.segments.push(segment as u32);
                let scaled = embedding.iter().map(|value| value / largest * 127.0);
                query.values.extend(scaled.map(|value| value.round() as i8));
            }
        }
        query
    }

    /// The largest number of embeddings, of the longest song that is accepted.
    #[must_use]
    pub fn most_embeddings(model: &Model) -> usize {
        (MAX_SONG_SECS / Segments::hop_secs(&model.info().features)) as usize + 1
    }

    /// Bytes of a query with this number of embeddings.
    #[must_use]
    pub fn bytes_with(embeddings: usize, dimensions: usize) -> usize {
        HEADER_BYTES + embeddings * (4 + dimensions)
    }

    /// The query as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::bytes_with(self.segments.len(), self.dimensions));
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.weights_sha256.as_bytes());
        bytes.extend(self.hop_secs.to_le_bytes());
        bytes.extend((self.dimensions as u32).to_le_bytes());
        bytes.extend((self.segments.len() as u32).to_le_bytes());
        bytes.extend(self.segments.iter().flat_map(|one| one.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|one| one.to_le_bytes()));
        bytes
    }

    /// The query from the bytes of [`to_bytes`](Self::to_bytes), which may come from anybody.
    ///
    /// # Errors
    ///
    /// When the bytes are none, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, QueryError> {
        let mut reader = Reader(bytes);
        if reader.take::<4>() != Some(MAGIC) {
            return Err(QueryError::Damaged("first bytes are others"));
        }
        let short = QueryError::Damaged("header is too short");
        let version = reader.number().ok_or(short.clone())?;
        if version != VERSION {
            return Err(QueryError::OtherVersion(version));
        }
        let digest = reader.take::<DIGEST_BYTES>().ok_or(short.clone())?;
        let hop_secs = reader
            .take::<8>()
            .map(f64::from_le_bytes)
            .ok_or(short.clone())?;
        let dimensions = reader.number().ok_or(short.clone())? as usize;
        let count = reader.number().ok_or(short)? as usize;
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if !digest.iter().all(is_digit) {
            return Err(QueryError::Damaged("hash of the weights is none"));
        }
        let row_bytes = dimensions.checked_add(4);
        if row_bytes.and_then(|row| row.checked_mul(count)) != Some(reader.0.len()) {
            return Err(QueryError::Damaged("length is another than it says"));
        }
        let (segments, values) = reader.0.split_at(4 * count);
        let (segments, _) = segments.as_chunks::<4>();
        let segments: Vec<_> = segments.iter().copied().map(u32::from_le_bytes).collect();
        if !segments.is_sorted_by(|a, b| a < b) {
            return Err(QueryError::Damaged("segments are not in ascending order"));
        }
        let values: Vec<_> = values.iter().map(|byte| byte.cast_signed()).collect();
        let rows_with_values = match dimensions {
            0 => 0,
            _ => (values.chunks_exact(dimensions))
                .filter(|row| row.iter().any(|&value| value != 0))
                .count(),
        };
        if rows_with_values != count {
            return Err(QueryError::Damaged("embeddings have one without values"));
        }
        Ok(Self {
            weights_sha256: String::from_utf8_lossy(&digest).into_owned(),
            hop_secs,
            dimensions,
            segments,
            values,
        })
    }
}

/// Bytes that are still to be read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }
}

/// The answer of a catalogue to a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Candidates {
    /// Number of songs in the catalogue; 0 if it is empty.
    pub songs: usize,
    /// Whether the service gives the kept songs, for a comparison.
    pub gives_songs: bool,
    /// The songs that resemble the query most, at most 20, best first.
    pub candidates: Vec<Candidate>,
}

/// A song of a catalogue that may be a copy. Whether it is, the comparison of both songs tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// Its id in the catalogue: hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How much of the query resembles it, 0..1: 1 if every piece is in it unchanged. It is no
    /// score of a report.
    pub score: f64,
    /// Most of the pieces that resemble each other are this much later in the song of the
    /// catalogue than in the query, in seconds.
    pub offset_secs: f64,
    /// The most similar places, in the order of the query; at most 5.
    pub places: Vec<Place>,
}

/// Three seconds of the query and three seconds of a song of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Where they start in the query.
    pub query_secs: f64,
    /// Where they start in the song of the catalogue.
    pub song_secs: f64,
    /// Cosine of their embeddings, 1 if they are equal.
    pub cosine: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::waveform::Waveform;
    use crate::checker::Checker;
    use crate::recording::encoder::model::SHIPPED_WEIGHTS;

    fn query() -> Query {
        Query {
            weights_sha256: "0123456789abcdef".repeat(4),
            hop_secs: 0.75,
            dimensions: 3,
            segments: vec![0, 1, 7],
            values: vec![127, 0, -3, -127, 1, 2, 0, 0, 127],
        }
    }

    #[test]
    fn a_query_from_bytes_is_the_same() {
        let bytes = query().to_bytes();
        assert_eq!(bytes.len(), Query::bytes_with(3, 3));
        assert_eq!(Query::from_bytes(&bytes), Ok(query()));
        let empty = Query {
            segments: vec![],
            values: vec![],
            ..query()
        };
        assert_eq!(Query::from_bytes(&empty.to_bytes()), Ok(empty));
    }

    #[test]
    fn other_bytes_are_no_query() {
        let bytes = query().to_bytes();
        for length in 0..bytes.len() {
            assert!(Query::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        let changed = |at: usize, to: &[u8]| {
            let mut bytes = bytes.clone();
            bytes[at..at + to.len()].copy_from_slice(to);
            Query::from_bytes(&bytes).unwrap_err().to_string()
        };
        assert!(changed(0, b"RIFF").contains("first bytes"));
        assert!(changed(4, &[2]).contains("has version 2, and version 1 is"));
        assert!(changed(8, b"X").contains("hash"));
        assert!(changed(80, &[0; 4]).contains("length"));
        // So many that their number of bytes doesn't fit into a number.
        assert!(changed(80, &[255; 8]).contains("length"));
        assert!(changed(88, &[1]).contains("ascending"));
        assert!(changed(100, &[0; 3]).contains("without values"));
        assert!(Query::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }

    /// The files that the tests in browsers read, too: a query that the package made, and an answer
    /// that it understands.
    #[test]
    fn the_package_speaks_the_same_language() {
        let query = Query::from_bytes(include_bytes!("../tests/golden/lookup/query.bin")).unwrap();
        assert_eq!((query.dimensions, query.segments.len()), (128, 7));
        assert!((query.hop_secs - 0.743).abs() < 1e-3, "{}", query.hop_secs);
        let largest = |row: &[i8]| row.iter().any(|value| value.unsigned_abs() == 127);
        assert!(query.values.chunks(128).all(largest));
        let answer = include_str!("../tests/golden/lookup/answer.json");
        let candidates: Candidates = serde_json::from_str(answer).unwrap();
        let fields: serde_json::Value = serde_json::from_str(answer).unwrap();
        assert_eq!(serde_json::to_value(candidates).unwrap(), fields);
    }

    #[test]
    fn a_song_keeps_its_directions() {
        pollster::block_on(async {
            let checker = Checker::new(Model::on_cpu(SHIPPED_WEIGHTS).unwrap(), "cpu");
            let samples = (0..9 * 22_050)
                .map(|n| (n as f32 * 0.05 * (1.0 + n as f32 * 1e-5)).sin())
                .collect();
            let waveform = Waveform::new("chirp", samples, 22_050).unwrap();
            let song = checker.analyse("chirp", waveform, |_, _| ()).await.unwrap();
            let query = Query::of(&song, checker.model());
            let bytes = query.to_bytes();
            assert_eq!(Query::from_bytes(&bytes).as_ref(), Ok(&query));
            let segments: Vec<_> = song.recognisable().map(|(at, _)| at as u32).collect();
            assert!(segments.len() > 5);
            assert_eq!(query.segments, segments);
            for ((_, exact), coarse) in song.recognisable().zip(query.values.chunks(128)) {
                let coarse = coarse.iter().map(|&value| f32::from(value));
                let product: f32 = exact.iter().zip(coarse.clone()).map(|(a, b)| a * b).sum();
                let length = coarse.map(|value| value * value).sum::<f32>().sqrt();
                assert!(product / length > 0.999, "{}", product / length);
            }
        });
    }
}
