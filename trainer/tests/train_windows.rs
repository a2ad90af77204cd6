//! `train-windows`, as a user runs it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/pop909.rs"]
mod pop909;
#[path = "common/soundfont.rs"]
mod soundfont;

use std::path::Path;

use common::{fail, json, succeed, text};

fn arguments<'a>(songs: &'a Path, out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["train-windows", "--pop909", text(songs), "--out", text(out)];
    [&fixed[..], more].concat()
}

#[test]
fn an_interrupted_run_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let songs = pop909::songs(folder.path(), &[1, 2, 17, 35]);
    let out = folder.path().join("run");
    let settings = ["--steps", "1", "--validate-every", "1", "--batch", "2"];
    let printed = succeed(&arguments(&songs, &out, &settings));
    assert!(printed.contains("62496 parameters, 2 songs"), "{printed}");
    fail(
        &arguments(&songs, &out, &["--resume"]),
        "is complete: 1 steps",
    );
    fail(&arguments(&songs, &out, &settings), "already holds a run");
    // As if the run had been interrupted after its first step of two.
    let config = out.join("config.json");
    let longer = std::fs::read_to_string(&config)
        .unwrap()
        .replace("\"steps\": 1", "\"steps\": 2");
    std::fs::write(&config, longer).unwrap();
    let printed = succeed(&arguments(&songs, &out, &["--resume"]));
    assert!(printed.contains("steps 1 to 2"), "{printed}");
    let history = json(&out.join("history.json"));
    let entries = history["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries[1]["loss"].as_f64().unwrap() > 0.0);
    assert_eq!(entries[0]["is_best"], true);
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let songs = pop909::songs(folder.path(), &[1, 17]);
    let out = folder.path().join("run");
    fail(
        &arguments(&songs, &out, &["--batch", "2"]),
        "has 1 songs for train",
    );
    fail(
        &arguments(&songs, &folder.path().join("b"), &["--batch", "1"]),
        "--batch at least 2",
    );
    fail(
        &arguments(&songs, &folder.path().join("c"), &["--resume"]),
        "holds no run",
    );
}
