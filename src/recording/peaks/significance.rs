//! The significance of a line's evidence.
//!
//! Two unrelated songs have lines too, by chance. The greatest of many sums of evidence follows an
//! extreme value distribution (S. Karlin, S. Altschul, PNAS 87, 1990; the statistics of BLAST). The
//! number of lines that reach evidence `S` in songs of `m` and `n` seconds is
//!
//! ```text
//! expected(S) = K m n exp(-lambda S)
//! ```
//!
//! `K` and `lambda` are fitted to the lines of unrelated songs of the validation split
//! (`trainer/fit_peaks.py`).
//!
//! Simple tunes have more. With the probability `p(S)` of the evidence [`elsewhere`] in the same
//! two songs, their number is
//!
//! ```text
//! expected_elsewhere(S) = N m n p(S)
//! ```
//!
//! [`elsewhere`]: crate::recording::peaks::elsewhere

use crate::geometry::spans::covered_share;
use crate::recording::certainty::LEAST_CERTAINTY;
use crate::recording::peaks::elsewhere::log_probability;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_pair::PeakPair;

/// Decrease of the number of lines with their evidence.
const LAMBDA: f64 = 0.638;
/// Lines of no evidence for each square second.
const K: f64 = 0.007_98;
/// Expected number of lines by chance at which the certainty is 0.5: three comparisons of unrelated
/// songs in ten thousand have such a line.
const EVEN: f64 = 3e-4;
/// `ln N`, by the false positives: pairs of different tunes by a synthesiser (`trainer/tunes.py`)
/// with a score of 0.5 or more. It was chosen by the titles from k to z. Of 106 copies that are
/// found in 127 mixes of validation tracks, none is lost.
///
/// | `ln N` | titles from k to z | titles from a to j |
/// |---:|---:|---:|
/// | without the evidence elsewhere | 92 of 1,300 | 51 of 880 |
/// | 13 | 5 | 9 |
const LOG_PLACES_PER_SQUARE_SEC: f64 = 13.0;

/// Lengths of a passage from which its evidence begins to count and counts in full, in seconds.
/// Shorter ones may be a spoken word that both songs have: of 100 pairs of validation songs with
/// the same tag of 2 s, 2 score 0.5 or more.
const SUFFICIENT_SECS: (f64, f64) = (1.8, 2.6);
/// Where a song is so short that this share of it is less than the sufficient length, the share
/// suffices.
const SUFFICIENT_SHARE: f64 = 0.8;
/// Lines are of one place if the one covers this share of the other.
const SAME_PLACE_SHARE: f64 = 0.7;
/// Uses of a place have at least this share of a line's evidence.
const EVIDENCE_SHARE_OF_USE: f64 = 0.3;

/// Number of lines with at least this evidence that two unrelated songs of these lengths have.
#[must_use]
pub fn expected_by_chance(evidence: f64, [left_secs, right_secs]: [f64; 2]) -> f64 {
    K * left_secs * right_secs * libm::exp(-LAMBDA * evidence)
}

/// Number of lines with the evidence of this one that these songs have by their evidence elsewhere.
fn expected_elsewhere(
    pair: &PeakPair<'_>,
    line: &PeakLine,
    [left_secs, right_secs]: [f64; 2],
) -> f64 {
    left_secs * right_secs * libm::exp(LOG_PLACES_PER_SQUARE_SEC + log_probability(pair, line))
}

/// Natural logarithm of the number of lines with the evidence of this one that the songs have by
/// chance, as any two songs and by their evidence elsewhere.
#[must_use]
pub fn log_expected(pair: &PeakPair<'_>, line: &PeakLine, songs_secs: [f64; 2]) -> f64 {
    let by_chance = expected_by_chance(f64::from(line.evidence), songs_secs);
    libm::log(by_chance + expected_elsewhere(pair, line, songs_secs))
}

/// Certainty that each of the lines of a pair is a copy, 0..1. Other uses of the same place tell
/// that a line is no chance: where all of a song is one loop, a use of it has its evidence
/// elsewhere, too.
#[must_use]
pub fn certainties(pair: &PeakPair<'_>, lines: &[PeakLine], songs_secs: [f64; 2]) -> Vec<f64> {
    let by_chance = |line: &PeakLine| expected_by_chance(f64::from(line.evidence), songs_secs);
    let certainty = |line: &PeakLine, expected: f64| {
        certainty_by_expected(expected, line, lines, songs_secs, pair.left.frame_secs)
    };
    let elsewhere: Vec<Option<f64>> = lines
        .iter()
        .map(|line| {
            // Most lines aren't worth the time.
            (certainty(line, by_chance(line)) >= LEAST_CERTAINTY)
                .then(|| expected_elsewhere(pair, line, songs_secs))
        })
        .collect();
    lines
        .iter()
        .zip(&elsewhere)
        .map(|(line, own)| {
            let uses = lines.iter().zip(&elsewhere).filter(|(other, _)| {
                is_use(line, other) || is_use(&line.inverse(), &other.inverse())
            });
            let least = own.map_or(0.0, |own| {
                uses.filter_map(|(_, expected)| *expected)
                    .fold(own, f64::min)
            });
            certainty(line, by_chance(line) + least)
        })
        .collect()
}

