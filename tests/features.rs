//! Features against two references: librosa's golden values, and a slow transform by the
//! definition. The resampler against its specification.
//!
//! The same tests run on three hosts: natively, on a browser page and in a worker. They show that
//! training and browser compute the same numbers. The environment of `wasm-bindgen-test-runner`
//! chooses the host.

use std::f64::consts::TAU;

use soundalike::training::LogMelPlan;
use soundalike::{FeatureConfig, Waveform};
use wasm_bindgen_test::wasm_bindgen_test;

/// Greatest difference from a reference away from the floor, in dB. Single precision stays below
/// 0.3e-3 (`--nocapture` prints it). A wrong window, norm or frame centre differs by more than 0.1
/// dB somewhere.
const TOLERANCE_DB: f32 = 1e-3;
/// "Away from the floor" is above this level, relative to the segment's maximum.
const AWAY_FROM_FLOOR_DB: f32 = -75.0;
/// Greatest difference near the floor, in dB. The rounding errors of a single-precision FFT are
/// relative to the loudest bin of the frame: up to 1.2e-3 dB of the soft ones.
const NEAR_FLOOR_TOLERANCE_DB: f32 = 3e-3;
const FLOOR_DB: f32 = -80.0;

/// The signals of `golden/make_golden.py`, from the same formulas.
mod signals {
    use super::TAU;

    const SAMPLES: usize = 66_150;
    const SAMPLE_RATE_HZ: f64 = 22_050.0;

    fn from_formula(value: impl Fn(f64) -> f64) -> Vec<f32> {
        (0..SAMPLES)
            .map(|sample| value(sample as f64 / SAMPLE_RATE_HZ) as f32)
            .collect()
    }

    pub fn sine() -> Vec<f32> {
        from_formula(|t| 0.5 * (TAU * 440.0 * t).sin())
    }

    pub fn chirp() -> Vec<f32> {
        from_formula(|t| 0.5 * (TAU * (20.0 * t + (11_000.0 - 20.0) / (2.0 * 3.0) * t * t)).sin())
    }

    pub fn noise() -> Vec<f32> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) as f32 / 8_388_608.0 - 1.0) * 0.25
        };
        (0..SAMPLES).map(|_| next()).collect()
    }

    pub fn silence() -> Vec<f32> {
        vec![0.0; SAMPLES]
    }

    pub fn click() -> Vec<f32> {
        let mut samples = silence();
        samples[33_075] = 1.0;
        samples
    }

    pub fn fading_tones() -> Vec<f32> {
        from_formula(|t| {
            let tones = 0.5 * (TAU * 220.0 * t).sin() + 0.25 * (TAU * 3_520.0 * t).sin();
            10_f64.powf(-1.5 * t) * tones
        })
    }

    pub fn music() -> Vec<f32> {
        let (header, data) = include_bytes!("golden/music.wav").split_at(44);
        assert_eq!(
            (&header[..4], &header[36..40]),
            (&b"RIFF"[..], &b"data"[..]),
            "a plain WAV header"
        );
        assert_eq!(data.len(), 2 * SAMPLES);
        data.chunks_exact(2)
            .map(|bytes| f32::from(i16::from_le_bytes([bytes[0], bytes[1]])) / 32_768.0)
            .collect()
    }
}

fn golden(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|value| f32::from_le_bytes([value[0], value[1], value[2], value[3]]))
        .collect()
}

