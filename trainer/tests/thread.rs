//! All steps in a user's order: an FMA tree of MP3 files, tables of pairs, a short training,
//! export, evaluation.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{fail, fma_tree, json, succeed, text};

#[test]
fn all_steps_from_music_to_figures() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    decode(root);
    make_pairs(root);
    train_and_resume(root);
    plot(root);
    export(root);
    train_from_weights(root);
    evaluate(root);
}

/// The output is mono WAV at the model's rate; a second run has nothing to do.
fn decode(root: &Path) {
    let at = |name: &str| root.join(name);
    let (audio, _) = fma_tree(root);
    let cache = root.join("cache");
    let decode = ["decode", "--audio", text(&audio), "--out", text(&cache)];
    assert!(succeed(&decode).contains("20 files decoded"));
    let decoded = at("cache/fma_small/000/000047.wav");
    let spec = hound::WavReader::open(&decoded).unwrap().spec();
    assert_eq!((spec.channels, spec.sample_rate), (1, 22_050));
    let before = fs::metadata(&decoded).unwrap().modified().unwrap();
    succeed(&decode);
    assert_eq!(fs::metadata(&decoded).unwrap().modified().unwrap(), before);
}

/// The tables are balanced, no artist is in two splits, and the same seed gives the same tables.
fn make_pairs(root: &Path) {
    let at = |name: &str| root.join(name);
    let (cache, metadata) = (at("cache"), at("tracks.csv"));
    let pairs = |out: &str, seed: &str| {
        succeed(&[
            "pairs",
            "--audio",
            text(&cache),
            "--out",
            text(&at(out)),
            "--fma-metadata",
            text(&metadata),
            "--count",
            "200",
            "--seed",
            seed,
        ])
    };
    pairs("pairs", "4");
    pairs("again", "4");
    pairs("other", "5");
    let table = |out: &str| fs::read_to_string(at(out).join("train.csv")).unwrap();
    assert_eq!(table("pairs"), table("again"));
    assert_ne!(table("pairs"), table("other"));
    let manifest = json(&at("pairs/manifest.json"));
    assert_eq!(
        (
            &manifest["pairs"]["train"],
            &manifest["pairs"]["validation"],
            &manifest["pairs"]["test"]
        ),
        (&150.into(), &30.into(), &20.into())
    );
    let mut split_of_artist = std::collections::HashMap::new();
    for track in manifest["tracks"].as_array().unwrap() {
        let split = split_of_artist
            .entry(track["artist"].as_str().unwrap())
            .or_insert(&track["split"]);
        assert_eq!(*split, &track["split"], "an artist is in two splits");
    }
    let table = table("pairs");
    let copies = table
        .lines()
        .skip(1)
        .filter(|line| line.split(',').nth(2) == Some("1"))
        .count();
    assert_eq!(copies * 2, 150);
}

/// A small network for a few steps, and an interrupted run that is resumed.
fn train_and_resume(root: &Path) {
    let at = |name: &str| root.join(name);
    let config = at("small.json");
    fs::write(
        &config,
        r#"{"encoder":{"channels":[4,4,8,8,8],"reduced_channels":8,"embedding":16,"dropout":0.1},
            "tracks_per_batch":6,"steps":6,"validate_every":3,"warm_up_steps":2}"#,
    )
    .unwrap();
    let (tables, run) = (at("pairs"), at("run"));
    let train = [
        "train",
        "--pairs",
        text(&tables),
        "--out",
        text(&run),
        "--config",
        text(&config),
    ];
    let printed = succeed(&train);
    assert!(
        printed.contains("step 3:") && printed.contains("step 6:"),
        "{printed}"
    );
    let history = json(&at("run/history.json"));
    assert_eq!(history["entries"].as_array().unwrap().len(), 2);
    fail(&train, "already holds a run");
    // A longer configuration makes the complete run an interrupted one.
    let mut longer = json(&at("run/config.json"));
    longer["steps"] = 9.into();
    fs::write(at("run/config.json"), longer.to_string()).unwrap();
    let printed = succeed(&[
        "train",
        "--pairs",
        text(&at("pairs")),
        "--out",
        text(&at("run")),
        "--resume",
    ]);
    assert!(
        printed.contains("steps 6 to 9") && printed.contains("step 9:"),
        "{printed}"
    );
    fail(
        &[
            "train",
            "--pairs",
            text(&at("pairs")),
            "--out",
            text(&at("run")),
            "--resume",
        ],
        "complete",
    );
}