/// Whether another line is a use of the same place of the left song.
fn is_use(line: &PeakLine, other: &PeakLine) -> bool {
    covered_share(line.span, vec![other.span]) >= SAME_PLACE_SHARE
        && f64::from(other.evidence) >= EVIDENCE_SHARE_OF_USE * f64::from(line.evidence)
}

/// Certainty of a line with this expected number of lines by chance. Its length is that of all uses
/// of its place, which are among `lines`, together.
fn certainty_by_expected(
    expected: f64,
    line: &PeakLine,
    lines: &[PeakLine],
    songs_secs: [f64; 2],
    frame_secs: f64,
) -> f64 {
    let (from, to) = SUFFICIENT_SECS;
    let scale = (SUFFICIENT_SHARE * songs_secs[0].min(songs_secs[1]) / to).min(1.0);
    let length =
        ((used_frames(line, lines) * frame_secs / scale - from) / (to - from)).clamp(0.0, 1.0);
    length / (1.0 + expected / EVEN)
}

/// Frames of a line with all others of the same place, in the song that uses it more often.
fn used_frames(line: &PeakLine, lines: &[PeakLine]) -> f64 {
    let frames = |line: PeakLine, lines: &mut dyn Iterator<Item = PeakLine>| {
        let others = lines.filter(|other| is_use(&line, other));
        let uses: Vec<(f64, f64)> = others.map(|other| other.inverse().span).collect();
        let all = (0.0, uses.iter().fold(1.0, |end: f64, span| end.max(span.1)));
        covered_share(all, uses) * all.1
    };
    let there = frames(*line, &mut lines.iter().copied());
    let back = frames(line.inverse(), &mut lines.iter().map(PeakLine::inverse));
    there.max(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, tune};
    use crate::recording::peaks::peak_map::{PeakMap, STEPS_PER_SEMITONE};

    fn line(evidence: f32, left: (f64, f64), right_start: f64) -> PeakLine {
        PeakLine {
            span: left,
            map: TimeMap {
                anchor: (left.0, right_start),
                slope: 1.0,
            },
            shift_steps: 0,
            evidence,
        }
    }

    fn alone(evidence: f32, frames: f64, secs: f64) -> f64 {
        let line = line(evidence, (0.0, frames), 0.0);
        by_chance(&line, &[line], [secs, 240.0])
    }

    fn by_chance(line: &PeakLine, lines: &[PeakLine], songs_secs: [f64; 2]) -> f64 {
        let expected = expected_by_chance(f64::from(line.evidence), songs_secs);
        certainty_by_expected(expected, line, lines, songs_secs, 0.05)
    }

    #[test]
    fn longer_songs_need_more_evidence() {
        let half = |secs| (0..200).find(|&evidence| alone(evidence as f32, 100.0, secs) >= 0.5);
        assert!(half(5.0) < half(240.0) && half(240.0) < half(5_400.0));
        assert_eq!(half(240.0), Some(23));
        assert!(alone(10.0, 100.0, 240.0) < 0.01 && alone(100.0, 100.0, 240.0) > 0.999);
    }

    #[test]
    fn a_second_is_too_little_unless_it_is_used_often() {
        assert!(alone(200.0, 20.0, 240.0) < 0.5);
        assert!(alone(200.0, 60.0, 240.0) > 0.99);
        let uses: Vec<PeakLine> = (0..4)
            .map(|use_| line(200.0, (0.0, 20.0), 100.0 * f64::from(use_)))
            .collect();
        let of_first = |lines: &[PeakLine]| by_chance(&lines[0], lines, [240.0, 240.0]);
        assert!(of_first(&uses) > 0.99);
        // Seen from the song that uses it.
        let inverse: Vec<PeakLine> = uses.iter().map(PeakLine::inverse).collect();
        assert!(of_first(&inverse) > 0.99);
        let elsewhere = [uses[0], line(200.0, (30.0, 50.0), 400.0)];
        assert!(of_first(&elsewhere) < 0.5);
    }

    /// The greatest certainty of the lines of two songs, by chance alone and as it is.
    fn greatest(left: &PeakMap, right: &PeakMap) -> (f64, f64) {
        let pair = PeakPair::new(left, right);
        let lines = pair.lines();
        let songs_secs = [left.secs(), right.secs()];
        let by_chance = lines.iter().map(|line| by_chance(line, &lines, songs_secs));
        (
            by_chance.fold(0.0, f64::max),
            certainties(&pair, &lines, songs_secs)
                .into_iter()
                .fold(0.0, f64::max),
        )
    }

    #[test]
    fn different_tunes_on_one_grid_of_time_are_no_copies() {
        let one = tune(160, 1);
        let mut by_chance_only = 0;
        for seed in 2..10 {
            let (by_chance, certainty) = greatest(&one, &tune(160, seed));
            by_chance_only += usize::from(by_chance >= LEAST_CERTAINTY);
            assert!(certainty < LEAST_CERTAINTY, "{seed}: {certainty}");
        }
        assert!(by_chance_only >= 4, "{by_chance_only}");
    }

    #[test]
    fn a_tune_is_found_again_under_another_one() {
        let one = tune(160, 1);
        let copy = changed(&one, (0, one.frames as u32), 1.05, 2 * STEPS_PER_SEMITONE);
        for right in [&copy, &mixed(&tune(160, 2), &copy, 40, 2)] {
            let (_, certainty) = greatest(&one, right);
            assert!(certainty > 0.99, "{certainty}");
        }
    }
}
