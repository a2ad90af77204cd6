//! Stretches in which there is nothing to recognise: silence, the last of a fade, a tone that only sounds on, noise.
//!
//! Such stretches of any two songs resemble each other, so that they must not count as matches. Four properties tell them from music. *Movement*: how
//! much the level of broad bands deviates from a straight line (in dB over time: a fade is no movement) within a segment. *Tonality*: how far the
//! segment's mean spectrum stands out from its own envelope. A tone that sounds on has no movement; noise, also the noise of a clapping crowd, has
//! little, and no tonality. Notes that beat against each other, and a slow tremolo, do move. But their bands swell smoothly, so that they have little
//! *roughness*: what is left of the bands' amplitudes without their slow course. And they come back to where they were, so that there is no *change*
//! from one half of the segment to the other, whereas a melody goes to other pitches, and a chord to other chords.

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::spectrogram::{MelSpectrogram, decibels, power_of_decibels};

/// Least movement of music, in dB. Of 19 pieces of music, 99 of 100 segments lie above 0.9, whereas sustained tones with vibrato or tremolo, chords,
/// and white, pink and brown noise reach 0.6 at most.
const LEAST_MOVEMENT_DB: f64 = 0.7;
/// Least tonality of music that moves little, in dB: music lies above 0.8, noise and applause between 0.2 and 0.45.
const LEAST_TONALITY_DB: f64 = 0.6;
/// Noise that moves more than this has a beat, in dB; applause that swells reaches 3.4.
const MOST_MOVEMENT_OF_NOISE_DB: f64 = 3.5;
/// Least change from half to half of music that is as smooth as a swell, in dB: melodies over a drone 25 dB louder and chords that follow each other, however
/// softly, lie above 3, beating notes and slow tremolos below 2.2.
const LEAST_CHANGE_DB: f64 = 2.25;
/// Least roughness of music that doesn't change: beating notes and tremolos of up to two a second stay below 0.24.
const LEAST_ROUGHNESS: f64 = 0.25;
/// Frames on each side over which an amplitude is averaged for its slow course: 0.3 s in all, no longer than a short note.
const COURSE_FRAMES: usize = 6;
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
    let floor = loudest * power_of_decibels(FLOOR_DB);
    let movement_db = movement_db(power, mel_bands, floor);
    movement_db < LEAST_MOVEMENT_DB
        || movement_db < MOST_MOVEMENT_OF_NOISE_DB
            && tonality_db(power, mel_bands, floor) < LEAST_TONALITY_DB
        || change_db(power, mel_bands, floor) < LEAST_CHANGE_DB
            && roughness(power, mel_bands) < LEAST_ROUGHNESS
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

/// Root mean square over bands of how far the greatest levels of the segment's two halves differ, beyond what all bands share. Bands count by how far they
/// stand out of the floor.
fn change_db(power: &[f32], mel_bands: usize, floor: f32) -> f64 {
    let frames = power.len() / mel_bands;
    let (first, second) = power.split_at(frames / 2 * mel_bands);
    let peaks_db = |half: &[f32]| {
        let mut peaks = vec![floor; mel_bands];
        for frame in half.chunks_exact(mel_bands) {
            for (peak, &value) in peaks.iter_mut().zip(frame) {
                *peak = if value > *peak { value } else { *peak };
            }
        }
        peaks.into_iter().map(|peak| f64::from(decibels(peak)))
    };
    let floor_db = f64::from(decibels(floor));
    let [mut weights, mut sum, mut squares] = [0.0; 3];
    for (first, second) in peaks_db(first).zip(peaks_db(second)) {
        let (weight, change) = (first.max(second) - floor_db, second - first);
        weights += weight;
        sum += weight * change;
        squares += weight * change * change;
    }
    let shared = sum / weights;
    (squares / weights - shared * shared).max(0.0).sqrt()
}

