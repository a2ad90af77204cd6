//! Excerpts of the tracks of a split, as the left songs.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use soundalike_native::audio_file;
use soundalike_trainer::corpus::split_table::SplitTable;
use soundalike_trainer::corpus::tracks;

use crate::mixes::RATE_HZ;
use crate::mixes::plan::{seeded, write_song};
use crate::sound::Sound;
use crate::tracks::{SHORTEST_SECS, Split};

/// Side relative to mid from which a song counts as stereo: what remains without the centre is more
/// than the residue of a codec.
const LEAST_SIDE_DB: f64 = -20.0;

/// An excerpt of a track.
#[derive(Debug)]
pub struct Original {
    /// The file of the track.
    track: PathBuf,
    /// The folder's name.
    album: String,
    /// The artists, as far as they are known.
    artists: Vec<String>,
    /// The excerpt as a file in the folder of the tables.
    file: PathBuf,
    /// Path of that file relative to the tables.
    pub name: String,
    /// Start of the excerpt in the track.
    start_secs: f64,
    pub duration_secs: f64,
    /// Whether the channels differ enough to remove their centre.
    pub is_stereo: bool,
}

impl Original {
    /// Whether the two share an album or an artist.
    pub fn is_related_to(&self, other: &Self) -> bool {
        let shares_artist = || {
            let artists = self.artists.iter();
            artists
                .into_iter()
                .any(|artist| other.artists.contains(artist))
        };
        self.is_of_album(other) || shares_artist()
    }

    pub fn is_of_album(&self, other: &Self) -> bool {
        self.album == other.album
    }

    /// The excerpt with the values of its file, so that a copy can be identical to the last bit.
    pub fn read(&self) -> Result<Sound> {
        Sound::read_wav(&self.file)
    }

    /// The excerpt in stereo.
    pub fn read_stereo(&self) -> Result<Sound> {
        let track = Sound::decode_stereo_at(&self.track, RATE_HZ)?;
        Ok(track.between(self.start_secs, self.start_secs + self.duration_secs))
    }
}

/// Writes an excerpt of every track of a split into `audio_dir`. Unusable tracks are named and left
/// out.
pub fn write_all(
    music: &Path,
    splits: &Path,
    split: Split,
    longest_secs: f64,
    audio_dir: &Path,
    seed: u64,
) -> Result<Vec<Original>> {
    let table = SplitTable::read(splits)?;
    let split = tracks::Split::from(split);
    let mut files: Vec<PathBuf> = audio_file::find(&[music.to_owned()])?
        .into_iter()
        .filter(|path| table.split(path) == Some(split))
        .collect();
    files.sort();
    let originals: Vec<Original> = files
        .par_iter()
        .enumerate()
        .filter_map(|(index, track)| {
            let name = format!("original-{index:03}.wav");
            let mut rng = seeded(seed, &track_name(track), 0);
            let excerpt = Excerpt {
                track,
                file: audio_dir.join(&name),
                name: format!("audio/{name}"),
                longest_secs,
            };
            match excerpt.write(&table, &mut rng) {
                Ok(original) => Some(original),
                Err(error) => {
                    eprintln!("left out: {}: {error:#}", track.display());
                    None
                }
            }
        })
        .collect();
    ensure!(
        originals.len() >= 4,
        "{} has {} usable tracks of the split '{}'; a mix needs four at least",
        music.display(),
        originals.len(),
        split.name()
    );
    Ok(originals)
}

/// An excerpt to be made.
struct Excerpt<'a> {
    track: &'a Path,
    file: PathBuf,
    name: String,
    longest_secs: f64,
}

impl Excerpt<'_> {
    fn write(self, table: &SplitTable, rng: &mut ChaCha8Rng) -> Result<Original> {
        let track = Sound::decode_stereo_at(self.track, RATE_HZ)?;
        let track_secs = track.duration_secs();
        ensure!(
            track_secs >= SHORTEST_SECS,
            "it is only {track_secs:.1} s long"
        );
        let spare_secs = (track_secs - self.longest_secs).max(0.0);
        let start_secs = rng.random_range(0.0..=1.0) * spare_secs;
        let stereo = track.between(start_secs, start_secs + self.longest_secs);
        let (mid, side) = (
            stereo.mono(),
            stereo.mixed(|frame| 0.5 * (frame[0] - frame[1])),
        );
        let whole_secs = [0.0, stereo.duration_secs()];
        let level = |sound: &Sound| sound.rms_between(whole_secs[0], whole_secs[1]);
        ensure!(level(&mid) > 1e-3, "it is silent");
        write_song(&self.file, &mid)?;
        Ok(Original {
            track: self.track.to_owned(),
            album: tracks::folder_name(self.track),
            artists: table.artists(self.track),
            file: self.file,
            name: self.name,
            start_secs,
            duration_secs: mid.duration_secs(),
            is_stereo: 20.0 * (level(&side) / level(&mid)).log10() > LEAST_SIDE_DB,
        })
    }
}

/// Folder and name, which don't depend on the place of the music.
fn track_name(track: &Path) -> String {
    let name = track.file_stem().unwrap_or_default().to_string_lossy();
    format!("{}/{name}", tracks::folder_name(track))
}
