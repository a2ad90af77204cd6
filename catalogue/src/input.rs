//! The audio files that were named: files, folders, and lists of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail, ensure};
use soundalike_native::audio_file;

/// Extensions of lists: a path a line, relative to the list's folder. Lines that begin with `#` are
/// remarks.
const LIST_EXTENSIONS: [&str; 3] = ["list", "m3u", "txt"];

/// One of the parts into which work is split, `i/n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// From 1 to `of`.
    pub number: usize,
    /// The number of parts.
    pub of: usize,
}

impl Part {
    /// The whole.
    pub const ALL: Self = Self { number: 1, of: 1 };

    /// The items of this part. Every item is in exactly one of the parts.
    pub fn select<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let items = items.into_iter().skip(self.number - 1);
        items.step_by(self.of).collect()
    }
}

impl FromStr for Part {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || format!("a part is I/N with I from 1 to N, such as 3/64, and not {text:?}");
        let (number, of) = text.split_once('/').with_context(wrong)?;
        let part = Self {
            number: number.parse().with_context(wrong)?,
            of: of.parse().with_context(wrong)?,
        };
        ensure!((1..=part.of).contains(&part.number), wrong());
        Ok(part)
    }
}

/// All audio files of the given files, folders and lists, sorted; and why folders, or parts of
/// them, give none.
///
/// # Errors
///
/// When a list can't be read, or none of the files is there.
pub fn audio_files(named: &[PathBuf]) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let mut files = BTreeSet::new();
    let mut unreadable = Vec::new();
    for path in named {
        if path.is_dir() {
            let (found, reasons) = audio_file::find_readable(std::slice::from_ref(path));
            if found.is_empty() && reasons.is_empty() {
                unreadable.push(format!("there are no audio files under {}", path.display()));
            }
            files.extend(found);
            unreadable.extend(reasons);
        } else if is_list(path) {
            files.extend(listed(path)?);
        } else {
            files.insert(path.clone());
        }
    }
    if !files.iter().any(|file| file.exists()) {
        match (files.first(), unreadable.first()) {
            (Some(file), _) => bail!("there is no file {}", file.display()),
            (None, Some(reason)) => bail!("{reason}"),
            (None, None) => bail!("there are no audio files"),
        }
    }
    Ok((files.into_iter().collect(), unreadable))
}

fn is_list(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    LIST_EXTENSIONS.iter().any(|known| extension == *known)
}

fn listed(list: &Path) -> Result<Vec<PathBuf>> {
    let text =
        fs::read_to_string(list).with_context(|| format!("can't read {}", list.display()))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    // Windows marks UTF-8 by a character that belongs to no name.
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let files: Vec<_> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| folder.join(line))
        .collect();
    if files.is_empty() {
        bail!("{} lists no files", list.display());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_exactly_one_part() {
        let mut all: Vec<_> = (1..=3)
            .flat_map(|number| Part { number, of: 3 }.select(0..10))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        assert_eq!(Part::ALL.select(0..4), [0, 1, 2, 3]);
    }

    #[test]
    fn parts_that_make_no_sense_are_refused() {
        assert_eq!("2/3".parse::<Part>().unwrap(), Part { number: 2, of: 3 });
        for text in ["", "3", "0/3", "4/3", "1/0", "a/b", "-1/2"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_names_files_beside_itself() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("songs.m3u");
        fs::write(&list, "\u{feff}#EXTM3U\r\n\r\nb.mp3\r\n/music/a.ogg\r\n").unwrap();
        let song = PathBuf::from("c.wav");
        // None of them is there.
        assert!(audio_files(&[list.clone(), song.clone()]).is_err());
        fs::write(folder.path().join("b.mp3"), "").unwrap();
        let (found, _) = audio_files(&[list.clone(), song.clone()]).unwrap();
        assert_eq!(
            found,
            [
                PathBuf::from("/music/a.ogg"),
                folder.path().join("b.mp3"),
                song
            ]
        );
        fs::write(&list, "# none\n").unwrap();
        assert!(audio_files(&[list]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_cant_be_read_in_a_folder_is_named_and_the_rest_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert!(audio_files(std::slice::from_ref(&empty)).is_err());
        std::os::unix::fs::symlink("nothing", folder.path().join("dead.ogg")).unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("loop")).unwrap();
        let song = folder.path().join("song.ogg");
        fs::write(&song, "").unwrap();
        let (found, reasons) = audio_files(&[folder.path().to_owned(), empty]).unwrap();
        assert_eq!((found, reasons.len()), (vec![song.clone()], 3));
        fs::remove_file(song).unwrap();
        assert!(audio_files(&[folder.path().to_owned()]).is_err());
    }
}
