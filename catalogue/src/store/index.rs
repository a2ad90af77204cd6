//! The index: inverted lists of one-bit codes (`IVF_RQ`), in segments that cover some of the
//! table's files each.
//!
//! Machines build segments at once, each for its own part of the files, and leave what describes
//! them in a table of their own, `index-parts.lance`. One of them then commits all of them
//! together. A segment has lists and a rotation of its own, so that the machines need nothing of
//! each other.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float16Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array as _, BinaryArray, RecordBatch, RecordBatchIterator, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use lance::Dataset;
use lance::dataset::optimize::{CompactionOptions, compact_files};
use lance::index::DatasetIndexExt as _;
use lance::index::vector::VectorIndexParams;
use lance_index::IndexType;
use lance_index::vector::bq::RQBuildParams;
use lance_index::vector::ivf::IvfBuildParams;
use lance_linalg::distance::DistanceType;
use lance_table::format::{IndexMetadata, pb};
use prost::Message as _;
use rayon::prelude::*;
use tempfile::TempDir;

use super::damage::is_whole;
use super::tables::{append, create, newest, read};
use super::{Catalogue, rows};
use crate::input::Part;
use crate::retrieval::lists::Lists;

/// The index's name in the table of embeddings.
pub const NAME: &str = "vectors";
const PARTS: &str = "index-parts";
/// Embeddings of a list.
const LIST_ROWS: usize = 8_192;
/// Embeddings of a list that its middle is trained on.
const SAMPLE_ROWS: usize = 128;
/// Rows of a batch: 2 MB of embeddings.
const BATCH_ROWS: usize = 8_192;
/// Bits of a value in the lists' codes. The nearest by them get their exact distance computed.
const CODE_BITS: u8 = 1;

/// Whether one of the index's segments covers this fragment of the table.
pub fn covers(segments: &[IndexMetadata], fragment: u64) -> bool {
    segments.iter().any(|segment| {
        let covered = segment.fragment_bitmap.as_ref();
        covered.is_some_and(|covered| covered.contains(fragment as u32))
    })
}

impl Catalogue {
    /// Fewest embeddings for which an index is worth its time: 20,000 songs of four minutes. Below
    /// it, an exact scan takes some seconds.
    pub const FEWEST_INDEXED: usize = 1_600_000;

