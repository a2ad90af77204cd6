//! Stretches in which there is nothing to recognise: silence, the last of a fade, a tone that only sounds on, noise.
//!
//! Such stretches of any two songs resemble each other, so that they must not count as matches. Two properties tell them from music. *Movement*: how
//! much the level of broad bands deviates from a straight line (in dB over time: a fade is no movement) within a segment. *Tonality*: how far the
//! segment's mean spectrum stands out from its own envelope. A tone that sounds on has no movement; noise, also the noise of a clapping crowd, has
//! little, and no tonality.

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::spectrogram::{MelSpectrogram, decibels};

/// Least movement of music, in dB. Of 19 pieces of music, 99 of 100 segments lie above 0.9, whereas sustained tones with vibrato or tremolo, chords,
/// and white, pink and brown noise reach 0.6 at most.
const LEAST_MOVEMENT_DB: f64 = 0.7;
/// Least tonality of music that moves little, in dB: music lies above 0.8, noise and applause between 0.2 and 0.45.
const LEAST_TONALITY_DB: f64 = 0.6;
/// Noise that moves more than this has a beat, in dB; applause that swells reaches 3.4.
const MOST_MOVEMENT_OF_NOISE_DB: f64 = 3.5;
/// A segment this far below the song's level is the last of a fade, in dB. Of the segments of music, 19 of 20 lie above -20.
const FAINT_DB: f32 = -40.0;
/// What lies this far below the segment's loudest band isn't looked at, in dB.
const FLOOR_DB: f32 = -50.0;
/// Frames of one column: 0.19 s, over which the level of noise evens out.
const FRAMES_PER_COLUMN: usize = 8;
/// Mel bands of one group.
const BANDS_PER_GROUP: usize = 8;
/// Bands on each side over which an envelope is averaged.
const ENVELOPE_BANDS: usize = 4;

/// For each segment, given by its first frame and the one after its last, whether it is blank.
#[must_use]
pub fn blank_segments(
    mel: &MelSpectrogram,
    config: &FeatureConfig,
    segments: impl Iterator<Item = (usize, usize)>,
) -> Vec<bool> {
    let faint_db = (mel.level_db(config) + FAINT_DB).max(SILENCE_DB);
    segments
        .map(|(first, end)| {
            is_blank(
                &mel.power[first * mel.mel_bands..end * mel.mel_bands],
                mel.mel_bands,
                faint_db,
            )
        })
        .collect()
}

/// `power` has shape `[frames, mel_bands]`.
fn is_blank(power: &[f32], mel_bands: usize, faint_db: f32) -> bool {
    let loudest = power.iter().copied().fold(0.0, f32::max);
    if loudest == 0.0 || decibels(loudest) < faint_db {
        return true;
    }
    let floor = loudest * 10.0_f32.powf(FLOOR_DB / 10.0);
    let movement_db = movement_db(power, mel_bands, floor);
    movement_db < LEAST_MOVEMENT_DB
        || movement_db < MOST_MOVEMENT_OF_NOISE_DB
            && tonality_db(power, mel_bands, floor) < LEAST_TONALITY_DB
}

/// Root mean square over time and groups of bands of the level's deviation from a straight line.
fn movement_db(power: &[f32], mel_bands: usize, floor: f32) -> f64 {
    let frames_per_column = FRAMES_PER_COLUMN.min(power.len() / mel_bands);
    let columns = power.chunks_exact(frames_per_column * mel_bands);
    let count = columns.len();
    let groups = mel_bands / BANDS_PER_GROUP;
    let mut levels_db = vec![Vec::with_capacity(count); groups];
    for column in columns {
        let mut sums = vec![floor * (frames_per_column * BANDS_PER_GROUP) as f32; groups];
        for frame in column.chunks_exact(mel_bands) {
            for (sum, group) in sums.iter_mut().zip(frame.chunks_exact(BANDS_PER_GROUP)) {
                *sum += group.iter().sum::<f32>();
            }
        }
        for (levels_db, sum) in levels_db.iter_mut().zip(sums) {
            levels_db.push(f64::from(decibels(sum)));
        }
    }
    let squares: f64 = levels_db.iter().map(|levels_db| residual(levels_db)).sum();
    (squares / (groups * count) as f64).sqrt()
}

/// Sum of squared deviations from the least-squares line.
fn residual(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count;
    let [mut products, mut squares, mut times] = [0.0; 3];
    for (index, value) in values.iter().enumerate() {
        let time = index as f64 - middle;
        products += time * (value - mean);
        squares += (value - mean) * (value - mean);
        times += time * time;
    }
    if times > 0.0 {
        (squares - products * products / times).max(0.0)
    } else {
        0.0
    }
}

