//! Shared by the tests of the steps: running the program, and synthetic music.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    dead_code,
    reason = "a test may panic; no test needs all of it"
)]

use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub const RATE_HZ: u32 = 44_100;

pub fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_soundalike-trainer"))
        .args(arguments)
        .output()
        .expect("the trainer starts")
}

/// Runs a step that must succeed; returns its output.
pub fn succeed(arguments: &[&str]) -> String {
    let output = trainer(arguments);
    let (printed, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{arguments:?} failed: {stderr}");
    printed.into_owned()
}

/// Runs a step that must fail with one clear line that contains `expected`.
pub fn fail(arguments: &[&str], expected: &str) {
    let output = trainer(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(
        stderr.contains(expected) && !stderr.contains("panicked"),
        "{arguments:?} printed {stderr:?}, expected {expected:?}"
    );
    assert_eq!(
        stderr
            .lines()
            .filter(|line| line.starts_with("error:"))
            .count(),
        1,
        "{stderr}"
    );
}

/// A different tune for every `number`: notes with partials, a beat, some noise.
pub fn music(number: u32, secs: u32) -> Vec<f32> {
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let note_samples = (RATE_HZ as f32 * (0.2 + 0.15 * random())) as usize;
    let root_hz = 110.0 * (random() * 12.0).round().mul_add(1.0 / 12.0, 0.0).exp2();
    let notes: Vec<f32> = (0..64)
        .map(|_| root_hz * ((random() * 24.0).round() / 12.0).exp2())
        .collect();
    (0..(secs * RATE_HZ) as usize)
        .map(|n| {
            let (note, at) = (n / note_samples, n % note_samples);
            let (hz, secs) = (notes[note % notes.len()], n as f32 / RATE_HZ as f32);
            let tone: f32 = (1..=5)
                .map(|k| (TAU * hz * k as f32 * secs).sin() / k as f32)
                .sum();
            let decay = (-6.0 * at as f32 / RATE_HZ as f32).exp();
            0.25 * tone * decay + 0.02 * (random() - 0.5)
        })
        .collect()
}

pub fn write_wav(path: &Path, samples: &[f32]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|sample| {
        writer
            .write_sample((sample.clamp(-1.0, 1.0) * 32_767.0) as i16)
            .unwrap()
    });
    writer.finalize().unwrap();
}

/// MP3 by LAME, through ffmpeg.
pub fn encode_mp3(wav: &Path, mp3: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error", "-i"])
        .arg(wav)
        .args(["-c:a", "libmp3lame", "-b:a", "128k"])
        .arg(mp3)
        .status()
        .expect("ffmpeg is installed (apt-get install ffmpeg)");
    assert!(status.success());
}

/// A small `fma_small` with `tracks.csv`: 20 clips of 12 s by 10 artists, one of them truncated to
/// nothing.
pub fn fma_tree(root: &Path) -> (PathBuf, PathBuf) {
    let audio = root.join("fma_small");
    let mut table = String::from(
        ",album,album,artist,artist,track\n,comments,id,id,name,title\ntrack_id,,,,,\n",
    );
    for number in 1..=20 {
        let id = number * 47;
        let folder = audio.join(format!("{:03}", id / 1_000));
        let wav = root.join("clip.wav");
        write_wav(&wav, &music(number, 12));
        fs::create_dir_all(&folder).unwrap();
        encode_mp3(&wav, &folder.join(format!("{id:06}.mp3")));
        table += &format!(
            "{id},0,{},{},\"Artist, {}\",Tune\n",
            number / 2,
            number / 2,
            number / 2
        );
    }
    let metadata = root.join("tracks.csv");
    fs::write(&metadata, table).unwrap();
    (audio, metadata)
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
