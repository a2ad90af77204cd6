use super::*;
use crate::config::FeatureConfig;
use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
use crate::test_sound::{mel_power, noise};

/// Columns of a piece, 4.2 s: each piece begins with a column.
const PIECE_COLUMNS: usize = 45;

/// A song of pieces of noise, one for each seed.
fn song(seeds: &[u32]) -> WhitenedSpectrogram {
    let piece = |seed: &u32| std::iter::repeat_with(noise(*seed)).take(PIECE_COLUMNS * 2_048);
    let samples: Vec<f32> = seeds.iter().flat_map(piece).collect();
    WhitenedSpectrogram::new(
        &mel_power(&samples),
        Preset::Song,
        &FeatureConfig::default(),
    )
}

/// An overlay of this slope, with a lag at the left song's start in pieces.
fn overlay(lag: f64, slope: f64) -> Overlay {
    Overlay {
        map: TimeMap {
            anchor: (0.0, lag * PIECE_COLUMNS as f64),
            slope,
        },
        shift_bands: 0,
    }
}

/// Start, end, and start in the right song of all parts, in pieces, to a tenth. All are at the
/// original speed.
fn assembled(left: &[u32], right: &[u32], mut maps: Vec<Overlay>) -> Vec<[f64; 3]> {
    let (left, right) = (song(left), song(right));
    let parts = assembly(&SpectrogramPair::new(&left, &right), &mut maps);
    let place = |part: &Part| {
        let map = &maps[part.map].map;
        assert_eq!(map.slope, 1.0, "{part:?}");
        let (start, end) = part.span;
        [start, end, map.at(start)].map(|at| (at / PIECE_COLUMNS as f64 * 10.0).round() / 10.0)
    };
    parts.iter().map(place).collect()
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
    let crossing = overlay(0.05, 0.9);
    let maps = vec![crossing, overlay(0.0, 1.0)];
    let parts = assembled(&[1, 8, 2, 9, 3, 4], &[1, 2, 3, 4], maps);
    assert_eq!(parts, [[0.0, 1.0, 0.0], [2.0, 3.0, 1.0], [4.0, 6.0, 2.0]]);
}
