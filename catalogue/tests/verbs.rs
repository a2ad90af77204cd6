//! The program's verbs on small catalogues.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod tunes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use soundalike_native::wav;
use tempfile::TempDir;
use tunes::{RATE_HZ, faster, music};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_soundalike-catalogue"));
    command.args(arguments);
    command
}

/// Runs the program, which must end with this status; returns what it printed, and its errors.
fn run(arguments: &[&str], status: i32) -> (String, String) {
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
fn fail(arguments: &[&str], expected: &str) {
    let (_, stderr) = run(arguments, 1);
    assert!(
        stderr.starts_with("error: ") && stderr.lines().count() == 1 && stderr.contains(expected),
        "{arguments:?}: {stderr:?}, expected {expected:?}"
    );
}

/// A folder with songs `tune-1.wav` to `tune-N.wav` and an empty one for a catalogue.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new(songs: u32) -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(scene.at("music")).unwrap();
        for number in 1..=songs {
            scene.write(&format!("music/tune-{number}.wav"), &music(number, 20));
        }
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, samples: &[f32]) -> String {
        wav::write(&self.at(name), samples, RATE_HZ).unwrap();
        self.text(name)
    }

    fn songs_in(&self, catalogue: &str) -> u64 {
        let (json, _) = run(&["stats", "--json", "--in", &self.text(catalogue)], 0);
        serde_json::from_str::<Value>(&json).unwrap()["songs"]
            .as_u64()
            .unwrap()
    }
}

fn search(song: &str, catalogues: &[&str]) -> Value {
    let mut arguments = vec!["search", song, "--json"];
    arguments.extend(catalogues.iter().flat_map(|folder| ["--in", folder]));
    let (json, _) = run(&arguments, 0);
    serde_json::from_str(&json).unwrap()
}

/// Id and name of the best candidate, and its score.
fn best(answer: &Value) -> (String, String, f64) {
    let best = &answer["candidates"][0];
    let text = |key: &str| best[key].as_str().unwrap().to_owned();
    (
        text("id"),
        text("name"),
        best["report"]["score"].as_f64().unwrap(),
    )
}

#[test]
fn a_copy_is_found_until_its_source_is_removed() {
    let scene = Scene::new(5);
    let (music_folder, catalogue) = (scene.text("music"), scene.text("catalogue"));
    fs::write(scene.at("music/broken.mp3"), "this is a letter, not a song").unwrap();
    scene.write("music/silent.wav", &vec![0.0; 6 * RATE_HZ as usize]);
    let (printed, errors) = run(&["add", &music_folder, "--to", &catalogue], 3);
    assert!(
        printed.starts_with("5 songs added (0.0 h), 0 were there, 2 skipped"),
        "{printed}"
    );
    assert!(
        errors.contains("broken.mp3") && errors.contains("silent.wav"),
        "{errors}"
    );
    let one = scene.text("music/tune-1.wav");
    let (printed, _) = run(&["add", &one, "--to", &scene.text("single")], 0);
    assert!(printed.starts_with("1 song added"), "{printed}");
    // What is there isn't added again, also under another name.
    fs::rename(scene.at("music/tune-1.wav"), scene.at("music/renamed.wav")).unwrap();
    let (printed, _) = run(&["add", &music_folder, "--to", &catalogue], 3);
    assert!(
        printed.starts_with("0 songs added (0.0 h), 5 were there"),
        "{printed}"
    );

    let excerpt = &music(3, 20)[5 * RATE_HZ as usize..17 * RATE_HZ as usize];
    let copy = scene.write("copy.wav", &faster(excerpt));
    let answer = search(&copy, &[&catalogue]);
    assert_eq!(answer["query"], "copy.wav");
    let (id, name, score) = best(&answer);
    assert!(name == "tune-3.wav" && score > 0.5, "{name} {score}");
    let report = &answer["candidates"][0]["report"];
    assert_eq!(
        (&report["left"]["name"], &report["right"]["name"]),
        (&"copy.wav".into(), &"tune-3.wav".into())
    );
    let (printed, _) = run(&["search", &copy, "--in", &catalogue], 0);
    let lines: Vec<_> = printed.lines().collect();
    assert!(
        lines[0].starts_with("copy.wav: ") && lines[0].contains("of 5 songs match"),
        "{printed}"
    );
    assert!(
        lines[1].contains("tune-3.wav") && lines[1].contains(&id),
        "{printed}"
    );

    // In noise there is nothing to recognise.
    let mut state = 1_u32;
    let noise: Vec<f32> = (0..8 * RATE_HZ)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 25) as f32 - 0.25
        })
        .collect();
    let noise = scene.write("noise.wav", &noise);
    let (printed, _) = run(&["search", &noise, "--in", &catalogue], 0);
    assert_eq!(printed, "noise.wav: 0 of 5 songs match (0 compared)\n");

    let (_, errors) = run(&["remove", &id, "0123", "--in", &catalogue], 3);
    assert!(errors.contains("no song 0123"), "{errors}");
    let names = search(&copy, &[&catalogue])["candidates"].to_string();
    assert!(!names.contains("tune-3.wav"), "{names}");
    run(&["compact", "--in", &catalogue], 0);
    run(&["verify", "--in", &catalogue], 0);
    assert_eq!(scene.songs_in("catalogue"), 4);
}

