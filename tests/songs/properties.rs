//! Properties of the reports of all songs.

use soundalike::MAX_SONG_SECS;
use soundalike::report::MatchedPassage;

use crate::synth::{Part, RATE_HZ, Recipe};
use crate::{analyse, checker, compare};

/// Times may differ by this where the segments of a song start elsewhere, in seconds.
const SECS: f64 = 0.3;

fn tune(seed: u64, start_secs: f64, secs: f64) -> Part {
    changed_tune(seed, start_secs, secs, 0.0, 1.0)
}

fn changed_tune(seed: u64, start_secs: f64, secs: f64, semitones: f64, tempo: f64) -> Part {
    Part::Tune {
        seed,
        start_secs,
        secs,
        semitones,
        tempo,
        drums: None,
        like: None,
        instruments: None,
        rearranged: false,
    }
}

/// A song, and another one with an excerpt of it, a semitone higher.
fn host_and_source() -> (Recipe, Recipe) {
    let source = Recipe(vec![tune(1, 0.0, 35.0)]);
    let host = Recipe(vec![
        tune(2, 0.0, 14.0),
        changed_tune(1, 12.0, 11.0, 1.0, 1.0),
        tune(2, 14.0, 12.0),
    ]);
    (source, host)
}

/// Whether the passages are the same, with `later_secs` added in the right song.
fn are_alike(some: &[MatchedPassage], others: &[MatchedPassage], later_secs: f64) -> bool {
    some.len() == others.len()
        && some.iter().zip(others).all(|(one, other)| {
            let off_secs = [
                one.left_start_secs - other.left_start_secs,
                one.left_end_secs - other.left_end_secs,
                one.right_start_secs + later_secs - other.right_start_secs,
                one.right_end_secs + later_secs - other.right_end_secs,
            ];
            off_secs.iter().all(|off| off.abs() <= SECS)
        })
}

#[test]
fn the_report_of_swapped_songs_is_mirrored() {
    let checker = checker();
    let (source, host) = host_and_source();
    let faster = Recipe(vec![changed_tune(1, 3.0, 24.0, -1.0, 1.12)]);
    for other in [host, faster] {
        let report = compare(&checker, &source, &other);
        let mirrored = compare(&checker, &other, &source);
        assert!(!report.passages.is_empty());
        assert_eq!(report.score, mirrored.score);
        assert_eq!(report.left.coverage, mirrored.right.coverage);
        assert_eq!(report.right.coverage, mirrored.left.coverage);
        assert_eq!(report.left.left_out_share, mirrored.right.left_out_share);
        let mut swapped: Vec<MatchedPassage> = mirrored
            .passages
            .iter()
            .map(|passage| MatchedPassage {
                left_start_secs: passage.right_start_secs,
                left_end_secs: passage.right_end_secs,
                right_start_secs: passage.left_start_secs,
                right_end_secs: passage.left_end_secs,
                ..passage.clone()
            })
            .collect();
        swapped.sort_by(|a, b| a.left_start_secs.total_cmp(&b.left_start_secs));
        assert_eq!(report.passages.len(), swapped.len());
        for (one, other) in report.passages.iter().zip(&swapped) {
            assert_eq!(one.left_start_secs, other.left_start_secs);
            assert_eq!(one.right_end_secs, other.right_end_secs);
            assert_eq!(one.score, other.score);
            assert_eq!((one.left_share, one.share), (other.share, other.left_share));
            assert!((one.speed_ratio * other.speed_ratio - 1.0).abs() < 0.002);
            assert_eq!(one.pitch_shift_semitones, 0.0 - other.pitch_shift_semitones);
        }
        for row in 0..report.matrix.rows {
            for col in 0..report.matrix.cols {
                assert_eq!(
                    report.matrix.scores[row * report.matrix.cols + col],
                    mirrored.matrix.scores[col * report.matrix.rows + row]
                );
            }
        }
    }
}

#[test]
fn passages_move_with_the_song() {
    let checker = checker();
    let (source, host) = host_and_source();
    let report = compare(&checker, &source, &host);
    assert_eq!(report.passages.len(), 1, "{:?}", report.passages);
    // On and off the grid of segments, and so far that an error proportional to the time is
    // detected.
    for later_secs in [0.31, 0.9, 4.0, 100.0] {
        let mut parts = host.0.clone();
        parts.insert(0, tune(3, 0.0, later_secs));
        let later = compare(&checker, &source, &Recipe(parts));
        assert!(
            are_alike(&report.passages, &later.passages, later_secs),
            "{later_secs} s: {:?}, {:?}",
            report.passages,
            later.passages
        );
    }
}

#[test]
fn unrelated_music_before_or_after_changes_nothing() {
    let checker = checker();
    let (source, host) = host_and_source();
    let report = compare(&checker, &source, &host);
    let mut after = host.0.clone();
    after.push(tune(4, 0.0, 30.0));
    let mut before = host.0.clone();
    before.insert(0, tune(4, 0.0, 30.0));
    for (parts, later_secs) in [(after, 0.0), (before, 30.0)] {
        let longer = compare(&checker, &source, &Recipe(parts));
        assert!((report.score - longer.score).abs() < 0.05);
        assert!(
            are_alike(&report.passages, &longer.passages, later_secs),
            "{:?}, {:?}",
            report.passages,
            longer.passages
        );
    }
}

