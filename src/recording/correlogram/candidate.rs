//! Candidates: where two songs meet by their spectrograms, and what speaks for each of them.
//!
//! The correlation of spectrograms, the candidate's height above the other ones of the same songs,
//! and the spectral peaks that meet there have nearly independent errors. A logistic regression
//! joins them to the probability that a candidate is a copy:
//!
//! ```text
//! logit = BIAS + EVIDENCE evidence + ROUGH rough_evidence + PROMINENCE ln(prominence)
//!       + PEAKS sqrt(peaks / n) - LENGTH ln(max(n, 1))
//! ```
//!
//! with a stretch of `n` blocks. The longer it is, the more likely it is a common rhythm that gives
//! so much evidence. All six are fitted by `trainer/fit_correlogram.py`.

use crate::geometry::time_map::TimeMap;
use crate::recording::correlogram::meeting::Meeting;
use crate::recording::peaks::candidates::BLOCK_FRAMES;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::STEPS_PER_SEMITONE;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;

const BIAS: f64 = -15.3;
const EVIDENCE: f64 = 0.35;
const ROUGH: f64 = 0.7;
const PROMINENCE: f64 = 4.09;
const PEAKS: f64 = 1.08;
const LENGTH: f64 = 1.59;
/// Least mean excess, and least prominence.
const LEAST_EXCESS: f32 = 0.3;
const LEAST_PROMINENCE: f32 = 0.2;
/// Peaks may lie so many frames and bands off the place that spectrograms give.
const FRAMES: i32 = 3;
const BANDS: i32 = 1;

/// A place where two songs meet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    pub meeting: Meeting,
    /// How far its evidence exceeds that of the weakest candidate, in mean excesses of the others.
    pub prominence: f32,
    /// Evidence of the spectral peaks that meet there: the sum over windows of 4 s, as far as it is
    /// positive.
    pub peaks: f32,
}

impl Candidate {
    /// Probability that it is a copy.
    #[must_use]
    pub fn certainty(&self) -> f64 {
        let weights = [EVIDENCE, ROUGH, PROMINENCE, PEAKS, -LENGTH];
        let terms = weights.iter().zip(self.features());
        let logit = BIAS + terms.map(|(weight, feature)| weight * feature).sum::<f64>();
        1.0 / (1.0 + libm::exp(-logit))
    }

    /// What the regression weighs, in the order of the formula.
    #[must_use]
    pub fn features(&self) -> [f64; 5] {
        let blocks = f64::from(self.meeting.blocks());
        [
            f64::from(self.meeting.evidence),
            f64::from(self.meeting.rough_evidence),
            libm::log(f64::from(self.prominence.max(LEAST_PROMINENCE))),
            libm::sqrt(f64::from(self.peaks) / blocks),
            libm::log(blocks.max(1.0)),
        ]
    }
}

/// The prominence of each of some evidences.
#[must_use]
pub fn prominences(evidences: &[f32]) -> Vec<f32> {
    let least_of = |values: &mut dyn Iterator<Item = f32>| values.fold(f32::INFINITY, f32::min);
    (0..evidences.len())
        .map(|index| {
            let others = || {
                let all = evidences.iter().enumerate();
                all.filter(|(other, _)| *other != index)
                    .map(|(_, evidence)| *evidence)
            };
            let count = others().count();
            let least = match count {
                0 => 0.0,
                _ => least_of(&mut others()),
            };
            let excess: f32 = others().map(|evidence| evidence - least).sum();
            let mean = (excess / count.max(1) as f32).max(LEAST_EXCESS);
            (evidences[index] - least) / mean
        })
        .collect()
}

