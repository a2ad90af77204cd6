use super::*;
use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, song};

/// The strongest line, which must lie on this map at both ends of the span.
#[track_caller]
fn assert_found(left: &PeakMap, right: &PeakMap, span: (f64, f64), to: (f64, f64), steps: i32) {
    let found = PeakPair::new(left, right).lines()[0];
    let error = |at: f64, place: f64| (found.map.at(at) - place).abs();
    assert!(
        error(span.0, to.0) <= 2.0
            && error(span.1, to.1) <= 2.0
            && (found.shift_steps - steps).abs() <= 1
            && (found.span.0 - span.0).abs() <= 5.0
            && (found.span.1 - span.1).abs() <= 5.0,
        "{found:?}"
    );
}

#[test]
fn a_passage_is_found_at_any_pitch_and_speed() {
    let one = song(40.0, 1);
    for (speed, steps) in [(1.0, 0), (1.08, 8), (0.8, -40), (1.9, 0), (0.55, 13)] {
        let copy = changed(&one, (300, 600), speed, steps);
        let end = (300.0 / speed).round();
        assert_found(&one, &copy, (300.0, 600.0), (0.0, end), steps);
        assert_found(&copy, &one, (0.0, end), (300.0, 600.0), -steps);
    }
}

#[test]
fn a_passage_is_found_under_other_music() {
    let (one, other) = (song(40.0, 1), song(60.0, 2));
    let passage = changed(&one, (300, 560), 1.05, 8);
    let mixture = mixed(&other, &passage, 700, 3);
    assert_found(
        &one,
        &mixture,
        (300.0, 560.0),
        (700.0, 700.0 + 260.0 / 1.05),
        8,
    );
}

#[test]
fn each_use_of_a_loop_is_a_line() {
    let one = song(40.0, 1);
    let mut mixture = song(60.0, 2);
    for place in [100, 400, 700, 1_000] {
        mixture = mixed(&mixture, &changed(&one, (300, 400), 1.0, 0), place, 2);
    }
    let lines = PeakPair::new(&one, &mixture).lines();
    for place in [100.0, 400.0, 700.0, 1_000.0] {
        assert!(
            lines.iter().any(
                |line| (line.map.at(350.0) - place - 50.0).abs() <= 2.0 && line.evidence > 30.0
            ),
            "{place}: {lines:?}"
        );
    }
}

#[test]
fn unrelated_songs_have_no_line_of_much_evidence() {
    for seed in 0..8 {
        let (one, other) = (song(40.0, 2 * seed + 1), song(60.0, 2 * seed + 2));
        let greatest = PeakPair::new(&one, &other)
            .lines()
            .first()
            .map_or(0.0, |line| line.evidence);
        assert!(greatest < 15.0, "{seed}: {greatest}");
    }
}

#[test]
fn songs_without_peaks_have_no_lines() {
    let (song, silence) = (
        song(20.0, 1),
        PeakMap {
            peaks: Vec::new(),
            ..song(20.0, 1)
        },
    );
    assert_eq!(PeakPair::new(&song, &silence).lines(), []);
    assert_eq!(PeakPair::new(&silence, &song).lines(), []);
}
