//! The tracks of a corpus with their artists, albums and splits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use soundalike_tables::fma::FmaMetadata;

/// One of the three parts of a corpus that share no track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// The tracks to train on.
    Train,
    /// The tracks to choose weights and constants by.
    Validation,
    /// The tracks of the test, for nothing else.
    Test,
}

impl Split {
    /// All splits with their share of the corpus in percent, and of the pairs.
    pub const ALL: [(Self, usize); 3] =
        [(Self::Train, 75), (Self::Validation, 15), (Self::Test, 10)];

    /// Name of its CSV file, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// One audio file of a corpus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// Path of its file.
    pub path: PathBuf,
    /// Its part of the corpus.
    pub split: Split,
    /// Artist, where the metadata know it.
    pub artist: Option<String>,
    /// Album where the metadata know it, else the folder's name.
    pub album: String,
}

/// Describes files and splits them by group: by artist where known. Otherwise files of one folder
/// whose names begin with the same word stay together, because they tend to be versions of one
/// piece ("forest", "forest2", "forest-remix").
pub fn split(files: Vec<PathBuf>, metadata: Option<&FmaMetadata>, seed: u64) -> Vec<Track> {
    let mut groups: BTreeMap<String, Vec<Track>> = BTreeMap::new();
    for path in files {
        let known = metadata.and_then(|metadata| metadata.track(&path));
        let folder = folder_name(&path);
        let group = match known {
            Some(known) => format!("artist {}", known.artist),
            None => format!("{folder}/{}", first_word(&path)),
        };
        let track = Track {
            artist: known.map(|known| known.artist.clone()),
            album: known.map_or(folder, |known| known.album.clone()),
            split: Split::Train,
            path,
        };
        groups.entry(group).or_default().push(track);
    }
    let total: usize = groups.values().map(Vec::len).sum();
    let mut groups: Vec<Vec<Track>> = groups.into_values().collect();
    groups.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Large groups first, each into the split that lacks most, so that the shares are right for any
    // sizes of groups.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut counts = [0_usize; Split::ALL.len()];
    let mut tracks = Vec::with_capacity(total);
    for group in groups {
        let lack =
            |index: usize| (total * Split::ALL[index].1) as i64 - (100 * counts[index]) as i64;
        let index = (0..counts.len())
            .max_by_key(|&index| (lack(index), std::cmp::Reverse(index)))
            .unwrap_or(0);
        counts[index] += group.len();
        tracks.extend(group.into_iter().map(|track| Track {
            split: Split::ALL[index].0,
            ..track
        }));
    }
    tracks.sort_by(|a, b| a.path.cmp(&b.path));
    tracks
}

/// Name of the folder that a file is in.
pub fn folder_name(path: &Path) -> String {
    path.parent()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn first_word(path: &Path) -> String {
    let stem = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let word: String = stem
        .chars()
        .take_while(|letter| letter.is_alphabetic())
        .collect();
    if word.is_empty() { stem } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_piece_stay_in_one_split_and_shares_are_kept() {
        // A hundred pieces in three versions each, and a hundred single ones.
        let name = |n: u8| {
            [n / 26, n % 26]
                .map(|letter| char::from(b'a' + letter))
                .iter()
                .collect::<String>()
        };
        let mut files: Vec<PathBuf> = (0..100)
            .flat_map(|n| {
                ["", "2", "-remix"]
                    .map(|version| Path::new("game").join(format!("{}{version}.ogg", name(n))))
            })
            .collect();
        files.extend((0..100).map(|n| Path::new("album").join(format!("{}.mp3", name(n)))));
        let tracks = split(files, None, 3);
        let of = |split| tracks.iter().filter(|track| track.split == split).count();
        assert_eq!(
            of(Split::Train) + of(Split::Validation) + of(Split::Test),
            400
        );
        for (part, percent) in Split::ALL {
            assert!(
                (of(part) as f32 / 4.0 - percent as f32).abs() < 2.0,
                "{part:?}: {}",
                of(part)
            );
        }
        let game: Vec<&Track> = tracks
            .iter()
            .filter(|track| track.album == "game")
            .collect();
        for versions in game.chunk_by(|a, b| first_word(&a.path) == first_word(&b.path)) {
            assert_eq!(versions.len(), 3);
            assert!(
                versions
                    .iter()
                    .all(|track| track.split == versions[0].split),
                "{versions:?}"
            );
        }
        assert!(
            Split::ALL
                .iter()
                .all(|(part, _)| game.iter().any(|track| track.split == *part))
        );
    }

    #[test]
    fn another_seed_splits_differently_and_the_same_seed_equally() {
        let files: Vec<PathBuf> = (0..100)
            .map(|n| PathBuf::from(format!("a/{}.mp3", n * 7 + 1_000)))
            .collect();
        assert_eq!(split(files.clone(), None, 1), split(files.clone(), None, 1));
        assert_ne!(split(files.clone(), None, 1), split(files, None, 2));
    }
}
