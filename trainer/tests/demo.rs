//! `demo`: eight rows, their pictures and their audio.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{encode_mp3, music, succeed, text, write_wav};

#[test]
fn the_demo_has_scores_pictures_and_audio_of_eight_rows() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_wav(&at("song.wav"), &music(3, 20));
    encode_mp3(&at("song.wav"), &at("song.mp3"));
    write_wav(&at("other.wav"), &music(8, 14));
    let demo = |out: &str| {
        succeed(&[
            "demo",
            "--audio",
            text(&at("song.mp3")),
            "--different",
            text(&at("other.wav")),
            "--out",
            text(&at(out)),
        ]);
        fs::read_to_string(at(out).join("demo.md")).unwrap()
    };
    let table = demo("demo");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.contains("[WAV]"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let predecessor: Vec<&str> = rows.iter().map(|row| row[2]).collect();
    assert_eq!(
        predecessor,
        [
            "0.36", "0.94", "0.87", "0.54", "0.20", "0.85", "0.58", "0.58"
        ]
    );
    let scores: Vec<f32> = rows
        .iter()
        .map(|row| row[3].trim_matches('*').parse().unwrap())
        .collect();
    // The other song scores below every change of the song itself. The height of these scores is a
    // matter of the evaluation, on music.
    assert!(
        scores[1..].iter().all(|score| *score > scores[0]),
        "{scores:?}"
    );
    for name in [
        "different",
        "pitch-1",
        "pitch-4",
        "tempo-10",
        "tempo-30",
        "noise-light",
        "noise-heavy",
        "combined",
    ] {
        let (picture, audio) = (
            at("demo").join(name).with_extension("png"),
            at("demo").join(name).with_extension("wav"),
        );
        assert!(fs::read(picture).unwrap().starts_with(b"\x89PNG"), "{name}");
        let reader = hound::WavReader::open(audio).unwrap();
        let secs = f64::from(reader.duration()) / 22_050.0;
        // The whole excerpt at its new tempo.
        let expected = match name {
            "different" => 14.0,
            "tempo-10" => 20.0 / 1.1,
            "tempo-30" => 20.0 / 1.3,
            "combined" => 20.0 / 1.2,
            _ => 20.0,
        };
        assert!((secs - expected).abs() < 0.2, "{name}: {secs} s");
        assert!(
            table.contains(&format!("({name}.png)")) && table.contains(&format!("({name}.wav)")),
            "{name}"
        );
    }
    // The same seed gives the same noise.
    assert_eq!(demo("again"), table);
}
