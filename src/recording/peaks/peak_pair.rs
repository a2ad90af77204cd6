//! The lines of two songs: each candidate, grown to the stretch with the greatest evidence.

use std::sync::Arc;

use crate::geometry::lines::smallest_first;
use crate::geometry::time_map::TimeMap;
use crate::recording::peaks::candidates::candidates;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::PeakMap;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::peaks::raster::{MOST_SHIFTS, Raster};

/// Most lines of two songs. A loop may be used so many times.
const MOST_LINES: usize = 48;
/// Lines nearer than this to a place are the same there, in frames: 0.28 s.
pub const SAME_FRAMES: f64 = 6.0;
/// Least evidence of a block from which a line grows. Blocks of unrelated songs stay below it.
pub const LEAST_BLOCK_EVIDENCE: f32 = 4.0;
/// Lines with so many times the evidence of a block explain it.
const STRONGER: f32 = 3.0;
/// Shortest line, in frames: 1 s.
const LEAST_FRAMES: f64 = 20.0;
/// Most peaks by which a line is adjusted. Of a longer one, one in two, three ... is taken.
const MOST_PEAKS: usize = 600;
/// Rounds of finding the ends and adjusting the line.
const ROUNDS: usize = 3;

/// Values that are tried either side of a line: how many, and how far apart.
#[derive(Debug)]
pub struct Grid {
    /// Places in the right song, in frames.
    pub offsets: (i32, f64),
    /// Slopes, as natural logarithms.
    pub slopes: (i32, f64),
    /// Transpositions, in steps of pitch: up to [`MOST_SHIFTS`].
    pub shifts: i32,
}

/// The peaks of two songs.
#[derive(Debug)]
pub struct PeakPair<'a> {
    /// The left song's.
    pub left: &'a PeakMap,
    /// The right song's.
    pub right: &'a PeakMap,
    peaks: [PreparedPeaks<'a>; 2],
    /// Raster of the right song's peaks.
    raster: Arc<Raster>,
    /// Weight of each of the left song's peaks.
    weights: Arc<[f32]>,
}

impl<'a> PeakPair<'a> {
    /// A pair.
    #[must_use]
    pub fn new(left: impl Into<PreparedPeaks<'a>>, right: impl Into<PreparedPeaks<'a>>) -> Self {
        let (left, right) = (left.into(), right.into());
        Self {
            left: left.map,
            right: right.map,
            raster: right.raster(),
            weights: left.weights(),
            peaks: [left, right],
        }
    }

    /// The lines of two songs, the greatest evidence first.
    #[must_use]
    pub fn lines(&self) -> Vec<PeakLine> {
        let mut blocks: Vec<PeakLine> = candidates(&self.peaks[0], &self.peaks[1])
            .iter()
            .map(|candidate| self.roughly_adjusted(candidate))
            .collect();
        sort_by_evidence(&mut blocks);
        let mut lines: Vec<PeakLine> = Vec::new();
        for block in blocks {
            if lines.len() == MOST_LINES || block.evidence < LEAST_BLOCK_EVIDENCE {
                break;
            }
            if !is_known(&block, &lines) {
                lines.push(self.grown(&block));
            }
        }
        sort_by_evidence(&mut lines);
        lines
    }

    /// Evidence of the best stretch of a line that is roughly known.
    #[must_use]
    pub fn evidence_near(&self, line: &PeakLine) -> f32 {
        self.stretch(&self.roughly_adjusted(line)).evidence
    }

    /// Share of the left song's peaks on a line that survive in the right song.
    #[must_use]
    pub fn surviving_share(&self, line: &PeakLine) -> f64 {
        self.raster.surviving_share(self.left, line)
    }

    /// Evidence of a line in pieces of about so many frames, each at the place nearby where it is
    /// greatest, at a slope of their own.
    #[must_use]
    pub fn evidence_in_pieces(&self, line: &PeakLine, slope: f64, piece_frames: f64) -> f32 {
        /// Up to 0.7 s away.
        const NEARBY: Grid = Grid {
            offsets: (15, 1.0),
            slopes: (0, 0.0),
            shifts: 0,
        };
        let frames = line.span.1 - line.span.0;
        let pieces = libm::round(frames / piece_frames).max(1.0);
        let piece_frames = frames / pieces;
        (0..pieces as usize)
            .map(|piece| {
                let start = line.span.0 + piece as f64 * piece_frames;
                let middle = start + piece_frames / 2.0;
                let piece = PeakLine {
                    span: (start, start + piece_frames),
                    map: TimeMap {
                        slope,
                        ..line.map.anchored_at(middle)
                    },
                    ..*line
                };
                self.adjusted(&piece, &NEARBY).evidence.max(0.0)
            })
            .sum()
    }

