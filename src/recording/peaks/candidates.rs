//! Candidates: where blocks of one song may lie in the other, by votes of their triples.
//!
//! Two triples with the same key vote for a transposition, a speed and a place: a generalised Hough
//! transform (D. Ballard, Pattern Recognition 13(2), 1981). By chance, votes scatter over some
//! hundred thousand cells. The votes of a true place meet in a few.

use std::cmp::Reverse;

use wide::f32x8;

use crate::geometry::time_map::TimeMap;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::{PeakMap, STEPS_PER_BAND};
use crate::recording::peaks::prepared::{Kind, PreparedPeaks};
use crate::recording::peaks::triples::{Group, LANES, MOST_FRAMES, Triple};
use crate::recording::refinement::whitened::MAX_SEMITONES;
use crate::spectrum::log_bands::BANDS_PER_OCTAVE;

/// Length of a block in frames: 4 s. Blocks overlap by half.
pub const BLOCK_FRAMES: f64 = 86.0;
/// Length of a cell in frames of the right song: 0.2 s.
const CELL_FRAMES: f64 = 4.0;
/// Greatest transposition either way, in bands.
const MOST_BANDS: i32 = (MAX_SEMITONES * BANDS_PER_OCTAVE / 12) as i32;
const SHIFTS: usize = 2 * MOST_BANDS as usize + 1;
/// Cells of speed from a factor of 0.45 to 2.2, and their width as a natural logarithm.
const SPEEDS: usize = 16;
const SPEED_WIDTH: f64 = 0.1;
/// Votes that are counted together.
const MOST_WAITING: usize = 1_024;
/// Candidates of a block.
const PER_BLOCK: usize = 6;
/// Least votes of a candidate.
const LEAST_VOTES: u8 = 2;
/// Length of two songs, as their geometric mean, from which time is divided more coarsely: the cost
/// then grows no more.
const FULL_DETAIL_SECS: f64 = 600.0;

/// The candidates of all blocks of the left song, each as a block on a line.
#[must_use]
pub fn candidates(left: &PreparedPeaks<'_>, right: &PreparedPeaks<'_>) -> Vec<PeakLine> {
    let mut found = Vec::new();
    each_block([left, right], Kind::All, 2.0, |votes, span| {
        found.extend(votes.best().map(|(map, shift_bands)| PeakLine {
            span,
            map,
            shift_steps: shift_bands * STEPS_PER_BAND,
            evidence: 0.0,
        }));
    });
    found
}

/// The most votes that any block of the left song has in a cell. A quick look, at some of the
/// triples and at blocks that don't overlap.
#[must_use]
pub fn most_votes(left: &PreparedPeaks<'_>, right: &PreparedPeaks<'_>) -> u8 {
    let mut most = 0;
    each_block([left, right], Kind::Few, 1.0, |votes, _| {
        most = most.max(votes.most);
    });
    most
}