    /// Number of embeddings that the index covers; `None` without an index.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn indexed(&self) -> Result<Option<usize>> {
        self.wait(async {
            let table = newest(&self.segments).await?;
            let segments = table.load_indices_by_name(NAME).await?;
            if segments.is_empty() {
                return Ok(None);
            }
            let mut rows = 0;
            for fragment in table.get_fragments() {
                if covers(&segments, fragment.id() as u64) {
                    rows += fragment.count_rows(None).await?;
                }
            }
            Ok(Some(rows))
        })
    }

    /// Number of the index's segments that are damaged. [`index`](Self::index) makes them anew.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub fn damaged_index_segments(&self) -> Result<usize> {
        self.wait(async {
            let table = newest(&self.segments).await?;
            let all = table.load_indices_by_name(NAME).await?.len();
            Ok(all - whole_segments(&table).await?.len())
        })
    }

    /// Indexes all that isn't, or everything `anew`, at once. Returns the number of embeddings
    /// indexed now.
    ///
    /// # Errors
    ///
    /// When the store can't be read or written.
    pub fn index(&mut self, anew: bool) -> Result<usize> {
        let folder = folder_for_lists()?;
        self.wait(async {
            let mut table = newest(&self.segments).await?;
            // A search opens every file in which it found something, for each of its vectors.
            compact_files(&mut table, CompactionOptions::default(), None).await?;
            let Some((segment, rows)) = build(&mut table, Part::ALL, anew, folder.path()).await?
            else {
                return Ok(0);
            };
            commit(&mut table, vec![segment]).await?;
            Ok(rows)
        })
    }

    /// Builds the segment of a part, of what isn't indexed or of everything `anew`, for
    /// [`index_commit`](Self::index_commit). Returns the number of embeddings in it.
    ///
    /// # Errors
    ///
    /// When the store can't be read or written.
    pub fn index_part(&self, part: Part, anew: bool) -> Result<usize> {
        let folder = folder_for_lists()?;
        self.wait(async {
            let mut table = newest(&self.segments).await?;
            let built = build(&mut table, part, anew, folder.path()).await?;
            let rows = built.as_ref().map_or(0, |(_, rows)| *rows);
            let description =
                built.map(|(segment, _)| pb::IndexMetadata::from(&segment).encode_to_vec());
            let mut parts = create(&self.address, PARTS, parts_schema()).await?;
            append(&mut parts, parts_row(part, description)?).await?;
            Ok(rows)
        })
    }

    /// Commits the segments of all parts together. Returns their number.
    ///
    /// # Errors
    ///
    /// When a part is missing, or the store can't be read or written.
    pub fn index_commit(&mut self) -> Result<usize> {
        let parts = self.wait(async {
            let table = create(&self.address, PARTS, parts_schema()).await?;
            read(&table, &["part", "of", "segment"], None).await
        })?;
        // A part that was built twice counts as it was built last, and so does the number of parts.
        let mut built: BTreeMap<(u32, u32), Option<Vec<u8>>> = BTreeMap::new();
        let mut of = 0;
        for batch in parts {
            let [part, ofs] = ["part", "of"].map(|name| batch[name].as_primitive::<UInt32Type>());
            let segments = batch["segment"].as_binary::<i32>();
            for row in 0..batch.num_rows() {
                of = ofs.value(row);
                let bytes = segments.is_valid(row).then(|| segments.value(row).to_vec());
                built.insert((of, part.value(row)), bytes);
            }
        }
        built.retain(|&(theirs, _), _| theirs == of);
        let missing: Vec<_> = (1..=of)
            .filter(|part| !built.contains_key(&(of, *part)))
            .map(|part| format!("{part}/{of}"))
            .collect();
        ensure!(
            of > 0,
            "{}: no part of an index waits to be committed",
            self.address
        );
        ensure!(
            missing.is_empty(),
            "{}: the index still needs the parts {}: `soundalike-catalogue index --part`",
            self.address,
            missing.join(", ")
        );
        self.wait(async {
            let decoded = built.into_values().flatten().map(|bytes| {
                let segment = pb::IndexMetadata::decode(bytes.as_slice());
                let segment = segment.map_err(|error| lance::Error::index(error.to_string()))?;
                IndexMetadata::try_from(segment)
            });
            let segments: Vec<_> = decoded.collect::<lance::Result<_>>()?;
            let count = segments.len();
            if count > 0 {
                commit(&mut newest(&self.segments).await?, segments).await?;
            }
            let mut parts = create(&self.address, PARTS, parts_schema()).await?;
            parts.delete("true").await?;
            Ok(count)
        })
    }
}

/// A folder for the lists of rows, until the index has been made: 12 bytes an embedding.
fn folder_for_lists() -> Result<TempDir> {
    let folder = std::env::temp_dir();
    let made = tempfile::tempdir();
    made.with_context(|| format!("can't write temporary files into {}", folder.display()))
}

/// The index's segments that aren't damaged.
async fn whole_segments(table: &Dataset) -> lance::Result<Vec<IndexMetadata>> {
    let mut whole = Vec::new();
    for segment in table.load_indices_by_name(NAME).await?.iter() {
        if is_whole(table, segment).await? {
            whole.push(segment.clone());
        }
    }
    Ok(whole)
}

/// Builds a segment of those fragments of a part that no whole segment covers, or of all its
/// fragments `anew`, with the number of rows in it; `None` if there are none. Segments that cover
/// the same fragments go when it is committed.
async fn build(
    table: &mut Dataset,
    part: Part,
    anew: bool,
    folder: &Path,
) -> lance::Result<Option<(IndexMetadata, usize)>> {
    let segments = match anew {
        true => Vec::new(),
        false => whole_segments(table).await?,
    };
    let (mut fragments, mut rows) = (Vec::new(), 0);
    for fragment in table.get_fragments() {
        let id = fragment.id() as u64;
        // By its id, so that parts don't overlap when songs are added meanwhile.
        if id as usize % part.of == part.number - 1 && !covers(&segments, id) {
            rows += fragment.count_rows(None).await?;
            fragments.push(id as u32);
        }
    }
    if rows == 0 {
        return Ok(None);
    }
    let lists = lists_of(table, &fragments, rows, folder).await?;
    let codes = RQBuildParams::new(CODE_BITS);
    let params = VectorIndexParams::with_ivf_rq_params(DistanceType::Cosine, lists, codes);
    let columns = ["vector"];
    let mut builder = table
        .create_index_builder(&columns, IndexType::Vector, &params)
        .name(NAME.to_owned())
        // The segments that are there stay: they cover other fragments.
        .replace(true)
        .fragments(fragments);
    Ok(Some((builder.execute_uncommitted().await?, rows)))
}

