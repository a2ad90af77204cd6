//! Features against two references: librosa's golden values, and a slow transform by the
//! definition.
//!
//! The same tests run on three hosts: natively, on a browser page and in a worker. They show that
//! training and browser compute the same numbers. The environment of `wasm-bindgen-test-runner`
//! chooses the host.

use std::f64::consts::TAU;

use soundalike::FeatureConfig;
use soundalike::training::LogMelPlan;
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