#[test]
fn parts_by_writers_at_once_are_one_catalogue_or_several() {
    let scene = Scene::new(6);
    let list = scene.text("songs.txt");
    fs::write(
        &list,
        (1..=6)
            .map(|n| format!("music/tune-{n}.wav\n"))
            .collect::<String>(),
    )
    .unwrap();
    let together = scene.text("together");
    // The third writer does the work of both others.
    let writers: Vec<_> = ["1/2", "2/2", "1/1"]
        .map(|part| program(&["add", &list, "--to", &together, "--part", part]))
        .map(|mut command| command.stdout(Stdio::null()).spawn().unwrap())
        .into();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    assert_eq!(scene.songs_in("together"), 6);
    run(&["verify", "--in", &together], 0);

    let (first, second) = (scene.text("first"), scene.text("second"));
    run(&["add", &list, "--to", &first, "--part", "1/2"], 0);
    run(&["add", &list, "--to", &second, "--part", "2/2"], 0);
    for (number, name) in [(1, "tune-1.wav"), (2, "tune-2.wav")] {
        let copy = scene.write("copy.wav", &faster(&music(number, 20)));
        let apart = search(&copy, &[&first, &second]);
        assert_eq!(best(&apart).1, name);
        // Nothing depends on how songs are spread, nor on being in two catalogues.
        assert_eq!(apart, search(&copy, &[&together]));
        assert_eq!(apart, search(&copy, &[&together, &second]));
    }
}

#[test]
fn a_writer_that_is_killed_loses_nothing_that_was_committed() {
    let scene = Scene::new(4);
    let (music, catalogue) = (scene.text("music"), scene.text("catalogue"));
    run(
        &["add", &scene.text("music/tune-1.wav"), "--to", &catalogue],
        0,
    );
    let mut writer = program(&["add", &music, "--to", &catalogue])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Wherever it is by now.
    writer.kill().unwrap();
    writer.wait().unwrap();
    assert!(scene.songs_in("catalogue") >= 1);
    run(&["verify", "--in", &catalogue], 0);
    run(&["add", &music, "--to", &catalogue], 0);
    assert_eq!(scene.songs_in("catalogue"), 4);
}

