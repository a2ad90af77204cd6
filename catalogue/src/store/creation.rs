//! Making a table that may come into being at the same moment elsewhere.
//!
//! Lance makes a table by overwriting whatever is there. If another writer makes it first and adds
//! rows, its first version would be followed by an empty one. So only the very first version of a
//! table may be committed here, which the store itself lets happen once.

use std::sync::Arc;

use async_trait::async_trait;
use lance::io::{ObjectStore, ObjectStoreParams};
use lance::{Error, Result};
use lance_table::format::{IndexMetadata, Manifest, Transaction};
use lance_table::io::commit::{
    CommitError, CommitHandler, ManifestLocation, ManifestNamingScheme, ManifestWriter,
    commit_handler_from_url,
};
use object_store::path::Path;

/// Commits the first version of a table and no other.
#[derive(Debug)]
struct OnlyFirst {
    of_store: Arc<dyn CommitHandler>,
    uri: String,
}

/// The way of committing for [`lance::dataset::WriteParams`] that make a table.
pub async fn only_first(uri: &str, params: ObjectStoreParams) -> Result<Arc<dyn CommitHandler>> {
    Ok(Arc::new(OnlyFirst {
        of_store: commit_handler_from_url(uri, &Some(params)).await?,
        uri: uri.to_owned(),
    }))
}

#[async_trait]
impl CommitHandler for OnlyFirst {
    async fn commit(
        &self,
        manifest: &mut Manifest,
        indices: Option<Vec<IndexMetadata>>,
        base_path: &Path,
        object_store: &ObjectStore,
        manifest_writer: ManifestWriter,
        naming_scheme: ManifestNamingScheme,
        transaction: Option<Transaction>,
    ) -> std::result::Result<ManifestLocation, CommitError> {
        if manifest.version > 1 {
            let exists = Error::dataset_already_exists(self.uri.clone());
            return Err(CommitError::OtherError(exists));
        }
        let committed = self.of_store.commit(
            manifest,
            indices,
            base_path,
            object_store,
            manifest_writer,
            naming_scheme,
            transaction,
        );
        committed.await
    }

    // Without this, Lance calls the refusal of a second version a commit of unknown outcome.
    fn is_version_not_found_definitive(&self) -> bool {
        self.of_store.is_version_not_found_definitive()
    }
}
