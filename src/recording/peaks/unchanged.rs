//! Lines of a song that plays at its own pitch and speed under louder music.
//!
//! There, no block of 4 s may have enough evidence alone. But all blocks lie on one line, of which
//! only the offset is unknown. So all offsets are tried, and a line's evidence is the sum of that
//! of its windows of 4 s, as far as it is positive:
//!
//! ```text
//! T = sum over windows of max(0, evidence of the window's peaks)
//! ```
//!
//! A part of it must be of other windows than the greatest: what one window has alone, as where
//! both songs hold a note, is the matter of [`candidates`].
//!
//! The number of lines with `T` by chance is measured in the same two songs in two ways, of which
//! the sum is taken: by the probability of `T` at places anywhere, transposed, too, as that of
//! other lines [`elsewhere`]; and by the offsets with the next most votes. Where music keeps to a
//! grid of time, these are the ones at which both grids meet. The probability of such an offset
//! falls exponentially. Of `k` of them, with `t` the least and `m` the mean excess over it,
//!
//! ```text
//! expected(T) = k exp(-(T - t) / m)
//! ```
//!
//! In the set for fitting (`held_out mixes make --split validation`, then `evaluate --songs`), of
//! tracks that lie 10 dB below other music, 19 of 25 are found instead of 17, and 6 dB below, 22
//! instead of 21. Of 1,909 pairs of other tracks none is. Among 1,935 pairs of tunes at one pitch
//! and on one grid (`trainer/tunes.py` without its transposition), 84 are called copies instead of
//! 83; 258 would be by the places anywhere alone.
//!
//! [`candidates`]: crate::recording::peaks::candidates
//! [`elsewhere`]: crate::recording::peaks::elsewhere

use crate::geometry::time_map::TimeMap;
use crate::recording::peaks::candidates::BLOCK_FRAMES;
use crate::recording::peaks::elsewhere::{log_exceeding, place};
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::PITCHES;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::peaks::raster::{FRAME_REACH, PITCH_REACH};

/// Most frames of both songs together: 23 min. Pairs of peaks are counted, whose number grows with
/// the square.
const MOST_FRAMES: usize = 30_000;
/// Offsets with the most votes that are looked at first, and if one of them has evidence.
const FIRST_CANDIDATES: usize = 6;
const CANDIDATES: usize = 32;
/// Offsets nearer than this are one candidate, in frames: 0.19 s.
const CANDIDATE_FRAMES: usize = 4;
/// Least sum of a line that is looked at. Of a thousand places by chance, the greatest sum is 1 to
/// 4 in most songs.
const LEAST_SUM: f32 = 8.0;
/// Least sum of the windows of such a line besides the greatest. Chosen on the same set as the
/// figures above.
const LEAST_REST: f32 = 4.0;
/// Places by which the probability of a sum is measured.
const PLACES: usize = 1_000;
/// Votes that are added to the expected ones, so that a short overlap isn't the best by few votes.
const PRIOR_VOTES: f64 = 50.0;

/// The line with the greatest sum, and how many with its evidence are expected by chance. `None` if
/// no line is worth a look, and for very long songs.
#[must_use]
pub fn unchanged_line(pair: &PeakPair<'_>) -> Option<(PeakLine, f64)> {
    let frames = pair.left.frames + pair.right.frames;
    let is_empty = pair.left.peaks.is_empty() || pair.right.peaks.is_empty();
    if is_empty || frames > MOST_FRAMES {
        return None;
    }
    let mut offsets = Offsets::new(pair);
    let mut found = offsets.best(pair, FIRST_CANDIDATES);
    // Most pairs end here.
    if found.iter().all(|line| line.evidence < LEAST_SUM) {
        return None;
    }
    found.extend(offsets.best(pair, CANDIDATES - FIRST_CANDIDATES));
    found.sort_by(|a, b| b.evidence.total_cmp(&a.evidence));
    let (best, others) = found.split_first()?;
    let windows = windows(pair, best);
    let greatest = windows.iter().copied().fold(0.0, f32::max);
    if best.evidence - greatest < LEAST_REST {
        return None;
    }
    let anywhere =
        (frames / (2 * CANDIDATE_FRAMES)) as f64 * libm::exp(log_probability(pair, best));
    Some((trimmed(best, &windows), anywhere + expected(best, others)))
}

/// Number of lines with the evidence of the best one, by those with the next most votes, which are
/// ordered by their evidence.
fn expected(best: &PeakLine, others: &[PeakLine]) -> f64 {
    let Some(last) = others.last() else {
        return f64::INFINITY;
    };
    let excess = |line: &PeakLine| f64::from(line.evidence - last.evidence);
    let mean = others.iter().map(excess).sum::<f64>() / others.len() as f64;
    (others.len() + 1) as f64 * libm::exp(-excess(best) / mean.max(f64::MIN_POSITIVE))
}

