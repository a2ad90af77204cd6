//! The program's verbs on small catalogues.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod scene;
mod tunes;

use std::fs;
use std::process::Stdio;

use scene::{Scene, best, fail, program, run, search};
use serde_json::Value;
use tunes::{RATE_HZ, faster, music};

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
    // Nor may its name command a terminal.
    let noise = scene.write("noise\u{1b}c\n.wav", &noise);
    let (printed, _) = run(&["search", &noise, "--in", &catalogue], 0);
    let expected = "noise\u{fffd}c\u{fffd}.wav: 0 of 5 songs match (0 compared)\n";
    assert_eq!(printed, expected);

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

#[test]
fn a_song_under_louder_music_is_found_by_its_landmarks() {
    let scene = Scene::new(12);
    let (music_folder, catalogue) = (scene.text("music"), scene.text("catalogue"));
    run(&["add", &music_folder, "--to", &catalogue], 0);
    let (louder, softer) = (music(2, 20), music(9, 20));
    let both = louder.iter().zip(&softer[4 * RATE_HZ as usize..]);
    let mixed: Vec<_> = both
        .map(|(louder, softer)| 0.5 * louder + 0.35 * softer)
        .collect();
    let mixed = scene.write("mixed.wav", &mixed);
    let names = |options: &[&str]| {
        let search = ["search", &mixed, "--in", &catalogue, "--json", "--top", "2"];
        let (printed, _) = run(&[&search[..], options].concat(), 0);
        let answer: Value = serde_json::from_str(&printed).unwrap();
        let candidates = answer["candidates"].as_array().unwrap();
        let name = |one: &Value| one["name"].as_str().unwrap().to_owned();
        candidates.iter().map(name).collect::<Vec<_>>()
    };
    let has_both = |names: &[String]| {
        let tunes = ["tune-2.wav", "tune-9.wav"];
        tunes
            .iter()
            .all(|tune| names.iter().any(|name| name == tune))
    };
    let by_embeddings = names(&[]);
    assert!(
        by_embeddings.len() == 2 && !has_both(&by_embeddings),
        "{by_embeddings:?}"
    );
    let all = names(&["--under-music"]);
    assert!(all.len() == 4 && has_both(&all), "{all:?}");
    let (stats, _) = run(&["stats", "--in", &catalogue, "--json"], 0);
    let stats: Value = serde_json::from_str(&stats).unwrap();
    assert_eq!(stats["underMusic"], true);
}