#[test]
fn bad_input_gives_one_clear_line() {
    let scene = Scene::new(1);
    let (song, catalogue) = (scene.text("music/tune-1.wav"), scene.text("catalogue"));
    fail(
        &["search", &song, "--in", &catalogue],
        "there is no catalogue",
    );
    fail(&["stats", "--in", &catalogue], "there is no catalogue");
    let (_, usage) = run(&["stats", "--in", "https://example.org/x"], 2);
    assert!(usage.contains("is neither"), "{usage}");
    fail(&["add", &song, "--to", &song], "is a file");
    // Nobody can make a folder there.
    fail(
        &["add", &song, "--to", "/proc/catalogue"],
        "can't make the folder",
    );
    fail(
        &["add", &song, "--to", &catalogue, "--part", "2/2"],
        "fewer files than parts",
    );
    assert!(!Path::new(&catalogue).exists());
    run(&["add", "nowhere.mp3", "--to", &catalogue], 3);
    fail(&["search", &song, "--in", &catalogue], "has no songs yet");
    run(&["add", &song, "--to", &catalogue], 0);
    fail(&["search", "nowhere.mp3", "--in", &catalogue], "can't open");
    fail(
        &["search", "--track", "2", &song, "--in", &catalogue],
        "no such track",
    );
    run(&["index", "--in", &catalogue], 0);
    fail(
        &["index", "--commit", "--in", &catalogue],
        "no part of an index",
    );
    for table in ["songs", "segments"] {
        let folder = scene.at(&format!("catalogue/{table}.lance/data"));
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            let mut bytes = fs::read(&file).unwrap();
            bytes.truncate(bytes.len() / 2);
            fs::write(&file, bytes).unwrap();
        }
        fail(&["search", &song, "--in", &catalogue], "is damaged");
        fail(&["verify", "--in", &catalogue], "is damaged");
    }
    fs::remove_dir_all(scene.at("catalogue/segments.lance")).unwrap();
    fail(
        &["search", &song, "--in", &catalogue],
        "embeddings are missing",
    );
}

#[cfg(unix)]
#[test]
fn a_full_disk_and_a_closed_pipe_are_no_panics() {
    let scene = Scene::new(3);
    let (music, catalogue) = (scene.text("music"), scene.text("catalogue"));
    let tune = |number: u32| scene.text(&format!("music/tune-{number}.wav"));
    run(&["add", &tune(1), "--to", &catalogue], 0);
    let shell = |script: &str| {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            script,
            "sh",
            env!("CARGO_BIN_EXE_soundalike-catalogue"),
        ]);
        command.args([&music, &catalogue, &tune(1)]);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    // No file may grow beyond two blocks, as on a full disk.
    let full = r#"trap "" XFSZ; ulimit -f 2; "$1" add "$2" --to "$3""#;
    let (_, errors) = shell(full);
    let error = errors.lines().last().unwrap();
    assert!(
        error.starts_with("error: stopped") && error.contains("the disk is full"),
        "{errors}"
    );
    assert_eq!(scene.songs_in("catalogue"), 1);
    run(&["verify", "--in", &catalogue], 0);
    run(&["add", &music, "--to", &catalogue], 0);
    assert_eq!(scene.songs_in("catalogue"), 3);

    let closed = r#""$1" search --json "$4" "$4" --in "$3" | true; "$1" stats --in "$3" | true"#;
    assert_eq!(shell(closed), (String::new(), String::new()));
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_is_searched_and_keeps_what_it_has() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    /// Everything in a folder with these permissions.
    fn allow(path: &Path, folders: u32, files: u32) {
        let mode = if path.is_dir() { folders } else { files };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                allow(&entry.unwrap().path(), folders, files);
            }
        }
    }

    let scene = Scene::new(2);
    let catalogue = scene.text("catalogue");
    let [one, two] = [1, 2].map(|number| scene.text(&format!("music/tune-{number}.wav")));
    run(&["add", &one, "--to", &catalogue], 0);
    let copy = scene.write("copy.wav", &faster(&music(1, 20)));
    let found = search(&copy, &[&catalogue]);
    // Root may write everywhere: it runs the program as nobody, from where nobody can reach it.
    let (built, program) = (
        env!("CARGO_BIN_EXE_soundalike-catalogue"),
        scene.at("program"),
    );
    if fs::hard_link(built, &program).is_err() {
        fs::copy(built, &program).unwrap();
    }
    allow(&scene.at("catalogue"), 0o555, 0o444);
    let folder = scene.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let tried = scene.at("catalogue/written");
    let is_root = fs::write(&tried, "").is_ok() && fs::remove_file(&tried).is_ok();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments);
        if is_root {
            command.uid(65_534);
        }
        let output = command.output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|one| String::from_utf8(one).unwrap());
        (output.status.code(), stdout, stderr)
    };
    let (_, json, errors) = run(&["search", &copy, "--json", "--in", &catalogue]);
    assert_eq!(
        serde_json::from_str(&json).ok(),
        Some(found.clone()),
        "{errors}"
    );
    let id = best(&found).0;
    for arguments in [
        &["add", &two, "--to", &catalogue][..],
        &["index", "--always", "--in", &catalogue],
        &["remove", &id, "--in", &catalogue],
    ] {
        let (status, _, errors) = run(arguments);
        let is_clear = errors.lines().count() == 1 && errors.contains("there is no permission");
        assert!(status == Some(1) && is_clear, "{arguments:?}: {errors}");
    }
    allow(&scene.at("catalogue"), 0o755, 0o644);
    self::run(&["verify", "--in", &catalogue], 0);
    assert_eq!(scene.songs_in("catalogue"), 1);
}