/// Calls `then` for each block of the left song with its votes. The triples of a kind vote;
/// `overlap` blocks begin in the length of one.
fn each_block(
    [left, right]: [&PreparedPeaks<'_>; 2],
    kind: Kind,
    overlap: f64,
    mut then: impl FnMut(&Votes, (f64, f64)),
) {
    let coarseness = coarseness(left.map, right.map);
    let thinning = coarseness * coarseness;
    let (triples, index) = (left.triples(kind, thinning), right.index(kind, thinning));
    let [left, right] = [left.map, right.map];
    let mut votes = Votes::new(right.frames, CELL_FRAMES * coarseness);
    let block_frames = BLOCK_FRAMES * coarseness;
    let blocks = (overlap * left.frames as f64 / block_frames).ceil() as usize;
    for block in 0..blocks {
        let start = block as f64 * block_frames / overlap;
        let span = (start, (start + block_frames).min(left.frames as f64));
        let before = |place: f64| triples.partition_point(|triple| f64::from(triple.frame) < place);
        votes.clear((span.0 + span.1) / 2.0);
        for triple in &triples[before(span.0)..before(span.1)] {
            votes.add(triple, index.of(triple.key));
        }
        votes.count();
        then(&votes, span);
    }
}

/// Factor by which blocks and cells are longer than in short songs.
fn coarseness(left: &PeakMap, right: &PeakMap) -> f64 {
    let mean_secs = libm::sqrt(left.frames as f64 * right.frames as f64) * left.frame_secs;
    (mean_secs / FULL_DETAIL_SECS).max(1.0)
}

/// Votes of a block for transposition, speed and place.
struct Votes {
    /// Shape `[SHIFTS, SPEEDS, places]`.
    cells: Vec<u8>,
    /// The cells with enough votes for a candidate. Nearly all cells have none.
    enough: Vec<u32>,
    /// Most votes of a cell.
    most: u8,
    /// Indices of the cells of votes that aren't counted yet, and their number. Counted together,
    /// they don't wait for each other's cells to come from memory.
    indices: Vec<u32>,
    waiting: usize,
    places: usize,
    cell_frames: f64,
    right_frames: f32,
    /// Middle of the block in the left song, in frames.
    middle: f64,
    /// The ratios of the frames of two triples, of the right one to each of the left one.
    ratios: Vec<[Ratio; SIDE]>,
}

/// The ratio of the frames of two triples.
#[derive(Clone, Copy)]
struct Ratio {
    /// No number where it is outside of all cells.
    slope: f32,
    /// The first cell of the speed, without transposition.
    first_cell: u32,
}

/// More than the most frames of a triple.
const SIDE: usize = (MOST_FRAMES as usize + 1).next_power_of_two();

impl Votes {
    fn new(right_frames: usize, cell_frames: f64) -> Self {
        let places = (right_frames as f64 / cell_frames) as usize + 1;
        let ratio = |left: usize, right: usize| {
            let slope = right as f64 / left as f64;
            let speed = libm::log(slope) / SPEED_WIDTH + SPEEDS as f64 / 2.0;
            match (0.0..SPEEDS as f64).contains(&speed) {
                true => Ratio {
                    slope: slope as f32,
                    first_cell: speed as u32 * places as u32,
                },
                false => Ratio {
                    slope: f32::NAN,
                    first_cell: 0,
                },
            }
        };
        let ratios = (0..SIDE)
            .map(|left| std::array::from_fn(|right| ratio(left, right)))
            .collect();
        Self {
            cells: vec![0; SHIFTS * SPEEDS * places],
            enough: Vec::new(),
            most: 0,
            indices: vec![0; MOST_WAITING],
            waiting: 0,
            places,
            cell_frames,
            right_frames: right_frames as f32,
            middle: 0.0,
            ratios,
        }
    }

    fn clear(&mut self, middle: f64) {
        self.cells.fill(0);
        self.enough.clear();
        self.most = 0;
        self.middle = middle;
    }

    /// Adds the votes of a triple of the left song with those of the right song.
    fn add(&mut self, left: &Triple, others: &[Group]) {
        if self.waiting + others.len() * LANES > self.indices.len() {
            self.count();
        }
        let ratios = &self.ratios[usize::from(left.frames)];
        let to_middle = f32x8::splat(self.middle as f32 - left.frame as f32);
        let lowest = i32::from(left.pitch) - STEPS_PER_BAND / 2 - STEPS_PER_BAND * MOST_BANDS;
        let lowest = f32x8::splat(lowest as f32);
        let steps = f32x8::splat((SHIFTS as i32 * STEPS_PER_BAND) as f32);
        let bands_per_step = f32x8::splat(1.0 / STEPS_PER_BAND as f32);
        let (cell_frames, right_frames) = (
            f32x8::splat(self.cell_frames as f32),
            f32x8::splat(self.right_frames),
        );
        let last_cell = f32x8::splat((self.places - 1) as f32);
        let cells_per_shift = (SPEEDS * self.places) as u32;
        // Each is written and the next one over it unless it counts: half of the branches for each
        // would be mispredicted.
        let mut waiting = self.waiting;
        for group in others {
            // `SIDE` is a power of two, so that no index needs a check.
            let ratios = group
                .frames
                .map(|frames| ratios[usize::from(frames) % SIDE]);
            let slope = f32x8::from(ratios.map(|ratio| ratio.slope));
            let place = group.frame + to_middle * slope;
            let above = group.pitch - lowest;
            // A slope that is no number gives no place.
            let counts = place.simd_ge(f32x8::ZERO)
                & place.simd_lt(right_frames)
                & above.simd_ge(f32x8::ZERO)
                & above.simd_lt(steps);
            let counts = counts.to_bitmask();
            let cells = (place / cell_frames).fast_min(last_cell).fast_trunc_int();
            let cells = cells.to_array();
            let shifts = (above * bands_per_step).fast_trunc_int().to_array();
            for lane in 0..LANES {
                self.indices[waiting] = (shifts[lane] as u32)
                    .wrapping_mul(cells_per_shift)
                    .wrapping_add(cells[lane] as u32)
                    .wrapping_add(ratios[lane].first_cell);
                waiting += (counts >> lane & 1) as usize;
            }
        }
        self.waiting = waiting;
    }

    /// Counts the votes that wait.
    fn count(&mut self) {
        for &index in &self.indices[..self.waiting] {
            let cell = &mut self.cells[index as usize];
            if *cell == LEAST_VOTES - 1 {
                self.enough.push(index);
            }
            *cell = cell.saturating_add(1);
            self.most = self.most.max(*cell);
        }
        self.waiting = 0;
    }

    /// The maps and transpositions in bands of the cells with most votes; among equals, the cell
    /// with the lower index.
    fn best(&self) -> impl Iterator<Item = (TimeMap, i32)> {
        let mut best: Vec<(Reverse<u8>, usize)> = Vec::with_capacity(PER_BLOCK + 1);
        for &cell in &self.enough {
            let cell = cell as usize;
            let found = (Reverse(self.cells[cell]), cell);
            if best.len() < PER_BLOCK || found < best[PER_BLOCK - 1] {
                best.insert(best.partition_point(|other| *other < found), found);
                best.truncate(PER_BLOCK);
            }
        }
        best.into_iter().map(|(_, cell)| {
            let (line, place) = (cell / self.places, cell % self.places);
            let speed = (line % SPEEDS) as f64 + 0.5 - SPEEDS as f64 / 2.0;
            let map = TimeMap {
                anchor: (self.middle, (place as f64 + 0.5) * self.cell_frames),
                slope: libm::exp(speed * SPEED_WIDTH),
            };
            (map, (line / SPEEDS) as i32 - MOST_BANDS)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};
    use crate::recording::peaks::triples::{Index, Selection};

    #[test]
    fn blocks_of_a_transposed_faster_copy_vote_for_its_line() {
        let one = song(40.0, 1);
        let (speed, steps) = (1.25, 5 * STEPS_PER_BAND);
        let copy = changed(&one, (200, 700), speed, steps);
        let all = candidates(&(&one).into(), &(&copy).into());
        let mut blocks = 0;
        for of_block in all.chunk_by(|a, b| a.span == b.span) {
            let (start, end) = of_block[0].span;
            if start < 200.0 || end > 700.0 {
                continue;
            }
            blocks += 1;
            let middle = (start + end) / 2.0;
            let is_true = |line: &PeakLine| {
                (line.map.at(middle) - (middle - 200.0) / speed).abs() <= CELL_FRAMES
                    && line.shift_steps == steps
                    && libm::log(line.map.slope * speed).abs() <= SPEED_WIDTH
            };
            let first = of_block.iter().position(is_true);
            assert!(
                first.is_some_and(|first| first < 2),
                "{start}: {of_block:?}"
            );
        }
        assert!(blocks >= 9, "{blocks}");
    }

    #[test]
    fn songs_of_90_minutes_cost_no_more_than_songs_of_10_minutes() {
        let cost = |secs: f64| {
            let song = song(secs, 1);
            let coarseness = coarseness(&song, &song);
            let cells = Votes::new(song.frames, CELL_FRAMES * coarseness)
                .cells
                .len();
            let blocks = song.frames as f64 / (BLOCK_FRAMES * coarseness);
            let selection = Selection::new(coarseness * coarseness);
            let mut triples = Vec::new();
            selection.each(&song, |triple| triples.push(triple));
            let index = Index::new(&triples);
            let groups = triples.iter().map(|triple| index.of(triple.key).len());
            let votes = LANES * groups.sum::<usize>();
            [cells as f64, blocks, votes as f64]
        };
        let (long, short) = (cost(5_400.0), cost(600.0));
        for (long, short) in long.into_iter().zip(short) {
            assert!(
                (0.1..1.6).contains(&(long / short)),
                "{long} instead of {short}"
            );
        }
    }
}
