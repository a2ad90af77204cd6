//! The catalogue itself: two tables of Lance under one address. Nothing else in this crate knows
//! Lance.
//!
//! | table | row | columns |
//! |---|---|---|
//! | `segments.lance` | a kept embedding | `song`, `segment`, `vector`: f16 `[128]` |
//! | `songs.lance` | a song | `id`, `name`, `source`, `duration_secs`, `embeddings`, `bytes` |
//! | | | `landmarks`: not in catalogues that were made before there were any |
//!
//! `embeddings` is their number, and `bytes` is the kept song.
//!
//! A commit of Lance is atomic, in a folder and in an object store, and several writers may commit
//! at once. The embeddings of a song are committed before the song, and removed after it, so that
//! every song in `songs` is whole. Embeddings without a song are what a writer left that was
//! stopped: a search passes over them, and [`compact`](Catalogue::compact) removes them. A song
//! that two writers added at the same moment has two equal rows, which count once.
//!
//! Every call reads the newest version of the tables. Readers name the columns that they need, so
//! that a later version can add some, such as a second kind of vectors.

mod address;
mod compact;
mod creation;
mod damage;
mod failure;
mod index;
mod landmarks;
mod nearest;
mod rows;
mod stamp;
mod tables;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use arrow_array::cast::AsArray as _;
use arrow_array::types::Float64Type;
use lance::Dataset;
use soundalike::Model;
use tokio::runtime::Runtime;

pub use address::Address;
pub use compact::Compacted;
use damage::Noted;
use failure::failure;
pub use nearest::Nearest;
pub use rows::NewSong;
pub use stamp::Stamp;
use tables::{append, create, is_one_of, newest, open, read};
pub use verify::Findings;

/// The tables' names.
const SONGS: &str = "songs";
const SEGMENTS: &str = "segments";

/// Plans of queries are deeply nested.
const STACK_BYTES: usize = 8 << 20;

/// An open catalogue.
///
/// Its methods wait for Lance's own threads. They must not be called on a thread that runs tasks of
/// another runtime, but on one where it is allowed to wait.
#[derive(Debug)]
pub struct Catalogue {
    address: Address,
    stamp: Stamp,
    runtime: &'static Runtime,
    songs: Dataset,
    segments: Dataset,
    has_lost_version: bool,
}

/// How much is in a catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Number of songs.
    pub songs: usize,
    /// Their length.
    pub hours: f64,
    /// Number of their embeddings, those of stopped writers included.
    pub embeddings: usize,
    /// Bytes of the newest version of both tables, without the index.
    pub bytes: u64,
}

impl Catalogue {
    /// Opens a catalogue.
    ///
    /// # Errors
    ///
    /// When there is none, it can't be read, or another program or other weights made it.
    pub fn open(address: &Address, model: &Model) -> Result<Self> {
        check_folder(address)?;
        let runtime = runtime()?;
        let Some(found) = find(address, runtime)? else {
            bail!(
                "there is no catalogue at {address}: `soundalike-catalogue add FILES --to {address}` makes one"
            );
        };
        Self::of(address, model, runtime, found)
    }

    /// Opens a catalogue, or makes an empty one.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and when nothing can be written there.
    pub fn open_or_create(address: &Address, model: &Model) -> Result<Self> {
        check_folder(address)?;
        let runtime = runtime()?;
        if let Some(found) = find(address, runtime)? {
            return Self::of(address, model, runtime, found);
        }
        if let Some(folder) = address.folder() {
            let made = std::fs::create_dir_all(&folder);
            made.with_context(|| format!("can't make the folder {address}"))?;
        }
        let stamp = Stamp::of(model);
        let make = async {
            // A catalogue is there once `songs` is.
            let schema = rows::segments_schema(stamp.dimensions, stamp.to_metadata());
            let segments = create(address, SEGMENTS, schema).await?;
            let schema = rows::songs_schema(stamp.to_metadata());
            Ok((create(address, SONGS, schema).await?, segments))
        };
        let made = runtime.block_on(Box::pin(make));
        let (songs, segments) = made.map_err(|error| failure(address, error))?;
        let made = Found {
            songs,
            segments,
            has_lost_version: false,
        };
        Self::of(address, model, runtime, made)
    }