fn assert_matches_librosa(name: &str, signal: &[f32], golden_bytes: &[u8]) {
    let config = FeatureConfig::default();
    let actual = LogMelPlan::new(&config).segment_db(signal);
    assert_eq!((actual.mel_bands, actual.frames), (128, 130), "{name}");
    let golden = golden(golden_bytes);
    assert_eq!(actual.db.len(), golden.len(), "{name}");
    let (mut away_db, mut near_db) = (0.0_f32, 0.0_f32);
    for (index, (actual_db, golden_db)) in actual.db.iter().zip(&golden).enumerate() {
        let (greatest_db, tolerance_db) = if *golden_db > AWAY_FROM_FLOOR_DB {
            (&mut away_db, TOLERANCE_DB)
        } else {
            (&mut near_db, NEAR_FLOOR_TOLERANCE_DB)
        };
        let difference_db = (actual_db - golden_db).abs();
        // `<=` is false for NaN.
        assert!(
            difference_db <= tolerance_db,
            "{name}, band {}, frame {}: {actual_db} dB, librosa has {golden_db} dB",
            index / 130,
            index % 130
        );
        assert!(
            *actual_db >= FLOOR_DB,
            "{name}: {actual_db} dB lies below the floor"
        );
        *greatest_db = greatest_db.max(difference_db);
    }
    println!(
        "{name}: differs from librosa by {away_db:.1e} dB at most, near the floor by {near_db:.1e} dB"
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_a_sine_is_librosas() {
    assert_matches_librosa("sine", &signals::sine(), include_bytes!("golden/sine.f32"));
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_a_chirp_is_librosas() {
    assert_matches_librosa(
        "chirp",
        &signals::chirp(),
        include_bytes!("golden/chirp.f32"),
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_noise_is_librosas() {
    assert_matches_librosa(
        "noise",
        &signals::noise(),
        include_bytes!("golden/noise.f32"),
    );
}

/// It is 0 dB everywhere, as power and reference are both clamped to the power floor.
#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_silence_is_librosas() {
    assert_matches_librosa(
        "silence",
        &signals::silence(),
        include_bytes!("golden/silence.f32"),
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_a_click_is_librosas() {
    assert_matches_librosa(
        "click",
        &signals::click(),
        include_bytes!("golden/click.f32"),
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_fading_tones_is_librosas() {
    assert_matches_librosa(
        "fading tones",
        &signals::fading_tones(),
        include_bytes!("golden/fading_tones.f32"),
    );
}

#[wasm_bindgen_test(unsupported = test)]
fn log_mel_of_music_is_librosas() {
    assert_matches_librosa(
        "music",
        &signals::music(),
        include_bytes!("golden/music.f32"),
    );
}

/// The second reference: the definitions in double precision, without any optimisation.
mod slow {
    use super::TAU;

    const FFT_SAMPLES: usize = 2_048;
    const HOP_SAMPLES: usize = 512;
    const MEL_BANDS: usize = 128;
    const SAMPLE_RATE_HZ: f64 = 22_050.0;

    /// Mel power of a frame, by the definitions of the Fourier transform and of the triangular
    /// filters.
    pub fn mel_power(samples: &[f32], frame: usize) -> Vec<f64> {
        let power = power(samples, frame);
        (0..MEL_BANDS)
            .map(|band| {
                let corner_hz = |corner: usize| {
                    hz_from_mel(mel_from_hz(SAMPLE_RATE_HZ / 2.0) * corner as f64 / 129.0)
                };
                let (low, centre, high) =
                    (corner_hz(band), corner_hz(band + 1), corner_hz(band + 2));
                let weight = |hz: f64| {
                    let height = if hz <= low || hz >= high {
                        0.0
                    } else if hz <= centre {
                        (hz - low) / (centre - low)
                    } else {
                        (high - hz) / (high - centre)
                    };
                    height * 2.0 / (high - low)
                };
                let bin_hz = SAMPLE_RATE_HZ / FFT_SAMPLES as f64;
                power
                    .iter()
                    .enumerate()
                    .map(|(bin, power)| power * weight(bin as f64 * bin_hz))
                    .sum()
            })
            .collect()
    }

    fn power(samples: &[f32], frame: usize) -> Vec<f64> {
        let circle: Vec<f64> = (0..FFT_SAMPLES)
            .map(|step| TAU * step as f64 / FFT_SAMPLES as f64)
            .collect();
        let windowed: Vec<f64> = (0..FFT_SAMPLES)
            .map(|n| {
                let position = (frame * HOP_SAMPLES + n).checked_sub(FFT_SAMPLES / 2);
                let sample = position
                    .and_then(|position| samples.get(position))
                    .copied()
                    .unwrap_or(0.0);
                f64::from(sample) * (0.5 - 0.5 * circle[n].cos())
            })
            .collect();
        (0..=FFT_SAMPLES / 2)
            .map(|bin| {
                let (mut real, mut imaginary) = (0.0, 0.0);
                for (n, value) in windowed.iter().enumerate() {
                    // Modulo the circle, which keeps the angle exact.
                    let (sin, cos) = circle[bin * n % FFT_SAMPLES].sin_cos();
                    real += value * cos;
                    imaginary -= value * sin;
                }
                real * real + imaginary * imaginary
            })
            .collect()
    }

    /// Slaney's scale: 200/3 Hz a mel up to 1 kHz, then 27 mels for each factor of 6.4.
    fn mel_from_hz(hz: f64) -> f64 {
        if hz < 1_000.0 {
            hz * 3.0 / 200.0
        } else {
            15.0 + 27.0 * (hz / 1_000.0).ln() / 6.4_f64.ln()
        }
    }

    fn hz_from_mel(mel: f64) -> f64 {
        if mel < 15.0 {
            mel * 200.0 / 3.0
        } else {
            1_000.0 * 6.4_f64.powf((mel - 15.0) / 27.0)
        }
    }
}

/// Tests absolute power. The golden values are relative to their maximum.
#[wasm_bindgen_test(unsupported = test)]
fn mel_power_matches_the_definition() {
    // Both ends, with their padding of zeros, and the middle.
    const FRAMES: [usize; 5] = [0, 1, 65, 128, 129];
    let config = FeatureConfig::default();
    let mut plan = LogMelPlan::new(&config);
    for (name, signal) in [
        ("chirp", signals::chirp()),
        ("noise", signals::noise()),
        ("music", signals::music()),
    ] {
        let fast = plan.mel_power(&signal, |_| ());
        assert_eq!(fast.power.len(), 130 * 128, "{name}");
        for frame in FRAMES {
            let slow = slow::mel_power(&signal, frame);
            let loudest = slow.iter().copied().fold(0.0, f64::max);
            for (band, slow) in slow.iter().enumerate() {
                let fast = f64::from(fast.power[frame * 128 + band]);
                let difference_db = 10.0 * (fast / slow).log10();
                let away_from_floor =
                    10.0 * (slow / loudest).log10() > f64::from(AWAY_FROM_FLOOR_DB);
                assert!(
                    !away_from_floor || difference_db.abs() <= f64::from(TOLERANCE_DB),
                    "{name}, band {band}, frame {frame}: power {fast:e}, the definition gives {slow:e}"
                );
            }
        }
    }
}

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
    let samples = signals::music();
    let waveform = waveform(samples.clone(), MODEL_RATE_HZ);
    assert_eq!(waveform.resampled(MODEL_RATE_HZ).samples(), samples);
}
