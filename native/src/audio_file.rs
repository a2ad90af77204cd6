//! Reads audio files of any format that Symphonia decodes, as mono at the model's rate.

use std::fs::File;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use soundalike::{Checker, FeatureConfig, MAX_SONG_SECS, Song, Waveform};
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::audio::sample::Sample as _;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use walkdir::WalkDir;

/// Extensions of audio files in a searched folder.
const AUDIO_EXTENSIONS: [&str; 8] = ["aac", "flac", "m4a", "mp3", "mp4", "oga", "ogg", "wav"];

/// Decodes a whole file to mono, the mean of its channels, at the file's own rate.
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
    let file = File::open(path).with_context(|| format!("can't open {}", path.display()))?;
    if file.metadata()?.len() == 0 {
        bail!("{} is empty", path.display());
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    decode_source(Box::new(file), extension, &name, balance)
        .with_context(|| format!("can't decode {}", path.display()))
}

/// Decodes the bytes of a file with this extension to mono at its own rate.
///
/// # Errors
///
/// Those of [`decode`].
pub fn decode_bytes(bytes: Vec<u8>, extension: &str) -> Result<Waveform> {
    decode_source(
        Box::new(Cursor::new(bytes)),
        Some(extension),
        extension,
        0.0,
    )
}

/// Decodes and analyses a whole file. The song has the file's name.
///
/// # Errors
///
/// Those of [`decode`] and of [`Checker::analyse`].
pub fn analyse(checker: &Checker, path: &Path) -> Result<Song> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let analysis = checker.analyse(&name, decode(path)?, |_stage, _fraction| ());
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
    source: Box<dyn MediaSource>,
    extension: Option<&str>,
    name: &str,
    balance: f32,
) -> Result<Waveform> {
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(source, Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(
            &hint,
            stream,
            FormatOptions::default(),
            MetadataOptions::default(),
        )
        .context("it isn't an audio format known here")?;
    let track = format
        .default_track(TrackType::Audio)
        .context("it has no audio track")?;
    let track_id = track.id;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .context("its codec isn't described")?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .context("its codec isn't known here")?;

    let mut downmix = Downmix::new(balance);
    // An error ends the loop, too: a truncated file counts up to its cut.
    while let Ok(Some(packet)) = format.next_packet() {
        if packet.track_id != track_id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => downmix.append(&buffer)?,
            Err(SymphoniaError::DecodeError(_) | SymphoniaError::IoError(_)) => {}
            Err(_) => break,
        }
    }
    let rate_hz = downmix.rate_hz.context("no part of it could be decoded")?;
    Ok(Waveform::new(name, downmix.mono, rate_hz)?)
}

/// Decoded packets as one mono signal.
struct Downmix {
    balance: f32,
    /// Rate of the first packet.
    rate_hz: Option<u32>,
    mono: Vec<f32>,
    /// Scratch buffer.
    interleaved: Vec<f32>,
}

impl Downmix {
    fn new(balance: f32) -> Self {
        Self {
            balance,
            rate_hz: None,
            mono: Vec::new(),
            interleaved: Vec::new(),
        }
    }

    fn append(&mut self, buffer: &GenericAudioBufferRef<'_>) -> Result<()> {
        let (rate_hz, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
        if channels == 0 || *self.rate_hz.get_or_insert(rate_hz) != rate_hz {
            bail!("its sample rate or channels change midway");
        }
        self.interleaved
            .resize(buffer.samples_interleaved(), f32::MID);
        buffer.copy_to_slice_interleaved(&mut self.interleaved);
        let frames = self.interleaved.chunks_exact(channels);
        self.mono.extend(frames.map(|channels| match channels {
            [left, right] => 0.5 * ((1.0 - self.balance) * left + (1.0 + self.balance) * right),
            _ => channels.iter().sum::<f32>() / channels.len() as f32,
        }));
        if self.mono.len() as f64 > MAX_SONG_SECS * f64::from(rate_hz) {
            bail!(
                "it lasts more than {:.0} minutes, the longest that can be checked",
                MAX_SONG_SECS / 60.0
            );
        }
        Ok(())
    }
}

/// All audio files under some folders (or given directly), sorted, by extension.
///
/// # Errors
///
/// When a folder can't be read or nothing is found.
pub fn find(roots: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for root in roots {
        for entry in WalkDir::new(root).follow_links(true) {
            let entry = entry.with_context(|| format!("can't read {}", root.display()))?;
            let extension = entry
                .path()
                .extension()
                .unwrap_or_default()
                .to_ascii_lowercase();
            if entry.file_type().is_file()
                && AUDIO_EXTENSIONS.iter().any(|known| extension == *known)
            {
                files.push(entry.into_path());
            }
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        let roots: Vec<_> = roots
            .iter()
            .map(|root| root.display().to_string())
            .collect();
        bail!("there are no audio files under {}", roots.join(", "));
    }
    Ok(files)
}
