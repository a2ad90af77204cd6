//! The catalogue itself: a file of SQLite in a folder. Nothing else in this crate knows SQLite.
//!
//! | table | row | columns |
//! |---|---|---|
//! | `stamp` | a property of what made it | `name`, `value` |
//! | `songs` | a song | `key`, `id`, `name`, `source` (the path), `duration_secs` |
//! | `embeddings` | those of a song | `key`, `segments`: u32, `vectors`: f16 `[segments, 128]` |
//! | `kept` | the kept song | `key`, `bytes` |
//!
//! All rows of a song come in one transaction, so that a song is there as a whole or not at all,
//! also when the program or the machine stops. Numbers are little-endian. Statements name the
//! columns that they need, so that a later version can add some, such as a second kind of vectors.
//!
//! SQLite writes its rollback journal beside the file. It locks the file while it commits, and
//! others wait for that.

mod failure;
mod nearest;
mod stamp;
mod verify;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use soundalike::{Model, Song};

use crate::retrieval::query::Vectors;
use failure::failure;
pub use stamp::Stamp;
pub use verify::Findings;

/// Name of the file in the catalogue's folder.
const FILE: &str = "catalogue.sqlite";

/// Identifies the file: "slke".
const APPLICATION_ID: i32 = 0x736c_6b65;

/// The largest that SQLite has. The embeddings of three songs of four minutes fit on a page, so
/// that a scan reads few, long pieces.
const PAGE_BYTES: u32 = 65_536;

/// How long a program waits for another one that commits.
const WAIT: Duration = Duration::from_secs(60);

