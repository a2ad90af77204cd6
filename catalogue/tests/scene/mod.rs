//! The program in a folder of its own.
#![allow(dead_code, reason = "not every test needs all")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use soundalike_native::wav;
use tempfile::TempDir;

use crate::tunes::{RATE_HZ, music};

pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-catalogue"));
    command.args(arguments);
    command
}

/// Runs the program, which must end with this status; returns what it printed, and its errors.
pub fn run(arguments: &[&str], status: i32) -> (String, String) {
    let Output {
        stdout,
        stderr,
        status: ended,
    } = program(arguments).output().unwrap();
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(
        ended.code(),
        Some(status),
        "{arguments:?}: {stdout}{stderr}"
    );
    (stdout, stderr)
}

/// Runs the program, which must fail with one line that contains `expected`.
pub fn fail(arguments: &[&str], expected: &str) {
    let (_, stderr) = run(arguments, 1);
    assert!(
        stderr.starts_with("error: ") && stderr.lines().count() == 1 && stderr.contains(expected),
        "{arguments:?}: {stderr:?}, expected {expected:?}"
    );
}

/// A folder with songs `tune-1.wav` to `tune-N.wav` and an empty one for a catalogue.
pub struct Scene {
    pub folder: TempDir,
}

impl Scene {
    pub fn new(songs: u32) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(scene.at("music")).unwrap();
        for number in 1..=songs {
            scene.write(&format!("music/tune-{number}.wav"), &music(number, 20));
        }
        scene
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, samples: &[f32]) -> String {
        wav::write(&self.at(name), samples, RATE_HZ).unwrap();
        self.text(name)
    }

    pub fn songs_in(&self, catalogue: &str) -> u64 {
        let (json, _) = run(&["stats", "--json", "--in", &self.text(catalogue)], 0);
        serde_json::from_str::<Value>(&json).unwrap()["songs"]
            .as_u64()
            .unwrap()
    }
}

pub fn search(song: &str, catalogues: &[&str]) -> Value {
    let mut arguments = vec!["search", song, "--json"];
    arguments.extend(catalogues.iter().flat_map(|folder| ["--in", folder]));
    let (json, _) = run(&arguments, 0);
    serde_json::from_str(&json).unwrap()
}

/// Id and name of the best candidate, and its score.
pub fn best(answer: &Value) -> (String, String, f64) {
    let best = &answer["candidates"][0];
    let text = |key: &str| best[key].as_str().unwrap().to_owned();
    (
        text("id"),
        text("name"),
        best["report"]["score"].as_f64().unwrap(),
    )
}
