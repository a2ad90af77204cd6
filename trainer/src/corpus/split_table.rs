//! The split of known music, one row for each folder or track: `trainer/splits.csv`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::corpus::tracks::{Split, Track, folder_name};

/// Splits by folder and by track.
///
/// They don't depend on the other music that is there, as a draw does: a track that was held out
/// from some weights stays held out when music is added.
#[derive(Debug)]
pub struct SplitTable {
    rows: HashMap<String, Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    /// A folder (`naev-data`), or a track in a folder, without extension (`supertux-data/cave`).
    music: String,
    split: Split,
    /// Artists as far as they are known, divided by `; `.
    #[serde(default)]
    artists: String,
}

impl SplitTable {
    /// Reads a table with the columns `music` and `split`.
    ///
    /// # Errors
    ///
    /// When the file isn't such a table, or has two rows for the same music.
    pub fn read(path: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path)
            .with_context(|| format!("can't open {}", path.display()))?;
        let mut rows = HashMap::new();
        for row in reader.deserialize() {
            let row: Row = row.with_context(|| {
                format!(
                    "{} is no table of splits (columns music and split; train, validation or test)",
                    path.display()
                )
            })?;
            ensure!(
                !rows.contains_key(&row.music),
                "{} has two rows for {}",
                path.display(),
                row.music
            );
            rows.insert(row.music.clone(), row);
        }
        ensure!(!rows.is_empty(), "{} has no rows", path.display());
        Ok(Self { rows })
    }

    /// The split of a file: by the row of the track, else by that of its folder.
    pub fn split(&self, path: &Path) -> Option<Split> {
        self.row(path).map(|row| row.split)
    }

    /// Describes files and splits them. Files without a row are left out.
    pub fn tracks(&self, files: Vec<PathBuf>) -> Vec<Track> {
        files
            .into_iter()
            .filter_map(|path| {
                Some(Track {
                    split: self.split(&path)?,
                    artist: None,
                    album: folder_name(&path),
                    path,
                })
            })
            .collect()
    }

    /// The artists of a file, by the same row; none if they are unknown.
    pub fn artists(&self, path: &Path) -> Vec<String> {
        let artists = self.row(path).map_or("", |row| row.artists.as_str());
        artists
            .split("; ")
            .filter(|artist| !artist.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn row(&self, path: &Path) -> Option<&Row> {
        let folder = folder_name(path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        self.rows
            .get(&format!("{folder}/{name}"))
            .or_else(|| self.rows.get(&folder))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::corpus::tracks;

    const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/splits.csv");

    fn read(text: &str) -> Result<SplitTable> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("splits.csv");
        std::fs::write(&path, text)?;
        SplitTable::read(&path)
    }

    /// Columns of the committed table: music, split, artists.
    fn committed_rows() -> Vec<[String; 3]> {
        csv::Reader::from_path(COMMITTED)
            .unwrap()
            .deserialize()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    #[test]
    fn the_row_of_a_track_precedes_that_of_its_folder() {
        let table = read("music,split,artists\ngame,train,A; B\ngame/forest,test,\n").unwrap();
        for (path, split) in [
            ("/cache/game/forest.wav", Some(Split::Test)),
            ("game/forest.ogg", Some(Split::Test)),
            ("game/forest2.wav", Some(Split::Train)),
            ("/cache/other/forest.wav", None),
            ("forest.wav", None),
        ] {
            assert_eq!(table.split(Path::new(path)), split, "{path}");
        }
        assert_eq!(table.artists(Path::new("game/cave.ogg")), ["A", "B"]);
        assert!(table.artists(Path::new("game/forest.ogg")).is_empty());
    }

    #[test]
    fn other_tables_are_refused() {
        for (text, reason) in [
            ("", "no rows"),
            ("music,split\n", "no rows"),
            ("folder,split\ngame,train\n", "no table of splits"),
            ("music,split\ngame,exam\n", "no table of splits"),
            ("music,split\ngame,train\ngame,test\n", "two rows for game"),
        ] {
            let error = format!("{:#}", read(text).unwrap_err());
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn tracks_of_the_shipped_weights_keep_their_splits() {
        // The weights were trained on the tracks that have rows of their own, split by seed 1.
        let table = SplitTable::read(Path::new(COMMITTED)).unwrap();
        let files: Vec<PathBuf> = committed_rows()
            .iter()
            .filter(|[music, ..]| music.contains('/'))
            .map(|[music, ..]| PathBuf::from(format!("{music}.wav")))
            .collect();
        let drawn = tracks::split(files, None, 1);
        for track in &drawn {
            assert_eq!(
                table.split(&track.path),
                Some(track.split),
                "{}",
                track.path.display()
            );
        }
        let sizes =
            Split::ALL.map(|(part, _)| drawn.iter().filter(|track| track.split == part).count());
        assert_eq!(sizes, [94, 19, 13]);
    }

    #[test]
    fn artists_of_held_out_packages_are_in_no_other_split() {
        let rows = committed_rows();
        let artists = |row: &[String; 3]| -> BTreeSet<String> {
            row[2]
                .split("; ")
                .filter(|artist| !artist.is_empty())
                .map(str::to_lowercase)
                .collect()
        };
        let held_out: Vec<&[String; 3]> = rows
            .iter()
            .filter(|[music, split, _]| !music.contains('/') && split != Split::Train.name())
            .collect();
        assert_eq!(held_out.len(), 9);
        for package in held_out {
            assert!(!artists(package).is_empty(), "{package:?}");
            for other in rows.iter().filter(|other| other[1] != package[1]) {
                assert!(
                    artists(package).is_disjoint(&artists(other)),
                    "{package:?} {other:?}"
                );
            }
        }
    }
}