/// Evidence of the peaks that meet where two songs meet, whose spectrograms have columns of so many
/// seconds.
#[must_use]
pub fn evidence_of_peaks(pair: &PeakPair<'_>, meeting: &Meeting, column_secs: f64) -> f32 {
    let frames_per_column = column_secs / pair.left.frame_secs;
    let span = (
        meeting.span.0 as f64 * frames_per_column,
        meeting.span.1 as f64 * frames_per_column,
    );
    let steps_per_band = STEPS_PER_SEMITONE / BANDS_PER_SEMITONE as i32;
    let mut windows = vec![0.0_f32; (pair.left.frames as f64 / BLOCK_FRAMES) as usize + 1];
    let mut greatest = 0.0_f32;
    for band in -BANDS..=BANDS {
        for frame in -FRAMES..=FRAMES {
            let line = PeakLine {
                span,
                map: TimeMap {
                    anchor: (
                        0.0,
                        meeting.lag as f64 * frames_per_column + f64::from(frame),
                    ),
                    slope: 1.0,
                },
                shift_steps: (meeting.shift_bands as i32 + band) * steps_per_band,
                evidence: 0.0,
            };
            windows.fill(0.0);
            pair.each_within(&line, |frame, evidence| {
                windows[(f64::from(frame) / BLOCK_FRAMES) as usize] += evidence;
            });
            let sum = windows.iter().map(|evidence| evidence.max(0.0)).sum();
            greatest = greatest.max(sum);
        }
    }
    greatest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{changed, mixed, song};

    const UNRELATED: Candidate = Candidate {
        meeting: Meeting {
            evidence: 7.4,
            rough_evidence: 5.0,
            shift_bands: 0,
            lag: 0,
            span: (0, 128),
        },
        prominence: 1.5,
        peaks: 1.0,
    };

    #[test]
    fn each_kind_of_evidence_makes_a_candidate_more_certain() {
        let certainty = UNRELATED.certainty();
        assert!(certainty < 0.01, "{certainty}");
        let Candidate { meeting, .. } = UNRELATED;
        let more_evidence = Meeting {
            evidence: 12.0,
            ..meeting
        };
        let more_rough = Meeting {
            rough_evidence: 8.0,
            ..meeting
        };
        let shorter = Meeting {
            span: (0, 64),
            ..meeting
        };
        for meeting in [more_evidence, more_rough, shorter] {
            let candidate = Candidate {
                meeting,
                ..UNRELATED
            };
            assert!(candidate.certainty() > 2.0 * certainty, "{candidate:?}");
        }
        for (prominence, peaks) in [(3.0, 1.0), (1.5, 20.0)] {
            let candidate = Candidate {
                prominence,
                peaks,
                ..UNRELATED
            };
            assert!(candidate.certainty() > 2.0 * certainty, "{candidate:?}");
        }
    }

    #[test]
    fn a_prominence_counts_mean_excesses_over_the_least() {
        // The others of the first one exceed 4 by 1 in the mean.
        assert_eq!(prominences(&[9.0, 6.0, 5.0, 4.0, 4.0, 6.0])[0], 5.0);
        assert_eq!(prominences(&[5.0, 4.0, 4.0])[0], 1.0 / LEAST_EXCESS);
        assert!(prominences(&[]).is_empty());
        assert!(prominences(&[6.0])[0] > 15.0);
    }

    #[test]
    fn peaks_that_meet_near_the_place_are_evidence() {
        let one = song(60.0, 1);
        let copy = changed(&one, (0, one.frames as u32), 1.0, 2 * STEPS_PER_SEMITONE);
        let mix = mixed(&song(90.0, 2), &copy, 200, 4);
        let pair = PeakPair::new(&one, &mix);
        // Frames have half the length of columns; the true place is 200 frames, so 100 columns.
        let column_secs = 2.0 * one.frame_secs;
        let evidence = |lag: isize, shift_bands: isize| {
            let meeting = Meeting {
                lag,
                shift_bands,
                span: (0, one.frames / 2),
                ..Meeting::default()
            };
            evidence_of_peaks(&pair, &meeting, column_secs)
        };
        let there = evidence(100, 4);
        assert!(there > 40.0, "{there}");
        assert!(evidence(101, 5) > 0.8 * there, "a column and a band away");
        for (lag, shift) in [(100, 8), (110, 4), (-50, 4)] {
            let elsewhere = evidence(lag, shift);
            assert!(elsewhere < 0.2 * there, "{lag} {shift}: {elsewhere}");
        }
    }
}
