//! Reads audio files of any format that the decoder knows, as mono at the model's rate.

use std::f32::consts::FRAC_1_SQRT_2;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use soundalike::{Checker, FeatureConfig, MAX_SONG_SECS, Song, Waveform};
use soundalike_decoder::{MediaSource, Part, SoundFile};
use walkdir::WalkDir;

/// Extensions of the files that are looked for in a folder: the sound files and videos that the
/// decoder opens. `pkg/shared/music-files.js` has the same.
const AUDIO_EXTENSIONS: [&str; 30] = [
    "3gp", "aac", "aif", "aifc", "aiff", "au", "avi", "bwf", "caf", "flac", "flv", "m4a", "m4b",
    "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpga", "oga", "ogg", "ogv", "opus", "w64",
    "wav", "wave", "weba", "webm",
];

/// Decodes the default sound track of a file to mono at the file's own rate: the mean of its
/// channels, or half of the difference of two that cancel out in the mean. Surround sound is mixed
/// as players do.
///
/// # Errors
///
/// When the file can't be opened, has no audio track, or no packet of it can be decoded. Damaged
/// packets are skipped, as in players.
pub fn decode(path: &Path) -> Result<Waveform> {
    decode_balanced(path, 0.0)
}

/// Decodes a whole file to mono at the file's own rate. Stereo has a balance from -1 (the left
/// channel alone) over 0 (the mean) to 1 (the right channel alone); other files have none.
///
/// # Errors
///
/// Those of [`decode`].
pub fn decode_balanced(path: &Path, balance: f32) -> Result<Waveform> {
    decode_file(path, None, balance)
}

fn decode_file(path: &Path, track: Option<usize>, balance: f32) -> Result<Waveform> {
    check_readable(path)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let source = || Ok(Box::new(File::open(path)?) as Box<dyn MediaSource>);
    decode_source(source, extension, track, &name, balance)
        .with_context(|| format!("can't decode {}", path.display()))
}

/// The bytes of a file.
///
/// # Errors
///
/// When it can't be read, is empty, or is no file but a folder, a pipe or a device.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    check_readable(path)?;
    fs::read(path).with_context(|| format!("can't read {}", path.display()))
}

fn check_readable(path: &Path) -> Result<()> {
    let cant_open = || format!("can't open {}", path.display());
    // Before it is opened: to open a pipe is to wait for its other end.
    let metadata = fs::metadata(path).with_context(cant_open)?;
    ensure!(!metadata.is_dir(), "{} is a folder", path.display());
    ensure!(metadata.is_file(), "{} is no file", path.display());
    ensure!(metadata.len() > 0, "{} is empty", path.display());
    File::open(path).with_context(cant_open)?;
    Ok(())
}

/// Decodes the bytes of a file with this extension to mono at its own rate.
///
/// # Errors
///
/// Those of [`decode`].
pub fn decode_bytes(bytes: Vec<u8>, extension: &str) -> Result<Waveform> {
    let bytes: Arc<[u8]> = bytes.into();
    let source = || Ok(Box::new(Cursor::new(Arc::clone(&bytes))) as Box<dyn MediaSource>);
    decode_source(source, Some(extension), None, extension, 0.0)
}

/// Decodes and analyses a whole file. The song has the file's name.
///
/// # Errors
///
/// Those of [`decode`] and of [`Checker::analyse`].
pub fn analyse(checker: &Checker, path: &Path) -> Result<Song> {
    analyse_track(checker, path, None)
}

/// The same of one of the file's sound tracks, which are counted from 1. Without a number it is the
/// default one.
///
/// # Errors
///
/// Those of [`analyse`], and when the file has no such track.
pub fn analyse_track(checker: &Checker, path: &Path, track: Option<usize>) -> Result<Song> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    analyse_decoded(checker, &name, decode_file(path, track, 0.0)?)
}

/// Analyses what was decoded, as a song of this name.
///
/// # Errors
///
/// Those of [`Checker::analyse`].
pub fn analyse_decoded(checker: &Checker, name: &str, waveform: Waveform) -> Result<Song> {
    // Generic functions are compiled where they are called, and the analysis is one, by its
    // progress: here with the optimisation of this crate, and not with that of each program.
    let analysis = checker.analyse(name, waveform, |_stage, _fraction| ());
    Ok(pollster::block_on(analysis)?)
}

/// Decodes a whole file to mono at the model's rate.
///
/// # Errors
///
/// Those of [`decode`].
pub fn load(path: &Path) -> Result<Waveform> {
    load_balanced(path, 0.0)
}

/// Decodes a whole file to mono at the model's rate with a balance as in [`decode_balanced`].
///
/// # Errors
///
/// Those of [`decode`].
pub fn load_balanced(path: &Path, balance: f32) -> Result<Waveform> {
    Ok(decode_balanced(path, balance)?.resampled(FeatureConfig::default().sample_rate_hz))
}

fn decode_source(
    source: impl Fn() -> Result<Box<dyn MediaSource>>,
    extension: Option<&str>,
    track: Option<usize>,
    name: &str,
    balance: f32,
) -> Result<Waveform> {
    let decoded = |mix| -> Result<Downmix> {
        let mut file = SoundFile::open_track(source()?, extension, track)?;
        let mut downmix = Downmix::new(mix);
        while let Some(part) = file.next_part() {
            downmix.append(&part)?;
        }
        Ok(downmix)
    };
    let mut downmix = decoded(Mix::Balanced(balance))?;
    if balance == 0.0 && downmix.cancels() {
        downmix = decoded(Mix::Difference)?;
    }
    downmix.finish(name)
}

