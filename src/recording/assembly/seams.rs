//! The seams between passages of different speeds, as in a song whose tempo was changed from some
//! place on.
//!
//! The time map of the part before a seam passes near that of the part after it for seconds, so
//! that both correlate and either may be extended over the seam. Two things tell where it is: up to
//! there the first map correlates better, and from there the second one; and where nothing was cut
//! out, both maps cross in it.

use crate::recording::passage::Passage;
use crate::recording::refinement::alignment::Alignment;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};

/// Greatest gap or overlap of two passages with a seam between them, in seconds.
const GAP_SECS: f64 = 2.0;
/// Greatest distance of the seam from the ends of both passages, in seconds: with speeds that
/// differ by 4 %, the maps are within two columns of each other for 5 s.
const REACH_SECS: f64 = 6.0;
/// Shortest passage before or after a seam, in seconds.
const LEAST_SECS: f64 = 2.0;
/// Least correlation of both passages: under other music, single columns tell nothing.
const LEAST_CORRELATION: f64 = 0.6;
/// Columns on each side of a column that are correlated with it.
const NEIGHBOURS: usize = 1;
/// What each column of distance from the crossing of both maps costs, in correlations of a column.
/// Of 27 steps of the tempo by 3 to 12 % in validation songs, half of the seams are within 0.18 s
/// without it and within 0.12 s with it, which also is the error of the crossings alone.
const DISTANCE_COST: f64 = 0.05;

/// Moves the seams between passages of different speeds to where they are.
pub fn place_seams(passages: &mut [Passage], pair: &SpectrogramPair<'_>) {
    for after in 0..passages.len() {
        for before in 0..passages.len() {
            let [first, second] = [before, after].map(|index| &passages[index].alignment);
            if !has_seam(first, second) {
                continue;
            }
            if let Some(seam) = seam(first, second, pair) {
                passages[before].alignment.left_secs.1 = seam;
                passages[after].alignment.left_secs.0 = seam;
            }
        }
    }
}

/// Whether a passage goes over into another one of another speed.
fn has_seam(before: &Alignment, after: &Alignment) -> bool {
    let gap_secs = after.left_secs.0 - before.left_secs.1;
    let right_gap_secs = after.right_secs().0 - before.right_secs().1;
    [before, after]
        .iter()
        .all(|part| part.correlation >= LEAST_CORRELATION && !part.is_backwards())
        && before.map.slope != after.map.slope
        && before.left_secs.0 < after.left_secs.0
        && before.left_secs.1 < after.left_secs.1
        && gap_secs.abs() <= GAP_SECS
        && right_gap_secs.abs() <= GAP_SECS
}