/// What is left of the bands' amplitudes without their slow course, as a share of the amplitudes.
fn roughness(power: &[f32], mel_bands: usize) -> f64 {
    let frames = power.len() / mel_bands;
    let [mut left, mut all] = [0.0; 2];
    let mut amplitudes = vec![0.0_f64; frames];
    for band in 0..mel_bands {
        let band_power = power[band..].iter().step_by(mel_bands);
        for (amplitude, power) in amplitudes.iter_mut().zip(band_power) {
            *amplitude = f64::from(*power).sqrt();
        }
        let squares: f64 = (0..frames)
            .map(|frame| {
                let near = &amplitudes
                    [frame.saturating_sub(COURSE_FRAMES)..(frame + COURSE_FRAMES + 1).min(frames)];
                let course = near.iter().sum::<f64>() / near.len() as f64;
                (amplitudes[frame] - course) * (amplitudes[frame] - course)
            })
            .sum();
        left += (squares / frames as f64).sqrt();
        all += amplitudes.iter().sum::<f64>() / frames as f64;
    }
    left / all
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
        // Claps of a pitch, by a resonance at 1.2 kHz.
        let mut white = noise();
        let (mut clap, mut before, mut last) = (0.0, 0.0, 0.0);
        let pitched = |_| {
            if white() > 1.0 - 2.0 * 100.0 / RATE_HZ {
                clap += 0.3;
            }
            clap *= 0.995;
            let rung = clap * white() + 1.68 * last - 0.81 * before;
            (before, last) = (last, rung);
            0.2 * rung
        };
        assert!(blank_share(pitched) > 0.8, "claps of a pitch");
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
        let sines = |n| 0.3 * ((TAU * 440.0 * secs(n)).sin() + (TAU * 443.0 * secs(n)).sin());
        assert_eq!(blank_share(sines), 1.0, "a beat of 3 Hz");
    }

    /// Partials of a note, each with a phase of its own.
    fn note(hz: f32, n: usize) -> f32 {
        (1..=12)
            .map(|k| {
                let partial = k as f32;
                (TAU * (hz * partial * secs(n)).fract() + 2.4 * partial * partial).sin() / partial
            })
            .sum()
    }

    #[test]
    fn notes_that_beat_against_each_other_are_blank() {
        let sines = |n| 0.3 * ((TAU * 440.0 * secs(n)).sin() + (TAU * 441.0 * secs(n)).sin());
        assert_eq!(blank_share(sines), 1.0, "two sines");
        for detuned in [1.0008, 1.002, 1.003] {
            let chord = |n| {
                let notes = [220.0, 277.2, 329.6];
                notes
                    .iter()
                    .map(|hz| note(*hz, n) + note(hz * detuned, n))
                    .sum::<f32>()
                    * 0.05
            };
            assert_eq!(blank_share(chord), 1.0, "a chord, detuned by {detuned}");
            if detuned == 1.0008 {
                // Beats slower than a segment look like a change where they fade, too.
                continue;
            }
            let fading = blank_share(|n| chord(n) * 10.0_f32.powf(-secs(n) * 3.0 / 20.0));
            assert!(fading > 0.6, "fading, detuned by {detuned}: {fading}");
            let swelling = blank_share(|n| chord(n) * secs(n) / SECS as f32);
            assert!(swelling > 0.6, "swelling, detuned by {detuned}: {swelling}");
        }
    }

    #[test]
    fn a_slow_tremolo_is_blank() {
        for (hz, depth) in [(0.4, 0.9), (1.0, 0.5), (1.0, 0.9), (2.0, 0.5)] {
            let tremolo = |n| note(220.0, n) * (1.0 + depth * (TAU * hz * secs(n)).sin());
            assert_eq!(blank_share(tremolo), 1.0, "{hz} Hz, depth {depth}");
        }
    }

    /// 1 between two moments, with slopes of `ramp_secs` around them.
    fn sounding(n: usize, from_secs: f32, to_secs: f32, ramp_secs: f32) -> f32 {
        let rise = (secs(n) - from_secs) / ramp_secs + 0.5;
        let fall = (to_secs - secs(n)) / ramp_secs + 0.5;
        rise.min(fall).clamp(0.0, 1.0)
    }

    #[test]
    fn slow_music_is_not_blank() {
        // Soft chords of detuned notes, two seconds each, which blend into each other.
        let chords = [[220.0, 277.2, 329.6], [246.9, 293.7, 370.0]];
        for ramp_secs in [0.3, 0.8] {
            let pad = |n| {
                (0..7)
                    .map(|place| {
                        let from_secs = 2.0 * place as f32;
                        let loud = sounding(n, from_secs, from_secs + 2.0, ramp_secs);
                        if loud == 0.0 {
                            return 0.0;
                        }
                        let notes = chords[place % 2].iter();
                        let sum: f32 = notes.map(|hz| note(*hz, n) + note(hz * 1.003, n)).sum();
                        0.05 * loud * sum
                    })
                    .sum()
            };
            assert_eq!(blank_share(pad), 0.0, "chords over {ramp_secs} s");
        }
        // A slow melody of pure notes over a drone that beats.
        let drone = |n| {
            let melody: f32 = (0..8)
                .map(|place| {
                    let hz = 440.0 * (MELODY[place] / 12.0_f32).exp2();
                    let from_secs = 1.5 * place as f32;
                    sounding(n, from_secs, from_secs + 1.5, 0.2) * (TAU * hz * secs(n)).sin()
                })
                .sum();
            0.2 * (note(110.0, n) + note(110.2, n)) + 0.15 * melody
        };
        assert_eq!(blank_share(drone), 0.0, "a melody over a drone");
        // Pure notes under a bass that is 30 dB louder.
        let bass = |n| {
            let melody: f32 = (0..12)
                .map(|place| {
                    let hz = 880.0 * (MELODY[place % 8] / 12.0).exp2();
                    let from_secs = place as f32;
                    let phase = TAU * (hz * secs(n)).fract();
                    sounding(n, from_secs, from_secs + 1.0, 0.1) * phase.sin()
                })
                .sum();
            0.5 * (TAU * 110.0 * secs(n)).sin() + 0.016 * melody
        };
        assert_eq!(blank_share(bass), 0.0, "a melody under a bass");
        // Notes struck again and again, which never change.
        let struck = |n| note(220.0, n) * (-4.0 * (2.0 * secs(n)).fract()).exp();
        assert_eq!(blank_share(struck), 0.0, "a repeated note");
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
        let mut white = noise();
        let soft_beat = |n: usize| white() * (0.1 + (-secs(n % 11_025) * 8.0).exp());
        assert_eq!(blank_share(soft_beat), 0.0, "a beat in noise");
        let mut white = noise();
        let in_noise = |n| 0.5 * melody(n) + 0.7 * white();
        assert_eq!(blank_share(in_noise), 0.0, "a melody in loud noise");
        for notes_a_sec in [1.5, 5.0] {
            let trill = |n| note([330.0, 392.0][(secs(n) * notes_a_sec) as usize % 2], n);
            assert_eq!(blank_share(trill), 0.0, "a trill, {notes_a_sec} a second");
        }
        // 30 dB below the loud part a song is still music.
        let soft = |n| melody(n) * if n < 22_050 { 1.0 } else { 0.032 };
        assert_eq!(blank_share(soft), 0.0, "a soft part");
    }

    /// Semitones.
    const MELODY: [f32; 8] = [0.0, 4.0, 7.0, 2.0, 5.0, 9.0, 11.0, 12.0];

    /// Three notes a second.
    fn melody(n: usize) -> f32 {
        let note = MELODY[(secs(n) * 3.0) as usize % 8];
        sawtooth(330.0 * (note / 12.0_f32).exp2(), n)
    }
}