/// An excerpt of tune 1, alone or with another tune as loud.
fn excerpt(secs: f64, is_mixed: bool) -> Recipe {
    let alone = tune(1, 12.0, secs);
    Recipe(vec![if is_mixed {
        Part::Mix {
            one: vec![alone],
            other: vec![tune(2, 0.0, secs)],
            gain_db: 0.0,
        }
    } else {
        alone
    }])
}

#[test]
fn more_of_a_copy_never_lowers_the_score() {
    let checker = checker();
    let song = analyse(&checker, Recipe(vec![tune(1, 0.0, 50.0)]).samples()).unwrap();
    // Alone and in a mix, with the whole song; in a mix, with as much of the song.
    let scores: Vec<[f64; 3]> = [3.0, 4.5, 6.0, 8.0, 16.0, 36.0]
        .into_iter()
        .map(|secs| {
            let [alone, mixed] = [false, true]
                .map(|is_mixed| analyse(&checker, excerpt(secs, is_mixed).samples()).unwrap());
            [(&song, &alone), (&song, &mixed), (&alone, &mixed)]
                .map(|(one, other)| checker.compare(one, other, |_, _| ()).score)
        })
        .collect();
    for pair in scores.windows(2) {
        let (less, more) = (pair[0], pair[1]);
        let grows = (0..3).all(|case| more[case] >= less[case] - 0.01);
        assert!(grows, "{scores:?}");
    }
}

#[test]
fn every_song_matches_itself() {
    let checker = checker();
    let songs = [
        Recipe(vec![tune(5, 0.0, 3.0)]),
        Recipe(vec![tune(5, 0.0, 7.3)]),
        Recipe(vec![tune(5, 0.0, 40.0)]),
        Recipe(vec![tune(5, 0.0, 10.0), Part::Silence { secs: 6.0 }]),
        Recipe(vec![Part::Tone {
            hz: 330.0,
            secs: 8.0,
        }]),
        Recipe(vec![Part::Noise { seed: 0, secs: 8.0 }]),
    ];
    for song in songs {
        let report = compare(&checker, &song, &song);
        assert_eq!(report.score, 1.0, "{song:?}");
        assert!(
            report.left.coverage > 0.95,
            "{song:?}: {}",
            report.left.coverage
        );
        assert_eq!(report.passages[0].speed_ratio, 1.0);
        assert_eq!(report.passages[0].pitch_shift_semitones, 0.0);
    }
}

#[test]
fn songs_beyond_the_limits_are_refused() {
    let checker = checker();
    let code = |samples: Vec<f32>| analyse(&checker, samples).unwrap_err().code();
    let rate = RATE_HZ as usize;
    assert_eq!(code(vec![0.1; 3 * rate - 10]), "too-short");
    assert_eq!(code(vec![0.0; 10 * rate]), "silent");
    assert_eq!(code(vec![1e-6; 10 * rate]), "silent");
    let three_hours = soundalike::Waveform::new("song", vec![0.0; 3 * 3_600 * 4_000], 4_000);
    let error =
        pollster::block_on(checker.analyse("song", three_hours.unwrap(), |_, _| ())).unwrap_err();
    assert_eq!(error.code(), "too-long");
    let minutes = format!("{:.0} minutes", MAX_SONG_SECS / 60.0);
    assert!(error.to_string().contains(&minutes), "{error}");
}

#[test]
fn what_has_no_composition_has_no_passage_of_one() {
    let checker = checker();
    let secs = 20.0;
    let sounds = [
        Recipe(vec![Part::Noise { seed: 1, secs }]),
        Recipe(vec![Part::Noise { seed: 2, secs }]),
        Recipe(vec![Part::Applause { seed: 3, secs }]),
        Recipe(vec![Part::Tone { hz: 220.0, secs }]),
        Recipe(vec![Part::Tone { hz: 247.0, secs }]),
        Recipe(vec![Part::BeatingChord {
            hz: 196.0,
            secs,
            fade_db: 6.0,
        }]),
        Recipe(vec![tune(6, 0.0, 8.0)]),
        Recipe(vec![tune(7, 0.0, secs)]),
    ];
    let songs = sounds.map(|sound| analyse(&checker, sound.samples()).unwrap());
    for (index, left) in songs.iter().enumerate() {
        for right in &songs[index + 1..] {
            let report = checker.compare(left, right, |_, _| ());
            let composition = report.composition;
            assert!(composition.score < 0.5, "{composition:?}");
            assert_eq!(composition.passages, []);
        }
    }
    let comparable = |left: usize, right: usize| {
        let report = checker.compare(&songs[left], &songs[right], |_, _| ());
        report.composition.comparable
    };
    assert!(!comparable(0, 7) && !comparable(3, 4));
}
