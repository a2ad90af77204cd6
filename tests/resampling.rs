//! The resampler against its specification: level, phase, time and purity at the rates of songs.
//! Natively, on a browser page and in a worker.

use std::f64::consts::TAU;

use soundalike::Waveform;
use wasm_bindgen_test::wasm_bindgen_test;

const MODEL_RATE_HZ: u32 = 22_050;
/// Common sample rates of songs: CD, video and twice that, tape, telephone.
const SONG_RATES_HZ: [u32; 6] = [44_100, 48_000, 96_000, 32_000, 16_000, 8_000];
/// Samples to ignore at both ends of a resampled tone: its abrupt start and end are broad-band.
const TRANSIENT_SAMPLES: usize = 2_205;

fn waveform(samples: Vec<f32>, sample_rate_hz: u32) -> Waveform {
    Waveform::new("test signal", samples, sample_rate_hz)
        .unwrap_or_else(|error| panic!("a finite signal at {sample_rate_hz} Hz: {error}"))
}

fn resampled(sample_rate_hz: u32, duration_secs: f64, value: impl Fn(f64) -> f64) -> Vec<f32> {
    let samples = (duration_secs * f64::from(sample_rate_hz)).round() as usize;
    let samples: Vec<f32> = (0..samples)
        .map(|n| value(n as f64 / f64::from(sample_rate_hz)) as f32)
        .collect();
    let waveform = waveform(samples, sample_rate_hz).resampled(MODEL_RATE_HZ);
    assert_eq!(waveform.sample_rate_hz(), MODEL_RATE_HZ);
    let (actual, expected) = (
        waveform.samples().len() as f64,
        duration_secs * f64::from(MODEL_RATE_HZ),
    );
    assert!(
        (actual - expected).abs() <= 1.0,
        "{sample_rate_hz} Hz: {actual} samples, expected {expected}"
    );
    waveform.samples().to_vec()
}

fn level_db(samples: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = samples.fold((0.0, 0.0), |(count, sum), sample| {
        (count + 1.0, sum + sample * sample)
    });
    10.0 * (sum / count).log10()
}

/// Tests level, phase and purity of tones. A change of frequency would count as impurity.
#[wasm_bindgen_test(unsupported = test)]
fn a_resampled_tone_is_the_same_tone() {
    for rate_hz in SONG_RATES_HZ {
        for tone_hz in [100.0, 1_000.0, 3_000.0, 9_000.0] {
            if tone_hz > 0.4 * f64::from(rate_hz) {
                continue;
            }
            let samples = resampled(rate_hz, 1.25, |t| 0.5 * (TAU * tone_hz * t).sin());
            let angle = |n: usize| TAU * tone_hz * n as f64 / f64::from(MODEL_RATE_HZ);
            // In one second each tone has a whole number of periods, so that sine and cosine are
            // orthogonal.
            let second = TRANSIENT_SAMPLES..TRANSIENT_SAMPLES + MODEL_RATE_HZ as usize;
            let part = |basis: fn(f64) -> f64| {
                let sum: f64 = second
                    .clone()
                    .map(|n| f64::from(samples[n]) * basis(angle(n)))
                    .sum();
                sum * 2.0 / f64::from(MODEL_RATE_HZ)
            };
            let (in_phase, quadrature) = (part(f64::sin), part(f64::cos));
            let level = in_phase.hypot(quadrature);
            let delay_samples = -quadrature.atan2(in_phase) / angle(1);
            let residual_db = level_db(second.clone().map(|n| {
                f64::from(samples[n]) - in_phase * angle(n).sin() - quadrature * angle(n).cos()
            }));
            let found = format!(
                "{tone_hz} Hz at {rate_hz} Hz: level {level:.5}, {delay_samples:.2} samples late, \
                 residual {residual_db:.0} dBFS"
            );
            println!("{found}");
            assert!((level - 0.5).abs() < 1e-3, "{found}");
            // A filter of odd length has a centre between two samples.
            assert!(delay_samples.abs() < 0.51, "{found}");
            assert!(residual_db < -100.0, "{found}");
        }
    }
}

/// A pulse shows every delay. A tone doesn't show a delay of whole periods.
#[wasm_bindgen_test(unsupported = test)]
fn a_resampled_pulse_keeps_its_time() {
    for rate_hz in SONG_RATES_HZ {
        for pulse_secs in [0.05, 0.5, 1.9] {
            // A Gaussian of 1 ms: its spectrum is below -100 dB at 4 kHz, the lowest Nyquist
            // frequency.
            let pulse = |t: f64| (-0.5 * ((t - pulse_secs) / 0.001).powi(2)).exp();
            let samples = resampled(rate_hz, 2.0, pulse);
            let (moment, sum) =
                samples
                    .iter()
                    .enumerate()
                    .fold((0.0, 0.0), |(moment, sum), (n, sample)| {
                        let power = f64::from(*sample).powi(2);
                        (moment + power * n as f64, sum + power)
                    });
            let delay_samples = moment / sum - pulse_secs * f64::from(MODEL_RATE_HZ);
            assert!(
                delay_samples.abs() < 0.51,
                "{rate_hz} Hz: late by {delay_samples:.2} samples"
            );
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn tones_above_the_model_rate_leave_no_alias() {
    for (rate_hz, tone_hz) in [
        (44_100, 12_500.0),
        (44_100, 15_000.0),
        (44_100, 21_000.0),
        (48_000, 13_000.0),
        (96_000, 30_000.0),
    ] {
        let samples = resampled(rate_hz, 1.25, |t| 0.5 * (TAU * tone_hz * t).sin());
        let inside = &samples[TRANSIENT_SAMPLES..samples.len() - TRANSIENT_SAMPLES];
        let alias_db = level_db(inside.iter().map(|sample| f64::from(*sample)));
        println!("{tone_hz} Hz at {rate_hz} Hz: alias {alias_db:.0} dBFS");
        // Below the dynamic range of the features.
        assert!(
            alias_db < -80.0,
            "{tone_hz} Hz at {rate_hz} Hz: alias at {alias_db:.1} dBFS"
        );
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_waveform_at_the_model_rate_is_unchanged() {
    let samples: Vec<f32> = (0..MODEL_RATE_HZ)
        .map(|n| (0.1 * f64::from(n)).sin() as f32)
        .collect();
    let waveform = waveform(samples.clone(), MODEL_RATE_HZ);
    assert_eq!(waveform.resampled(MODEL_RATE_HZ).samples(), samples);
}