/// Natural logarithm of the probability that a line has its sum at another place.
fn log_probability(pair: &PeakPair<'_>, line: &PeakLine) -> f64 {
    let places = (0..PLACES).filter_map(|index| place(line, index, pair.right.frames));
    let mut sums: Vec<f32> = places
        .map(|place| sum(&windows_around(pair, &place)))
        .collect();
    sums.sort_unstable_by(f32::total_cmp);
    log_exceeding(&sums, line.evidence)
}

/// A line from the first to the last window with evidence.
fn trimmed(line: &PeakLine, windows: &[f32]) -> PeakLine {
    let has_evidence = |evidence: &f32| *evidence > 0.0;
    let first = windows.iter().position(has_evidence).unwrap_or(0);
    let last = windows.iter().rposition(has_evidence).unwrap_or(0);
    let end = ((last + 1) as f64 * BLOCK_FRAMES).min(line.span.1);
    PeakLine {
        span: (first as f64 * BLOCK_FRAMES, end),
        ..*line
    }
}

/// The evidence of each window of the left song on a line.
fn windows(pair: &PeakPair<'_>, line: &PeakLine) -> Vec<f32> {
    let mut windows = no_windows(pair);
    pair.each(line, |frame, evidence| {
        windows[window_of(frame)] += evidence
    });
    windows
}

/// The same as if the right song began again after its end and ended before its start.
fn windows_around(pair: &PeakPair<'_>, line: &PeakLine) -> Vec<f32> {
    let mut windows = no_windows(pair);
    pair.each_around(line, |frame, evidence| {
        windows[window_of(frame)] += evidence
    });
    windows
}

fn no_windows(pair: &PeakPair<'_>) -> Vec<f32> {
    vec![0.0; window_of(pair.left.frames as u32) + 1]
}

fn window_of(frame: u32) -> usize {
    (f64::from(frame) / BLOCK_FRAMES) as usize
}

/// `T`.
fn sum(windows: &[f32]) -> f32 {
    windows.iter().map(|evidence| evidence.max(0.0)).sum()
}

/// Votes for the offsets of the right song.
struct Offsets {
    /// Votes beyond the expected ones, in standard deviations, by the offset in frames and the
    /// frames of the left song.
    votes: Vec<f64>,
    left_frames: usize,
}

impl Offsets {
    /// Each two peaks of one pitch vote for the offset between them.
    fn new(pair: &PeakPair<'_>) -> Self {
        let left_frames = pair.left.frames;
        let count = left_frames + pair.right.frames;
        let mut by_pitch = vec![Vec::new(); PITCHES];
        for peak in &pair.right.peaks {
            by_pitch[usize::from(peak.pitch)].push(peak.frame as usize);
        }
        let mut exact = vec![0.0_f64; count];
        for (index, peak) in pair.left.peaks.iter().enumerate() {
            let pitch = usize::from(peak.pitch);
            let near = pitch.saturating_sub(PITCH_REACH)..(pitch + PITCH_REACH + 1).min(PITCHES);
            for &frame in by_pitch[near].iter().flatten() {
                exact[frame + left_frames - peak.frame as usize] +=
                    f64::from(pair.evidence_of_meeting(index, frame));
            }
        }
        // Votes by chance are as many as there are pairs of frames.
        let overlap = |place: usize| {
            place
                .min(count - place)
                .min(left_frames)
                .min(pair.right.frames)
        };
        let all_frames = left_frames as f64 * pair.right.frames as f64;
        let rate = exact.iter().sum::<f64>() / all_frames.max(1.0);
        let votes = (0..count).map(|place| {
            let near = place.saturating_sub(FRAME_REACH)..(place + FRAME_REACH + 1).min(count);
            let expected = near.len() as f64 * rate * overlap(place) as f64;
            let votes: f64 = exact[near].iter().sum();
            (votes - expected) / libm::sqrt(expected + PRIOR_VOTES)
        });
        Self {
            votes: votes.collect(),
            left_frames,
        }
    }

