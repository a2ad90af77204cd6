//! Stretches in which there is nothing to recognise: silence, the last of a fade, a tone that only sounds on, noise.
//!
//! Such stretches of any two songs resemble each other, so that they must not count as matches. Four properties tell them from music. *Movement*: how
//! much the level of broad bands deviates from a straight line (in dB over time: a fade is no movement) within a segment. *Tonality*: how far the
//! segment's mean spectrum stands out from its own envelope. A tone that sounds on has no movement; noise, also the noise of a clapping crowd, has
//! little, and no tonality. Notes that beat against each other, and a slow tremolo, do move. But their bands swell smoothly, so that they have little
//! *roughness*: what is left of the bands' amplitudes without their slow course. And they come back to where they were, so that there is no *change*
//! from one half of the segment to the other, whereas a melody goes to other pitches, and a chord to other chords.

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::spectrum::log_mel::{MelSpectrogram, decibels, power_of_decibels};

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
const ROUGHNESS_MEAN_FRAMES: usize = 6;
/// A segment this far below the song's level is the last of a fade, in dB. Of the segments of music, 19 of 20 lie above -20.
const FAINT_DB: f32 = -40.0;
/// What lies this far below the segment's loudest band isn't looked at, in dB.
const FLOOR_DB: f32 = -50.0;
/// Frames of one column: 0.19 s, over which the level of noise evens out.
const MOVEMENT_COLUMN_FRAMES: usize = 8;
/// Mel bands of one group.
const MOVEMENT_GROUP_BANDS: usize = 8;
/// Bands on each side over which an envelope is averaged.
const TONALITY_ENVELOPE_BANDS: usize = 4;

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
                let near = &amplitudes[frame.saturating_sub(ROUGHNESS_MEAN_FRAMES)
                    ..(frame + ROUGHNESS_MEAN_FRAMES + 1).min(frames)];
                let mean = near.iter().sum::<f64>() / near.len() as f64;
                (amplitudes[frame] - mean) * (amplitudes[frame] - mean)
            })
            .sum();
        left += (squares / frames as f64).sqrt();
        all += amplitudes.iter().sum::<f64>() / frames as f64;
    }
    left / all
}

#[cfg(test)]
mod tests;