/// How two channels become one.
#[derive(Clone, Copy)]
enum Mix {
    /// Their mean at balance 0.
    Balanced(f32),
    /// Half of their difference.
    Difference,
}

/// Decoded packets as one mono signal.
struct Downmix {
    mix: Mix,
    /// Mono samples with their rate, one entry for each change of the rate.
    stretches: Vec<(u32, Vec<f32>)>,
    secs: f64,
    /// Energies of sum and difference of two channels.
    sum: f64,
    difference: f64,
}

/// Gains of the channels of 5.0, 5.1 and 7.1, in the order of WAV files, as in the down-mix to mono
/// of the Web Audio standard: left and right 0.71, centre 1, low frequencies 0, the others 0.5.
/// Other numbers of channels have none. `pkg/decode/mono.js` has the same.
fn surround_gains(channels: usize) -> Option<&'static [f32]> {
    const FRONT: f32 = FRAC_1_SQRT_2;
    match channels {
        5 => Some(&[FRONT, FRONT, 1.0, 0.5, 0.5]),
        6 => Some(&[FRONT, FRONT, 1.0, 0.0, 0.5, 0.5]),
        8 => Some(&[FRONT, FRONT, 1.0, 0.0, 0.5, 0.5, 0.5, 0.5]),
        _ => None,
    }
}

impl Downmix {
    fn new(mix: Mix) -> Self {
        Self {
            mix,
            stretches: Vec::new(),
            secs: 0.0,
            sum: 0.0,
            difference: 0.0,
        }
    }

    fn append(&mut self, part: &Part<'_>) -> Result<()> {
        let rate_hz = part.sample_rate_hz;
        if self
            .stretches
            .last()
            .is_none_or(|(last, _)| *last != rate_hz)
        {
            self.stretches.push((rate_hz, Vec::new()));
        }
        let Some((_, mono)) = self.stretches.last_mut() else {
            return Ok(());
        };
        let frames = part.interleaved.chunks_exact(part.channels);
        self.secs += frames.len() as f64 / f64::from(rate_hz);
        match surround_gains(part.channels) {
            Some(gains) => {
                let gain = 1.0 / gains.iter().sum::<f32>();
                mono.extend(frames.map(|channels| {
                    let weighted = channels.iter().zip(gains);
                    gain * weighted.map(|(sample, gain)| sample * gain).sum::<f32>()
                }));
            }
            None if part.channels == 2 => {
                for channels in frames {
                    let (left, right) = (channels[0], channels[1]);
                    self.sum += f64::from(left + right).powi(2);
                    self.difference += f64::from(left - right).powi(2);
                    mono.push(match self.mix {
                        Mix::Balanced(balance) => {
                            0.5 * ((1.0 - balance) * left + (1.0 + balance) * right)
                        }
                        Mix::Difference => 0.5 * (left - right),
                    });
                }
            }
            None => mono.extend(
                frames.map(|channels| channels.iter().sum::<f32>() / channels.len() as f32),
            ),
        }
        if self.secs > MAX_SONG_SECS {
            bail!(
                "it lasts more than {:.0} minutes, the longest that can be checked",
                MAX_SONG_SECS / 60.0
            );
        }
        Ok(())
    }

    /// Whether two channels cancel out in their mean.
    fn cancels(&self) -> bool {
        self.difference > Waveform::CANCELLING_RATIO * self.sum
    }

    /// The whole song at the rate of its beginning.
    fn finish(self, name: &str) -> Result<Waveform> {
        let mut stretches = self.stretches.into_iter();
        let (rate_hz, mut mono) = stretches.next().context("no part of it could be decoded")?;
        for (other_hz, stretch) in stretches {
            let resampled = Waveform::new(name, stretch, other_hz)?.resampled(rate_hz);
            mono.extend_from_slice(resampled.samples());
        }
        Ok(Waveform::new(name, mono, rate_hz)?)
    }
}

/// All audio files under some folders (or given directly), sorted, by extension.
///
/// # Errors
///
/// When a folder or an entry of it can't be read, or nothing is found.
pub fn find(roots: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let (files, unreadable) = find_readable(roots);
    if let Some(reason) = unreadable.into_iter().next() {
        bail!(reason);
    }
    if files.is_empty() {
        let roots: Vec<_> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        bail!("there are no audio files under {}", roots.join(", "));
    }
    Ok(files)
}

/// The same of what can be read, and why the rest can't: links to nothing or in a circle, and
/// folders without permission.
#[must_use]
pub fn find_readable(roots: &[PathBuf]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut unreadable) = (Vec::new(), Vec::new());
    for entry in roots
        .iter()
        .flat_map(|root| WalkDir::new(root).follow_links(true))
    {
        match entry {
            Ok(entry) if entry.file_type().is_file() && has_audio_extension(entry.path()) => {
                files.push(entry.into_path());
            }
            Ok(_) => (),
            Err(error) => unreadable.push(reason(&error)),
        }
    }
    files.sort();
    files.dedup();
    (files, unreadable)
}

fn has_audio_extension(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    AUDIO_EXTENSIONS.iter().any(|known| extension == *known)
}

/// Why an entry of a folder can't be read.
fn reason(error: &walkdir::Error) -> String {
    let path = error.path().unwrap_or(Path::new("")).display();
    match (error.io_error(), error.loop_ancestor()) {
        (Some(cause), _) => format!("can't read {path}: {cause}"),
        (None, Some(ancestor)) => format!("{path} leads back to {}", ancestor.display()),
        (None, None) => format!("can't read {path}"),
    }
}
