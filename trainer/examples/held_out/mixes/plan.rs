//! The selection of rows, the folders, and what all kinds of pairs need: random numbers of their
//! own and songs as files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::mixes::MakeArgs;
use crate::mixes::take::Passage;
use crate::song_tables::{Pair, relative};
use crate::sound::Sound;

/// A pair and, if it is positive, the true passages.
pub struct MixedPair {
    pub pair: Pair,
    pub passages: Vec<Passage>,
}

/// Folders, the seed and the selection of rows.
pub struct Plan<'a> {
    pub args: &'a MakeArgs,
    pub audio_dir: PathBuf,
    pub scratch: &'a Path,
}

impl Plan<'_> {
    pub fn is_selected(&self, row: &str) -> bool {
        let rows = &self.args.rows;
        rows.is_empty() || rows.iter().any(|prefix| row.starts_with(prefix))
    }

    /// A generator that depends on the seed, the row and the number alone.
    pub fn rng(&self, row: &str, number: usize) -> ChaCha8Rng {
        seeded(self.args.seed, row, number)
    }

    /// Makes the jobs of a row in parallel, each in a scratch folder of its own.
    pub fn each<T: Send>(
        &self,
        count: usize,
        make: impl Fn(usize, &Path) -> Result<T> + Sync,
    ) -> Result<Vec<T>> {
        let progress = ProgressBar::new(count as u64);
        let made = (0..count)
            .into_par_iter()
            .map(|number| {
                let folder = tempfile::tempdir_in(self.scratch)
                    .context("making a folder for scratch files")?;
                let made = make(number, folder.path())?;
                progress.inc(1);
                Ok(made)
            })
            .collect();
        progress.finish();
        made
    }

    /// Writes a sound as `name.wav`; returns its path relative to the tables.
    pub fn write(&self, name: &str, sound: &Sound) -> Result<String> {
        let path = self.audio_dir.join(format!("{name}.wav"));
        write_song(&path, sound)?;
        relative(&path)
    }
}

/// A generator for one job, so that jobs don't depend on their order.
pub fn seeded(seed: u64, name: &str, number: usize) -> ChaCha8Rng {
    // The hash FNV-1a of 64 bits.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ hash);
    rng.set_stream(number as u64);
    rng
}

/// Writes mono WAV of 16 bits. Samples that come from such a file keep their bits, so that an edit
/// of a song can be identical to it. Sounds above full scale are scaled down.
pub fn write_song(path: &Path, sound: &Sound) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: sound.rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let peak = sound
        .samples
        .iter()
        .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    let scale = 32_768.0 / peak.max(1.0);
    let written = || -> Result<(), hound::Error> {
        let mut writer = hound::WavWriter::create(path, spec)?;
        for sample in &sound.samples {
            writer.write_sample((sample * scale).round() as i16)?;
        }
        writer.finalize()
    };
    written().with_context(|| format!("writing {}", path.display()))
}