    /// Evidence of the best stretch within a line's span, as if the right song began again after
    /// its end and ended before its start.
    #[must_use]
    pub fn evidence_around(&self, line: &PeakLine) -> f32 {
        let (mut sum, mut best) = (0.0_f32, 0.0_f32);
        let range = self.left.range(line.span);
        self.raster
            .each_around(self.left, line, range, |index, value| {
                sum = (sum + self.weights[index] * value).max(0.0);
                best = best.max(sum);
            });
        best
    }

    /// Calls `then` with the frame and the evidence of each of the left song's peaks in the span of
    /// a line that has a place in the right song on it.
    pub fn each_within(&self, line: &PeakLine, mut then: impl FnMut(u32, f32)) {
        let range = self.left.range(line.span);
        self.raster.each(self.left, line, range, |index, value| {
            then(self.left.peaks[index].frame, self.weights[index] * value);
        });
    }

    /// A block of a line, adjusted and extended to the stretch with the greatest evidence.
    fn grown(&self, block: &PeakLine) -> PeakLine {
        const BLOCK: Grid = Grid {
            offsets: (3, 1.0),
            slopes: (4, 0.02),
            shifts: 2,
        };
        let mut line = self.adjusted(block, &BLOCK);
        for _ in 0..ROUNDS {
            let stretch = self.stretch(&line);
            let frames = stretch.span.1 - stretch.span.0;
            if frames < LEAST_FRAMES {
                return stretch;
            }
            // A turn by one step moves the ends by half a frame.
            let grid = Grid {
                offsets: (2, 0.5),
                slopes: (3, 1.0 / frames),
                shifts: 1,
            };
            line = self.adjusted(&stretch, &grid);
        }
        self.centred(&self.stretch(&line))
    }

    /// A candidate, adjusted within its cell of votes: first place and pitch, then speed.
    fn roughly_adjusted(&self, candidate: &PeakLine) -> PeakLine {
        const PLACE: Grid = Grid {
            offsets: (3, 1.0),
            slopes: (0, 0.0),
            shifts: 2,
        };
        const SPEED: Grid = Grid {
            offsets: (1, 1.0),
            slopes: (2, 0.025),
            shifts: 0,
        };
        self.adjusted(&self.adjusted(candidate, &PLACE), &SPEED)
    }

    /// The line in the middle of those with nearly as much evidence. There are many, because peaks
    /// needn't meet exactly: place, speed and pitch each have a plateau.
    fn centred(&self, line: &PeakLine) -> PeakLine {
        fn shifted(line: &PeakLine, step: f64) -> PeakLine {
            PeakLine {
                shift_steps: line.shift_steps + libm::round(step) as i32,
                ..*line
            }
        }
        let middle = (line.span.0 + line.span.1) / 2.0;
        let frames = (line.span.1 - line.span.0).max(1.0);
        let mut centred = PeakLine {
            map: line.map.anchored_at(middle),
            ..*line
        };
        let turned = |line: &PeakLine, step: f64| {
            let mut turned = *line;
            // The ends move by a quarter of a frame a step.
            turned.map.slope *= libm::exp(step * 0.5 / frames);
            turned
        };
        centred = shifted(&centred, self.centre(&centred, 4, shifted));
        centred = turned(&centred, self.centre(&centred, 16, turned));
        moved(&centred, self.centre(&centred, 8, moved))
    }

    /// A line at the place of a grid around it where its evidence is greatest: in the middle of
    /// those with nearly as much.
    #[must_use]
    pub fn placed(&self, line: &PeakLine, grid: &Grid) -> PeakLine {
        let best = self.adjusted(line, grid);
        moved(&best, self.centre(&best, 8, moved))
    }

