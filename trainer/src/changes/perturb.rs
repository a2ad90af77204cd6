//! Recipes applied to audio, in the time domain.

use std::borrow::Cow;
use std::path::Path;

use anyhow::{Result, ensure};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use signalsmith_stretch::Stretch;
use soundalike::Waveform;
use soundalike_native::audio_file;
use soundalike_tables::recipe::{Change, Recipe};

use crate::changes::codec;

/// `length_samples` of a song from `start_secs` on, after the changes of a recipe. It reads as much
/// of the song as the changed tempo needs, with a margin as pre-roll for stretching and
/// reverberation.
///
/// # Errors
///
/// When a change can't be computed, for example for an extreme ratio.
pub fn passage(
    song: &Waveform,
    start_secs: f64,
    length_samples: usize,
    recipe: &Recipe,
) -> Result<Vec<f32>> {
    const MARGIN_SECS: f64 = 0.5;
    if recipe.changes.is_empty() {
        return Ok(song.excerpt(start_secs, length_samples));
    }
    let rate_hz = f64::from(song.sample_rate_hz());
    let speed = f64::from(recipe.speed_ratio());
    let before_secs = start_secs.clamp(0.0, MARGIN_SECS);
    let source_samples =
        (length_samples as f64 * speed + (before_secs + MARGIN_SECS) * rate_hz).ceil() as usize;
    let source = song.excerpt(start_secs - before_secs, source_samples);
    let changed = apply(&source, song.sample_rate_hz(), recipe)?;
    let skip = ((before_secs / speed) * rate_hz).round() as usize;
    let mut passage = changed.get(skip..).unwrap_or_default().to_vec();
    passage.resize(length_samples, 0.0);
    Ok(passage)
}

/// A [`passage`] of a file that is already loaded as mono. The file is loaded again where the
/// recipe has another balance.
///
/// # Errors
///
/// Those of [`passage`], and of loading.
pub fn passage_of_file(
    path: &Path,
    song: &Waveform,
    start_secs: f64,
    length_samples: usize,
    recipe: &Recipe,
) -> Result<Vec<f32>> {
    let song = match recipe.balance() {
        0.0 => Cow::Borrowed(song),
        balance => Cow::Owned(audio_file::load_balanced(path, balance)?),
    };
    passage(&song, start_secs, length_samples, recipe)
}

/// Applies all changes of a recipe to mono samples, except for the balance, which is part of the
/// downmix.
///
/// # Errors
///
/// When a stretch or a codec fails.
pub fn apply(samples: &[f32], sample_rate_hz: u32, recipe: &Recipe) -> Result<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    let mut out = samples.to_vec();
    for change in &recipe.changes {
        out = apply_change(out, sample_rate_hz, *change, &mut rng)?;
    }
    Ok(out)
}

