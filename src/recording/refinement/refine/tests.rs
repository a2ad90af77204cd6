use super::*;
use crate::config::FeatureConfig;
use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
use crate::test_sound::mel_power;

/// An integer hash.
fn hash(number: u32) -> u32 {
    let mut hash = (number ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
    hash ^ (hash >> 15)
}

/// Notes that don't repeat, four a second at speed 1, with eight partials.
fn melody(from_secs: f64, secs: f64, semitones: f64, speed: f64) -> Vec<f32> {
    (0..(secs * 22_050.0) as u64)
        .map(|n| {
            let secs = n as f64 / 22_050.0;
            let moment = (from_secs + secs * speed) * 4.0;
            let note = f64::from(hash(moment as u32) % 16);
            let hz = 330.0 * ((note + semitones) / 12.0).exp2();
            let strength = (-3.0 * moment.fract()).exp();
            (1..=8)
                .map(|k| {
                    let phase = std::f64::consts::TAU * hz * f64::from(k) * secs;
                    strength * phase.sin() / f64::from(k)
                })
                .sum::<f64>() as f32
                * 0.3
        })
        .collect()
}

fn whitened(samples: &[f32]) -> WhitenedSpectrogram {
    let config = FeatureConfig::default();
    WhitenedSpectrogram::new(&mel_power(samples), Preset::Song, &config)
}

/// The alignment near a rough one, given by its seconds in both songs.
fn refined_from(
    pair: &SpectrogramPair<'_>,
    left_secs: (f64, f64),
    right_secs: (f64, f64),
) -> Alignment {
    refined(pair, left_secs, &TimeMap::fitted_to(left_secs, right_secs))
}

/// Whether all four times are right to 0.3 s, little more than three columns.
fn assert_times(found: &Alignment, left: (f64, f64), right: (f64, f64)) {
    let off = [
        found.left_secs.0 - left.0,
        found.left_secs.1 - left.1,
        found.right_secs().0 - right.0,
        found.right_secs().1 - right.1,
    ];
    assert!(
        off.iter().all(|off| off.abs() < 0.3),
        "{found:?}, not {left:?} {right:?}"
    );
}

#[test]
fn a_rough_place_becomes_exact_at_any_speed_and_pitch() {
    let left = whitened(&melody(0.0, 30.0, 0.0, 1.0));
    for (speed, semitones) in [
        (1.0, 0.0),
        (1.0, 1.0),
        (0.8, -3.0),
        (1.25, 2.0),
        (1.07, 0.0),
        (1.4, 5.0),
        (1.0, 12.0),
    ] {
        // 10 s of the left song, from 12 s on, between other music.
        let secs = 10.0 / speed;
        let mut samples = melody(5_000.0, 8.0, 0.0, 1.0);
        samples.extend(melody(12.0, secs, semitones, speed));
        samples.extend(melody(6_000.0, 8.0, 0.0, 1.0));
        let right = whitened(&samples);
        // A second off, its ends too, and as if the speed were half as much changed.
        let found = refined_from(
            &SpectrogramPair::new(&left, &right),
            (11.0, 22.8),
            (7.4, 7.4 + 11.8 / speed.sqrt()),
        );
        assert_times(&found, (12.0, 22.0), (8.0, 8.0 + secs));
        assert!(
            (found.map.slope * speed - 1.0).abs() < 0.01,
            "speed {speed}: {found:?}"
        );
        assert!(
            (found.semitones - semitones).abs() < 0.25,
            "speed {speed}: {found:?}"
        );
        assert!(found.correlation > 0.4, "speed {speed}: {found:?}");
    }
}

#[test]
fn a_place_nearly_3_s_off_becomes_exact() {
    let left = whitened(&melody(0.0, 30.0, 0.0, 1.0));
    let mut samples = melody(5_000.0, 8.0, 0.0, 1.0);
    samples.extend(melody(12.0, 10.0, 0.0, 1.0));
    samples.extend(melody(6_000.0, 8.0, 0.0, 1.0));
    let right = whitened(&samples);
    let pair = SpectrogramPair::new(&left, &right);
    for off in [-2.7, 2.7] {
        let found = refined_from(&pair, (12.0, 22.0), (8.0 + off, 18.0 + off));
        assert_times(&found, (12.0, 22.0), (8.0, 18.0));
    }
}

#[test]
fn ends_move_by_up_to_8_s_at_a_time() {
    let song = whitened(&melody(0.0, 60.0, 0.0, 1.0));
    let pair = SpectrogramPair::new(&song, &song);
    let overlay = Overlay {
        map: TimeMap {
            anchor: (0.0, 0.0),
            slope: 1.0,
        },
        shift_bands: 0,
    };
    let columns = |secs: f64| (secs / song.column_secs).round();
    let (start, end) = pair.ends(&overlay, (columns(28.0), columns(34.0)));
    let secs = (start * song.column_secs, end * song.column_secs);
    assert!(
        (secs.0 - 20.0).abs() < 0.2 && (secs.1 - 42.0).abs() < 0.2,
        "{secs:?}"
    );
}

#[test]
fn different_music_does_not_correlate() {
    let left = whitened(&melody(0.0, 30.0, 0.0, 1.0));
    let right = whitened(&melody(3_000.0, 30.0, 0.0, 1.0));
    let pair = SpectrogramPair::new(&left, &right);
    let found = refined_from(&pair, (8.0, 20.0), (9.0, 21.0));
    assert!(found.correlation < 0.25, "{found:?}");
}

#[test]
fn two_silent_songs_keep_the_rough_place() {
    let silence = whitened(&vec![0.0; 10 * 22_050]);
    let pair = SpectrogramPair::new(&silence, &silence);
    let found = refined_from(&pair, (2.0, 8.0), (3.0, 9.0));
    assert_times(&found, (2.0, 8.0), (3.0, 9.0));
    assert_eq!(found.correlation, 1.0);
}

#[test]
fn places_beyond_the_ends_are_no_panic() {
    let song = whitened(&melody(0.0, 10.0, 0.0, 1.0));
    for (left, right) in [
        ((7.0, 30.0), (50.0, 60.0)),
        ((-5.0, -2.0), (1.0, 4.0)),
        ((4.0, 4.05), (4.0, 4.05)),
    ] {
        let found = refined_from(&SpectrogramPair::new(&song, &song), left, right);
        assert!(
            found.map.slope.is_finite() && found.semitones.is_finite(),
            "{found:?}"
        );
    }
}

#[test]
fn the_cost_of_a_passage_is_bounded_whatever_its_length() {
    let columns_multiplied = |secs: f64| {
        let song = whitened(&melody(0.0, secs + 2.0, 0.0, 1.0));
        let pair = SpectrogramPair::new(&song, &song);
        let _ = refined_from(&pair, (1.0, secs), (1.5, secs + 0.5));
        pair.columns_multiplied.get()
    };
    // The line of a short passage may be turned farther.
    assert!(
        columns_multiplied(20.0) < 360_000,
        "{}",
        columns_multiplied(20.0)
    );
    assert!(
        columns_multiplied(100.0) < 235_000,
        "{}",
        columns_multiplied(100.0)
    );
}

#[test]
fn ends_40_s_outside_of_the_rough_ones_are_found() {
    let left = whitened(&melody(0.0, 100.0, 0.0, 1.0));
    let mut samples = melody(5_000.0, 5.0, 0.0, 1.0);
    samples.extend(melody(3.0, 78.0, 0.0, 1.0));
    samples.extend(melody(6_000.0, 5.0, 0.0, 1.0));
    let right = whitened(&samples);
    let pair = SpectrogramPair::new(&left, &right);
    let found = refined_from(&pair, (38.0, 46.0), (40.5, 48.5));
    assert_times(&found, (3.0, 81.0), (5.0, 83.0));
}

#[test]
fn the_line_is_fitted_again_when_farther_ends_are_found() {
    for speed in [0.97, 1.03, 1.25] {
        let left = whitened(&melody(0.0, 60.0, 0.0, 1.0));
        let mut samples = melody(5_000.0, 8.0, 0.0, 1.0);
        samples.extend(melody(5.0, 40.0 / speed, 0.0, speed));
        samples.extend(melody(6_000.0, 8.0, 0.0, 1.0));
        let right = whitened(&samples);
        let pair = SpectrogramPair::new(&left, &right);
        let found = refined_from(&pair, (6.0, 11.0), (9.0, 14.0));
        assert_times(&found, (5.0, 45.0), (8.0, 8.0 + 40.0 / speed));
    }
}
