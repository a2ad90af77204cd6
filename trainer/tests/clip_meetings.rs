//! `clip-meetings`: what is measured where two clips meet.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{fail, music, succeed, text, trainer, write_wav};

#[test]
fn clips_that_no_line_joins_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_wav(&path("a.wav"), &music(1, 5));
    write_wav(&path("b.wav"), &music(9, 5));
    write_wav(&path("song.wav"), &music(1, 20));
    let table = "left,right,label,perturbation\n\
                 a.wav,a.wav,1,same\na.wav,b.wav,0,other\na.wav,song.wav,1,song\n";
    fs::write(path("pairs.csv"), table).unwrap();
    let (pairs, out) = (path("pairs.csv"), path("measured.csv"));
    let arguments = [
        "clip-meetings",
        "--pairs",
        text(&pairs),
        "--out",
        text(&out),
    ];
    assert!(succeed(&arguments).contains("1 of 3 pairs"));
    let measured = fs::read_to_string(&out).unwrap();
    let lines: Vec<Vec<&str>> = measured
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    assert_eq!(lines.len(), 2, "{measured}");
    let cell = |name: &str| {
        let column = lines[0].iter().position(|cell| *cell == name).unwrap();
        lines[1][column]
    };
    assert_eq!((cell("label"), cell("perturbation")), ("0", "other"));
    let number = |name: &str| cell(name).parse::<f64>().unwrap();
    assert!(number("correlation").abs() < 0.6 && number("spread") > 0.0);
    assert!((0.4..2.1).contains(&number("speed")) && number("score") < 0.5);

    // What can't be compared is named, and all else is measured.
    fs::write(path("silent.wav"), b"no sound").unwrap();
    fs::write(&pairs, format!("{table}a.wav,silent.wav,0,silent\n")).unwrap();
    let output = trainer(&arguments);
    assert_eq!(output.status.code(), Some(3));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        errors.contains("silent.wav") && errors.contains("1 of 4 files can't be compared"),
        "{errors}"
    );
    assert_eq!(fs::read_to_string(&out).unwrap(), measured);

    let nothing = "left,right,label,perturbation\na.wav,a.wav,1,same\n";
    fs::write(&pairs, nothing).unwrap();
    fail(
        &arguments,
        "none of these 1 pairs are clips that no line joins",
    );
}