/// Root mean square over bands of the mean spectrum's deviation from its envelope.
fn tonality_db(power: &[f32], mel_bands: usize, floor: f32) -> f64 {
    let frames = (power.len() / mel_bands) as f32;
    let mut mean = vec![floor * frames; mel_bands];
    for frame in power.chunks_exact(mel_bands) {
        for (sum, value) in mean.iter_mut().zip(frame) {
            *sum += value;
        }
    }
    let mean_db: Vec<f64> = mean.iter().map(|&sum| f64::from(decibels(sum))).collect();
    let windows = mean_db.windows(2 * ENVELOPE_BANDS + 1);
    let count = windows.len();
    let squares: f64 = windows
        .map(|near| {
            let deviation = near[ENVELOPE_BANDS] - near.iter().sum::<f64>() / near.len() as f64;
            deviation * deviation
        })
        .sum();
    (squares / count as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;
    use crate::spectrogram::LogMelPlan;

    const RATE_HZ: f32 = 22_050.0;
    const SECS: usize = 12;

    /// Share of the whole 3-second stretches of a sound that are blank.
    fn blank_share(sound: impl FnMut(usize) -> f32) -> f64 {
        let config = FeatureConfig::default();
        let samples: Vec<f32> = (0..SECS * 22_050).map(sound).collect();
        let mel = LogMelPlan::new(&config).mel_power(&samples, |_| ());
        // Away from the ends, where the sound itself starts and stops.
        let segments = (1..9).map(|segment| (32 * segment, 32 * segment + 130));
        let blank = blank_segments(&mel, &config, segments);
        blank.iter().filter(|&&blank| blank).count() as f64 / blank.len() as f64
    }

    /// Evenly distributed in -1..1, the same on every run.
    fn noise() -> impl FnMut() -> f32 {
        let mut state = 0x2545_f491_u32;
        move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state as f32 / u32::MAX as f32 * 2.0 - 1.0
        }
    }

    fn secs(n: usize) -> f32 {
        n as f32 / RATE_HZ
    }

    fn sawtooth(hz: f32, n: usize) -> f32 {
        (hz * secs(n)).fract() - 0.5
    }

    #[test]
    fn silence_is_blank() {
        assert_eq!(blank_share(|_| 0.0), 1.0);
        let mut noise = noise();
        assert_eq!(blank_share(|_| 1e-5 * noise()), 1.0);
    }

    #[test]
    fn noise_and_applause_are_blank() {
        let mut white = noise();
        assert_eq!(blank_share(|_| 0.1 * white()), 1.0);
        let mut white = noise();
        let mut low = 0.0;
        assert_eq!(
            blank_share(|_| {
                low = 0.98 * low + 0.02 * white();
                low
            }),
            1.0,
            "low-passed noise"
        );
        // A crowd: a hundred claps a second, each a burst of noise that dies away within milliseconds, louder and softer.
        let mut white = noise();
        let mut clap = 0.0;
        assert_eq!(
            blank_share(|n| {
                if white() > 1.0 - 2.0 * 100.0 / RATE_HZ {
                    clap += 0.3;
                }
                clap *= 0.99;
                clap * white() * (1.0 + 0.4 * (TAU * 0.3 * secs(n)).sin())
            }),
            1.0,
            "applause"
        );
    }

    #[test]
    fn tones_that_only_sound_on_are_blank() {
        assert_eq!(blank_share(|n| 0.3 * (TAU * 440.0 * secs(n)).sin()), 1.0);
        let vibrato = |n| 0.3 * (TAU * 440.0 * secs(n) + 6.0 * (TAU * 5.5 * secs(n)).sin()).sin();
        assert_eq!(blank_share(vibrato), 1.0, "vibrato");
        let tremolo =
            |n| 0.3 * (TAU * 440.0 * secs(n)).sin() * (1.0 + 0.3 * (TAU * 5.0 * secs(n)).sin());
        assert_eq!(blank_share(tremolo), 1.0, "tremolo");
        assert_eq!(blank_share(|n| sawtooth(220.0, n)), 1.0, "sawtooth");
    }

    #[test]
    fn a_fading_tone_and_the_last_of_a_fade_are_blank() {
        let fading = |n| sawtooth(220.0, n) * 10.0_f32.powf(-secs(n) * 4.0 / 20.0);
        assert_eq!(blank_share(fading), 1.0);
        // Music, but 50 dB below the first second.
        let faint = |n| {
            if n < 22_050 {
                melody(n)
            } else {
                10.0_f32.powf(-2.5) * melody(n)
            }
        };
        assert!(blank_share(faint) > 0.8);
    }

    #[test]
    fn music_is_not_blank() {
        assert_eq!(blank_share(melody), 0.0, "melody");
        let fading = |n| melody(n) * 10.0_f32.powf(-secs(n) * 2.0 / 20.0);
        assert_eq!(blank_share(fading), 0.0, "a melody that fades");
        // A beat: a burst of noise twice a second.
        let mut white = noise();
        let beat = |n: usize| white() * (-secs(n % 11_025) * 20.0).exp();
        assert_eq!(blank_share(beat), 0.0, "a beat");
    }

    /// Three notes a second.
    fn melody(n: usize) -> f32 {
        let note = [0.0, 4.0, 7.0, 2.0, 5.0, 9.0, 11.0, 12.0][(secs(n) * 3.0) as usize % 8];
        sawtooth(330.0 * (note / 12.0_f32).exp2(), n)
    }
}