    fn of(
        address: &Address,
        model: &Model,
        runtime: &'static Runtime,
        found: Found,
    ) -> Result<Self> {
        let stamp = Stamp::of(model);
        for table in [&found.songs, &found.segments] {
            let theirs = Stamp::from_metadata(&table.schema().metadata);
            let theirs = theirs.with_context(|| address.to_string())?;
            theirs.check(&stamp).with_context(|| address.to_string())?;
        }
        Ok(Self {
            address: address.clone(),
            stamp,
            runtime,
            songs: found.songs,
            segments: found.segments,
            has_lost_version: found.has_lost_version,
        })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether the newest version of it is lost, so that it was opened in an older state. Noticed
    /// in a folder only.
    #[must_use]
    pub fn has_lost_version(&self) -> bool {
        self.has_lost_version
    }

    /// The versions with which the catalogue was made.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// How much is in it.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn size(&self) -> Result<Size> {
        self.wait(async {
            let (songs, segments) = (newest(&self.songs).await?, newest(&self.segments).await?);
            let (mut ids, mut secs) = (HashSet::new(), 0.0);
            for batch in read(&songs, &["id", "duration_secs"], None).await? {
                let durations = batch["duration_secs"].as_primitive::<Float64Type>();
                let column = batch["id"].as_string::<i32>();
                for (row, id) in column.iter().flatten().enumerate() {
                    if ids.insert(id.to_owned()) {
                        secs += durations.value(row);
                    }
                }
            }
            Ok(Size {
                songs: ids.len(),
                hours: secs / 3_600.0,
                embeddings: segments.count_rows(None).await?,
                bytes: tables::bytes(&songs) + tables::bytes(&segments),
            })
        })
    }

    /// The ids of all songs.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn ids(&self) -> Result<HashSet<String>> {
        self.wait(async { ids(&newest(&self.songs).await?, None).await })
    }

    /// Names and kept bytes of these songs, by id. Ids that aren't there are left out.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn kept(&self, ids: &[String]) -> Result<HashMap<String, (String, Vec<u8>)>> {
        self.wait(async { kept(&newest(&self.songs).await?, ids).await })
    }

    /// Names of these songs, by id, without their kept bytes. Ids that aren't there are left out.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn names(&self, ids: &[String]) -> Result<HashMap<String, String>> {
        self.wait(async { names(&newest(&self.songs).await?, ids).await })
    }

    /// Adds songs. Those that are there already stay as they are. Returns the number of songs
    /// added.
    ///
    /// # Errors
    ///
    /// When the store can't be written; then none is added.
    pub fn append(&mut self, songs: &[NewSong]) -> Result<usize> {
        let (added, tables) = self.wait(async {
            let (mut table, mut segments) =
                (newest(&self.songs).await?, newest(&self.segments).await?);
            let named: Vec<_> = songs.iter().map(|song| song.id.clone()).collect();
            let mut seen = ids(&table, Some(&named)).await?;
            let fresh: Vec<_> = songs
                .iter()
                .filter(|song| seen.insert(song.id.clone()))
                .collect();
            let rows = rows::segments_batch(&fresh, self.stamp.dimensions)?;
            append(&mut segments, rows).await?;
            let rows = landmarks::fitting(&table, rows::songs_batch(&fresh)?)?;
            append(&mut table, rows).await?;
            Ok((fresh.len(), (table, segments)))
        })?;
        (self.songs, self.segments) = tables;
        Ok(added)
    }

    /// Removes these songs. Returns the ids that aren't there.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub fn remove<'a>(&mut self, named: &'a [String]) -> Result<Vec<&'a str>> {
        let known = self.wait(async {
            let (mut songs, mut segments) =
                (newest(&self.songs).await?, newest(&self.segments).await?);
            let known = ids(&songs, Some(named)).await?;
            if !known.is_empty() {
                songs.delete(&is_one_of("id", named)).await?;
                segments.delete(&is_one_of("song", named)).await?;
            }
            Ok(known)
        })?;
        let missing = named.iter().filter(|id| !known.contains(*id));
        Ok(missing.map(String::as_str).collect())
    }

    /// Waits for Lance. Its errors become one line with the catalogue's address.
    fn wait<T>(&self, work: impl Future<Output = lance::Result<T>>) -> Result<T> {
        let done = self.runtime.block_on(Box::pin(work));
        done.map_err(|error| failure(&self.address, error))
    }
}

