use super::*;
use crate::test_sound::mel_power;

fn whitened(samples: &[f32]) -> WhitenedSpectrogram {
    let config = FeatureConfig::default();
    WhitenedSpectrogram::new(&mel_power(samples), Preset::Song, &config)
}

/// Two partials that start at 2 s.
fn note(hz: f64) -> Vec<f32> {
    (0..4 * 22_050)
        .map(|n| {
            let phase = std::f64::consts::TAU * hz * f64::from(n) / 22_050.0;
            if n < 2 * 22_050 {
                0.0
            } else {
                (phase.sin() + (2.0 * phase).sin()) as f32 * 0.3
            }
        })
        .collect()
}

/// The band with the greatest value at 2.2 s.
fn brightest(spectrogram: &WhitenedSpectrogram) -> usize {
    let column = spectrogram
        .column((2.2 / spectrogram.column_secs) as isize)
        .unwrap();
    (0..Preset::Song.bands())
        .max_by_key(|&band| column[band])
        .unwrap()
}

#[test]
fn a_transposition_shifts_by_whole_bands() {
    let expected = |semitones: f64| {
        let hz = 1_000.0 * (semitones / 12.0).exp2();
        ((hz / Preset::Song.lowest_hz()).log2() * (12 * BANDS_PER_SEMITONE) as f64).round() as usize
    };
    for semitones in [-7.0, -1.0, 0.0, 2.0, 5.0] {
        let found = brightest(&whitened(&note(1_000.0 * (semitones / 12.0_f64).exp2())));
        let octave = 12 * BANDS_PER_SEMITONE;
        assert!(
            found.abs_diff(expected(semitones)) <= 1
                || found.abs_diff(expected(semitones) + octave) <= 1,
            "{semitones}: band {found}"
        );
    }
}

/// A sine that starts at 2 s.
fn sine(hz: f64, amplitude: f64) -> Vec<f32> {
    (0..6 * 22_050)
        .map(|n| {
            let phase = std::f64::consts::TAU * hz * f64::from(n) / 22_050.0;
            let sounds = n >= 2 * 22_050;
            (f64::from(u8::from(sounds)) * amplitude * phase.sin()) as f32
        })
        .collect()
}

/// The column at a moment.
fn column_at(spectrogram: &WhitenedSpectrogram, secs: f64) -> &[i8] {
    spectrogram
        .column((secs / spectrogram.column_secs) as isize)
        .unwrap()
}

#[test]
fn bands_are_half_semitones_from_500_hz_to_6_khz() {
    // An octave, and three and a half, above the lowest.
    for (hz, band) in [(1_000.0, 24), (5_656.9, 84)] {
        let found = brightest(&whitened(&sine(hz, 0.3)));
        assert!(found.abs_diff(band) <= 1, "{hz} Hz: band {found}");
    }
}

#[test]
fn columns_are_no_longer_than_a_tenth_of_a_second() {
    let spectrogram = whitened(&sine(1_000.0, 0.3));
    assert!((0.07..0.1).contains(&spectrogram.column_secs));
    assert!((spectrogram.columns() as f64 * spectrogram.column_secs - 6.0).abs() < 0.2);
}

#[test]
fn a_partial_lowers_three_semitones_on_each_side() {
    let spectrogram = whitened(&sine(1_000.0, 0.3));
    let column = column_at(&spectrogram, 2.2);
    assert!(column[24] > 40, "{column:?}");
    assert!(column[24 - 5] < -3 && column[24 + 5] < -3, "{column:?}");
    assert!(column[24 - 9].abs() <= 1 && column[24 + 9].abs() <= 1);
}

#[test]
fn an_onset_shows_for_a_second_and_a_half() {
    let spectrogram = whitened(&sine(1_000.0, 0.3));
    let at = |secs| column_at(&spectrogram, secs)[24];
    assert!(at(3.2) > 10, "{}", at(3.2));
    assert!(at(3.8).abs() <= 2, "{}", at(3.8));
}

#[test]
fn sound_below_the_floor_is_hidden_and_soft_sound_is_not() {
    // A loud tone all along, and a soft one that starts at 2 s.
    let with_soft = |below_db: f64| {
        let mut samples = sine(2_828.4, 0.3 * 10.0_f64.powf(-below_db / 20.0));
        for (n, sample) in samples.iter_mut().enumerate() {
            *sample += (n as f32 * 0.1).sin() * 0.3;
        }
        column_at(&whitened(&samples), 2.3)[60]
    };
    assert!(with_soft(30.0) > 30, "{}", with_soft(30.0));
    assert!(with_soft(70.0).abs() <= 4, "{}", with_soft(70.0));
}

#[test]
fn values_fill_a_byte_and_few_reach_its_end() {
    // Three notes a second with eight partials, each of which dies away.
    let samples: Vec<f32> = (0..12 * 22_050_u32)
        .map(|n| {
            let beat = 3 * n / 22_050;
            let hz = 330.0 * (f64::from(beat * 5 % 13) / 12.0).exp2();
            let since = f64::from(3 * n % 22_050) / 22_050.0;
            let secs = f64::from(n) / 22_050.0;
            (1..=8)
                .map(|k| (std::f64::consts::TAU * hz * f64::from(k) * secs).sin())
                .sum::<f64>() as f32
                * 0.05
                * (-3.0 * since).exp() as f32
        })
        .collect();
    let values = whitened(&samples).values;
    let share = |least: u8| {
        let loud = values.iter().filter(|value| value.unsigned_abs() >= least);
        loud.count() as f64 / values.len() as f64
    };
    assert!(share(64) > 0.3, "{}", share(64));
    assert!(share(127) < 0.3, "{}", share(127));
}

#[test]
fn sustained_sound_is_removed() {
    let tone: Vec<f32> = (0..8 * 22_050)
        .map(|n| (n as f32 * 0.3).sin() * 0.3)
        .collect();
    let spectrogram = whitened(&tone);
    let middle = spectrogram.columns() as isize / 2;
    let loudest = spectrogram
        .column(middle)
        .unwrap()
        .iter()
        .map(|value| value.unsigned_abs())
        .max();
    assert!(loudest.unwrap() <= 1, "{loudest:?}");
}

#[test]
fn loudness_changes_nothing() {
    let note = note(700.0);
    let softer: Vec<f32> = note.iter().map(|sample| 0.1 * sample).collect();
    let (note, softer) = (whitened(&note), whitened(&softer));
    let off = note
        .values
        .iter()
        .zip(&softer.values)
        .map(|(a, b)| (a - b).unsigned_abs());
    assert!(off.max().unwrap() <= 1);
}

#[test]
fn there_is_nothing_beyond_the_ends() {
    let spectrogram = whitened(&note(700.0));
    let columns = spectrogram.columns() as isize;
    assert!(spectrogram.column(-1).is_none() && spectrogram.column(columns).is_none());
    assert!(spectrogram.column(0).is_some() && spectrogram.column(columns - 1).is_some());
    assert!(spectrogram.column(isize::MIN).is_none() && spectrogram.column(isize::MAX).is_none());
}

#[test]
fn products_are_over_the_bands_that_both_have() {
    let (left, right) = ([1, 2, 3, 4], [10, 20, 30, 40]);
    assert_eq!(product(&left, &right, 0), 10 + 40 + 90 + 160);
    assert_eq!(product(&left, &right, 1), 20 + 2 * 30 + 3 * 40);
    assert_eq!(product(&left, &right, -1), 2 * 10 + 3 * 20 + 4 * 30);
    assert_eq!(product(&left, &right, 9), 0);
}