fn apply_change(
    mut samples: Vec<f32>,
    sample_rate_hz: u32,
    change: Change,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<f32>> {
    match change {
        Change::Pitch(semitones) => return stretched(&samples, sample_rate_hz, 1.0, semitones),
        Change::Tempo(ratio) => return stretched(&samples, sample_rate_hz, ratio, 0.0),
        Change::Speed(ratio) => {
            return stretched(&samples, sample_rate_hz, ratio, 12.0 * ratio.log2());
        }
        Change::WhiteNoise(snr_db) => {
            let noise: Vec<f32> = (0..samples.len())
                .map(|_| rng.random_range(-1.0..=1.0))
                .collect();
            add_at_snr(&mut samples, &noise, snr_db);
        }
        Change::PinkNoise(snr_db) => {
            let noise = pink_noise(samples.len(), rng);
            add_at_snr(&mut samples, &noise, snr_db);
        }
        Change::Equaliser(gain_db) => {
            filter(&mut samples, peaking(sample_rate_hz, 200.0, gain_db));
            filter(&mut samples, peaking(sample_rate_hz, 3_000.0, -gain_db));
        }
        Change::LowPass(corner_hz) => filter(&mut samples, low_pass(sample_rate_hz, corner_hz)),
        Change::Reverb(reverberation_secs) => {
            reverberate(&mut samples, sample_rate_hz, reverberation_secs, rng)
        }
        Change::Clipping(depth_db) => {
            let peak = samples
                .iter()
                .fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
            let limit = peak * amplitude(-depth_db);
            samples
                .iter_mut()
                .for_each(|sample| *sample = sample.clamp(-limit, limit));
        }
        Change::Gain(gain_db) => samples
            .iter_mut()
            .for_each(|sample| *sample *= amplitude(gain_db)),
        Change::Balance(_) => {}
        Change::Vorbis(quality) => return codec::through_vorbis(&samples, sample_rate_hz, quality),
        Change::Opus(kbps) => return codec::through_opus(&samples, sample_rate_hz, kbps),
        Change::Mp3(kbps) => return codec::through_mp3(&samples, sample_rate_hz, kbps),
        Change::Aac(kbps) => return codec::through_aac(&samples, sample_rate_hz, kbps),
    }
    Ok(samples)
}

fn stretched(
    samples: &[f32],
    sample_rate_hz: u32,
    tempo_ratio: f32,
    semitones: f32,
) -> Result<Vec<f32>> {
    let mut output = vec![0.0; (samples.len() as f32 / tempo_ratio).round() as usize];
    let mut stretch = Stretch::preset_default(1, sample_rate_hz);
    stretch.set_transpose_factor_semitones(semitones, None);
    ensure!(
        stretch.exact(samples, &mut output),
        "a passage of {} samples is too short to stretch",
        samples.len()
    );
    Ok(output)
}

fn amplitude(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

fn rms(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}

fn add_at_snr(samples: &mut [f32], noise: &[f32], snr_db: f32) {
    let gain = rms(samples) / rms(noise).max(f32::MIN_POSITIVE) * amplitude(-snr_db);
    for (sample, noise) in samples.iter_mut().zip(noise) {
        *sample += gain * noise;
    }
}

/// White noise through P. Kellet's three-pole pinking filter (musicdsp.org, "economy" version;
/// within 0.5 dB of -3 dB per octave).
fn pink_noise(length: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let (mut b0, mut b1, mut b2) = (0.0_f32, 0.0_f32, 0.0_f32);
    (0..length)
        .map(|_| {
            let white: f32 = rng.random_range(-1.0..=1.0);
            b0 = 0.997_65 * b0 + white * 0.099_046;
            b1 = 0.963_00 * b1 + white * 0.296_516_4;
            b2 = 0.570_00 * b2 + white * 1.052_691_3;
            b0 + b1 + b2 + white * 0.184_8
        })
        .collect()
}

/// Coefficients `[b0, b1, b2, a1, a2]` of a second-order filter, normalised by `a0`.
type Biquad = [f32; 5];

/// Low-pass of R. Bristow-Johnson's "Audio EQ Cookbook" with Q = 1/sqrt 2.
fn low_pass(sample_rate_hz: u32, corner_hz: f32) -> Biquad {
    let (sin, cos) = angle(sample_rate_hz, corner_hz).sin_cos();
    let alpha = sin * std::f32::consts::FRAC_1_SQRT_2;
    let a0 = 1.0 + alpha;
    let b1 = (1.0 - cos) / a0;
    [b1 / 2.0, b1, b1 / 2.0, -2.0 * cos / a0, (1.0 - alpha) / a0]
}

/// Peaking filter of the same cookbook, Q = 0.7: about two octaves wide.
fn peaking(sample_rate_hz: u32, centre_hz: f32, gain_db: f32) -> Biquad {
    const Q: f32 = 0.7;
    let gain = amplitude(gain_db / 2.0);
    let (sin, cos) = angle(sample_rate_hz, centre_hz).sin_cos();
    let alpha = sin / (2.0 * Q);
    let a0 = 1.0 + alpha / gain;
    [
        (1.0 + alpha * gain) / a0,
        -2.0 * cos / a0,
        (1.0 - alpha * gain) / a0,
        -2.0 * cos / a0,
        (1.0 - alpha / gain) / a0,
    ]
}

fn angle(sample_rate_hz: u32, frequency_hz: f32) -> f32 {
    std::f32::consts::TAU * frequency_hz.min(0.49 * sample_rate_hz as f32) / sample_rate_hz as f32
}

fn filter(samples: &mut [f32], [b0, b1, b2, a1, a2]: Biquad) {
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in samples {
        let out = b0 * *sample + s1;
        s1 = b1 * *sample - a1 * out + s2;
        s2 = b2 * *sample - a2 * out;
        *sample = out;
    }
}

/// Adds a tail of exponentially decaying noise (J. Moorer, "About This Reverberation Business",
/// 1979), 3 dB below the dry sound. It has a few random taps a millisecond: dense enough to sound
/// like a room, few enough for a direct convolution.
fn reverberate(
    samples: &mut [f32],
    sample_rate_hz: u32,
    reverberation_secs: f32,
    rng: &mut ChaCha8Rng,
) {
    const TAPS: usize = 600;
    let length = (reverberation_secs * sample_rate_hz as f32) as usize + 1;
    let mut tail = vec![0.0; samples.len()];
    for _ in 0..TAPS {
        let delay = rng.random_range(1..=length);
        // -60 dB at the reverberation time.
        let gain = 10.0_f32.powf(-3.0 * delay as f32 / length as f32)
            * if rng.random() { 1.0 } else { -1.0 };
        for (out, sample) in tail.iter_mut().skip(delay).zip(samples.iter()) {
            *out += gain * sample;
        }
    }
    add_at_snr(samples, &tail, 3.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 22_050;

    fn tone(hz: f32, secs: f32) -> Vec<f32> {
        (0..(secs * RATE_HZ as f32) as usize)
            .map(|n| 0.5 * (std::f32::consts::TAU * hz * n as f32 / RATE_HZ as f32).sin())
            .collect()
    }

    /// Rising zero crossings a second: the frequency of a pure tone.
    fn frequency_hz(samples: &[f32]) -> f32 {
        let crossings = samples
            .windows(2)
            .filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0)
            .count();
        crossings as f32 * RATE_HZ as f32 / samples.len() as f32
    }

    fn changed(samples: &[f32], recipe: &str) -> Vec<f32> {
        apply(samples, RATE_HZ, &recipe.parse().unwrap()).unwrap()
    }

    #[test]
    fn pitch_and_tempo_change_frequency_and_length() {
        let source = tone(440.0, 4.0);
        let middle =
            |samples: &[f32]| frequency_hz(&samples[samples.len() / 4..samples.len() * 3 / 4]);
        let higher = changed(&source, "pitch=12");
        assert_eq!(higher.len(), source.len());
        assert!((middle(&higher) - 880.0).abs() < 8.0, "{}", middle(&higher));
        let faster = changed(&source, "tempo=1.25");
        assert!((faster.len() as f32 - source.len() as f32 / 1.25).abs() <= 1.0);
        assert!((middle(&faster) - 440.0).abs() < 4.0, "{}", middle(&faster));
        let both = changed(&source, "speed=0.8");
        assert!((middle(&both) - 352.0).abs() < 4.0, "{}", middle(&both));
    }

    #[test]
    fn noise_has_its_ratio() {
        let source = tone(440.0, 2.0);
        for (recipe, snr_db) in [("white=12", 12.0), ("pink=6", 6.0)] {
            let noise: Vec<f32> = changed(&source, recipe)
                .iter()
                .zip(&source)
                .map(|(a, b)| a - b)
                .collect();
            let actual_db = 20.0 * (rms(&source) / rms(&noise)).log10();
            assert!((actual_db - snr_db).abs() < 0.1, "{recipe}: {actual_db}");
        }
    }

    #[test]
    fn filters_pass_and_stop() {
        let level_db = |recipe: &str, hz: f32| {
            let source = tone(hz, 1.0);
            20.0 * (rms(&changed(&source, recipe)[2_000..]) / rms(&source[2_000..])).log10()
        };
        assert!(level_db("lowpass=1000", 100.0).abs() < 0.1);
        assert!((level_db("lowpass=1000", 1_000.0) + 3.0).abs() < 0.2);
        assert!(level_db("lowpass=1000", 8_000.0) < -35.0);
        assert!((level_db("equaliser=9", 200.0) - 9.0).abs() < 0.5);
        assert!((level_db("equaliser=9", 3_000.0) + 9.0).abs() < 0.5);
        assert!((level_db("gain=-6", 440.0) + 6.0).abs() < 0.1);
    }

    #[test]
    fn a_passage_starts_at_the_given_time() {
        // A click every second; after a change of tempo the click at 5 s must be 0.5 s / ratio into
        // a passage from 4.5 s on.
        let mut samples = tone(300.0, 12.0)
            .iter()
            .map(|sample| sample * 0.01)
            .collect::<Vec<_>>();
        for second in 1..12 {
            for k in 0..200 {
                samples[second * RATE_HZ as usize + k] +=
                    0.9 * (1.0 - k as f32 / 200.0) * if k % 8 < 4 { 1.0 } else { -1.0 };
            }
        }
        let song = Waveform::new("clicks", samples, RATE_HZ).unwrap();
        for ratio in [0.75, 1.0, 1.25] {
            let recipe = Recipe {
                changes: vec![Change::Tempo(ratio)],
                seed: 1,
            };
            let passage = passage(&song, 4.5, 33_000, &recipe).unwrap();
            let loudest = passage[..RATE_HZ as usize]
                .chunks(220)
                .map(rms)
                .enumerate()
                .max_by(|a, b| a.1.total_cmp(&b.1))
                .unwrap();
            let at_secs = (loudest.0 as f32 + 0.5) * 220.0 / RATE_HZ as f32;
            assert!(
                (at_secs - 0.5 / ratio).abs() < 0.05,
                "tempo {ratio}: click at {at_secs} s"
            );
        }
    }
}