    /// The mean of the steps from `-reach` to `reach`, each weighted by the evidence that it leaves
    /// to a line, above a share of the line's own.
    fn centre(
        &self,
        line: &PeakLine,
        reach: i32,
        change: impl Fn(&PeakLine, f64) -> PeakLine,
    ) -> f64 {
        const LEAST_SHARE: f64 = 0.7;
        let every = self.every(line);
        let own = f64::from(self.evidence(line, every));
        let (mut sum, mut weights) = (0.0, 0.0);
        for step in smallest_first(reach) {
            let evidence = self.evidence(&change(line, f64::from(step)), every);
            let weight = (f64::from(evidence) - LEAST_SHARE * own).max(0.0);
            sum += weight * f64::from(step);
            weights += weight;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// Every how many peaks of a line are looked at.
    fn every(&self, line: &PeakLine) -> usize {
        self.left.range(line.span).len().div_ceil(MOST_PEAKS).max(1)
    }

    /// The best of the lines of a grid around one, over the same span.
    fn adjusted(&self, line: &PeakLine, grid: &Grid) -> PeakLine {
        let middle = (line.span.0 + line.span.1) / 2.0;
        let centred = line.map.anchored_at(middle);
        let every = self.every(line);
        let mut best = PeakLine {
            evidence: f32::NEG_INFINITY,
            ..*line
        };
        for slope in smallest_first(grid.slopes.0) {
            for offset in smallest_first(grid.offsets.0) {
                let tried = PeakLine {
                    map: TimeMap {
                        anchor: (
                            middle,
                            centred.anchor.1 + f64::from(offset) * grid.offsets.1,
                        ),
                        slope: centred.slope * libm::exp(f64::from(slope) * grid.slopes.1),
                    },
                    ..*line
                };
                let indices = self.left.range(tried.span).step_by(every);
                let left = (self.left, &*self.weights);
                let sums = self.raster.sums(left, &tried, indices);
                for shift in smallest_first(grid.shifts) {
                    let evidence = sums[(MOST_SHIFTS + shift) as usize];
                    if evidence > best.evidence {
                        best = PeakLine {
                            shift_steps: line.shift_steps + shift,
                            evidence,
                            ..tried
                        };
                    }
                }
            }
        }
        best
    }

    /// Evidence of one in `every` peaks of a line's span.
    fn evidence(&self, line: &PeakLine, every: usize) -> f32 {
        let mut sum = 0.0;
        let range = self.left.range(line.span);
        if every == 1 {
            self.raster.each(self.left, line, range, |index, value| {
                sum += self.weights[index] * value;
            });
        } else {
            for index in range.step_by(every) {
                self.raster
                    .each(self.left, line, index..index + 1, |index, value| {
                        sum += self.weights[index] * value;
                    });
            }
        }
        sum
    }

    /// The stretch of a line with the greatest evidence (Kadane's algorithm).
    #[must_use]
    pub fn stretch(&self, line: &PeakLine) -> PeakLine {
        let middle = (line.span.0 + line.span.1) / 2.0;
        let mut best = PeakLine {
            span: (middle, middle),
            evidence: 0.0,
            ..*line
        };
        let (mut sum, mut start) = (0.0, 0.0);
        self.raster
            .each(self.left, line, 0..self.left.peaks.len(), |index, value| {
                let frame = f64::from(self.left.peaks[index].frame);
                if sum <= 0.0 {
                    (sum, start) = (0.0, frame);
                }
                sum += self.weights[index] * value;
                if sum > best.evidence {
                    best.evidence = sum;
                    best.span = (start, frame + 1.0);
                }
            });
        best
    }
}

/// A line, moved by so many quarters of a frame.
fn moved(line: &PeakLine, step: f64) -> PeakLine {
    let mut moved = *line;
    moved.map.anchor.1 += step * 0.25;
    moved
}

/// Sorts lines, the greatest evidence first.
fn sort_by_evidence(lines: &mut [PeakLine]) {
    lines.sort_by(|a, b| b.evidence.total_cmp(&a.evidence));
}

/// Whether a block lies on one of the lines, or much stronger lines cover its middle in both songs:
/// a copy of music that repeats itself also meets all of the repetitions.
fn is_known(block: &PeakLine, lines: &[PeakLine]) -> bool {
    let middle = (block.span.0 + block.span.1) / 2.0;
    let right = block.map.at(middle);
    let is_on = |line: &PeakLine| {
        (line.span.0..line.span.1).contains(&middle)
            && (line.map.at(middle) - right).abs() < SAME_FRAMES
    };
    let is_stronger = |line: &&PeakLine| line.evidence >= STRONGER * block.evidence;
    let covers = |(start, end): (f64, f64), place: f64| (start..end).contains(&place);
    lines.iter().any(is_on)
        || lines
            .iter()
            .filter(is_stronger)
            .any(|line| covers(line.span, middle))
            && lines
                .iter()
                .filter(is_stronger)
                .any(|line| covers(line.map.span(line.span), right))
}

#[cfg(test)]
mod tests;
