use super::*;
use crate::recording::refinement::whitened::test_spectrogram;

/// Columns of a window. Not the constant itself, which `tests/songs/mutants.js` makes a function.
const WINDOW: usize = 22;
/// Columns of a piece, 4.2 s.
const PIECE_COLUMNS: usize = 45;

/// Pieces of the same length.
fn pieces(seeds: &[u32]) -> Vec<(u32, usize)> {
    seeds.iter().map(|seed| (*seed, PIECE_COLUMNS)).collect()
}

/// An overlay of this slope, with a lag at the left song's start in columns.
fn overlay(lag: f64, slope: f64) -> Overlay {
    Overlay {
        map: TimeMap {
            anchor: (0.0, lag),
            slope,
        },
        shift_bands: 0,
    }
}

/// The same as `parts`, for two songs of pieces: with start, end, and start in the right song of
/// all parts. All are at the original speed.
fn places(
    left: &[(u32, usize)],
    right: &[(u32, usize)],
    mut maps: Vec<Overlay>,
    parts: fn(&SpectrogramPair<'_>, &mut Vec<Overlay>) -> Vec<Part>,
) -> Vec<[f64; 3]> {
    let (left, right) = (test_spectrogram(left), test_spectrogram(right));
    let parts = parts(&SpectrogramPair::new(&left, &right), &mut maps);
    let place = |part: &Part| {
        let map = &maps[part.map].map;
        assert_eq!(map.slope, 1.0, "{part:?}");
        [part.span.0, part.span.1, map.at(part.span.0)]
    };
    parts.iter().map(place).collect()
}

/// The parts of two songs of pieces of one length, in pieces, to a tenth.
fn assembled(left: &[u32], right: &[u32], maps: Vec<Overlay>) -> Vec<[f64; 3]> {
    let tenths = |at: f64| (at / PIECE_COLUMNS as f64 * 10.0).round() / 10.0;
    places(&pieces(left), &pieces(right), maps, assembly)
        .iter()
        .map(|place| place.map(tenths))
        .collect()
}

/// Whether the window of a piece is added on another map, where a path along `map` has this gain.
fn is_added(right: &[(u32, usize)], map: Overlay, gain: f32) -> bool {
    let (left, right) = (test_spectrogram(&pieces(&[1])), test_spectrogram(right));
    let pair = SpectrogramPair::new(&left, &right);
    let path = [Some(0); WINDOW];
    add_near_maps(&pair, &mut vec![map], &path, &[vec![gain; WINDOW]])
}

#[test]
fn a_cut_piece_is_on_another_map() {
    let parts = assembled(&[1, 2, 3, 4], &[1, 3, 4], vec![overlay(0.0, 1.0)]);
    assert_eq!(parts, [[0.0, 1.0, 0.0], [2.0, 4.0, 1.0]]);
}

#[test]
fn foreign_music_is_in_no_part() {
    let parts = assembled(&[1, 2], &[1, 7, 2], vec![overlay(0.0, 1.0)]);
    assert_eq!(parts, [[0.0, 1.0, 0.0], [1.0, 2.0, 2.0]]);
}

#[test]
fn a_piece_that_plays_twice_has_two_parts() {
    let parts = assembled(&[1, 2, 3], &[1, 2, 2, 3], vec![overlay(0.0, 1.0)]);
    assert_eq!(parts, [[0.0, 2.0, 0.0], [1.0, 3.0, 2.0]]);
}

#[test]
fn exact_parts_displace_a_line_of_a_wrong_speed() {
    // It passes near the middle of all parts.
    let maps = vec![overlay(2.0, 0.9), overlay(0.0, 1.0)];
    let parts = assembled(&[1, 8, 2, 9, 3, 4], &[1, 2, 3, 4], maps);
    assert_eq!(parts, [[0.0, 1.0, 0.0], [2.0, 3.0, 1.0], [4.0, 6.0, 2.0]]);
}

#[test]
fn a_part_is_looked_for_up_to_ten_seconds_beside_the_path() {
    let found = |inserted: usize| {
        let right = [(1, PIECE_COLUMNS), (7, inserted), (2, PIECE_COLUMNS)];
        let maps = vec![overlay(0.0, 1.0)];
        let parts = |pair: &SpectrogramPair<'_>, maps: &mut Vec<Overlay>| along(pair, maps, &[]);
        places(&pieces(&[1, 2]), &right, maps, parts).len()
    };
    assert_eq!(found(110), 2);
    assert_eq!(found(120), 1);
}

#[test]
fn the_fifth_part_of_a_chain_is_too_far() {
    let left = pieces(&[1, 2, 3, 4, 5]);
    let insert = |piece: &(u32, usize)| [*piece, (piece.0 + 10, 100)];
    let right: Vec<_> = left.iter().flat_map(insert).collect();
    let parts = |pair: &SpectrogramPair<'_>, maps: &mut Vec<Overlay>| along(pair, maps, &[]);
    let found = places(&left, &right, vec![overlay(0.0, 1.0)], parts);
    let lags: Vec<f64> = found
        .iter()
        .map(|[start, _, right]| right - start)
        .collect();
    assert_eq!(lags, [0.0, 100.0, 200.0, 300.0]);
}

#[test]
fn maps_and_windows_are_limited() {
    // Each piece lies on a map of its own.
    let left = pieces(&(1..=40).collect::<Vec<_>>());
    let insert = |piece: &(u32, usize)| [*piece, (piece.0 + 100, 2)];
    let right: Vec<_> = left.iter().flat_map(insert).collect();
    let songs = [test_spectrogram(&left), test_spectrogram(&right)];
    let pair = SpectrogramPair::new(&songs[0], &songs[1]);
    let mut maps = vec![overlay(0.0, 1.0)];
    along(&pair, &mut maps, &[]);
    assert_eq!(maps.len(), 32);

    let long = [1, 2].map(|seed| test_spectrogram(&[(9, 45), (seed, 3_000)]));
    let pair = SpectrogramPair::new(&long[0], &long[1]);
    along(&pair, &mut vec![overlay(0.0, 1.0)], &[]);
    // Of the windows and the lags.
    let columns = 128 * 231 * WINDOW;
    assert_eq!(pair.columns_multiplied.get(), columns);
}

#[test]
fn a_window_that_the_path_explains_needs_no_other_map() {
    let right = [(7, 20), (1, PIECE_COLUMNS)];
    assert!(is_added(&right, overlay(0.0, 1.0), 0.15));
    assert!(!is_added(&right, overlay(0.0, 1.0), 0.25));
}

#[test]
fn a_window_at_another_lag_correlates_well() {
    // So many of the columns of each window are those of the piece.
    let of_22 = |equal: usize| {
        let piece = |first: usize| [(1, first + equal), (7, WINDOW - equal)];
        [[(8, 20), (0, 0)], piece(0)].concat()
    };
    assert!(is_added(&of_22(18), overlay(0.0, 1.0), -0.4));
    assert!(!is_added(&of_22(12), overlay(0.0, 1.0), -0.4));
}

#[test]
fn where_a_map_is_nearly_at_the_original_speed_that_is_tried_near_it() {
    let right = |lag: usize| [(7, lag), (1, PIECE_COLUMNS)];
    assert!(is_added(&right(20), overlay(0.0, 1.02), 0.35));
    assert!(!is_added(&right(30), overlay(0.0, 1.02), 0.35));
    // Around column 11, at 5 % two of 22 columns are others, at 4.5 % one.
    let map = |slope: f64, lag: f64| Overlay {
        map: TimeMap {
            anchor: (11.0, 31.0 + lag),
            slope,
        },
        shift_bands: 0,
    };
    assert!(is_added(&right(20), map(1.05, 0.0), 0.35));
    assert!(!is_added(&right(20), map(1.045, 0.05), 0.35));
    assert!(!is_added(&right(20), map(1.01, 0.0), 0.35));
}

#[test]
fn cuts_imitate_up_to_a_tenth_of_speed() {
    assert!(is_nearly_original(&overlay(0.0, 1.08)) && is_nearly_original(&overlay(0.0, 0.92)));
    assert!(!is_nearly_original(&overlay(0.0, 1.15)) && !is_nearly_original(&overlay(0.0, 1.0)));
    let shifted = |shift_bands| Overlay {
        shift_bands,
        ..overlay(0.0, 1.05)
    };
    assert!(is_nearly_original(&shifted(-1)) && !is_nearly_original(&shifted(2)));
}

#[test]
fn a_column_gains_its_correlation_with_its_neighbours() {
    let left = test_spectrogram(&pieces(&[1, 2]));
    let right = test_spectrogram(&pieces(&[1, 0]));
    let pair = SpectrogramPair::new(&left, &right);
    let gains = gains_on(&pair, &overlay(0.0, 1.0));
    assert!((gains[20] - 0.4).abs() < 1e-6, "{}", gains[20]);
    assert!((gains_on(&pair, &overlay(0.0, 1.0001))[20] - 0.32).abs() < 1e-6);
    // Only the left song has an onset.
    assert_eq!(gains[PIECE_COLUMNS + 1], -0.2);
    assert!(gains[PIECE_COLUMNS] > -0.2, "its neighbour has one in both");
}

#[test]
fn another_map_needs_a_gain_of_nine_and_none_of_half_as_much() {
    let maps = [overlay(0.0, 1.0), overlay(45.0, 1.0)];
    // The gain at a change to the other map is 0.35 for each column, less a distance of 0.38.
    let end = |columns: usize, gain: f32| {
        let ends = [
            [vec![0.3; 40], vec![0.0; columns]],
            [vec![-1.0; 40], vec![gain; columns]],
        ];
        best_path(&ends.map(|gains| gains.concat()), &maps)
            .pop()
            .flatten()
    };
    assert_eq!(end(28, 0.35), Some(1));
    assert_eq!(end(26, 0.35), Some(0));
    let end = |columns: usize| {
        let gains = [vec![0.3; 40], vec![-0.4; columns]].concat();
        best_path(&[gains], &maps[..1]).pop().flatten()
    };
    assert_eq!((end(12), end(10)), (None, Some(0)));
}

#[test]
fn of_equal_maps_the_nearest_is_taken() {
    let maps = [overlay(0.0, 1.0), overlay(1.0, 1.0), overlay(5.0, 1.0)];
    let end = |more: f32| {
        let far = [vec![-1.0; 40], vec![0.35; 29], vec![0.35 + more]].concat();
        let near = [vec![-1.0; 40], vec![0.35; 30]].concat();
        best_path(
            &[[vec![0.3; 40], vec![-1.0; 30]].concat(), near, far],
            &maps,
        )
        .pop()
        .flatten()
    };
    // The penalties differ by 0.11.
    assert_eq!(
        (end(0.0), end(0.08), end(0.13)),
        (Some(1), Some(1), Some(2))
    );
}

#[test]
fn both_songs_paths_take_the_same_map() {
    let maps = [overlay(0.0, 1.0), overlay(45.0, 1.0)];
    let taken = |gain: f32| {
        let mut other = vec![gain; 60];
        favour(&mut other, (-3.0, 60.0));
        best_path(&[vec![0.35; 60], other], &maps)[30]
    };
    assert_eq!((taken(0.28), taken(0.2)), (Some(1), Some(0)));
    let mut gains = vec![0.0; 6];
    favour(&mut gains, (2.0, 4.0));
    assert_eq!(gains, [0.0, 0.0, AGREEMENT_GAIN, AGREEMENT_GAIN, 0.0, 0.0]);
}

#[test]
fn a_part_has_two_seconds_and_a_shorter_gap_belongs_to_it() {
    let spans = |columns: usize| {
        let path = [vec![None; 5], vec![Some(0); columns]].concat();
        parts(&path)
            .iter()
            .map(|part| part.span)
            .collect::<Vec<_>>()
    };
    assert_eq!(spans(22), [(5.0, 27.0)]);
    assert_eq!(spans(21), []);
    let part = |start: f64, end: f64, map: usize| Part {
        span: (start, end),
        map,
    };
    let pair = |gap: f64, map: usize| joined(vec![part(40.0 + gap, 90.0, map), part(0.0, 40.0, 0)]);
    assert_eq!(pair(20.0, 0), [part(0.0, 90.0, 0)]);
    assert_eq!(pair(30.0, 0), [part(0.0, 40.0, 0), part(70.0, 90.0, 0)]);
    assert_eq!(pair(20.0, 1), [part(0.0, 40.0, 0), part(60.0, 90.0, 1)]);
}

#[test]
fn maps_that_stay_near_each_other_for_eight_seconds_are_the_same() {
    let one = overlay(0.0, 1.0);
    assert!(is_same(&one, &overlay(0.0, 1.01), 0.0));
    assert!(!is_same(&one, &overlay(0.0, 1.02), 0.0));
    assert!(!is_same(&one, &overlay(1.0, 1.0), 0.0));
    let shifted = |shift_bands| Overlay { shift_bands, ..one };
    assert!(is_same(&one, &shifted(1), 0.0) && !is_same(&one, &shifted(2), 0.0));
}