/// The seam between two passages, in seconds of the left song.
fn seam(before: &Alignment, after: &Alignment, pair: &SpectrogramPair<'_>) -> Option<f64> {
    let column_secs = pair.left.column_secs;
    let (end, start) = (before.left_secs.1, after.left_secs.0);
    let first_secs = (end.max(start) - REACH_SECS).max(before.left_secs.0 + LEAST_SECS);
    let last_secs = (end.min(start) + REACH_SECS).min(after.left_secs.1 - LEAST_SECS);
    let first = (first_secs / column_secs).ceil() as usize;
    let end = (last_secs / column_secs) as usize;
    if first >= end {
        return None;
    }
    let [before, after] = [before, after].map(|alignment| {
        let overlay = Overlay::of(&alignment.map, alignment.semitones, column_secs);
        let sums = pair.track(&overlay, first..end, NEIGHBOURS);
        let correlations = sums
            .into_iter()
            .map(|[products, left, right]| products / (left * right).sqrt().max(1.0));
        (overlay.map, correlations)
    });
    let slopes = before.0.slope - after.0.slope;
    let crossing = (after.0.at(0.0) - before.0.at(0.0)) / slopes;
    let cost = |column: usize| DISTANCE_COST * (column as f64 - crossing).abs();
    let (mut sum, mut greatest, mut seam) = (0.0, -cost(first), first);
    for (index, (gain, loss)) in before.1.zip(after.1).enumerate() {
        sum += f64::from(gain - loss);
        let column = first + index + 1;
        if sum - cost(column) > greatest {
            (greatest, seam) = (sum - cost(column), column);
        }
    }
    Some(seam as f64 * column_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::passage::test_passage;
    use crate::recording::refinement::whitened::{WhitenedSpectrogram, test_spectrogram};

    const COLUMN_SECS: f64 = 2_048.0 / 22_050.0;
    /// Column at which the tempo of the right song changes.
    const STEP: usize = 200;

    /// Columns of a song that are chosen from the left one's, which all are different.
    fn song(columns: impl Iterator<Item = usize>) -> WhitenedSpectrogram {
        let columns: Vec<(u32, usize)> = columns.map(|column| (column as u32 + 1, 1)).collect();
        test_spectrogram(&columns)
    }

    /// Passages of these spans in columns of the left song: at the original speed to the step, and
    /// from there at this slope, less so many columns that were cut out.
    fn passages(first: (f64, f64), second: (f64, f64), slope: f64, cut: f64) -> Vec<Passage> {
        let step = STEP as f64;
        let place = |span: (f64, f64), map: TimeMap| {
            let mut passage = test_passage((1.0, 1.0));
            passage.alignment.left_secs = (span.0 * COLUMN_SECS, span.1 * COLUMN_SECS);
            passage.alignment.map = map.in_unit(COLUMN_SECS);
            passage
        };
        let after = TimeMap {
            anchor: (step + cut, step),
            slope,
        };
        let before = TimeMap {
            anchor: (0.0, 0.0),
            slope: 1.0,
        };
        vec![place(first, before), place(second, after)]
    }

    /// The ends of two passages between which a seam is placed, in columns.
    fn ends(passages: &mut [Passage], right: &WhitenedSpectrogram) -> [f64; 2] {
        let left = song(0..400);
        place_seams(passages, &SpectrogramPair::new(&left, right));
        let end = passages[0].alignment.left_secs.1 / COLUMN_SECS;
        [end, passages[1].alignment.left_secs.0 / COLUMN_SECS].map(f64::round)
    }

    /// The right song: from the step on, every 20th column is left out.
    fn faster(cut: usize) -> WhitenedSpectrogram {
        song((0..STEP).chain((STEP + cut..400).filter(|column| (column - STEP - cut) % 20 != 10)))
    }

    #[test]
    fn a_seam_is_where_the_other_map_correlates_better() {
        let right = faster(0);
        // The first passage reaches 2 s over the step, the second one 2 s before it.
        for (end, start) in [(222.0, 222.0), (180.0, 180.0), (212.0, 195.0)] {
            let mut found = passages((0.0, end), (start, 400.0), 0.95, 0.0);
            let [end, start] = ends(&mut found, &right);
            // Up to column 210 the maps are half a column from each other at most.
            assert!(
                end == start && (199.0..=211.0).contains(&end),
                "{end} {start}"
            );
        }
    }

    #[test]
    fn where_a_piece_was_cut_out_the_correlations_decide() {
        // The maps cross 5 columns * 20 before the step.
        let mut found = passages((0.0, 210.0), (215.0, 400.0), 0.95, 5.0);
        let [end, start] = ends(&mut found, &faster(5));
        assert!(end == start && (199.0..=206.0).contains(&end), "{end}");
    }

    #[test]
    fn the_maps_cross_in_a_seam_where_the_correlations_are_equal() {
        let silent = test_spectrogram(&[(0, 400)]);
        let mut found = passages((0.0, 230.0), (230.0, 400.0), 0.95, 0.0);
        assert_eq!(ends(&mut found, &silent), [200.0, 200.0]);
        // 6 s are 64.6 columns.
        let mut far = passages((0.0, 280.0), (280.0, 400.0), 0.95, 0.0);
        assert_eq!(ends(&mut far, &silent), [216.0, 216.0]);
    }

    #[test]
    fn only_good_passages_of_different_speeds_that_meet_have_a_seam() {
        let right = faster(0);
        let moved = |change: fn(&mut [Passage])| {
            let mut found = passages((0.0, 215.0), (215.0, 400.0), 0.95, 0.0);
            change(&mut found);
            let old = [0, 1].map(|index| found[index].alignment.left_secs);
            ends(&mut found, &right);
            old != [0, 1].map(|index| found[index].alignment.left_secs)
        };
        assert!(moved(|_| ()));
        assert!(moved(|found| found[1].alignment.left_secs.0 += 1.8));
        assert!(!moved(|found| found[1].alignment.left_secs.0 += 2.2));
        assert!(!moved(|found| found[1].alignment.map.anchor.1 += 5.0));
        assert!(!moved(|found| found[1].alignment.map.slope = 1.0));
        assert!(moved(|found| found[1].alignment.correlation = 0.62));
        assert!(!moved(|found| found[1].alignment.correlation = 0.58));
        assert!(!moved(|found| found[0].alignment.correlation = 0.58));
        assert!(!moved(|found| found[1].alignment.left_secs = (15.0, 19.9)));
    }

    #[test]
    fn both_passages_keep_two_seconds() {
        let silent = test_spectrogram(&[(0, 400)]);
        // From 190 on, so that the maps' crossing is too near to its start.
        let mut found = passages((190.0, 230.0), (230.0, 400.0), 0.95, 0.0);
        assert_eq!(ends(&mut found, &silent), [212.0, 212.0]);
    }
}
