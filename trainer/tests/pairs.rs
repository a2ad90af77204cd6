//! `pairs`: tables of copies and other music.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::{RATE_HZ, fma_tree, json, music, succeed, text, trainer, write_wav};

#[test]
fn known_damaged_clips_are_left_out_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let (audio, metadata) = fma_tree(folder.path());
    // The clip is complete here, so only the list can exclude it.
    fs::create_dir_all(audio.join("098")).unwrap();
    fs::copy(audio.join("000/000047.mp3"), audio.join("098/098565.mp3")).unwrap();
    let out = folder.path().join("pairs");
    let arguments = [
        "pairs",
        "--audio",
        text(&audio),
        "--out",
        text(&out),
        "--count",
        "40",
    ];
    let with_metadata = [&arguments[..], &["--fma-metadata", text(&metadata)]].concat();
    let output = trainer(&with_metadata);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("098565.mp3: known to be damaged"), "{said}");
    let manifest = json(&out.join("manifest.json"));
    let is_damaged = |value: &serde_json::Value| value.to_string().contains("098565");
    assert!(
        !manifest["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .any(is_damaged)
    );
    assert!(
        manifest["skipped"]
            .as_array()
            .unwrap()
            .iter()
            .any(is_damaged)
    );
    // Outside of the FMA the name of a file means nothing.
    succeed(&arguments);
    assert!(
        json(&out.join("manifest.json"))["tracks"]
            .as_array()
            .unwrap()
            .iter()
            .any(is_damaged)
    );
}

#[test]
fn a_table_of_splits_decides_and_files_without_a_row_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (number, file) in [
        "held/a", "held/b", "game/a", "game/b", "game/c", "game/d", "new/a",
    ]
    .iter()
    .enumerate()
    {
        write_wav(
            &at("music").join(file).with_extension("wav"),
            &music(number as u32, 8),
        );
    }
    fs::write(
        at("splits.csv"),
        "music,split\nheld,test\ngame,train\ngame/c,validation\ngame/d,validation\n",
    )
    .unwrap();
    let (audio, splits, out) = (at("music"), at("splits.csv"), at("pairs"));
    let output = trainer(&[
        "pairs",
        "--audio",
        text(&audio),
        "--splits",
        text(&splits),
        "--out",
        text(&out),
        "--count",
        "40",
    ]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("new/a.wav: no row in the table of splits")
            && said.contains("error: 1 of 7 files have no row in the table of splits, see above"),
        "{said}"
    );
    let manifest = json(&out.join("manifest.json"));
    let tracks: Vec<(&str, &str)> = manifest["tracks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|track| {
            let path = track["path"].as_str().unwrap();
            (&path[path.len() - 10..], track["split"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        tracks,
        [
            ("game/a.wav", "train"),
            ("game/b.wav", "train"),
            ("game/c.wav", "validation"),
            ("game/d.wav", "validation"),
            ("held/a.wav", "test"),
            ("held/b.wav", "test"),
        ]
    );
}

#[test]
fn rendered_pairs_score_as_recipes_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for number in 0..20 {
        write_wav(
            &at("music").join(format!("{}.wav", char::from(b'a' + number))),
            &music(number.into(), 10),
        );
    }
    let (audio, plain, rendered) = (at("music"), at("plain"), at("rendered"));
    let pairs = [
        "pairs",
        "--audio",
        text(&audio),
        "--count",
        "80",
        "--seed",
        "9",
        "--out",
    ];
    succeed(&[&pairs[..], &[text(&plain)]].concat());
    succeed(&[&pairs[..], &[text(&rendered), "--render"]].concat());
    let rows = |folder: &Path| -> Vec<csv_row::Row> { csv_row::read(&folder.join("test.csv")) };
    let (recipes, files) = (rows(&plain), rows(&rendered));
    assert_eq!((recipes.len(), files.len()), (8, 8));
    for (recipe, file) in recipes.iter().zip(&files) {
        assert_eq!((&recipe.left, recipe.label), (&file.left, file.label));
        assert!(recipe.recipe.contains("seed=") && file.recipe.is_empty());
        let spec = hound::WavReader::open(rendered.join(&file.right)).unwrap();
        assert_eq!(
            (spec.spec().sample_rate, spec.duration()),
            (22_050, 66_150),
            "{}",
            file.right
        );
    }
    let scores = |table: &Path, out: &str| -> Vec<f32> {
        succeed(&[
            "evaluate",
            "--pairs",
            text(&table.join("test.csv")),
            "--out",
            text(&at(out)),
        ]);
        csv_row::read(&at(out).join("scores.csv"))
            .iter()
            .map(|row| row.score)
            .collect()
    };
    let (by_recipe, by_file) = (scores(&plain, "by-recipe"), scores(&rendered, "by-file"));
    for (row, (a, b)) in by_recipe.iter().zip(&by_file).enumerate() {
        // They differ only by 16 bits and by clipping at full scale.
        assert!(
            (a - b).abs() < 0.05,
            "row {row} ({}): {a} {b}",
            recipes[row].recipe
        );
    }
}

