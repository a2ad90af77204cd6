//! The held-out tracks: the splits for test and validation in the manifest of the step `pairs`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rayon::prelude::*;
use soundalike_trainer::corpus::manifest::Manifest;
use soundalike_trainer::corpus::tracks;

use crate::tools;

/// Shorter tracks are left out, in seconds: too little room for a passage, its modified copy and
/// another section.
pub const SHORTEST_SECS: f64 = 16.0;

/// Tracks that no weights are trained on.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Split {
    /// Held-out tracks, which choose nothing.
    Test,
    /// Tracks by which constants are chosen.
    Validation,
}

impl From<Split> for tracks::Split {
    fn from(split: Split) -> Self {
        match split {
            Split::Test => Self::Test,
            Split::Validation => Self::Validation,
        }
    }
}

/// A track that no training has seen.
#[derive(Debug)]
pub struct Track {
    pub path: PathBuf,
    pub artist: Option<String>,
    /// The album where known, else the folder's name.
    pub album: String,
    pub duration_secs: f64,
}

impl Track {
    /// Whether the two share an album or an artist, so that they resemble each other more than
    /// random tracks.
    pub fn is_related_to(&self, other: &Self) -> bool {
        self.album == other.album || (self.artist.is_some() && self.artist == other.artist)
    }
}

/// Reads the tracks of a split, in the order of their paths. Missing, damaged and short ones are
/// named and left out. With `originals`, the file of the same folder and name in there replaces the
/// file in the manifest.
pub fn held_out_tracks(
    manifest_path: &Path,
    split: Split,
    originals: Option<&Path>,
) -> Result<Vec<Track>> {
    let split = tracks::Split::from(split);
    let manifest = Manifest::read(manifest_path)?;
    let folder = manifest_path.parent().unwrap_or(Path::new("."));
    let mut held_out: Vec<_> = manifest
        .tracks
        .into_iter()
        .filter(|track| track.split == split)
        .collect();
    held_out.sort_by(|one, other| one.path.cmp(&other.path));
    if let Some(originals) = originals {
        // Paths in the manifest are relative to its folder, this one to the current folder.
        let originals = std::path::absolute(originals)
            .with_context(|| format!("there is no {}", originals.display()))?;
        for track in &mut held_out {
            track.path = original(&track.path, &originals)?;
        }
    }
    let tracks: Vec<Track> = held_out
        .into_par_iter()
        .filter_map(|track| {
            let path = folder.join(&track.path);
            match duration_secs(&path) {
                Ok(duration_secs) if duration_secs >= SHORTEST_SECS => Some(Track {
                    path,
                    artist: track.artist,
                    album: track.album,
                    duration_secs,
                }),
                Ok(duration_secs) => {
                    eprintln!(
                        "left out, only {duration_secs:.1} s long: {}",
                        path.display()
                    );
                    None
                }
                Err(error) => {
                    eprintln!("left out: {}: {error:#}", path.display());
                    None
                }
            }
        })
        .collect();
    ensure!(
        tracks.len() >= 2,
        "{} has fewer than two usable tracks in its split '{}'",
        manifest_path.display(),
        split.name()
    );
    Ok(tracks)
}

/// The file in `originals` that `decoded` was made from: any extension, the same name, in a folder
/// of the same name.
fn original(decoded: &Path, originals: &Path) -> Result<PathBuf> {
    let folder = originals.join(
        decoded
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default(),
    );
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_stem() == decoded.file_stem())
        .collect();
    files.sort();
    files.into_iter().next().with_context(|| {
        format!(
            "{} has no original of {}",
            folder.display(),
            decoded.display()
        )
    })
}

fn duration_secs(path: &Path) -> Result<f64> {
    let arguments = [
        "-v",
        "error",
        "-show_entries",
        "format=duration",
        "-of",
        "csv=p=0",
    ];
    let output = tools::run(
        "ffprobe",
        arguments
            .into_iter()
            .map(AsRef::as_ref)
            .chain([path.as_os_str()]),
    )?;
    String::from_utf8_lossy(&output)
        .trim()
        .parse()
        .context("its length is unknown")
}