const TABLES: &str = "
    CREATE TABLE stamp (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE songs (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        source TEXT NOT NULL,
        duration_secs REAL NOT NULL
    );
    CREATE TABLE embeddings (
        key INTEGER PRIMARY KEY,
        segments BLOB NOT NULL,
        vectors BLOB NOT NULL
    );
    CREATE TABLE kept (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
";

/// An open catalogue.
#[derive(Debug)]
pub struct Catalogue {
    folder: PathBuf,
    stamp: Stamp,
    connection: Connection,
}

/// An analysed song that is to be added.
#[derive(Clone, Debug)]
pub struct NewSong {
    /// The first 128 bits of the SHA-256 of its file, in hexadecimal.
    pub id: String,
    /// The name of its file.
    pub name: String,
    /// The path of its file.
    pub source: String,
    /// Its length in seconds.
    pub duration_secs: f64,
    /// The embeddings by which it is found.
    pub vectors: Vectors,
    /// The kept song.
    pub bytes: Vec<u8>,
}

impl NewSong {
    /// An analysed song with its id and the path that it came from.
    #[must_use]
    pub fn new(id: String, source: String, song: &Song, model: &Model) -> Self {
        Self {
            id,
            name: song.name().to_owned(),
            source,
            duration_secs: song.duration_secs(),
            vectors: Vectors::kept(song),
            bytes: song.to_bytes(model),
        }
    }
}

/// How much is in a catalogue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// Number of songs.
    pub songs: usize,
    /// Their length.
    pub hours: f64,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Catalogue {
    /// Opens a catalogue for reading.
    ///
    /// # Errors
    ///
    /// When there is none, it can't be read, or another program or other weights made it.
    pub fn open(folder: &Path, model: &Model) -> Result<Self> {
        let catalogue = Self::open_to_change(folder, model)?;
        let reading = catalogue.connection.pragma_update(None, "query_only", true);
        catalogue.named(reading)?;
        Ok(catalogue)
    }

    /// Opens a catalogue for reading and writing.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_to_change(folder: &Path, model: &Model) -> Result<Self> {
        check_folder(folder)?;
        let file = folder.join(FILE);
        if is_missing(&file) {
            let place = folder.display();
            bail!(
                "there is no catalogue in {place}: `soundalike-catalogue add FILES --to {place}` makes one"
            );
        }
        let opened = || -> rusqlite::Result<_> {
            let connection = connect(&file, OpenFlags::empty())?;
            let application: i32 = pragma(&connection, "application_id")?;
            let version: u32 = pragma(&connection, "user_version")?;
            Ok((connection, application, version))
        };
        let (connection, application, version) =
            opened().map_err(|error| failure(folder, error))?;
        ensure!(
            application == APPLICATION_ID,
            "{} is no catalogue: another program made it",
            file.display()
        );
        let found = Stamp::read(&connection, version).with_context(|| folder.display().to_string());
        let stamp = found?;
        stamp
            .check(&Stamp::of(model))
            .with_context(|| folder.display().to_string())?;
        Ok(Self {
            folder: folder.to_owned(),
            stamp,
            connection,
        })
    }

    /// Opens a catalogue, or makes an empty one.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), and when nothing can be written there.
    pub fn open_or_create(folder: &Path, model: &Model) -> Result<Self> {
        check_folder(folder)?;
        if is_missing(&folder.join(FILE)) {
            let made = fs::create_dir_all(folder);
            made.with_context(|| format!("can't make the folder {}", folder.display()))?;
            create(folder, model).map_err(|error| failure(folder, error))?;
        }
        Self::open_to_change(folder, model)
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What made it.
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
        let read = || -> rusqlite::Result<_> {
            let totals = "SELECT count(*), total(duration_secs) FROM songs";
            let (songs, secs): (i64, f64) = self
                .connection
                .query_row(totals, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let pages: i64 = pragma(&self.connection, "page_count")?;
            let page_bytes: i64 = pragma(&self.connection, "page_size")?;
            Ok(Size {
                songs: songs as usize,
                hours: secs / 3_600.0,
                bytes: (pages * page_bytes) as u64,
            })
        };
        self.named(read())
    }

    /// The ids of all songs.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn ids(&self) -> Result<HashSet<String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare("SELECT id FROM songs")?;
            let ids = statement.query_map([], |row| row.get(0))?;
            ids.collect()
        };
        self.named(read())
    }

    /// Names and kept bytes of these songs, by id. Ids that aren't there are left out.
    ///
    /// # Errors
    ///
    /// When it can't be read.
    pub fn kept(&self, ids: &[String]) -> Result<HashMap<String, (String, Vec<u8>)>> {
        let read = || -> rusqlite::Result<_> {
            let select = "SELECT name, bytes FROM songs JOIN kept USING (key) WHERE id = ?";
            let mut statement = self.connection.prepare(select)?;
            let mut kept = HashMap::new();
            for id in ids {
                let row = statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?)));
                kept.extend(row.optional()?.map(|song| (id.clone(), song)));
            }
            Ok(kept)
        };
        self.named(read())
    }

    /// Adds songs, all of them or none. Those that are there already stay as they are. Returns the
    /// number of songs added.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn append(&mut self, songs: &[NewSong]) -> Result<usize> {
        let mut write = || -> rusqlite::Result<_> {
            let transaction = self
                .connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut added = 0;
            for song in songs {
                let values = params![song.id, song.name, song.source, song.duration_secs];
                let insert = "INSERT OR IGNORE INTO songs (id, name, source, duration_secs) VALUES (?, ?, ?, ?)";
                if transaction.execute(insert, values)? == 0 {
                    continue;
                }
                let key = transaction.last_insert_rowid();
                let insert = "INSERT INTO embeddings (key, segments, vectors) VALUES (?, ?, ?)";
                let Vectors {
                    segments, values, ..
                } = &song.vectors;
                let segments: Vec<u8> = segments.iter().flat_map(|one| one.to_le_bytes()).collect();
                let vectors: Vec<u8> = values.iter().flat_map(|one| one.to_le_bytes()).collect();
                transaction.execute(insert, params![key, segments, vectors])?;
                let insert = "INSERT INTO kept (key, bytes) VALUES (?, ?)";
                transaction.execute(insert, params![key, song.bytes])?;
                added += 1;
            }
            transaction.commit()?;
            Ok(added)
        };
        let written = write();
        self.named(written)
    }

    /// Removes these songs. Returns the ids that aren't there.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn remove<'a>(&mut self, ids: &'a [String]) -> Result<Vec<&'a str>> {
        let mut write = || -> rusqlite::Result<_> {
            let transaction = self
                .connection
                .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let mut missing = Vec::new();
            for id in ids {
                let select = "SELECT key FROM songs WHERE id = ?";
                let key = transaction.query_row(select, [id], |row| row.get::<_, i64>(0));
                let Some(key) = key.optional()? else {
                    missing.push(id.as_str());
                    continue;
                };
                for table in ["songs", "embeddings", "kept"] {
                    transaction.execute(&format!("DELETE FROM {table} WHERE key = ?"), [key])?;
                }
            }
            transaction.commit()?;
            Ok(missing)
        };
        let written = write();
        self.named(written)
    }

    /// Rewrites the file without the gaps of removed songs. Returns the number of bytes freed. It
    /// needs as much space again while it runs.
    ///
    /// # Errors
    ///
    /// When the file can't be written.
    pub fn compact(&mut self) -> Result<u64> {
        let before = self.size()?.bytes;
        let written = self.connection.execute_batch("VACUUM");
        self.named(written)?;
        Ok(before.saturating_sub(self.size()?.bytes))
    }

    /// Errors of SQLite as one line with the catalogue's name.
    fn named<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|error| failure(&self.folder, error))
    }
}

