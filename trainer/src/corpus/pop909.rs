//! POP909 (Wang et al., "POP909: A Pop-song Dataset for Music Arrangement Generation", ISMIR 2020):
//! a folder for each song, with its parts as MIDI and with chords, beats and keys as text.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};

use crate::corpus::tracks::Split;
use crate::midi::chord::{self, Chord};
use crate::midi::sequence::Sequence;
use crate::midi::work::Work;

/// Of each 18 songs one is for validation and one for the test, about 50 of 909 each.
const SPLIT_PERIOD: usize = 18;

/// The folders of songs within a copy of POP909, by their numbers.
///
/// # Errors
///
/// When the folder can't be read or holds no songs.
pub fn songs(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root).with_context(|| format!("can't read {}", root.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("can't read {}", root.display()))?
            .path();
        if number(&path).is_some() && path.is_dir() {
            folders.push(path);
        }
    }
    ensure!(
        !folders.is_empty(),
        "{} holds no songs of POP909, which are folders such as 001",
        root.display()
    );
    folders.sort();
    Ok(folders)
}

/// The split of a song, by its number: the same on every machine and for every step.
pub fn split(folder: &Path) -> Split {
    match number(folder).unwrap_or(0) % SPLIT_PERIOD {
        8 => Split::Test,
        17 => Split::Validation,
        _ => Split::Train,
    }
}

fn number(folder: &Path) -> Option<usize> {
    folder.file_name()?.to_str()?.parse().ok()
}

/// Reads a song.
///
/// # Errors
///
/// When a file is missing or damaged, or the song has no melody, chords, beats or key.
pub fn read(folder: &Path) -> Result<Work> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let sequence = Sequence::read(&folder.join(format!("{name}.mid")))?;
    let mut work = Work {
        name: name.clone().into_owned(),
        melody: Vec::new(),
        accompaniment: Vec::new(),
        chords: read_lines(&folder.join("chord_midi.txt"), chord_of_line)?,
        beats_secs: read_lines(&folder.join("beat_midi.txt"), |line| {
            Ok(Some(field(line, 0)?))
        })?,
        tonic: longest_key(&folder.join("key_audio.txt"))?,
    };
    for (part, notes) in sequence.names.iter().zip(sequence.parts) {
        match part.as_str() {
            "MELODY" => work.melody = notes,
            _ => work.accompaniment.push(notes),
        }
    }
    let missing = [
        (work.melody.is_empty(), "melody"),
        (work.chords.is_empty(), "chords"),
        (work.beats_secs.len() < 2, "beats"),
    ];
    if let Some((_, what)) = missing.iter().find(|(is_missing, _)| *is_missing) {
        bail!("{} has no {what}", folder.display());
    }
    Ok(work)
}

/// A value for each line that has one.
fn read_lines<T>(path: &Path, parse: impl Fn(&str) -> Result<Option<T>>) -> Result<Vec<T>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("can't open {}", path.display()))?;
    let mut values = Vec::new();
    for (row, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let value = parse(line).with_context(|| format!("{}, line {}", path.display(), row + 1))?;
        values.extend(value);
    }
    Ok(values)
}

fn field<T: FromStr>(line: &str, index: usize) -> Result<T> {
    line.split_whitespace()
        .nth(index)
        .and_then(|text| text.parse().ok())
        .with_context(|| format!("value {} of {line:?} is missing or wrong", index + 1))
}

fn chord_of_line(line: &str) -> Result<Option<Chord>> {
    let (start_secs, end_secs) = (field(line, 0)?, field(line, 1)?);
    let chord = chord::parse(&field::<String>(line, 2)?)?;
    Ok(chord.map(|(root, tones)| Chord {
        start_secs,
        end_secs,
        root,
        tones,
    }))
}

/// The tonic of the key that lasts longest, such as `Gb:maj`.
fn longest_key(path: &Path) -> Result<u8> {
    let keys = read_lines(path, |line| {
        let secs = field::<f64>(line, 1)? - field::<f64>(line, 0)?;
        let label = field::<String>(line, 2)?;
        let (tonic, mode) = label.split_once(':').unwrap_or((&label, "maj"));
        let relative = if mode.starts_with("min") { 3 } else { 0 };
        Ok(Some((secs, (chord::pitch_class(tonic)? + relative) % 12)))
    })?;
    let longest = keys.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    Ok(longest
        .with_context(|| format!("{} has no key", path.display()))?
        .1)
}
