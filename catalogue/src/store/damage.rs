//! What a search can't see by itself: index files that are damaged, and a newest version of a table
//! that is lost.

use std::fs;

use lance::{Dataset, Result};
use lance_table::format::IndexMetadata;
use serde::Deserialize;

use super::failure::is_missing;
use super::{Address, SEGMENTS, SONGS};

/// The file in which Lance notes the newest version of a table, after each commit to a folder.
const NOTE: &str = "_versions/latest_version_hint.json";

/// Whether all files of an index segment are there, as long as they were when they were written.
pub async fn is_whole(table: &Dataset, segment: &IndexMetadata) -> Result<bool> {
    let store = table.object_store(segment.base_id).await?;
    let folder = table.indices_dir().join(segment.uuid.to_string());
    for file in segment.files.iter().flatten() {
        match store.size(&folder.clone().join(file.path.as_str())).await {
            Ok(bytes) if bytes == file.size_bytes => {}
            Err(error) if !is_missing(&error) => return Err(error),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The newest versions of both tables as Lance noted them, `songs` first. An object store has no
/// such notes: there it is the store that keeps a committed version.
#[derive(Clone, Copy, Debug)]
pub struct Noted([Option<u64>; 2]);

impl Noted {
    /// To be read before the tables are opened, so that a commit between the two is no loss.
    pub fn read(address: &Address) -> Self {
        Self([SONGS, SEGMENTS].map(|name| version(address, name)))
    }

    /// Whether a table's newest version is older than the noted one: its file is lost.
    pub fn are_newer(self, songs: &Dataset, segments: &Dataset) -> bool {
        let found = [songs, segments].map(|table| Some(table.version().version));
        self.0
            .iter()
            .zip(found)
            .any(|(&noted, found)| noted > found)
    }
}

fn version(address: &Address, name: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Note {
        version: u64,
    }
    let table = address.folder()?.join(format!("{name}.lance"));
    let note = fs::read(table.join(NOTE)).ok()?;
    serde_json::from_slice::<Note>(&note)
        .ok()
        .map(|note| note.version)
}