/// Folders are the only addresses of catalogues.
fn check_folder(folder: &Path) -> Result<()> {
    let text = folder.to_string_lossy();
    ensure!(!text.is_empty(), "a catalogue is a folder, and not nothing");
    ensure!(
        !text.contains("://"),
        "a catalogue is a folder, and {text} is none"
    );
    ensure!(
        folder.is_dir() || !folder.exists(),
        "a catalogue is a folder, and {text} is a file"
    );
    Ok(())
}

/// Whether nothing was ever committed to the file.
fn is_missing(file: &Path) -> bool {
    fs::metadata(file).map_or(true, |metadata| metadata.len() == 0)
}

/// Opens for reading and writing, or for reading alone if the file is write-protected. Readers,
/// too, must be able to write: the first one after a crash rolls back what was not committed.
fn connect(file: &Path, more: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags | more)?;
    connection.busy_timeout(WAIT)?;
    Ok(connection)
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Makes the tables, unless another program was quicker.
fn create(folder: &Path, model: &Model) -> rusqlite::Result<()> {
    let mut connection = connect(&folder.join(FILE), OpenFlags::SQLITE_OPEN_CREATE)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    if pragma::<i32>(&transaction, "application_id")? == 0 {
        transaction.execute_batch(TABLES)?;
        Stamp::of(model).write(&transaction)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use half::f16;
    use soundalike::SHIPPED_WEIGHTS;

    use super::*;

    fn model() -> Model {
        Model::on_cpu(SHIPPED_WEIGHTS).unwrap()
    }

    /// A song of one embedding, with bytes that are no kept song.
    fn song(id: &str) -> NewSong {
        let mut values = vec![f16::ZERO; 128];
        values[id.len()] = f16::ONE;
        NewSong {
            id: id.into(),
            name: format!("{id}.mp3"),
            source: format!("/music/{id}.mp3"),
            duration_secs: 180.0,
            vectors: Vectors {
                dimensions: 128,
                values,
                segments: vec![4],
            },
            bytes: vec![7; 300_000],
        }
    }

    #[test]
    fn songs_are_added_once_found_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let model = model();
        let mut catalogue = Catalogue::open_or_create(folder.path(), &model).unwrap();
        assert_eq!(catalogue.append(&[song("a"), song("bb")]).unwrap(), 2);
        assert_eq!(catalogue.append(&[song("bb"), song("ccc")]).unwrap(), 1);
        let size = catalogue.size().unwrap();
        assert_eq!((size.songs, size.hours), (3, 0.15));
        let hits = catalogue.nearest(&song("bb").vectors).unwrap();
        let [hit] = hits.as_slice() else {
            panic!("{hits:?}")
        };
        assert_eq!((hit.song.as_str(), hit.segment, hit.cosine), ("bb", 4, 1.0));
        let ids = ["bb".to_owned(), "none".to_owned()];
        assert_eq!(catalogue.remove(&ids).unwrap(), ["none"]);
        assert!(catalogue.nearest(&song("bb").vectors).unwrap().is_empty());
        let ids = ["a".to_owned(), "bb".to_owned()];
        let kept = catalogue.kept(&ids).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept["a"], ("a.mp3".to_owned(), vec![7; 300_000]));
        assert!(catalogue.compact().unwrap() > 250_000);
        let again = Catalogue::open(folder.path(), &model).unwrap();
        assert_eq!(
            again.ids().unwrap(),
            HashSet::from(["a".into(), "ccc".into()])
        );
    }

    #[test]
    fn a_full_disk_loses_nothing_that_was_committed() {
        let folder = tempfile::tempdir().unwrap();
        let mut catalogue = Catalogue::open_or_create(folder.path(), &model()).unwrap();
        catalogue.append(&[song("a")]).unwrap();
        let pages: i64 = pragma(&catalogue.connection, "page_count").unwrap();
        catalogue
            .connection
            .pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(()))
            .unwrap();
        let error = catalogue.append(&[song("bb")]).unwrap_err().to_string();
        assert!(error.contains("full"), "{error}");
        assert_eq!(catalogue.ids().unwrap(), HashSet::from(["a".into()]));
        let findings = catalogue.verify(&model(), |_| ()).unwrap();
        assert_eq!((findings.songs, findings.damaged.len()), (1, 1));
    }

    #[test]
    fn a_writer_that_stops_midway_leaves_nothing_of_its_batch() {
        let folder = tempfile::tempdir().unwrap();
        let model = model();
        let mut catalogue = Catalogue::open_or_create(folder.path(), &model).unwrap();
        catalogue.append(&[song("a")]).unwrap();
        // As a program that dies between two statements: the song without its embeddings.
        let insert =
            "BEGIN; INSERT INTO songs (id, name, source, duration_secs) VALUES ('bb', '', '', 1)";
        catalogue.connection.execute_batch(insert).unwrap();
        drop(catalogue);
        let mut catalogue = Catalogue::open_or_create(folder.path(), &model).unwrap();
        assert_eq!(catalogue.ids().unwrap(), HashSet::from(["a".into()]));
        assert_eq!(catalogue.append(&[song("bb")]).unwrap(), 1);
    }

    #[test]
    fn what_is_no_catalogue_of_this_program_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (at, model) = (folder.path(), model());
        let refusal = |folder: &Path, word: &str| {
            let before = fs::read(folder.join(FILE)).ok();
            for error in [
                Catalogue::open(folder, &model).unwrap_err(),
                Catalogue::open_to_change(folder, &model).unwrap_err(),
            ] {
                let error = format!("{error:#}");
                assert!(error.contains(word) && !error.contains('\n'), "{error}");
            }
            assert_eq!(fs::read(folder.join(FILE)).ok(), before);
        };
        refusal(Path::new("s3://bucket/name"), "is a folder");
        refusal(&at.join("nothing"), "there is no catalogue");
        fs::write(at.join("file"), "x").unwrap();
        refusal(&at.join("file"), "is a file");
        fs::write(
            at.join(FILE),
            "a letter, not a database, long enough for a header".repeat(99),
        )
        .unwrap();
        refusal(at, "is damaged");
        fs::remove_file(at.join(FILE)).unwrap();
        Connection::open(at.join(FILE))
            .unwrap()
            .execute_batch("CREATE TABLE x (y)")
            .unwrap();
        refusal(at, "another program");
        fs::remove_file(at.join(FILE)).unwrap();
        drop(Catalogue::open_or_create(at, &model).unwrap());
        let change = |sql: &str| {
            let connection = Connection::open(at.join(FILE)).unwrap();
            connection.execute_batch(sql).unwrap();
        };
        change("PRAGMA user_version = 2");
        refusal(at, "update the program");
        change("PRAGMA user_version = 1; UPDATE stamp SET value = '9' WHERE name = 'numerics'");
        refusal(at, "numerics 9");
        change("UPDATE stamp SET value = '0123456789' WHERE name = 'weights_sha256'");
        refusal(at, "other weights (SHA-256 01234567");
        change("UPDATE stamp SET value = '0.5' WHERE name = 'hop_secs'");
        refusal(at, "2 s apart");
        change("DROP TABLE stamp");
        refusal(at, "stamp");
    }
}
