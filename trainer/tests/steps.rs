//! The steps as a user runs them, on small music made on the spot: an FMA tree of MP3s, tables of pairs, a short training, export, evaluation, comparison.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const RATE_HZ: u32 = 44_100;

fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_soundalike-trainer"))
        .args(arguments)
        .output()
        .expect("the trainer starts")
}

/// Runs a step that must succeed; returns what it printed.
fn succeed(arguments: &[&str]) -> String {
    let output = trainer(arguments);
    let (printed, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{arguments:?} failed: {said}");
    printed.into_owned()
}

/// Runs a step that must fail with one clear line that contains `expected`.
fn fail(arguments: &[&str], expected: &str) {
    let output = trainer(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(
        said.contains(expected) && !said.contains("panicked"),
        "{arguments:?} said {said:?}, expected {expected:?}"
    );
    assert_eq!(
        said.lines()
            .filter(|line| line.starts_with("error:"))
            .count(),
        1,
        "{said}"
    );
}

/// A tune of its own for every `number`: notes with partials, a beat, some noise.
fn music(number: u32, secs: u32) -> Vec<f32> {
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

fn write_wav(path: &Path, samples: &[f32]) {
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
fn encode_mp3(wav: &Path, mp3: &Path) {
    let status = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error", "-i"])
        .arg(wav)
        .args(["-c:a", "libmp3lame", "-b:a", "128k"])
        .arg(mp3)
        .status()
        .expect("ffmpeg is installed (apt-get install ffmpeg)");
    assert!(status.success());
}

/// `fma_small` and `tracks.csv` in small: 20 clips of 12 s by 10 artists, one of them truncated to nothing.
fn fma_tree(root: &Path) -> (PathBuf, PathBuf) {
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
    fs::write(audio.join("000/000999.mp3"), b"").unwrap();
    let metadata = root.join("tracks.csv");
    fs::write(&metadata, table).unwrap();
    (audio, metadata)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_thread_from_music_to_figures() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (audio, metadata) = fma_tree(root);
    let at = |name: &str| root.join(name);

    // decode: mono WAV at the model's rate; the empty file is listed and skipped; a second run has nothing to do.
    let cache = at("cache");
    let decode = ["decode", "--audio", text(&audio), "--out", text(&cache)];
    assert!(succeed(&decode).contains("20 files decoded"));
    let decoded = at("cache/fma_small/000/000047.wav");
    let spec = hound::WavReader::open(&decoded).unwrap().spec();
    assert_eq!((spec.channels, spec.sample_rate), (1, 22_050));
    let before = fs::metadata(&decoded).unwrap().modified().unwrap();
    succeed(&decode);
    assert_eq!(fs::metadata(&decoded).unwrap().modified().unwrap(), before);

    // pairs: balanced, no artist in two splits, the same seed gives the same tables.
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

    // train: a small network for a few steps; a run that is cut and resumed sees the same batches as one that isn't.
    let config = at("small.json");
    fs::write(
        &config,
        r#"{"encoder":{"channels":[4,4,8,8,8],"reduced_channels":8,"embedding":16,"dropout":0.1},"tracks_per_batch":6,"steps":6,"validate_every":3,"warm_up_steps":2}"#,
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
    // Back to the first checkpoint's point in time: as if the run had been cut there.
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

    // export: weights that evaluate and compare accept.
    succeed(&[
        "export",
        "--run",
        text(&at("run")),
        "--out",
        text(&at("weights")),
    ]);
    let weights = at("weights/soundalike.safetensors");
    assert_eq!(
        json(&at("weights/soundalike.json"))["sha256"]
            .as_str()
            .unwrap()
            .len(),
        64
    );

    // evaluate: the input's columns in the input's order, and the figures of the contract.
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
        assert!(
            fs::read_to_string(at("evaluation").join(plot).with_extension("svg"))
                .unwrap()
                .contains("</svg>")
        );
    }
}

#[test]
fn two_files_give_the_report_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let (original, other, copy) = (
        folder.path().join("a.wav"),
        folder.path().join("b.wav"),
        folder.path().join("copy.mp3"),
    );
    write_wav(&original, &music(1, 20));
    write_wav(&other, &music(9, 15));
    encode_mp3(&original, &copy);
    let report = |left: &Path, right: &Path| -> Value {
        serde_json::from_str(&succeed(&["compare", text(left), text(right), "--json"])).unwrap()
    };
    let same = report(&original, &original);
    assert_eq!(
        (&same["score"], &same["verdict"], &same["backend"]),
        (&1.0.into(), &"nearly-identical".into(), &"cpu".into())
    );
    let passage = &same["passages"][0];
    for field in [
        "leftStartSecs",
        "leftEndSecs",
        "rightStartSecs",
        "rightEndSecs",
        "score",
        "speedRatio",
        "pitchShiftSemitones",
    ] {
        assert!(passage[field].is_number(), "{field}");
    }
    let matrix = &same["matrix"];
    assert_eq!(
        matrix["rows"].as_u64().unwrap() * matrix["cols"].as_u64().unwrap(),
        matrix["scores"].as_array().unwrap().len() as u64
    );
    assert!(report(&original, &copy)["score"].as_f64().unwrap() >= 0.9);
    let different = report(&original, &other);
    assert_eq!(different["verdict"], "different");

    // The mirrored question has the mirrored answer.
    let mirrored = report(&other, &original);
    assert_eq!(different["score"], mirrored["score"]);
    assert_eq!(different["left"], mirrored["right"]);
    assert_eq!(different["matrix"]["rows"], mirrored["matrix"]["cols"]);
    // For people, too.
    assert!(succeed(&["compare", text(&original), text(&copy)]).contains("nearly identical"));
}

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