#[test]
fn one_channel_of_stereo_is_another_copy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // A tune in the left channel, a beat in the right one.
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE_HZ,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let left = music(1, 6);
    let right: Vec<f32> = (0..left.len())
        .map(|n| {
            let decay = (-((n % 15_000) as f32) / 2_000.0).exp();
            let hash =
                (n as u32).wrapping_mul(2_654_435_761) ^ (n as u32).wrapping_mul(40_503) >> 7;
            decay * ((hash >> 8) as f32 / (1 << 24) as f32 - 0.5)
        })
        .collect();
    let mut writer = hound::WavWriter::create(at("stereo.wav"), spec).unwrap();
    for (left, right) in left.iter().zip(&right) {
        writer.write_sample((left * 20_000.0) as i16).unwrap();
        writer.write_sample((right * 20_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    write_wav(&at("left.wav"), &left);
    write_wav(&at("right.wav"), &right);
    let rows: String = ["left.wav", "right.wav"]
        .iter()
        .flat_map(|mono| {
            ["-1", "1"].map(|balance| format!("{mono},stereo.wav,1,1,1,balance={balance};seed=1\n"))
        })
        .collect();
    fs::write(
        at("pairs.csv"),
        format!("left,right,label,left_start_secs,right_start_secs,recipe\n{rows}"),
    )
    .unwrap();
    succeed(&[
        "evaluate",
        "--pairs",
        text(&at("pairs.csv")),
        "--out",
        text(&at("out")),
    ]);
    let scores: Vec<f32> = csv_row::read(&at("out/scores.csv"))
        .iter()
        .map(|row| row.score)
        .collect();
    assert!(scores[0] > 0.99 && scores[3] > 0.99, "{scores:?}");
    assert!(scores[1] < 0.9 && scores[2] < 0.9, "{scores:?}");
}

#[test]
fn a_full_disk_gives_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for number in 0..20 {
        write_wav(
            &at("music").join(format!("{}.wav", char::from(b'a' + number))),
            &music(number.into(), 10),
        );
    }
    // A limit of 8 KiB a file (ulimit counts blocks of 512 or 1,024 bytes) stands for a full disk.
    // Its signal is ignored, so that the program gets an error as from a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec {} pairs --audio {} --out {} --count 4000",
        env!("CARGO_BIN_EXE_soundalike-trainer"),
        text(&at("music")),
        text(&at("pairs"))
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    let errors: BTreeSet<&str> = said
        .lines()
        .filter(|line| line.starts_with("error:"))
        .collect();
    assert!(
        errors.len() == 1 && said.contains("train.csv") && !said.contains("panicked"),
        "{said}"
    );
}

/// Rows of the tables, split at commas: no column has commas or quotes here.
mod csv_row {
    use std::collections::HashMap;
    use std::path::Path;

    pub struct Row {
        pub left: String,
        pub right: String,
        pub label: u8,
        pub recipe: String,
        pub score: f32,
    }

    pub fn read(path: &Path) -> Vec<Row> {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().unwrap().split(',').collect();
        lines
            .map(|line| {
                let cells: HashMap<&str, &str> =
                    header.iter().copied().zip(line.split(',')).collect();
                let cell = |name: &str| cells.get(name).copied().unwrap_or_default().to_owned();
                Row {
                    left: cell("left"),
                    right: cell("right"),
                    label: cell("label").parse().unwrap(),
                    recipe: cell("recipe"),
                    score: cell("score").parse().unwrap_or(f32::NAN),
                }
            })
            .collect()
    }
}
