//! What made a catalogue: kept in it, and compared at each opening.

use anyhow::{Context as _, Result, ensure};
use rusqlite::{Connection, OptionalExtension as _};
use soundalike::training::Segments;
use soundalike::{Model, Song};

use crate::retrieval::query::STRIDE;

/// Version of the tables. A program reads catalogues of its own version.
const VERSION: u32 = 1;

/// What made a catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamp {
    /// Version of the tables.
    pub version: u32,
    /// SHA-256 of the weights file.
    pub weights_sha256: String,
    /// Seconds between two segments.
    pub hop_secs: f64,
    /// One of this many segments has its embedding kept.
    pub stride: usize,
    /// Values of an embedding.
    pub dimensions: usize,
    /// [`Song::LAYOUT`].
    pub layout: u32,
    /// [`Song::NUMERICS`].
    pub numerics: u32,
}

impl Stamp {
    /// What this program makes with these weights.
    #[must_use]
    pub fn of(model: &Model) -> Self {
        Self {
            version: VERSION,
            weights_sha256: model.sha256().to_owned(),
            hop_secs: Segments::hop_secs(&model.info().features),
            stride: STRIDE,
            dimensions: model.info().encoder.embedding,
            layout: Song::LAYOUT,
            numerics: Song::NUMERICS,
        }
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.pragma_update(None, "user_version", self.version)?;
        for (name, value) in [
            ("weights_sha256", self.weights_sha256.clone()),
            ("hop_secs", self.hop_secs.to_string()),
            ("stride", self.stride.to_string()),
            ("dimensions", self.dimensions.to_string()),
            ("layout", self.layout.to_string()),
            ("numerics", self.numerics.to_string()),
        ] {
            let insert = "INSERT INTO stamp (name, value) VALUES (?, ?)";
            connection.execute(insert, [name, &value])?;
        }
        Ok(())
    }

    /// Reads the stamp of a catalogue of this version.
    pub(super) fn read(connection: &Connection, version: u32) -> Result<Self> {
        ensure!(
            version <= VERSION,
            "it has version {version}, and this program reads version {VERSION}: update the program"
        );
        let value = |name: &str| -> Result<String> {
            let select = "SELECT value FROM stamp WHERE name = ?";
            let value = connection
                .query_row(select, [name], |row| row.get(0))
                .optional()?;
            value.with_context(|| format!("it is damaged: its stamp has no {name}"))
        };
        Ok(Self {
            version,
            weights_sha256: value("weights_sha256")?,
            hop_secs: value("hop_secs")?.parse()?,
            stride: value("stride")?.parse()?,
            dimensions: value("dimensions")?.parse()?,
            layout: value("layout")?.parse()?,
            numerics: value("numerics")?.parse()?,
        })
    }

    /// Whether songs of a catalogue with this stamp and of a program with the stamp `ours` can be
    /// compared.
    pub(super) fn check(&self, ours: &Self) -> Result<()> {
        let short = |sha256: &str| sha256.chars().take(8).collect::<String>();
        ensure!(
            (self.hop_secs, self.stride) == (ours.hop_secs, ours.stride),
            "its embeddings are {} s apart, and those of this program {} s: make it anew",
            self.hop_secs * self.stride as f64,
            ours.hop_secs * ours.stride as f64
        );
        ensure!(
            (&self.weights_sha256, self.dimensions) == (&ours.weights_sha256, ours.dimensions),
            "it was made with other weights (SHA-256 {}..., here {}...): name those with --weights, or make it anew",
            short(&self.weights_sha256),
            short(&ours.weights_sha256)
        );
        ensure!(
            (self.layout, self.numerics) == (ours.layout, ours.numerics),
            "its songs have layout {} and numerics {}, and this program has {} and {}: use the program that made it, \
             or make it anew",
            self.layout,
            self.numerics,
            ours.layout,
            ours.numerics
        );
        Ok(())
    }
}
