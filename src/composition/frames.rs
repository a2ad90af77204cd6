//! The frames of a channel as vectors that can be compared. The mean of the song is subtracted: it
//! says nothing about the place in it.

use crate::composition::channels::CLASSES;

/// A frame with less than this share of the song's mean sum is silent.
const SILENT_SHARE: f32 = 0.1;
/// Length of a vector. Whole numbers have the same sums in any order, and SIMD multiplies eight of
/// them at a time.
pub const LENGTH: f32 = 12_212.0;

/// Vectors of [`LENGTH`], in whole numbers, or zeros where there is nothing; shape `[frames][12]`.
#[derive(Clone, Debug)]
pub struct Frames {
    vectors: Vec<[i16; CLASSES]>,
}

impl Frames {
    /// The frames of `channel`, shape `[frames, 12]`, read at `speed` times its own.
    #[must_use]
    pub fn new(channel: &[u8], speed: f64) -> Self {
        let kept = channel.as_chunks::<CLASSES>().0;
        let mut vectors = resampled(kept, speed);
        let sum_of = |vector: &[f32; CLASSES]| vector.iter().sum::<f32>();
        let mean_sum = vectors.iter().map(sum_of).sum::<f32>() / vectors.len().max(1) as f32;
        let silent: Vec<bool> = vectors
            .iter()
            .map(|vector| sum_of(vector) <= SILENT_SHARE * mean_sum)
            .collect();
        let mut mean = [0.0; CLASSES];
        for (vector, _) in vectors
            .iter_mut()
            .zip(&silent)
            .filter(|(_, silent)| !**silent)
        {
            normalise(vector);
            for (sum, value) in mean.iter_mut().zip(*vector) {
                *sum += value;
            }
        }
        let count = silent.iter().filter(|silent| !**silent).count().max(1) as f32;
        for (vector, silent) in vectors.iter_mut().zip(&silent) {
            if *silent {
                *vector = [0.0; CLASSES];
            } else {
                for (value, sum) in vector.iter_mut().zip(mean) {
                    *value -= sum / count;
                }
                normalise(vector);
            }
        }
        let whole = |value: f32| (LENGTH * value).round() as i16;
        Self {
            vectors: vectors.iter().map(|vector| vector.map(whole)).collect(),
        }
    }

    /// Number of frames.
    #[must_use]
    pub fn count(&self) -> usize {
        self.vectors.len()
    }

    /// The vector of each frame.
    #[must_use]
    pub fn vectors(&self) -> &[[i16; CLASSES]] {
        &self.vectors
    }
}

/// Means over `speed` frames each.
fn resampled(frames: &[[u8; CLASSES]], speed: f64) -> Vec<[f32; CLASSES]> {
    let count = (frames.len() as f64 / speed) as usize;
    (0..count)
        .map(|index| {
            let (start, end) = (index as f64 * speed, (index + 1) as f64 * speed);
            let mut mean = [0.0; CLASSES];
            let overlapping = frames.iter().enumerate().take(end.ceil() as usize);
            for (at, frame) in overlapping.skip(start as usize) {
                let share = ((end.min((at + 1) as f64) - start.max(at as f64)) / speed) as f32;
                for (sum, &value) in mean.iter_mut().zip(frame) {
                    *sum += share * f32::from(value);
                }
            }
            mean
        })
        .collect()
}

fn normalise(vector: &mut [f32; CLASSES]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 1e-6 {
        for value in vector {
            *value /= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(classes: &[usize]) -> Vec<u8> {
        let frame = |&class: &usize| -> [u8; CLASSES] {
            std::array::from_fn(|at| if at == class { 200 } else { 10 })
        };
        classes.iter().flat_map(frame).collect()
    }

    #[test]
    fn what_is_common_to_all_frames_is_taken_off() {
        let frames = Frames::new(&channel(&[0, 4, 0, 4]), 1.0);
        for class in (0..CLASSES).filter(|class| ![0, 4].contains(class)) {
            assert_eq!(frames.vectors()[0][class], 0);
        }
        let [first, second] = [frames.vectors()[0], frames.vectors()[1]];
        assert_eq!(first, second.map(|value| -value));
    }

    #[test]
    fn silence_is_zero_and_resembles_nothing() {
        let mut kept = channel(&[0, 1, 2, 3]);
        kept[CLASSES..2 * CLASSES].fill(0);
        let frames = Frames::new(&kept, 1.0);
        assert_eq!(frames.vectors()[1], [0; CLASSES]);
        let squares = frames.vectors()[2].map(|value| f32::from(value) * f32::from(value));
        let length = squares.iter().sum::<f32>().sqrt();
        assert!((length / LENGTH - 1.0).abs() < 1e-3, "{length}");
        assert_eq!(Frames::new(&[0; 24], 1.0).vectors(), [[0; CLASSES]; 2]);
        assert_eq!(Frames::new(&[], 1.2).count(), 0);
    }

    #[test]
    fn frames_are_read_at_another_speed() {
        let kept: Vec<[u8; CLASSES]> = (0..6).map(|frame| [10 * frame; CLASSES]).collect();
        let first = |speed| -> Vec<f32> {
            resampled(&kept, speed)
                .iter()
                .map(|frame| frame[0])
                .collect()
        };
        assert_eq!(first(1.0), [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        assert_eq!(first(2.0), [5.0, 25.0, 45.0]);
        assert_eq!(first(0.5)[..4], [0.0, 0.0, 10.0, 10.0]);
        let expected = [10.0, 50.0, 100.0, 140.0].map(|value| value / 3.0);
        for (value, expected) in first(1.5).iter().zip(expected) {
            assert!((value - expected).abs() < 1e-4, "{value} {expected}");
        }
    }
}
