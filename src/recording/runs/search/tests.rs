use super::*;
use crate::recording::segments::test_segments;

const CALIBRATION: Calibration = Calibration { knots: Vec::new() };

/// A matrix of unrelated segments (logit -6) with copies (logit 5) along lines
/// `(first row, last row, first column, slope)`.
fn matrix(rows: usize, columns: usize, lines: &[(usize, usize, f64, f64)]) -> ScoreMatrix {
    let mut logits = vec![-6.0; rows * columns];
    for &(first, last, column, slope) in lines {
        for row in first..=last {
            let column = (column + slope * (row - first) as f64).round() as usize;
            // Segments overlap, so that the neighbours of a match resemble it too.
            let near = column.saturating_sub(1)..=(column + 1).min(columns - 1);
            logits[row * columns..][near].fill(4.5);
            logits[row * columns + column] = 5.0;
        }
    }
    ScoreMatrix {
        rows,
        columns,
        logits,
    }
}

fn found(matrix: &ScoreMatrix) -> Vec<Run> {
    runs(
        matrix,
        &test_segments(matrix.rows),
        &test_segments(matrix.columns),
        &CALIBRATION,
    )
}

#[test]
fn passages_are_found_where_they_lie_with_their_slope() {
    for slope in [0.71, 0.8, 1.0, 1.25, 1.42] {
        let matrix = matrix(100, 120, &[(20, 60, 10.0, slope)]);
        let runs = found(&matrix);
        assert_eq!(runs.len(), 1, "slope {slope}");
        let run = &runs[0];
        assert!(
            run.first_row.abs_diff(20) <= 2 && run.last_row.abs_diff(60) <= 2,
            "slope {slope}: {run:?}"
        );
        assert!(
            (run.map.slope / slope - 1.0).abs() < 0.03,
            "slope {slope}: {run:?}"
        );
        assert!(
            (run.first_column() - 10.0).abs() <= 3.0,
            "slope {slope}: {run:?}"
        );
    }
}

#[test]
fn every_use_of_a_loop_is_found() {
    let lines = [
        (10, 25, 5.0, 1.0),
        (40, 55, 5.0, 1.0),
        (70, 85, 5.0, 1.0),
        (10, 25, 60.0, 1.0),
    ];
    assert_eq!(found(&matrix(100, 90, &lines)).len(), 4);
}

#[test]
fn a_run_that_stronger_ones_explain_is_dropped() {
    // A phrase of 15 segments played four times, against itself: the diagonal covers everything.
    let mut repeating = matrix(60, 60, &[(0, 59, 0.0, 1.0)]);
    for (row, column) in (0..60).flat_map(|row| (0..60).map(move |column| (row, column))) {
        if row % 15 == column % 15 {
            repeating.logits[row * 60 + column] = 5.0;
        }
    }
    let runs = found(&repeating);
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert_eq!((runs[0].first_row, runs[0].last_row), (0, 59));
}

#[test]
fn unrelated_songs_and_single_matches_give_no_run() {
    assert!(found(&matrix(100, 100, &[])).is_empty());
    assert!(found(&matrix(100, 100, &[(20, 20, 50.0, 1.0)])).is_empty());
    // However alike two single segments are.
    let mut alike = matrix(100, 100, &[]);
    alike.logits[20 * 100 + 50] = 12.0;
    assert!(found(&alike).is_empty());
}

#[test]
fn two_certain_segments_are_a_run() {
    assert_eq!(found(&matrix(100, 100, &[(20, 21, 50.0, 1.0)])).len(), 1);
}

#[test]
fn a_song_of_one_segment_is_found_when_it_is_very_alike() {
    let with = |logit: f32| {
        let mut matrix = matrix(1, 100, &[]);
        matrix.logits[40] = logit;
        found(&matrix).len()
    };
    assert_eq!((with(3.5), with(5.0)), (0, 1));
}

#[test]
fn a_passage_is_found_once_though_its_neighbours_resemble_it() {
    let mut matrix = matrix(40, 40, &[]);
    for row in 10..14 {
        // The next 4 s resemble it: three neighbours overlap with a segment, and a chord goes on.
        matrix.logits[row * 40 + row + 5..][..11].fill(4.0);
        matrix.logits[row * 40 + row + 10] = 5.0;
    }
    let runs = found(&matrix);
    assert_eq!(runs.len(), 1, "{runs:?}");
}

#[test]
fn passages_a_few_seconds_apart_are_two() {
    // As a phrase of 8 s gives that is played twice: 4 rows each, 6 columns apart.
    let lines = [(20, 23, 20.0, 1.0), (20, 23, 26.0, 1.0)];
    assert_eq!(found(&matrix(60, 60, &lines)).len(), 2);
}

