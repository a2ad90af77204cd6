//! Songs as rows of the two tables.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    FixedSizeListArray, Float16Array, Float64Array, LargeBinaryArray, RecordBatch, StringArray,
    UInt32Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use half::f16;
use soundalike::training::landmarks;
use soundalike::{Model, Song};

use crate::retrieval::query::Vectors;

/// An analysed song that is to be added.
#[derive(Clone, Debug)]
pub struct NewSong {
    /// The first 128 bits of the SHA-256 of its file, in hexadecimal.
    pub id: String,
    /// The name of its file.
    pub name: String,
    /// The path of its file.
    pub source: String,
    /// Its length in seconds.
    pub duration_secs: f64,
    /// The embeddings by which it is found.
    pub vectors: Vectors,
    /// The kept song.
    pub bytes: Vec<u8>,
    /// The landmarks by which it is found under other music.
    pub landmarks: Vec<u8>,
}

impl NewSong {
    /// An analysed song with its id and the path that it came from.
    #[must_use]
    pub fn new(id: String, source: String, song: &Song, model: &Model) -> Self {
        Self {
            id,
            name: song.name().to_owned(),
            source,
            duration_secs: song.duration_secs(),
            vectors: Vectors::kept(song),
            bytes: song.to_bytes(model),
            landmarks: landmarks(song),
        }
    }
}

/// The column of landmarks. Others than these are another column.
pub const LANDMARKS: &str = "landmarks";

pub fn songs_schema(metadata: HashMap<String, String>) -> Schema {
    let fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("duration_secs", DataType::Float64, false),
        Field::new("embeddings", DataType::UInt32, false),
        Field::new("bytes", DataType::LargeBinary, false),
        // Catalogues that were made before have none.
        Field::new(LANDMARKS, DataType::LargeBinary, true),
    ];
    Schema::new(fields).with_metadata(metadata)
}

pub fn segments_schema(dimensions: usize, metadata: HashMap<String, String>) -> Schema {
    let fields = vec![
        Field::new("song", DataType::Utf8, false),
        Field::new("segment", DataType::UInt32, false),
        Field::new("vector", vector_type(dimensions), false),
    ];
    Schema::new(fields).with_metadata(metadata)
}

fn vector_type(dimensions: usize) -> DataType {
    DataType::FixedSizeList(vector_item(), dimensions as i32)
}

fn vector_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float16, true))
}

/// The songs' rows in the table of songs.
pub fn songs_batch(songs: &[&NewSong]) -> Result<RecordBatch, ArrowError> {
    let text = |get: fn(&NewSong) -> &str| {
        Arc::new(StringArray::from_iter_values(
            songs.iter().map(|song| get(song)),
        ))
    };
    let secs = songs.iter().map(|song| song.duration_secs);
    let embeddings = songs.iter().map(|song| song.vectors.len() as u32);
    let bytes = songs.iter().map(|song| song.bytes.as_slice());
    let landmarks = songs.iter().map(|song| song.landmarks.as_slice());
    RecordBatch::try_new(
        Arc::new(songs_schema(HashMap::new())),
        vec![
            text(|song| &song.id),
            text(|song| &song.name),
            text(|song| &song.source),
            Arc::new(Float64Array::from_iter_values(secs)),
            Arc::new(UInt32Array::from_iter_values(embeddings)),
            Arc::new(LargeBinaryArray::from_iter_values(bytes)),
            Arc::new(LargeBinaryArray::from_iter_values(landmarks)),
        ],
    )
}

/// The songs' rows in the table of embeddings, of this many values each.
pub fn segments_batch(songs: &[&NewSong], dimensions: usize) -> Result<RecordBatch, ArrowError> {
    let owners: Vec<_> = songs
        .iter()
        .flat_map(|song| std::iter::repeat_n(song.id.as_str(), song.vectors.len()))
        .collect();
    let segments = songs.iter().flat_map(|song| song.vectors.segments.iter());
    let values = songs.iter().flat_map(|song| song.vectors.values.iter());
    RecordBatch::try_new(
        Arc::new(segments_schema(dimensions, HashMap::new())),
        vec![
            Arc::new(StringArray::from_iter_values(owners)),
            Arc::new(UInt32Array::from_iter_values(segments.copied())),
            Arc::new(vector_array(dimensions, values.copied())?),
        ],
    )
}

/// Embeddings as a column.
pub fn vector_array(
    dimensions: usize,
    values: impl Iterator<Item = f16>,
) -> Result<FixedSizeListArray, ArrowError> {
    let values = Arc::new(Float16Array::from_iter_values(values));
    FixedSizeListArray::try_new(vector_item(), dimensions as i32, values, None)
}