/// The learning curves of the run.
fn plot(root: &Path) {
    let at = |name: &str| root.join(name);
    succeed(&[
        "plot",
        "--run",
        text(&at("run")),
        "--out",
        text(&at("curves")),
    ]);
    assert!(at("curves/learning_curves.svg").exists() && at("curves/learning_curves.png").exists());
}

/// The weights of the run, for `evaluate` and `compare`.
fn export(root: &Path) {
    let at = |name: &str| root.join(name);
    succeed(&[
        "export",
        "--run",
        text(&at("run")),
        "--out",
        text(&at("weights")),
    ]);
    assert!(at("weights/recording.safetensors").exists());
    assert_eq!(
        json(&at("weights/recording.json"))["sha256"]
            .as_str()
            .unwrap()
            .len(),
        64
    );
}

/// From those weights, with further music in the batches.
fn train_from_weights(root: &Path) {
    let at = |name: &str| root.join(name);
    let (cache, config, tables) = (at("cache"), at("small.json"), at("pairs"));
    let weights = at("weights/recording.safetensors");
    let refined = at("refined");
    // One track of it is a piece in two stems.
    let stems = at("stems");
    fs::create_dir(&stems).unwrap();
    let mut music = walkdir::WalkDir::new(&cache)
        .into_iter()
        .map(Result::unwrap);
    let track = music.find(|entry| entry.file_type().is_file()).unwrap();
    for name in ["piece.lead.wav", "piece.backing.wav"] {
        fs::copy(track.path(), stems.join(name)).unwrap();
    }
    let refine = [
        "train",
        "--pairs",
        text(&tables),
        "--out",
        text(&refined),
        "--config",
        text(&config),
    ];
    let printed = succeed(
        &[
            &refine[..],
            &["--from", text(&weights), "--rendered", text(&cache)],
            &[text(&stems)],
        ]
        .concat(),
    );
    assert!(printed.contains("step 6:"), "{printed}");
    let resumed = [&refine[..5], &["--resume", "--from", text(&weights)]].concat();
    fail(&resumed, "a resumed run keeps its configuration");
    let elsewhere = at("elsewhere");
    let other = [&refine[..4], &[text(&elsewhere), "--from", text(&weights)]].concat();
    fail(&other, "can't begin from");
}

/// The input's columns in the input's order, and all figures.
fn evaluate(root: &Path) {
    let at = |name: &str| root.join(name);
    let weights = at("weights/recording.safetensors");
    succeed(&[
        "evaluate",
        "--pairs",
        text(&at("pairs/test.csv")),
        "--out",
        text(&at("evaluation")),
        "--weights",
        text(&weights),
    ]);
    let metrics = json(&at("evaluation/metrics.json"));
    assert_eq!(metrics["pairs"], 20);
    for figure in [
        "threshold",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
        "average_precision",
        "false_positive_rate",
    ] {
        assert!(metrics[figure].is_number(), "{figure}");
    }
    let confusion = &metrics["confusion"];
    let sum: u64 = ["tp", "fp", "tn", "fn"]
        .iter()
        .map(|count| confusion[*count].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 20);
    let (input, scores) = (
        fs::read_to_string(at("pairs/test.csv")).unwrap(),
        fs::read_to_string(at("evaluation/scores.csv")).unwrap(),
    );
    assert_eq!(input.lines().count(), scores.lines().count());
    for (input, scored) in input.lines().zip(scores.lines()) {
        assert!(
            scored.starts_with(input) && scored.len() > input.len(),
            "{input} / {scored}"
        );
    }
    for plot in ["roc", "precision_recall", "confusion_matrix", "scores"] {
        let file =
            |extension| fs::read(at("evaluation").join(plot).with_extension(extension)).unwrap();
        assert!(
            String::from_utf8(file("svg")).unwrap().contains("</svg>"),
            "{plot}"
        );
        assert!(file("png").starts_with(b"\x89PNG"), "{plot}");
    }
}