#[test]
fn an_index_by_parts_finds_what_a_scan_finds_and_new_songs_at_once() {
    let scene = Scene::new(7);
    let catalogue = scene.text("catalogue");
    let tune = |number: u32| scene.text(&format!("music/tune-{number}.wav"));
    // Three commits, so that there is something to divide.
    for pair in [[1, 2], [3, 4], [5, 6]] {
        run(
            &["add", &tune(pair[0]), &tune(pair[1]), "--to", &catalogue],
            0,
        );
    }
    let copies: Vec<_> = [2, 3, 7]
        .map(|number| scene.write(&format!("copy-{number}.wav"), &faster(&music(number, 20))))
        .into();
    let scanned: Vec<_> = copies
        .iter()
        .map(|copy| best(&search(copy, &[&catalogue])))
        .collect();
    let part = |part: &str, status: i32| {
        run(
            &["index", "--part", part, "--always", "--in", &catalogue],
            status,
        )
        .0
    };
    part("1/3", 0);
    part("3/3", 0);
    fail(
        &["index", "--commit", "--in", &catalogue],
        "needs the parts 2/3",
    );
    part("2/3", 0);
    let indexed = |scene: &Scene| {
        let (json, _) = run(&["stats", "--json", "--in", &scene.text("catalogue")], 0);
        let stats: Value = serde_json::from_str(&json).unwrap();
        (
            stats["indexed"].as_u64(),
            stats["embeddings"].as_u64().unwrap(),
        )
    };
    assert_eq!(indexed(&scene).0, None);
    run(&["index", "--commit", "--in", &catalogue], 0);
    let (covered, embeddings) = indexed(&scene);
    assert_eq!(covered, Some(embeddings));
    for (copy, scanned) in copies.iter().zip(&scanned).take(2) {
        assert_eq!(best(&search(copy, &[&catalogue])), *scanned);
    }
    // What comes afterwards is scanned, until the next run adds it to the index.
    for step in [
        &["add", &tune(7), "--to", &catalogue][..],
        &["index", "--in", &catalogue],
    ] {
        run(step, 0);
        assert_eq!(best(&search(&copies[2], &[&catalogue])).1, "tune-7.wav");
        assert_eq!(best(&search(&copies[0], &[&catalogue])), scanned[0]);
    }
    let (covered, embeddings) = indexed(&scene);
    assert_eq!(covered, Some(embeddings));
    let id = &scanned[0].0;
    run(&["remove", id, "--in", &catalogue], 0);
    run(&["compact", "--keep-hours", "0", "--in", &catalogue], 0);
    let names = search(&copies[0], &[&catalogue])["candidates"].to_string();
    assert!(
        !names.contains("tune-2.wav") && names.contains("tune-3.wav"),
        "{names}"
    );
}
