//! `render`, as a user runs it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/soundfont.rs"]
mod soundfont;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, succeed, text, trainer};
use soundfont::{midi, named_midi, soundfont};

/// Three MIDI files and a SoundFont in a folder.
fn corpus(folder: &Path) -> [PathBuf; 2] {
    let scores = folder.join("midi");
    fs::create_dir(&scores).unwrap();
    let first_keys = [60_u8, 62, 65];
    for (name, first) in ["one.mid", "two.MID", "three.midi"].iter().zip(first_keys) {
        let keys: Vec<u8> = (0..16).map(|step| first + step % 5).collect();
        fs::write(scores.join(name), midi(&keys)).unwrap();
    }
    let font = folder.join("sine.sf2");
    fs::write(&font, soundfont()).unwrap();
    [scores, font]
}

fn rendered(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(out).into_iter().map(Result::unwrap);
    files
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(out).unwrap().to_owned();
            (path, fs::read(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn a_seed_gives_the_same_ensembles_and_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let [scores, font] = corpus(folder.path());
    let render = |name: &str, seed: &str| {
        let out = folder.path().join(name);
        let printed = succeed(&[
            "render",
            "--midi",
            text(&scores),
            "--soundfont",
            text(&font),
            "--out",
            text(&out),
            "--pieces",
            "2",
            "--secs",
            "5",
            "--seed",
            seed,
        ]);
        assert!(printed.contains("3 pieces rendered"), "{printed}");
        rendered(&out)
    };
    let first = render("first", "1");
    let in_ensemble = |name: &str| first.keys().filter(|path| path.starts_with(name)).count();
    assert_eq!(
        (in_ensemble("ensemble-000"), in_ensemble("ensemble-001")),
        (2, 1)
    );
    for (path, bytes) in &first {
        let wav = hound::WavReader::new(bytes.as_slice()).unwrap();
        assert_eq!((wav.spec().sample_rate, wav.spec().channels), (22_050, 1));
        let secs = f64::from(wav.duration()) / 22_050.0;
        assert!((4.9..=5.0).contains(&secs), "{}: {secs} s", path.display());
        let samples: Vec<i16> = wav.into_samples().map(Result::unwrap).collect();
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max();
        assert!((26_000..26_400).contains(&peak.unwrap()), "{peak:?}");
    }
    assert!(first == render("again", "1"));
    assert!(first != render("other", "2"));
}

#[test]
fn a_stem_depends_on_its_own_part_alone() {
    let folder = tempfile::tempdir().unwrap();
    let font = folder.path().join("sine.sf2");
    fs::write(&font, soundfont()).unwrap();
    let render = |lead: u8, backing: u8| {
        let scores = folder.path().join(format!("{lead}-{backing}"));
        fs::create_dir(&scores).unwrap();
        let parts: [(&str, &[u8]); 2] = [("", &[lead; 16]), ("", &[backing; 16])];
        fs::write(scores.join("piece.mid"), named_midi(&parts)).unwrap();
        let out = scores.join("stems");
        succeed(&[
            "render",
            "--midi",
            text(&scores),
            "--soundfont",
            text(&font),
            "--out",
            text(&out),
            "--stems",
        ]);
        let stems = rendered(&out);
        let stem = |ending| stems[Path::new(&format!("ensemble-000/piece{ending}"))].clone();
        assert_eq!(stems.len(), 2);
        (stem(".lead.wav"), stem(".backing.wav"))
    };
    let (lead, backing) = render(60, 67);
    let (same_lead, other_backing) = render(60, 71);
    let (other_lead, same_backing) = render(64, 67);
    assert!(lead == same_lead && backing == same_backing);
    assert!(lead != other_lead && backing != other_backing && lead != backing);

    let [scores, font] = corpus(folder.path());
    let out = folder.path().join("out");
    let inputs = ["--midi", text(&scores), "--soundfont", text(&font)];
    let all = [&["render", "--out", text(&out), "--stems"], &inputs[..]].concat();
    let stderr = trainer(&all).stderr;
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(stderr.contains("one.mid has one part only"), "{stderr}");
    fail(&all, "none of 3 MIDI files");
}

#[test]
fn unplayable_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [scores, font] = corpus(folder.path());
    let out = folder.path().join("out");
    let arguments = |midi: &Path, font: &Path| {
        [
            "render",
            "--midi",
            text(midi),
            "--soundfont",
            text(font),
            "--out",
            text(&out),
        ]
        .map(str::to_owned)
    };
    fs::write(scores.join("letter.mid"), "this is a letter, not music").unwrap();
    let arguments_owned = arguments(&scores, &font);
    let all: Vec<&str> = arguments_owned.iter().map(String::as_str).collect();
    let output = trainer(&all);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(3) && stderr.contains("letter.mid: it isn't a MIDI file"),
        "{stderr}"
    );
    let refused = |midi: &Path, font: &Path, expected: &str| {
        let arguments = arguments(midi, font);
        fail(
            &arguments.iter().map(String::as_str).collect::<Vec<_>>(),
            expected,
        );
    };
    refused(&scores, &scores.join("letter.mid"), "isn't a SoundFont 2");
    refused(&scores, &folder.path().join("gone.sf2"), "can't open");
    refused(&font, &font, "there are no MIDI files");
    refused(&scores.join("letter.mid"), &font, "none of 1 MIDI files");
}
