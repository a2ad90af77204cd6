//! Blank segments, in which there is nothing to recognise: silence, the end of a fade, a steady
//! tone, noise.
//!
//! Blank segments of any two songs resemble each other, so that they must not count as matches.
//! Four properties distinguish them from music:
//!
//! - *Movement*: deviation of the level of broad bands from a straight line within a segment, in
//!   dB. A fade is a straight line in dB.
//! - *Tonality*: deviation of the segment's mean spectrum from its own envelope, in dB.
//! - *Change*: difference of the bands' levels between the two halves of a segment, in dB.
//! - *Roughness*: deviation of the bands' amplitudes from their moving average, as a share of them.
//!
//! | segment | movement | tonality | change | roughness |
//! |---|---|---|---|---|
//! | steady tone | none | | | |
//! | noise, applause | little | none | | |
//! | beating notes, slow tremolo | yes | | none: levels return | little: smooth swells |
//! | music | yes | yes, or much movement | yes: other pitches, chords | yes, if no change |

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::spectrum::log_mel::{MelSpectrogram, decibels, power_of_decibels};

/// Least movement of music, in dB. In 19 pieces of music, 99 of 100 segments exceed 0.9. Sustained
/// tones with vibrato or tremolo, chords, and white, pink and brown noise stay below 0.6.
const LEAST_MOVEMENT_DB: f64 = 0.7;
/// Least tonality of music with little movement, in dB. Music exceeds 0.8; noise and applause lie
/// between 0.2 and 0.45.
const LEAST_TONALITY_DB: f64 = 0.6;
/// Movement above which a segment without tonality counts as a beat, in dB. Swelling applause
/// reaches 3.4.
const MOST_MOVEMENT_OF_NOISE_DB: f64 = 3.5;
/// Least change between the halves of music with little roughness, in dB. Melodies over a drone 25
/// dB louder, and chords that blend into each other, exceed 3. Beating notes and slow tremolos stay
/// below 2.2.
const LEAST_CHANGE_DB: f64 = 2.25;
/// Least roughness of music without change. Beats and tremolos of up to two a second stay below
/// 0.24.
const LEAST_ROUGHNESS: f64 = 0.25;
/// Frames on each side in the moving average of an amplitude: 0.3 s in all, no longer than a short
/// note.
const ROUGHNESS_MEAN_FRAMES: usize = 6;
/// A segment this far below the song's level is the end of a fade, in dB. 19 of 20 segments of
/// music exceed -20.
const FAINT_DB: f32 = -40.0;
/// Floor of all measures, relative to the segment's loudest band, in dB.
const FLOOR_DB: f32 = -50.0;
/// Frames of a column of movement: 0.19 s, long enough to average out the fluctuations of noise.
const MOVEMENT_COLUMN_FRAMES: usize = 8;
/// Mel bands of a group. Movement is that of the levels of groups.
const MOVEMENT_GROUP_BANDS: usize = 8;
/// Bands on each side in the moving average that is the envelope of a spectrum.
const TONALITY_ENVELOPE_BANDS: usize = 4;

/// Whether each segment is blank. A segment is given by its first frame and its end, exclusive.
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

/// Whether a segment is blank. `power` is `[frames, mel_bands]`.
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

/// Movement: root mean square, over time and groups of bands, of the level's deviation from a
/// straight line.
fn movement_db(power: &[f32], mel_bands: usize, floor: f32) -> f64 {
    let frames_per_column = MOVEMENT_COLUMN_FRAMES.min(power.len() / mel_bands);
    let columns = power.chunks_exact(frames_per_column * mel_bands);
    let count = columns.len();
    let groups = mel_bands / MOVEMENT_GROUP_BANDS;
    let mut levels_db = vec![Vec::with_capacity(count); groups];
    for column in columns {
        let mut sums = vec![floor * (frames_per_column * MOVEMENT_GROUP_BANDS) as f32; groups];
        for frame in column.chunks_exact(mel_bands) {
            for (sum, group) in sums
                .iter_mut()
                .zip(frame.chunks_exact(MOVEMENT_GROUP_BANDS))
            {
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

/// Tonality: root mean square, over bands, of the mean spectrum's deviation from its envelope.
fn tonality_db(power: &[f32], mel_bands: usize, floor: f32) -> f64 {
    let frames = (power.len() / mel_bands) as f32;
    let mut mean = vec![floor * frames; mel_bands];
    for frame in power.chunks_exact(mel_bands) {
        for (sum, value) in mean.iter_mut().zip(frame) {
            *sum += value;
        }
    }
    let mean_db: Vec<f64> = mean.iter().map(|&sum| f64::from(decibels(sum))).collect();
    let windows = mean_db.windows(2 * TONALITY_ENVELOPE_BANDS + 1);
    let count = windows.len();
    let squares: f64 = windows
        .map(|near| {
            let deviation =
                near[TONALITY_ENVELOPE_BANDS] - near.iter().sum::<f64>() / near.len() as f64;
            deviation * deviation
        })
        .sum();
    (squares / count as f64).sqrt()
}

/// Change: weighted standard deviation, over bands, of the difference between the greatest levels
/// of the two halves. The weight of a band is its level above the floor. A difference common to all
/// bands, like that of a fade, doesn't count.
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

/// Roughness: root mean square deviation of the bands' amplitudes from their moving average, as a
/// share of the amplitudes.
fn roughness(power: &[f32], mel_bands: usize) -> f64 {
    let frames = power.len() / mel_bands;
    let [mut deviations, mut sum] = [0.0; 2];
    let mut amplitudes = vec![0.0_f64; frames];
    for band in 0..mel_bands {
        let band_power = power[band..].iter().step_by(mel_bands);
        for (amplitude, power) in amplitudes.iter_mut().zip(band_power) {
            *amplitude = f64::from(*power).sqrt();
        }
        let squares: f64 = (0..frames)
            .map(|frame| {
                let near = &amplitudes[frame.saturating_sub(ROUGHNESS_MEAN_FRAMES)
                    ..(frame + ROUGHNESS_MEAN_FRAMES + 1).min(frames)];
                let mean = near.iter().sum::<f64>() / near.len() as f64;
                (amplitudes[frame] - mean) * (amplitudes[frame] - mean)
            })
            .sum();
        deviations += (squares / frames as f64).sqrt();
        sum += amplitudes.iter().sum::<f64>() / frames as f64;
    }
    deviations / sum
}

#[cfg(test)]
mod tests;
