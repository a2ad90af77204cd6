//! The example program `compare`, run as a newcomer runs it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    env,
    f32::consts::TAU,
    path::Path,
    process::{Command, Output},
};

use soundalike_native::wav;

const RATE_HZ: u32 = 44_100;

/// Runs the program, which cargo builds together with the tests, into a folder beside theirs.
fn compare(arguments: &[&Path]) -> Output {
    let test = env::current_exe().unwrap();
    let build = test.ancestors().nth(2).unwrap();
    let program = build
        .join("examples")
        .join(format!("compare{}", env::consts::EXE_SUFFIX));
    Command::new(&program)
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap_or_else(|error| panic!("{} doesn't start: {error}", program.display()))
}

/// The lines that a run prints, which must succeed.
fn printed(arguments: &[&Path]) -> Vec<String> {
    let output = compare(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The error message of a run, which must fail without a panic.
fn error(arguments: &[&Path]) -> String {
    let output = compare(arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// Plucked notes of five partials each, drawn from a seed.
fn tune(seed: u32, secs: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761);
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let note_samples = (RATE_HZ as f32 * (0.2 + 0.15 * random())) as usize;
    let notes_hz: Vec<f32> = (0..64)
        .map(|_| 110.0 * ((random() * 24.0).round() / 12.0).exp2())
        .collect();
    (0..(secs * RATE_HZ) as usize)
        .map(|sample| {
            let hz = notes_hz[sample / note_samples % notes_hz.len()];
            let since_pluck_secs = (sample % note_samples) as f32 / RATE_HZ as f32;
            let partials = (1..=5).map(|k| {
                let k = k as f32;
                (TAU * k * hz * since_pluck_secs).sin() / k
            });
            0.25 * partials.sum::<f32>() * (-6.0 * since_pluck_secs).exp()
        })
        .collect()
}

#[test]
fn two_files_give_score_verdict_and_passages() {
    let folder = tempfile::tempdir().unwrap();
    let [song, copy, other] =
        ["song.wav", "copy.wav", "other.wav"].map(|name| folder.path().join(name));
    let samples = tune(1, 20);
    // Without its first 4 s, at half the level.
    let quiet: Vec<f32> = samples[4 * RATE_HZ as usize..]
        .iter()
        .map(|sample| 0.5 * sample)
        .collect();
    wav::write(&song, &samples, RATE_HZ).unwrap();
    wav::write(&copy, &quiet, RATE_HZ).unwrap();
    wav::write(&other, &tune(9, 20), RATE_HZ).unwrap();

    assert_eq!(
        printed(&[&song, &song]),
        [
            "score 1.00: Nearly identical",
            "left    0.0 to   20.0 s plays in right    0.0 to   20.0 s, speed 1.000, +0.0 semitones, \
             100 % of the sound there",
        ]
    );
    let changed = printed(&[&song, &copy]);
    let score = changed[0]
        .strip_prefix("score ")
        .and_then(|rest| rest.strip_suffix(": Nearly identical"));
    assert!(score.unwrap().parse::<f64>().unwrap() >= 0.9);
    let place = "left    4.0 to   20.0 s plays in right    0.0 to   16.0 s, speed ";
    let passages = &changed[1..];
    assert!(
        passages.iter().any(|passage| passage.starts_with(place)),
        "{changed:?}"
    );
    let different = printed(&[&song, &other]);
    assert_eq!(different.len(), 1, "{different:?}");
    assert!(different[0].ends_with(": Different songs"), "{different:?}");
}

#[test]
fn a_missing_file_or_argument_gives_a_readable_error() {
    let folder = tempfile::tempdir().unwrap();
    let song = folder.path().join("song.wav");
    wav::write(&song, &tune(1, 5), RATE_HZ).unwrap();
    let gone = folder.path().join("gone.wav");

    assert_eq!(error(&[&song]), "Error: usage: compare LEFT RIGHT\n");
    let missing = error(&[&song, &gone]);
    assert!(
        missing.starts_with("Error: ") && missing.contains("gone.wav"),
        "{missing}"
    );
}
