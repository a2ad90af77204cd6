//! Unusable input gives one clear line and a failure status.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{RATE_HZ, fail, fma_tree, json, music, succeed, text, trainer, write_wav};

#[test]
fn bad_input_gives_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let good = at("good.wav");
    write_wav(&good, &music(1, 5));
    let bad = |name: &str, content: &[u8]| {
        fs::write(at(name), content).unwrap();
        at(name)
    };
    fail(
        &["compare", text(&good), text(&bad("empty.mp3", b""))],
        "is empty",
    );
    fail(
        &[
            "compare",
            text(&good),
            text(&bad("text.mp3", b"this is a letter, not a song\n")),
        ],
        "can't decode",
    );
    fail(&["compare", text(&good), "nowhere.mp3"], "can't open");
    let short = at("short.wav");
    write_wav(&short, &music(1, 1));
    fail(&["compare", text(&good), text(&short)], "at least 3 s");
    let silent = at("silent.wav");
    write_wav(&silent, &vec![0.0; 5 * RATE_HZ as usize]);
    fail(&["compare", text(&good), text(&silent)], "silent");
    fail(
        &[
            "compare",
            text(&good),
            text(&good),
            "--weights",
            text(&bad("weights", b"no weights")),
        ],
        "weights can't be used",
    );
    fail(
        &[
            "decode",
            "--audio",
            text(&at("nothing")),
            "--out",
            text(&at("out")),
        ],
        "there is no",
    );
    fail(
        &["pairs", "--audio", text(&good), "--out", text(&at("out"))],
        "give more music",
    );
    fail(
        &[
            "train",
            "--pairs",
            text(&at("nothing")),
            "--out",
            text(&at("run")),
        ],
        "can't open",
    );
    fail(
        &[
            "evaluate",
            "--pairs",
            text(&bad(
                "pairs.csv",
                b"left,right,label\ngood.wav,gone.wav,1\n",
            )),
            "--out",
            text(&at("out")),
        ],
        "can't open",
    );
    fail(
        &[
            "evaluate",
            "--pairs",
            text(&bad("cut.csv", b"left,right\n")),
            "--out",
            text(&at("out")),
        ],
        "no column",
    );
    fail(&["export", "--run", text(&at("nothing"))], "holds no run");
}

#[test]
fn damaged_and_foreign_files_are_named_and_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (audio, metadata) = fma_tree(root);
    // Truncated and empty clips, a text with the name of an audio file, and other files.
    let whole = fs::read(audio.join("000/000047.mp3")).unwrap();
    fs::write(audio.join("000/000002.mp3"), &whole[..whole.len() / 2]).unwrap();
    fs::write(audio.join("000/000003.mp3"), vec![0; 20_000]).unwrap();
    fs::write(audio.join("000/000004.mp3"), "not found\n").unwrap();
    fs::write(audio.join("000/000999.mp3"), b"").unwrap();
    fs::write(
        audio.join("000/checksums"),
        "d41d8cd98f00b204e9800998ecf8427e  000047.mp3\n",
    )
    .unwrap();
    fs::write(audio.join("000/cover.jpg"), [0xff, 0xd8, 0xff]).unwrap();
    let (cache, pairs) = (root.join("cache"), root.join("pairs"));
    let output = trainer(&["decode", "--audio", text(&audio), "--out", text(&cache)]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    // All others are decoded, and the status is that of a partial success.
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("error: 3 of 24 files could not be decoded"),
        "{stderr}"
    );
    assert_eq!(wav_files(&cache), 21);
    let skipped: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("skipped:"))
        .collect();
    assert_eq!(skipped.len(), 3, "{stderr}");
    for name in ["000003.mp3", "000004.mp3", "000999.mp3 is empty"] {
        assert!(
            skipped.iter().any(|line| line.contains(name)),
            "{name}: {stderr}"
        );
    }
    // Half a clip is decoded as far as it goes.
    assert!(cache.join("fma_small/000/000002.wav").exists());
    assert!(!cache.join("fma_small/000/cover.wav").exists());

    // The same directly from the MP3 files. A clip without a row of metadata counts as an artist of
    // its own.
    let make_pairs = || {
        trainer(&[
            "pairs",
            "--audio",
            text(&audio),
            "--fma-metadata",
            text(&metadata),
            "--out",
            text(&pairs),
            "--count",
            "40",
        ])
    };
    let output = make_pairs();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("000004.mp3") && stderr.contains("000999.mp3"),
        "{stderr}"
    );
    assert!(stderr.contains("without a row in"), "{stderr}");
    assert!(
        stderr.contains(
            "error: 3 of 24 files can't be used, 4 of 24 files have no row in the metadata, \
             see above; the tables are there"
        ),
        "{stderr}"
    );
    assert!(pairs.join("manifest.json").exists());
    // A missing row alone is a partial success, because an artist might be in two splits.
    for name in ["000003", "000004", "000999"] {
        fs::remove_file(audio.join("000").join(name).with_extension("mp3")).unwrap();
    }
    let output = make_pairs();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(
        stderr.contains("error: 1 of 21 files have no row"),
        "{stderr}"
    );
}

fn wav_files(folder: &Path) -> usize {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten();
    entries
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "wav"))
        .count()
}

