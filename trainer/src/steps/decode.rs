//! `decode`: folders of music to a cache of mono WAV files at the model's rate.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use soundalike::FeatureConfig;
use soundalike_native::{audio_file, progress, wav};

use crate::partial_success::PartialSuccess;

/// Decode audio files to 22,050 Hz mono WAV, in parallel; files already there are kept
#[derive(clap::Args)]
pub struct Args {
    /// Folders (or files) of MP3, FLAC, OGG, M4A/AAC or WAV
    #[arg(long, required = true, num_args = 1..)]
    audio: Vec<PathBuf>,
    /// Folder to write to; it mirrors the folders of the input
    #[arg(long)]
    out: PathBuf,
    /// Accepted by every step; decoding has nothing random
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &Args) -> Result<()> {
    let jobs = jobs(&args.audio, &args.out)?;
    let decoded = progress::each(&jobs, "decode", |_, (source, target)| {
        if target.exists() {
            Ok(())
        } else {
            decode_one(source, target)
        }
    });
    println!(
        "{decoded} files decoded to {}, {} skipped",
        args.out.display(),
        jobs.len() - decoded
    );
    if decoded == 0 {
        bail!("none of {} files could be decoded", jobs.len());
    }
    PartialSuccess::unless_none(
        &[(
            jobs.len() - decoded,
            &format!("of {} files could not be decoded", jobs.len()),
        )],
        "the others are there",
    )
}

/// Source and target of every file. The target keeps the path below the searched folder, with that
/// folder's name.
fn jobs(roots: &[PathBuf], out: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut jobs = Vec::new();
    for root in roots {
        let base = root
            .canonicalize()
            .with_context(|| format!("there is no {}", root.display()))?;
        let parent = base.parent().unwrap_or(&base).to_owned();
        for source in audio_file::find(std::slice::from_ref(&base))? {
            let target = out
                .join(source.strip_prefix(&parent).unwrap_or(&source))
                .with_extension("wav");
            jobs.push((source, target));
        }
    }
    Ok(jobs)
}

/// Writes beside the target and renames, so that an interrupted run leaves no incomplete file under
/// the final name.
fn decode_one(source: &Path, target: &Path) -> Result<()> {
    let waveform = audio_file::load(source)?;
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    let partial = target.with_extension("partial");
    wav::write(
        &partial,
        waveform.samples(),
        FeatureConfig::default().sample_rate_hz,
    )?;
    fs::rename(&partial, target)?;
    Ok(())
}