#[test]
fn a_run_that_is_explained_by_less_than_half_stays() {
    // The second shares 9 of its 20 rows with the first, and 9 of its 20 columns with the third.
    let lines = [(0, 24, 0.0, 1.0), (16, 35, 50.0, 1.0), (60, 84, 61.0, 1.0)];
    assert_eq!(found(&matrix(100, 100, &lines)).len(), 3);
}

#[test]
fn blank_segments_match_nothing() {
    let matrix = matrix(60, 60, &[(5, 40, 5.0, 1.0)]);
    let mut blank = test_segments(60);
    blank.blank[..50].fill(true);
    assert!(runs(&matrix, &blank, &test_segments(60), &CALIBRATION).is_empty());
}

#[test]
fn a_song_with_itself_is_one_run_from_end_to_end() {
    for length in [1, 3, 7, 50] {
        let runs = found(&matrix(length, length, &[(0, length - 1, 0.0, 1.0)]));
        assert_eq!(runs.len(), 1, "{length} segments");
        assert_eq!((runs[0].first_row, runs[0].last_row), (0, length - 1));
        assert_eq!((runs[0].first_column(), runs[0].map.slope), (0.0, 1.0));
        assert!((runs[0].mean_logit - 5.0).abs() < 1e-6);
    }
}

#[test]
fn runs_that_continue_each_other_are_joined() {
    let gap = |rows: usize| (20 + rows, 45, 15.0 + rows as f64, 1.0);
    let count = |second| found(&matrix(60, 70, &[(5, 20, 0.0, 1.0), second])).len();
    let runs = found(&matrix(60, 70, &[(5, 20, 0.0, 1.0), gap(6)]));
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(runs[0].first_row.abs_diff(5) <= 2 && runs[0].last_row.abs_diff(45) <= 2);
    assert_eq!(count(gap(14)), 2, "too far apart");
    assert_eq!(count((26, 45, 30.0, 1.0)), 2, "beside the line");
}

#[test]
fn a_run_continues_another_near_its_line() {
    let run = |first_row, rows, first_column| Run {
        first_row,
        last_row: first_row + rows - 1,
        map: TimeMap {
            anchor: (first_row as f64, first_column),
            slope: 1.0,
        },
        evidence: 30.0,
        mean_logit: 4.0,
    };
    let short = run(0, 15, 0.0);
    assert!(continues(&short, &run(20, 15, 21.2)), "a column beside");
    assert!(!continues(&short, &run(18, 15, 20.2)), "two columns beside");
    assert!(continues(&short, &run(22, 15, 22.0)), "8 rows on");
    assert!(!continues(&short, &run(23, 15, 22.0)), "9 rows on");
    // The ends of a long run are less certain: here the middles are 150 rows apart, and three
    // columns are allowed.
    let long = run(0, 148, 0.0);
    assert!(continues(&long, &run(150, 148, 152.5)));
    assert!(!continues(&long, &run(150, 148, 154.0)));
}

#[test]
fn the_search_ends_however_much_there_is_to_find() {
    // A loop that fills one song, and 60 uses of it in another.
    let uses: Vec<_> = (0..60)
        .map(|use_| (2, 12, 16.0 * f64::from(use_), 1.0))
        .collect();
    assert_eq!(found(&matrix(15, 16 * 60, &uses)).len(), MOST_SEARCHES);
    assert_eq!(found(&matrix(15, 16 * 40, &uses[..40])).len(), 40);
}

#[test]
fn times_belong_to_the_middles_of_segments() {
    let run = Run {
        first_row: 4,
        last_row: 12,
        map: TimeMap {
            anchor: (4.0, 10.0),
            slope: 1.25,
        },
        evidence: 20.0,
        mean_logit: 4.0,
    };
    let (left, map) = rough_secs(&run, &test_segments(40), &test_segments(60));
    let right = map.span(left);
    assert_eq!(left, (3.0, 12.0));
    // The middle of the first segment, at 4.5 s, is mapped to 9 s; the start, 1.5 s before it, to
    // 9 - 1.5 * 1.25.
    assert!((right.0 - 7.125).abs() < 1e-9 && (right.1 - (7.125 + 9.0 * 1.25)).abs() < 1e-9);
}

#[test]
fn a_share_is_of_the_union() {
    let span = (10.0, 20.0);
    assert_eq!(covered_share(span, vec![]), 0.0);
    assert_eq!(
        covered_share(span, vec![(0.0, 12.0), (11.0, 15.0), (19.0, 30.0)]),
        0.6
    );
    assert_eq!(covered_share(span, vec![(0.0, 50.0), (12.0, 13.0)]), 1.0);
}
