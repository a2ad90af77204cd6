//! Bad input, a full disk and a store that cannot be written: one clear line, and nothing lost.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod scene;
mod tunes;

use std::fs;
use std::path::Path;
use std::process::Command;

use scene::{Scene, best, fail, run, search};
use tunes::{faster, music};

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
    let below = format!("{song}/catalogue");
    fail(&["stats", "--in", &below], "is a file");
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
    fail(
        &["add", "nowhere.mp3", "--to", &catalogue],
        "no file nowhere",
    );
    assert!(!Path::new(&catalogue).exists());
    fs::write(scene.at("empty.mp3"), "").unwrap();
    run(&["add", &scene.text("empty.mp3"), "--to", &catalogue], 3);
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
        for verb in [&["search", &song][..], &["verify"]] {
            let arguments = [verb, &["--in", &catalogue]].concat();
            fail(
                &arguments,
                "is damaged: a file of it is missing or cut short",
            );
        }
    }
    fs::remove_dir_all(scene.at("catalogue/songs.lance")).unwrap();
    for arguments in [&["search", &song, "--in"][..], &["add", &song, "--to"]] {
        let arguments = [arguments, &[&*catalogue]].concat();
        fail(&arguments, "songs are missing");
    }
    fs::remove_dir_all(scene.at("catalogue/segments.lance")).unwrap();
    fail(&["search", &song, "--in", &catalogue], "no catalogue");
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

/// What is left of a file; `None` if it is lost.
type Damage = fn(&[u8]) -> Option<Vec<u8>>;

#[test]
fn a_damaged_index_is_named_scanned_around_and_made_anew() {
    let scene = Scene::new(4);
    let (music_folder, catalogue) = (scene.text("music"), scene.text("catalogue"));
    run(&["add", &music_folder, "--to", &catalogue], 0);
    let copy = scene.write("copy.wav", &faster(&music(2, 20)));
    run(&["index", "--always", "--in", &catalogue], 0);
    let searching = ["search", &copy, "--json", "--in", &catalogue];
    let (found, errors) = run(&searching, 0);
    assert_eq!(errors, "");
    let cut = |bytes: &[u8]| Some(bytes[..bytes.len() / 2].to_vec());
    let lose = |_: &[u8]| None;
    let zero = |bytes: &[u8]| Some(vec![0; bytes.len()]);
    let damages: [Damage; 3] = [cut, lose, zero];
    for damage in damages {
        for segment in fs::read_dir(scene.at("catalogue/segments.lance/_indices")).unwrap() {
            for file in fs::read_dir(segment.unwrap().path()).unwrap() {
                let file = file.unwrap().path();
                match damage(&fs::read(&file).unwrap()) {
                    Some(bytes) => fs::write(&file, bytes).unwrap(),
                    None => fs::remove_file(&file).unwrap(),
                }
            }
        }
        let (scanned, errors) = run(&searching, 0);
        assert_eq!(scanned, found);
        assert!(
            errors.lines().count() == 1
                && errors.contains("was scanned, as its index can't be read"),
            "{errors}"
        );
        let (printed, errors) = run(&["verify", "--in", &catalogue], 3);
        assert!(printed.contains("4 songs, 0 damaged"), "{printed}");
        assert!(errors.starts_with("damaged: the index: "), "{errors}");
        run(&["index", "--anew", "--in", &catalogue], 0);
        assert_eq!(run(&searching, 0), (found.clone(), String::new()));
        run(&["verify", "--in", &catalogue], 0);
    }
    fs::remove_dir_all(scene.at("catalogue/segments.lance/_indices")).unwrap();
    let (_, errors) = run(&["index", "--in", &catalogue], 0);
    assert!(
        errors.contains("1 index segments are damaged, and made anew"),
        "{errors}"
    );
    assert_eq!(run(&searching, 0), (found, String::new()));
}

#[test]
fn a_lost_version_is_named_until_its_work_is_done_again() {
    let scene = Scene::new(2);
    let [one, two] = [1, 2].map(|number| scene.text(&format!("music/tune-{number}.wav")));
    for table in ["songs", "segments"] {
        let catalogue = scene.text(table);
        run(&["add", &one, "--to", &catalogue], 0);
        run(&["add", &two, "--to", &catalogue], 0);
        assert_eq!(run(&["verify", "--in", &catalogue], 0).1, "");
        let versions = scene.at(&format!("{table}/{table}.lance/_versions"));
        let files = fs::read_dir(versions)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let manifests = files.filter(|file| file.extension().is_some_and(|end| end == "manifest"));
        // The numbers of versions count down.
        fs::remove_file(manifests.min().unwrap()).unwrap();
        for (verb, status) in [
            (&["search", &one][..], 0),
            (&["stats"], 0),
            (&["verify"], 3),
        ] {
            let (_, errors) = run(&[verb, &["--in", &catalogue]].concat(), status);
            let is_named = errors.contains("has lost its newest version file");
            assert!(is_named, "{table}: {verb:?}: {errors}");
        }
        let (_, errors) = run(&["verify", "--in", &catalogue], 3);
        if let Some((_, rest)) = errors.split_once("damaged: ") {
            let id = rest.split(':').next().unwrap();
            run(&["remove", id, "--in", &catalogue], 0);
        }
        run(&["add", &two, "--to", &catalogue], 0);
        assert_eq!(run(&["verify", "--in", &catalogue], 0).1, "");
        assert_eq!(scene.songs_in(table), 2);
    }
}
