//! The evidence of a line's peaks elsewhere in the other song.
//!
//! The evidence of a line is a sum over peaks as if each met by itself. In simple music they don't:
//! where one voice plays few pitches on one grid of time, a note that meets another one meets it in
//! all its partials and frames, and the notes after it often follow. So two such tunes have lines
//! of much evidence by chance, and the same stretch has much elsewhere, too: at other places and
//! other transpositions. A copy exceeds all of that, however simple its music is.
//!
//! At places by chance the probability of evidence `S` falls exponentially above the 95th
//! percentile `t`. With `m`, the mean excess over `t`:
//!
//! ```text
//! probability(S) = 0.05 exp(-(S - t) / m)
//! ```
//!
//! Both are measured for each line. Music that repeats itself is also met at its repetitions. These
//! are few among all places, so that values above the 998th of a thousand are taken for that one.

use crate::geometry::time_map::TimeMap;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::peaks::peak_pair::{PeakPair, SAME_FRAMES};

/// Places at which a line is tried first. They give the mean excess to about a quarter.
const FIRST_PLACES: usize = 400;
/// Where those leave a doubt, a line is tried at `PEAKS / peaks of the line` places.
const PEAKS: usize = 2_000_000;
/// Most places.
const MOST_PLACES: usize = 4_000;
/// Logarithm of a probability that is small enough for a copy even if it is wrong by half.
const SURE: f64 = -70.0;
/// Shortest right song that has enough places of its own, in frames: 7 s. In a clip nearly all of
/// them overlap the line.
const LEAST_FRAMES: usize = 150;
/// Greatest transposition either way.
const MOST_SEMITONES: usize = 12;
/// Quantiles from which the evidence falls exponentially, and above which it may be a repetition.
const QUANTILES: (f64, f64) = (0.95, 0.998);

/// Natural logarithm of the probability that a line's peaks have its evidence at another place;
/// that of zero if the right song is too short to tell.
#[must_use]
pub fn log_probability(pair: &PeakPair<'_>, line: &PeakLine) -> f64 {
    if pair.right.frames < LEAST_FRAMES {
        return f64::NEG_INFINITY;
    }
    let peaks = pair.left.range(line.span).len().max(1);
    let all = (PEAKS / peaks).clamp(FIRST_PLACES, MOST_PLACES);
    let mut evidence: Vec<f32> = Vec::with_capacity(all);
    let (mut tried, mut found) = (0, 0.0);
    for count in [FIRST_PLACES, all] {
        let places = (tried..count).filter_map(|index| place(line, index, pair.right.frames));
        evidence.extend(places.map(|place| pair.evidence_around(&place)));
        evidence.sort_unstable_by(f32::total_cmp);
        tried = count;
        found = log_exceeding(&evidence, line.evidence);
        if found < SURE {
            break;
        }
    }
    found
}

/// One of the places of a line in a right song of so many frames: at the same speed, anywhere, and
/// transposed. `None` at the line's own place.
fn place(line: &PeakLine, index: usize, right_frames: usize) -> Option<PeakLine> {
    /// The golden ratio, whose multiples are spread evenly over a song (H. Weyl, "Ueber die
    /// Gleichverteilung von Zahlen mod. Eins", 1916).
    const RATIO: f64 = 0.618_033_988_749_895;
    let semitones = (index % (2 * MOST_SEMITONES + 1)) as i32 - MOST_SEMITONES as i32;
    let right_frames = right_frames as f64;
    let offset = (index as f64 * RATIO).fract() * right_frames;
    if semitones == 0 && offset.min(right_frames - offset) < SAME_FRAMES {
        return None;
    }
    let (left, right) = line.map.anchor;
    Some(PeakLine {
        map: TimeMap {
            anchor: (left, right + offset),
            ..line.map
        },
        shift_steps: line.shift_steps + semitones * STEPS_PER_SEMITONE,
        ..*line
    })
}

/// Natural logarithm of the probability of exceeding a value, by the tail of a sorted sample.
fn log_exceeding(sample: &[f32], value: f32) -> f64 {
    let at =
        |quantile: f64| sample[((sample.len() as f64 * quantile) as usize).min(sample.len() - 1)];
    let (from, to) = (at(QUANTILES.0), at(QUANTILES.1));
    let log_from = libm::log(1.0 - QUANTILES.0);
    if value <= from {
        return log_from;
    }
    // The likeliest mean of an exponential distribution that is censored at `to`.
    let above = &sample[sample.partition_point(|&other| other <= from)..];
    let exact = above.partition_point(|&other| other < to).max(1);
    let excess: f64 = above
        .iter()
        .map(|&other| f64::from(other.min(to) - from))
        .sum();
    if excess > 0.0 {
        log_from - f64::from(value - from) * exact as f64 / excess
    } else {
        f64::NEG_INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::PeakMap;
    use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, song, tune};

    /// The probability of the strongest line.
    fn of_strongest(left: &PeakMap, right: &PeakMap) -> f64 {
        let pair = PeakPair::new(left, right);
        log_probability(&pair, &pair.lines()[0])
    }

    #[test]
    fn a_copy_of_a_tune_is_rare_elsewhere_and_another_tune_is_not() {
        let (one, other) = (tune(160, 1), tune(160, 2));
        let all = (0, one.frames as u32);
        let copy = changed(&one, all, 1.05, 2 * STEPS_PER_SEMITONE);
        let mixture = mixed(&other, &copy, 40, 2);
        for copy in [&copy, &mixture] {
            let found = of_strongest(&one, copy);
            assert!(found < -40.0, "{found}");
        }
        for seed in 2..8 {
            let found = of_strongest(&one, &tune(160, seed));
            assert!(found > -25.0, "{seed}: {found}");
        }
    }

    #[test]
    fn a_loop_is_rare_elsewhere() {
        let (one, mut mixture) = (song(40.0, 1), song(60.0, 2));
        let used = changed(&one, (300, 386), 1.0, 0);
        for place in 0..14 {
            mixture = mixed(&mixture, &used, 90 * place, 2);
        }
        let found = of_strongest(&one, &mixture);
        assert!(found < -40.0, "{found}");
    }

    #[test]
    fn an_exponential_tail_is_continued() {
        let tail = |mean: f64| -> Vec<f32> {
            (0..4_000)
                .map(|rank| (-mean * libm::log(1.0 - (f64::from(rank) + 0.5) / 4_000.0)) as f32)
                .collect()
        };
        for mean in [0.5, 2.0] {
            for value in [6.0, 40.0] {
                let found = log_exceeding(&tail(mean), value * mean as f32);
                assert!(
                    (found + f64::from(value)).abs() < 0.05 * f64::from(value),
                    "{found}"
                );
            }
        }
        // Repetitions don't count.
        let mut repeated = tail(1.0);
        let last = repeated.len() - 6;
        repeated[last..].fill(90.0);
        assert!((log_exceeding(&repeated, 30.0) + 30.0).abs() < 2.0);
        assert_eq!(log_exceeding(&[0.0; 100], 10.0), f64::NEG_INFINITY);
        assert!(log_exceeding(&tail(1.0), 0.0) > -3.1);
    }
}