    /// The lines of so many of the offsets with the most votes. The next call gives the next ones.
    fn best(&mut self, pair: &PeakPair<'_>, count: usize) -> Vec<PeakLine> {
        let mut found = Vec::with_capacity(count);
        for _ in 0..count {
            let places = self.votes.iter().enumerate();
            let Some((best, _)) = places.max_by(|a, b| a.1.total_cmp(b.1)) else {
                break;
            };
            let end = (best + CANDIDATE_FRAMES + 1).min(self.votes.len());
            self.votes[best.saturating_sub(CANDIDATE_FRAMES)..end].fill(f64::NEG_INFINITY);
            let line = PeakLine {
                span: (0.0, self.left_frames as f64),
                map: TimeMap {
                    anchor: (0.0, best as f64 - self.left_frames as f64),
                    slope: 1.0,
                },
                shift_steps: 0,
                evidence: 0.0,
            };
            let evidence = sum(&windows(pair, &line));
            found.push(PeakLine { evidence, ..line });
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, song, tune};
    use crate::recording::peaks::significance::certainty_of_unchanged;

    #[test]
    fn a_song_far_below_another_one_is_found_where_it_begins() {
        let (one, other) = (song(60.0, 1), song(90.0, 2));
        // One in twelve of its peaks is left.
        let mix = mixed(&other, &one, 300, 12);
        for (left, right, offset) in [(&one, &mix, 300.0), (&mix, &one, -300.0)] {
            let (line, expected) = unchanged_line(&PeakPair::new(left, right)).unwrap();
            assert!(certainty_of_unchanged(expected) > 0.99, "{expected}");
            assert!((line.map.at(0.0) - offset).abs() <= 1.0, "{line:?}");
            let right = line.inverse().span;
            let length = one.frames as f64;
            let shorter = (line.span.1 - line.span.0).min(right.1 - right.0);
            assert!((0.6..1.2).contains(&(shorter / length)), "{line:?}");
        }
    }

    #[test]
    fn other_songs_have_no_such_line() {
        for seed in 2..8 {
            let certainty = |found: Option<(PeakLine, f64)>| {
                found.map_or(0.0, |(_, expected)| certainty_of_unchanged(expected))
            };
            let (one, other) = (song(60.0, 1), song(60.0, seed));
            let of_songs = certainty(unchanged_line(&PeakPair::new(&one, &other)));
            assert!(of_songs < 0.1, "{seed}: {of_songs}");
        }
    }

    #[test]
    fn other_tunes_on_one_grid_of_time_have_no_such_line() {
        let one = tune(320, 1);
        let mut count = 0;
        for seed in 2..22 {
            let other = tune(320, seed);
            let found = unchanged_line(&PeakPair::new(&one, &other));
            let Some((_, expected)) = found else { continue };
            let certainty = certainty_of_unchanged(expected);
            assert!(certainty < 0.1, "{seed}: {certainty}");
            count += 1;
        }
        assert!(count > 5, "{count}");
    }

    #[test]
    fn a_passage_in_one_window_is_no_such_line() {
        let (one, other) = (song(60.0, 1), song(90.0, 2));
        // The first frame of a window, and some more.
        let start = 3 * BLOCK_FRAMES as u32 + 5;
        let passage = changed(&one, (start, start + 70), 1.0, 0);
        let mix = mixed(&other, &passage, 900, 1);
        let pair = PeakPair::new(&one, &mix);
        assert_eq!(unchanged_line(&pair), None);
        let lines = pair.lines();
        assert!(lines[0].evidence > 5.0 * LEAST_SUM, "{lines:?}");
    }

    #[test]
    fn a_line_counts_by_how_far_it_exceeds_the_next_ones() {
        let line = |evidence: f32| PeakLine {
            span: (0.0, 1.0),
            map: TimeMap {
                anchor: (0.0, 0.0),
                slope: 1.0,
            },
            shift_steps: 0,
            evidence,
        };
        let of = |best: f32, others: [f32; 4]| expected(&line(best), &others.map(line));
        // The mean excess over the least is 2.5.
        let found = of(22.0, [7.0, 4.0, 3.0, 2.0]);
        assert!(
            (found / (5.0 * libm::exp(-20.0 / 2.0)) - 1.0).abs() < 1e-6,
            "{found}"
        );
        // On one grid, the next ones come near.
        assert!(of(22.0, [20.0, 18.0, 12.0, 2.0]) > 0.5);
        assert_eq!(expected(&line(22.0), &[]), f64::INFINITY);
    }

    #[test]
    fn what_is_frequent_anywhere_is_no_evidence() {
        let (one, other) = (song(60.0, 1), song(90.0, 2));
        let mix = mixed(&other, &one, 300, 12);
        let pair = PeakPair::new(&one, &mix);
        let (line, expected) = unchanged_line(&pair).unwrap();
        // The other offsets alone would make it surer by far.
        let anywhere = libm::exp(log_probability(&pair, &line));
        assert!(
            anywhere > 0.0 && expected >= anywhere,
            "{expected} {anywhere}"
        );
    }

    #[test]
    fn songs_without_peaks_have_no_line() {
        let nothing = song(0.0, 1);
        assert_eq!(unchanged_line(&PeakPair::new(&nothing, &nothing)), None);
        let one = song(20.0, 1);
        assert_eq!(unchanged_line(&PeakPair::new(&one, &nothing)), None);
    }
}
