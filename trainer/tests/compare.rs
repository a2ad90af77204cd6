//! `compare`: the report of the browser.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::path::Path;

use common::{encode_mp3, music, succeed, text, write_wav};
use serde_json::Value;

#[test]
fn two_files_give_the_documented_report() {
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
        "share",
        "leftShare",
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

    // Swapped songs give the mirrored report.
    let mirrored = report(&other, &original);
    assert_eq!(different["score"], mirrored["score"]);
    assert_eq!(different["left"], mirrored["right"]);
    assert_eq!(different["matrix"]["rows"], mirrored["matrix"]["cols"]);
    // The same as text.
    let words = |right: &Path| succeed(&["compare", text(&original), text(right)]);
    assert!(words(&copy).contains("Nearly identical"));
    assert!(!words(&copy).contains("composition"), "{}", words(&copy));
    assert!(words(&other).contains("composition"), "{}", words(&other));

    let backwards = folder.path().join("backwards.wav");
    write_wav(
        &backwards,
        &music(1, 20).into_iter().rev().collect::<Vec<_>>(),
    );
    assert!(
        words(&backwards).contains("backwards"),
        "{}",
        words(&backwards)
    );
}
