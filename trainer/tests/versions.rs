//! `versions`, as a user runs it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/pop909.rs"]
mod pop909;
#[path = "common/soundfont.rs"]
mod soundfont;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, succeed, text, trainer};
use soundfont::soundfont;

/// The songs 017, 035 and 053 (validation) and 026 (test), and a SoundFont.
fn corpus(folder: &Path) -> [PathBuf; 2] {
    let songs = pop909::songs(folder, &[17, 35, 53, 26]);
    let font = folder.join("sine.sf2");
    fs::write(&font, soundfont()).unwrap();
    [songs, font]
}

fn arguments<'a>(songs: &'a Path, font: &'a Path, out: &'a Path) -> Vec<&'a str> {
    let [songs, font, out] = [songs, font, out].map(text);
    let fixed = ["versions", "--pop909", songs, "--soundfonts", font];
    [&fixed[..], &["--out", out, "--secs", "8"]].concat()
}

#[test]
fn versions_of_a_split_are_played_and_paired() {
    let folder = tempfile::tempdir().unwrap();
    let [songs, font] = corpus(folder.path());
    let [first, again] = ["first", "again"].map(|name| folder.path().join(name));
    let printed = succeed(&arguments(&songs, &font, &first));
    assert!(
        printed.contains("18 versions of 3 works, 39 pairs"),
        "{printed}"
    );
    succeed(&arguments(&songs, &font, &again));
    let table = fs::read_to_string(first.join("songs.csv")).unwrap();
    assert_eq!(table, fs::read_to_string(again.join("songs.csv")).unwrap());
    let count = |what: &str| table.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count(",1,re-orchestrated,"), 3);
    assert_eq!(count(",0,negative-unrelated,,"), 24);
    assert_eq!(count(",0,negative-same-chords,,"), 3);
    assert!(!table.contains("026-"), "a song of another split");
    for version in ["original", "melody-alone", "same-chords"] {
        let name = format!("017-{version}.wav");
        let wav = fs::read(first.join(&name)).unwrap();
        assert!(wav == fs::read(again.join(&name)).unwrap(), "{name}");
        let wav = hound::WavReader::new(wav.as_slice()).unwrap();
        assert_eq!(
            (wav.spec().sample_rate, wav.duration()),
            (22_050, 8 * 22_050)
        );
    }
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let [songs, font] = corpus(folder.path());
    let out = folder.path().join("out");
    fs::write(songs.join("017/chord_midi.txt"), "0.0\t2.0\tloud\n").unwrap();
    let output = trainer(&arguments(&songs, &font, &out));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(3)
            && stderr.contains("chord_midi.txt, line 1")
            && stderr.contains("1 songs could not be read"),
        "{stderr}"
    );
    let of_no_split = [&arguments(&songs, &font, &out)[..], &["--split", "train"]].concat();
    fail(&of_no_split, "has no songs of this split");
    fail(
        &arguments(folder.path(), &font, &out),
        "holds no songs of POP909",
    );
    let no_font = songs.join("017/017.mid");
    fail(&arguments(&songs, &no_font, &out), "isn't a SoundFont 2");
}
