use super::*;
use crate::test_sound;

fn map(samples: &[f32]) -> PeakMap {
    PeakMap::new(samples, &FeatureConfig::default())
}

/// Notes of half a second, by their frequencies.
fn notes(hz: &[f64]) -> Vec<f32> {
    (0..hz.len() * 11_025)
        .map(|n| {
            let secs = (n % 11_025) as f64 / 22_050.0;
            let phase = std::f64::consts::TAU * hz[n / 11_025] * secs;
            (0.3 * phase.sin() * (-4.0 * secs).exp()) as f32
        })
        .collect()
}

#[test]
fn a_note_is_a_peak_of_its_pitch() {
    let map = map(&notes(&[440.0, 587.33, 1_000.0, 3_000.0]));
    for (note, hz) in [440.0_f64, 587.33, 1_000.0, 3_000.0]
        .into_iter()
        .enumerate()
    {
        let steps = (hz / 110.0).log2() * f64::from(12 * STEPS_PER_SEMITONE);
        let start = note as f64 * 0.5 / map.frame_secs;
        let of_note = &map.peaks[map.range((start, start + 8.0))];
        assert!(
            of_note
                .iter()
                .any(|peak| (f64::from(peak.pitch) - steps).abs() <= 1.5),
            "{hz} Hz, {steps} steps: {of_note:?}"
        );
    }
}

#[test]
fn drums_have_few_peaks() {
    let mut next = test_sound::noise(3);
    let drums: Vec<f32> = (0..8 * 22_050)
        .map(|n| next() * (-f64::from(n % 5_512) / 400.0).exp() as f32)
        .collect();
    let drums = map(&drums);
    let mut next = test_sound::noise(3);
    let noise: Vec<f32> = (0..8 * 22_050).map(|_| next()).collect();
    let (drums, noise) = (drums.peaks.len(), map(&noise).peaks.len());
    assert!(
        drums * 4 < noise,
        "{drums} of drums, {noise} of steady noise"
    );
}

#[test]
fn a_second_has_at_most_45_peaks() {
    let mut next = test_sound::noise(5);
    let samples: Vec<f32> = (0..6 * 22_050).map(|_| next() * 0.3).collect();
    let map = map(&samples);
    for first in (0..map.frames).step_by(BLOCK_FRAMES) {
        let second = map.range((first as f64, (first + BLOCK_FRAMES) as f64));
        assert!(second.len() <= 45, "{}", second.len());
    }
    assert!(map.is_consistent(6.0, &FeatureConfig::default()));
}

#[test]
fn silence_has_no_peaks() {
    assert_eq!(map(&vec![0.0; 44_100]).peaks, []);
}

#[test]
fn forged_peaks_are_noticed() {
    let map = map(&notes(&[440.0, 587.33, 1_000.0, 3_000.0]));
    let is_consistent = |change: fn(&mut PeakMap)| {
        let mut forged = map.clone();
        change(&mut forged);
        forged.is_consistent(2.0, &FeatureConfig::default())
    };
    assert!(is_consistent(|_| ()));
    assert!(!is_consistent(|map| map.peaks[0].frame = 10_000));
    assert!(!is_consistent(|map| map.peaks.reverse()));
    assert!(!is_consistent(|map| map.frames = 1_000));
    assert!(!is_consistent(|map| map.frame_secs = 0.0));
    assert!(!is_consistent(|map| {
        let last = map.peaks.len() - 1;
        map.peaks[last].pitch = PITCHES as u16;
    }));
    assert!(!is_consistent(|map| map.peaks = vec![map.peaks[0]; 10_000]));
}