#[test]
fn an_interrupted_decode_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (audio, _) = fma_tree(root);
    let cache = root.join("cache");
    let decode = ["decode", "--audio", text(&audio), "--out", text(&cache)];
    succeed(&decode);
    // A run that is killed while it writes leaves a partial file and no complete one.
    let (done, cut) = (
        cache.join("fma_small/000/000047.wav"),
        cache.join("fma_small/000/000094.wav"),
    );
    let content = fs::read(&cut).unwrap();
    fs::write(cut.with_extension("partial"), &content[..100]).unwrap();
    fs::remove_file(&cut).unwrap();
    let before = fs::metadata(&done).unwrap().modified().unwrap();
    succeed(&decode);
    assert_eq!(fs::read(&cut).unwrap(), content);
    assert!(!cut.with_extension("partial").exists());
    assert_eq!(fs::metadata(&done).unwrap().modified().unwrap(), before);
}

#[test]
fn broken_settings_and_metadata_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, content: &str| {
        fs::write(at(name), content).unwrap();
        at(name)
    };
    let good = at("good.wav");
    write_wav(&good, &music(1, 5));
    let train = |config: &str| {
        let config = write("config.json", config);
        let (pairs, run) = (at("pairs"), at("run"));
        trainer(&[
            "train",
            "--pairs",
            text(&pairs),
            "--out",
            text(&run),
            "--config",
            text(&config),
        ])
    };
    for (config, expected) in [
        (r#"{"learning_rat":0.001}"#, "learning_rat"),
        (r#"{"augmentation":{"wobble":1}}"#, "wobble"),
        (r#"{"steps":"#, "config.json"),
        ("", "config.json"),
    ] {
        let output = train(config);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && stderr.contains(expected) && !stderr.contains("panicked"),
            "{config}: {stderr}"
        );
        // No run was started.
        assert!(!at("run").exists(), "{config}");
    }
    let pairs = |metadata: &str, expected: &str| {
        let metadata = write("tracks.csv", metadata);
        let out = at("pairs");
        fail(
            &[
                "pairs",
                "--audio",
                text(&good),
                "--fma-metadata",
                text(&metadata),
                "--out",
                text(&out),
            ],
            expected,
        );
    };
    pairs("", "isn't the FMA's tracks.csv");
    pairs("track_id,artist\n2,1\n", "isn't the FMA's tracks.csv");
    pairs(
        ",album,artist\n,id,id\ntrack_id,,\n47,1\n",
        "row 4 is cut short",
    );
    let (missing, out) = (at("gone.csv"), at("pairs"));
    fail(
        &[
            "pairs",
            "--audio",
            text(&good),
            "--fma-metadata",
            text(&missing),
            "--out",
            text(&out),
        ],
        "can't open",
    );
    fail(
        &["plot", "--run", text(&at("nothing")), "--out", text(&out)],
        "holds no run",
    );
    let (short, demo) = (at("short.wav"), at("demo"));
    write_wav(&short, &music(2, 4));
    fail(
        &[
            "demo",
            "--audio",
            text(&good),
            "--different",
            text(&short),
            "--out",
            text(&demo),
        ],
        "has no 9 s",
    );
}

/// A limit on the size of files stands for a full disk: writing fails in the middle.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for number in 0..20 {
        let name = char::from(b'a' + number);
        write_wav(&at(&format!("audio/{name}.wav")), &music(number.into(), 10));
    }
    let (audio, tables, run) = (at("audio"), at("pairs"), at("run"));
    succeed(&[
        "pairs",
        "--audio",
        text(&audio),
        "--out",
        text(&tables),
        "--count",
        "60",
    ]);
    let config = at("small.json");
    fs::write(
        &config,
        r#"{"encoder":{"channels":[4,4,8,8,8],"reduced_channels":8,"embedding":16,"dropout":0.0},
            "tracks_per_batch":4,"steps":2,"validate_every":2,"warm_up_steps":2}"#,
    )
    .unwrap();
    succeed(&[
        "train",
        "--pairs",
        text(&tables),
        "--out",
        text(&run),
        "--config",
        text(&config),
    ]);
    let mut longer = json(&run.join("config.json"));
    longer["steps"] = 4.into();
    fs::write(run.join("config.json"), longer.to_string()).unwrap();
    let resume = [
        "train",
        "--pairs",
        text(&tables),
        "--out",
        text(&run),
        "--resume",
    ];
    let best = fs::read(run.join("best.safetensors")).unwrap();

    // Limits files to so many blocks of 512 bytes, in place of a full disk.
    let resumed_within = |blocks: usize| {
        let limited = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\""])
            .arg(blocks.to_string())
            .arg(env!("CARGO_BIN_EXE_soundalike-trainer"))
            .args(resume)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&limited.stderr).into_owned();
        assert!(!limited.status.success(), "{stderr}");
        let errors: Vec<&str> = stderr
            .lines()
            .filter(|line| line.starts_with("error:"))
            .collect();
        assert_eq!(errors.len(), 1, "{stderr}");
        assert!(
            errors[0].contains("untouched") && !stderr.contains("panicked"),
            "{stderr}"
        );
        errors[0].to_owned()
    };

    // First too little space for the best weights, then enough for them but not for the state,
    // which is several times as large.
    assert!(resumed_within(4).contains("best weights"));
    assert_eq!(fs::read(run.join("best.safetensors")).unwrap(), best);
    assert!(resumed_within(best.len() / 512 + 4).contains("checkpoint"));
    let printed = succeed(&resume);
    assert!(
        printed.contains("steps 2 to 4") && printed.contains("step 4:"),
        "{printed}"
    );
}