/// Makes the lists of these fragments, and puts every row into one of them. Which row is in which
/// list is written into a folder, where Lance reads it.
async fn lists_of(
    table: &Dataset,
    fragments: &[u32],
    rows: usize,
    folder: &Path,
) -> lance::Result<IvfBuildParams> {
    let count = rows.div_ceil(LIST_ROWS);
    let step = (rows / (count * SAMPLE_ROWS)).max(1);
    let (mut sample, mut dimensions) = (Vec::new(), 0);
    let mut at = 0;
    let mut batches = vectors(table, fragments).await?;
    while let Some(batch) = batches.try_next().await? {
        let column = batch["vector"].as_fixed_size_list();
        dimensions = column.value_length() as usize;
        let values = column.values().as_primitive::<Float16Type>().values();
        for row in values.chunks_exact(dimensions) {
            if at % step == 0 {
                sample.extend_from_slice(row);
            }
            at += 1;
        }
    }
    let lists = Lists::train(&sample, dimensions, count);
    drop(sample);

    let (mut ids, mut numbers) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let batches = vectors(table, fragments).await?;
    let mut groups = pin!(batches.try_chunks(2 * rayon::current_num_threads()));
    while let Some(group) = groups.next().await {
        let group = group.map_err(|error| error.1)?;
        let found: Vec<_> = group
            .par_iter()
            .map(|batch| {
                let values = batch["vector"].as_fixed_size_list().values();
                lists.of(values.as_primitive::<Float16Type>().values())
            })
            .collect();
        for (batch, found) in group.iter().zip(found) {
            ids.extend_from_slice(batch["_rowid"].as_primitive::<UInt64Type>().values());
            numbers.extend(found);
        }
    }
    let schema = Schema::new(vec![
        Field::new("row_id", DataType::UInt64, false),
        Field::new("partition", DataType::UInt32, false),
    ]);
    let columns: Vec<arrow_array::ArrayRef> = vec![
        Arc::new(UInt64Array::from(ids)),
        Arc::new(UInt32Array::from(numbers)),
    ];
    let schema = Arc::new(schema);
    let batch = RecordBatch::try_new(schema.clone(), columns)?;
    let uri = folder.join("lists.lance").to_string_lossy().into_owned();
    Dataset::write(RecordBatchIterator::new([Ok(batch)], schema), &uri, None).await?;

    let middles = rows::vector_array(dimensions, lists.middles())?;
    let mut params = IvfBuildParams::try_with_centroids(lists.len(), Arc::new(middles))?;
    params.precomputed_partitions_file = Some(uri);
    Ok(params)
}

/// The embeddings of these fragments, with the ids of their rows.
async fn vectors(
    table: &Dataset,
    fragments: &[u32],
) -> lance::Result<impl Stream<Item = lance::Result<RecordBatch>>> {
    let is_chosen = |id: u64| fragments.contains(&(id as u32));
    let all = table.fragments().iter().cloned();
    let mut scanner = table.scan();
    scanner.with_fragments(all.filter(|one| is_chosen(one.id)).collect());
    scanner.project(&["vector"])?.with_row_id();
    scanner.batch_size(BATCH_ROWS);
    scanner.try_into_stream().await
}

async fn commit(table: &mut Dataset, segments: Vec<IndexMetadata>) -> lance::Result<()> {
    table
        .commit_existing_index_segments(NAME, "vector", segments)
        .await
}

fn parts_schema() -> Schema {
    Schema::new(vec![
        Field::new("part", DataType::UInt32, false),
        Field::new("of", DataType::UInt32, false),
        Field::new("segment", DataType::Binary, true),
    ])
}

fn parts_row(part: Part, segment: Option<Vec<u8>>) -> lance::Result<RecordBatch> {
    let number = |number: usize| Arc::new(UInt32Array::from(vec![number as u32]));
    let segment = BinaryArray::from_opt_vec(vec![segment.as_deref()]);
    let columns: Vec<arrow_array::ArrayRef> =
        vec![number(part.number), number(part.of), Arc::new(segment)];
    Ok(RecordBatch::try_new(Arc::new(parts_schema()), columns)?)
}
