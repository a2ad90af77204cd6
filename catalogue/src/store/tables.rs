//! Opening, making, reading and appending to one table of Lance.

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::Schema;
use futures::TryStreamExt as _;
use lance::dataset::builder::DatasetBuilder;
use lance::dataset::{WriteMode, WriteParams};
use lance::io::{ObjectStoreParams, StorageOptionsAccessor};
use lance::{Dataset, Result};

use super::Address;
use super::creation::only_first;
use super::failure::is_missing;

/// Bytes of a table's lists of rows and of an index that stay in memory.
const CACHED_BYTES: usize = 64 << 20;

/// `None` if there is no such table.
pub async fn open(address: &Address, name: &str) -> Result<Option<Dataset>> {
    let builder = DatasetBuilder::from_uri(address.table(name))
        .with_storage_options(address.storage_options())
        .with_index_cache_size_bytes(CACHED_BYTES)
        .with_metadata_cache_size_bytes(CACHED_BYTES);
    match builder.load().await {
        Ok(table) => Ok(Some(table)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes an empty table, unless there is one.
pub async fn create(address: &Address, name: &str, schema: Schema) -> Result<Dataset> {
    if let Some(table) = open(address, name).await? {
        return Ok(table);
    }
    let schema = Arc::new(schema);
    let nothing = RecordBatchIterator::new([Ok(RecordBatch::new_empty(schema.clone()))], schema);
    let options = StorageOptionsAccessor::with_static_options(address.storage_options());
    let store_params = ObjectStoreParams {
        storage_options_accessor: Some(Arc::new(options)),
        ..ObjectStoreParams::default()
    };
    let uri = address.table(name);
    let params = WriteParams {
        mode: WriteMode::Create,
        commit_handler: Some(only_first(&uri, store_params.clone()).await?),
        store_params: Some(store_params),
        ..WriteParams::default()
    };
    let written = Dataset::write(nothing, &uri, Some(params)).await;
    // Opened anew, for what is added now isn't the first version. If the write failed, another
    // writer may have been quicker; Lance has several errors for that.
    match (open(address, name).await?, written) {
        (Some(table), _) => Ok(table),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(lance::Error::not_found(uri)),
    }
}

/// The newest version of a table.
pub async fn newest(table: &Dataset) -> Result<Dataset> {
    let mut table = table.clone();
    table.checkout_latest().await?;
    Ok(table)
}

/// Adds rows in one commit.
pub async fn append(table: &mut Dataset, batch: RecordBatch) -> Result<()> {
    if batch.num_rows() == 0 {
        return Ok(());
    }
    let schema = batch.schema();
    let batches = RecordBatchIterator::new([Ok(batch)], schema);
    table.append(batches, None).await
}

/// These columns of all rows, or of those that a filter lets through.
pub async fn read(
    table: &Dataset,
    columns: &[&str],
    filter: Option<String>,
) -> Result<Vec<RecordBatch>> {
    let mut scanner = table.scan();
    scanner.project(columns)?;
    if let Some(filter) = filter {
        scanner.filter(&filter)?;
    }
    scanner.try_into_stream().await?.try_collect().await
}

/// Bytes of a table's files.
pub fn bytes(table: &Dataset) -> u64 {
    let files = table.fragments().iter().flat_map(|one| &one.files);
    let sizes = files.filter_map(|file| file.file_size_bytes.get());
    sizes.map(|size| size.get()).sum()
}

/// A filter in SQL. Ids have letters and digits only; others match nothing.
pub fn is_one_of(column: &str, ids: &[String]) -> String {
    let is_id = |id: &&String| id.chars().all(|one| one.is_ascii_alphanumeric());
    let quoted: Vec<_> = ids
        .iter()
        .filter(is_id)
        .map(|id| format!("'{id}'"))
        .collect();
    match quoted.is_empty() {
        true => "false".into(),
        false => format!("{column} IN ({})", quoted.join(", ")),
    }
}