/// Lance's threads, for all catalogues of a program.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.enable_all().thread_stack_size(STACK_BYTES);
        builder.build().map_err(|error| error.to_string())
    });
    made.as_ref()
        .map_err(|error| anyhow!("can't start threads: {error}"))
}

fn check_folder(address: &Address) -> Result<()> {
    let Some(folder) = address.folder() else {
        return Ok(());
    };
    let file = folder
        .ancestors()
        .find(|place| place.exists() && !place.is_dir());
    match file {
        Some(file) => bail!("a catalogue is a folder, and {} is a file", file.display()),
        None => Ok(()),
    }
}

/// What is at an address.
struct Found {
    songs: Dataset,
    segments: Dataset,
    has_lost_version: bool,
}

/// Opens both tables; `None` if there is no catalogue.
fn find(address: &Address, runtime: &Runtime) -> Result<Option<Found>> {
    let noted = Noted::read(address);
    let found = runtime.block_on(Box::pin(async {
        let songs = open(address, SONGS).await?;
        let segments = open(address, SEGMENTS).await?;
        let has_segments = match (&songs, &segments) {
            (None, Some(segments)) => segments.count_rows(None).await? > 0,
            _ => false,
        };
        // Another writer may have made the catalogue between both.
        let songs = if has_segments {
            open(address, SONGS).await?
        } else {
            songs
        };
        Ok((songs, segments, has_segments))
    }));
    let (songs, segments, has_segments) = found.map_err(|error| failure(address, error))?;
    let Some(songs) = songs else {
        // A catalogue that was stopped while it was made has embeddings of no song, and no songs.
        ensure!(!has_segments, "{address} is damaged: its songs are missing");
        return Ok(None);
    };
    let segments =
        segments.with_context(|| format!("{address} is damaged: its embeddings are missing"))?;
    Ok(Some(Found {
        has_lost_version: noted.are_newer(&songs, &segments),
        songs,
        segments,
    }))
}

/// The ids of these songs, or of all.
async fn ids(songs: &Dataset, named: Option<&[String]>) -> lance::Result<HashSet<String>> {
    let filter = named.map(|named| is_one_of("id", named));
    let mut ids = HashSet::new();
    for batch in read(songs, &["id"], filter).await? {
        let column = batch["id"].as_string::<i32>();
        ids.extend(column.iter().flatten().map(str::to_owned));
    }
    Ok(ids)
}

async fn names(songs: &Dataset, ids: &[String]) -> lance::Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    for batch in read(songs, &["id", "name"], Some(is_one_of("id", ids))).await? {
        let [ids, texts] = ["id", "name"].map(|name| batch[name].as_string::<i32>());
        let rows = ids.iter().flatten().zip(texts.iter().flatten());
        names.extend(rows.map(|(id, name)| (id.to_owned(), name.to_owned())));
    }
    Ok(names)
}

async fn kept(
    songs: &Dataset,
    ids: &[String],
) -> lance::Result<HashMap<String, (String, Vec<u8>)>> {
    let mut kept = HashMap::new();
    let columns = ["id", "name", "bytes"];
    for batch in read(songs, &columns, Some(is_one_of("id", ids))).await? {
        let [id, name] = ["id", "name"].map(|name| batch[name].as_string::<i32>());
        let bytes = batch["bytes"].as_binary::<i64>();
        kept.extend((0..batch.num_rows()).map(|row| {
            let song = (name.value(row).to_owned(), bytes.value(row).to_owned());
            (id.value(row).to_owned(), song)
        }));
    }
    Ok(kept)
}
