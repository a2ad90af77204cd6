//! What made a catalogue: kept in the metadata of both tables, and compared at each opening.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use soundalike::training::Segments;
use soundalike::{Model, Song};

use crate::retrieval::query::STRIDE;

/// Version of the tables. A program reads catalogues of its own version.
const VERSION: u32 = 1;

/// The versions with which a catalogue was made.
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

    pub(super) fn to_metadata(&self) -> HashMap<String, String> {
        [
            ("version", self.version.to_string()),
            ("weights_sha256", self.weights_sha256.clone()),
            ("hop_secs", self.hop_secs.to_string()),
            ("stride", self.stride.to_string()),
            ("dimensions", self.dimensions.to_string()),
            ("layout", self.layout.to_string()),
            ("numerics", self.numerics.to_string()),
        ]
        .map(|(key, value)| (format!("soundalike.{key}"), value))
        .into()
    }

    /// Reads the stamp of a catalogue of this version.
    pub(super) fn from_metadata(metadata: &HashMap<String, String>) -> Result<Self> {
        let value = |key: &str| {
            let value = metadata.get(&format!("soundalike.{key}"));
            value.with_context(|| format!("it is no catalogue, or damaged: its stamp has no {key}"))
        };
        let version = value("version")?.parse().context("its version")?;
        ensure!(
            version <= VERSION,
            "it has version {version}, and this program reads version {VERSION}: update the program"
        );
        Ok(Self {
            version,
            weights_sha256: value("weights_sha256")?.clone(),
            hop_secs: value("hop_secs")?.parse().context("its hop")?,
            stride: value("stride")?.parse().context("its stride")?,
            dimensions: value("dimensions")?.parse().context("its dimensions")?,
            layout: value("layout")?.parse().context("its layout")?,
            numerics: value("numerics")?.parse().context("its numerics")?,
        })
    }

    /// Whether songs of a catalogue with this stamp and of a program with the stamp `ours` can be
    /// compared.
    pub(super) fn check(&self, ours: &Self) -> Result<()> {
        let short = |sha256: &str| sha256.chars().take(8).collect::<String>();
        ensure!(
            (self.hop_secs, self.stride) == (ours.hop_secs, ours.stride),
            "its embeddings are {:.2} s apart, and those of this program {:.2} s: make it anew",
            self.hop_secs * self.stride as f64,
            ours.hop_secs * ours.stride as f64
        );
        ensure!(
            self.weights_sha256 == ours.weights_sha256,
            "it was made with other weights (SHA-256 {}..., here {}...): name those with --weights, or make it anew",
            short(&self.weights_sha256),
            short(&ours.weights_sha256)
        );
        ensure!(
            self.dimensions == ours.dimensions,
            "it is damaged: its embeddings have {} values, and those of its weights {}",
            self.dimensions,
            ours.dimensions
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

#[cfg(test)]
mod tests {
    use soundalike::SHIPPED_WEIGHTS;

    use super::*;

    type Change = (fn(&mut Stamp), &'static str);

    #[test]
    fn each_difference_is_refused_by_its_name() {
        let ours = Stamp::of(&Model::on_cpu(SHIPPED_WEIGHTS).unwrap());
        let again = Stamp::from_metadata(&ours.to_metadata()).unwrap();
        assert_eq!(again, ours);
        again.check(&ours).unwrap();
        let changes: [Change; 6] = [
            (
                |stamp| stamp.weights_sha256 = "0123456789".into(),
                "other weights (SHA-256 01234567",
            ),
            (|stamp| stamp.hop_secs = 0.5, "2.00 s apart"),
            (|stamp| stamp.stride = 1, "s apart"),
            (|stamp| stamp.dimensions = 9, "have 9 values"),
            (|stamp| stamp.layout += 1, "layout"),
            (|stamp| stamp.numerics = 9, "numerics 9"),
        ];
        for (change, word) in changes {
            let mut theirs = ours.clone();
            change(&mut theirs);
            let error = theirs.check(&ours).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let newer = Stamp {
            version: VERSION + 1,
            ..ours
        };
        let refused =
            |metadata: &HashMap<_, _>| Stamp::from_metadata(metadata).unwrap_err().to_string();
        assert!(refused(&newer.to_metadata()).contains("update the program"));
        assert!(refused(&HashMap::new()).contains("no catalogue"));
    }
}
