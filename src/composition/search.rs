//! Which transposition and which speed of the right song resemble the left one best, by harmony and
//! by melody.

use crate::composition::channels::{CLASSES, Channels};
use crate::composition::correlations::{Columns, correlate};
use crate::composition::frames::Frames;
use crate::composition::qmax::qmax;
use crate::composition::recurrence::Levels;

/// Speeds of the right song that are tried, as powers of 2^(1/4): 0.71 to 1.41. Moments still
/// correlate where the nearest speed is 9 % off.
const SPEED_STEPS: std::ops::RangeInclusive<i32> = -2..=2;

/// The transposition and the speed at which two compositions are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// 1.10: the right song plays 10 % faster.
    pub speed: f64,
    /// The right song is so many semitones higher, 0 to 11.
    pub semitones: usize,
}

/// How well songs align in every setting.
#[derive(Clone, Debug)]
pub struct Alignments {
    settings: Vec<Setting>,
    /// Value of the best path by harmony in each setting.
    harmony: Vec<f32>,
    /// The same by melody.
    melody: Vec<f32>,
}

impl Alignments {
    /// Aligns two songs in every setting.
    #[must_use]
    pub fn new(left: &Channels, right: &Channels) -> Self {
        let settings = SPEED_STEPS
            .flat_map(|step| {
                let speed = libm::exp2(f64::from(step) / 4.0);
                (0..CLASSES).map(move |semitones| Setting { speed, semitones })
            })
            .collect();
        Self {
            settings,
            harmony: values(&left.harmony, &right.harmony),
            melody: values(&left.melody, &right.melody),
        }
    }

    /// The settings, the best by both channels first.
    #[must_use]
    pub fn best_first(&self) -> Vec<Setting> {
        let (harmony, melody) = (
            self.deviations(&self.harmony),
            self.deviations(&self.melody),
        );
        let mut order: Vec<usize> = (0..self.settings.len()).collect();
        order.sort_by(|&a, &b| (harmony[b] + melody[b]).total_cmp(&(harmony[a] + melody[a])));
        order
            .into_iter()
            .map(|index| self.settings[index])
            .collect()
    }

    /// How much better the best transposition is than most others, by harmony and by melody: the
    /// logarithm of its best path, by that of the median transposition. Songs that resemble
    /// everything do so in all transpositions.
    #[must_use]
    pub fn contrasts(&self) -> [f32; 2] {
        [&self.harmony, &self.melody].map(|values| {
            let mut of_semitones = [0.0_f32; CLASSES];
            for (value, setting) in values.iter().zip(&self.settings) {
                let best = &mut of_semitones[setting.semitones];
                *best = best.max(*value);
            }
            of_semitones.sort_by(f32::total_cmp);
            // A path of no length has a logarithm, too.
            let [median, best] = [CLASSES / 2, CLASSES - 1].map(|rank| 1.0 + of_semitones[rank]);
            libm::logf(best / median)
        })
    }

    /// The transposition that is the best by harmony, and by melody.
    #[must_use]
    pub fn transpositions(&self) -> [usize; 2] {
        [&self.harmony, &self.melody].map(|values| {
            let best = (1..values.len()).fold(0, |best, index| {
                if values[index] > values[best] {
                    index
                } else {
                    best
                }
            });
            self.settings[best].semitones
        })
    }

    fn deviations(&self, values: &[f32]) -> Vec<f32> {
        let count = self.settings.len() as f32;
        let mean = values.iter().sum::<f32>() / count;
        let variance = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f32>()
            / count;
        // A path of a few cells is no deviation where there are no others.
        let deviation = variance.sqrt().max(1.0);
        values
            .iter()
            .map(|value| (value - mean) / deviation)
            .collect()
    }
}

/// Value of the best path by a channel in each setting.
fn values(left: &[u8], right: &[u8]) -> Vec<f32> {
    let left = Frames::new(left, 1.0);
    SPEED_STEPS
        .flat_map(|step| {
            let right = Frames::new(right, libm::exp2(f64::from(-step) / 4.0));
            let right = Columns::new(&right);
            let left = &left;
            (0..CLASSES).map(move |semitones| {
                let mut levels = Levels::new(right.moments());
                correlate(left, &right, semitones, |row| levels.push(row));
                qmax(&levels.mutual_neighbours())
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_transposition_and_speed_come_first() {
        let song = |semitones: usize, speed: f64| {
            let classes = |secs: f64, voice: u64| -> [u8; CLASSES] {
                let index = secs as u64 + 1_000 * voice;
                let class = ((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize;
                std::array::from_fn(|at| {
                    if at == (class + semitones) % CLASSES {
                        250
                    } else {
                        9
                    }
                })
            };
            let frames = (0..(80.0 / speed) as u64 * 2).map(|frame| frame as f64 * 0.5 * speed);
            Channels {
                frame_secs: 0.5,
                harmony: frames.clone().flat_map(|secs| classes(secs, 1)).collect(),
                melody: frames.flat_map(|secs| classes(secs, 2)).collect(),
            }
        };
        let faster = SPEED_STEPS
            .map(|step| libm::exp2(f64::from(step) / 4.0))
            .next_back()
            .unwrap();
        for (semitones, speed) in [(0, 1.0), (9, 1.0), (4, faster)] {
            let alignments = Alignments::new(&song(0, 1.0), &song(semitones, speed));
            let best = alignments.best_first()[0];
            assert_eq!(best, Setting { speed, semitones });
            assert_eq!(alignments.transpositions(), [semitones; 2]);
            let [harmony, melody] = alignments.contrasts();
            assert!(harmony > 0.3 && melody > 0.3, "{harmony} {melody}");
        }
    }
}
