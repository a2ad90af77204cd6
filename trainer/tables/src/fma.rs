//! The metadata of the FMA data set: `tracks.csv`, whose header has three rows.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Artist and album of a track, by their ids.
#[derive(Clone, Debug, PartialEq)]
pub struct FmaTrack {
    /// `(artist, id)`.
    pub artist: String,
    /// `(album, id)`.
    pub album: String,
}

/// Artists and albums of the FMA's tracks.
#[derive(Debug, Default)]
pub struct FmaMetadata {
    tracks: HashMap<u32, FmaTrack>,
}

/// Clips of `fma_small` that are truncated or silent, by the notes of the data set
/// (github.com/mdeff/fma, wiki "Excerpts shorter than 30s and erroneous audio length metadata").
pub const DAMAGED_TRACKS: [u32; 6] = [98_565, 98_567, 98_569, 99_134, 108_925, 133_297];

impl FmaMetadata {
    /// Reads `tracks.csv`: the first header row names groups (`artist`, `album`, `track`), the
    /// second their columns, the third only `track_id`.
    ///
    /// # Errors
    ///
    /// When the file isn't of that shape.
    pub fn read(path: &Path) -> Result<Self> {
        let what = || format!("{} isn't the FMA's tracks.csv", path.display());
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .with_context(|| format!("can't open {}", path.display()))?;
        let mut rows = reader.records();
        let mut header = || rows.next().with_context(what)?.with_context(what);
        let (groups, columns, ids) = (header()?, header()?, header()?);
        anyhow::ensure!(
            ids.get(0) == Some("track_id"),
            "{}: the third row doesn't begin with track_id",
            what()
        );
        let column = |group: &str, name: &str| {
            groups
                .iter()
                .zip(&columns)
                .position(|(in_group, in_column)| in_group == group && in_column == name)
                .with_context(|| format!("{}: it has no column ({group}, {name})", what()))
        };
        let (artist, album) = (column("artist", "id")?, column("album", "id")?);
        let mut tracks = HashMap::new();
        for (row, record) in rows.enumerate() {
            let record = record.with_context(what)?;
            let cell = |index: usize| record.get(index).map(str::to_owned);
            let id = record.get(0).and_then(|id| id.parse().ok());
            let (Some(id), Some(artist), Some(album)) = (id, cell(artist), cell(album)) else {
                anyhow::bail!("{}: row {} is cut short", what(), row + 4);
            };
            tracks.insert(id, FmaTrack { artist, album });
        }
        Ok(Self { tracks })
    }

    /// The metadata of a file named by its track's number, such as `000/000002.mp3`.
    pub fn track(&self, path: &Path) -> Option<&FmaTrack> {
        self.tracks.get(&track_id(path)?)
    }
}

/// The track's number in a file's name.
pub fn track_id(path: &Path) -> Option<u32> {
    path.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<FmaMetadata> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("tracks.csv");
        std::fs::write(&path, text)?;
        FmaMetadata::read(&path)
    }

    #[test]
    fn three_header_rows_are_understood() {
        let metadata = read(
            ",album,album,artist,artist\n,comments,id,id,name\ntrack_id,,,,\n\
             2,0,1,1,AWOL\n5,0,6,\"4\",\"Nicky, Cook\"\n",
        )
        .unwrap();
        assert_eq!(
            metadata.track(Path::new("000/000005.mp3")),
            Some(&FmaTrack {
                artist: "4".into(),
                album: "6".into()
            })
        );
        assert_eq!(metadata.track(Path::new("000/000007.mp3")), None);
    }

    #[test]
    fn other_files_are_refused() {
        for text in [
            "",
            "a,b\nc,d\n",
            ",album\n,id\ntrack_id,\n",
            ",album,artist\n,id,id\ntrack_id,,\n7,1\n",
            ",album,artist\n,id,id\n2,1,1\n7,1,1\n",
        ] {
            assert!(read(text).is_err(), "{text:?}");
        }
    }
}
