//! Whether a passage was sped up, or small pieces were cut out of it or repeated.
//!
//! Both make it shorter or longer at the same pitch. But where pieces were cut out, each of them
//! plays at its own speed: its peaks meet at that speed, and not at the speed of the whole.

use crate::recording::alignment::Alignment;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_pair::PeakPair;

/// Least change of speed that is tested, as a natural logarithm: with less, peaks meet at both
/// speeds in pieces of a second.
const LEAST_CHANGE: f64 = 0.03;
/// Transposition from which speed and pitch were changed together, in steps: half a semitone.
const MOST_SHIFT_STEPS: i32 = 4;
/// Evidence at the unchanged speed, as a multiple of that at the speed of the whole, from which a
/// passage is edited.
const LEAST_RATIO: f32 = 1.25;

/// Whether pieces of a passage play at the unchanged speed, and the whole does not. `line` is that
/// of the `alignment`.
#[must_use]
pub fn is_edited(pair: &PeakPair<'_>, alignment: &Alignment, line: &PeakLine) -> bool {
    let slope = alignment.map.slope;
    if libm::log(slope.abs()).abs() < LEAST_CHANGE || line.shift_steps.abs() >= MOST_SHIFT_STEPS {
        return false;
    }
    let unchanged = slope.signum();
    pair.evidence_in_pieces(line, unchanged) >= LEAST_RATIO * pair.evidence_in_pieces(line, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::alignment::test_alignment;
    use crate::recording::peaks::peak_map::PeakMap;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};

    /// Whether a copy of a minute that has so many frames is edited, at this transposition.
    fn is_edited_copy(original: &PeakMap, copy: &PeakMap, shift_steps: i32) -> bool {
        let (left, right) = (original.frames as f64, copy.frames as f64);
        let map = TimeMap::fitted_to((0.0, left), (0.0, right));
        let alignment = Alignment {
            map,
            ..test_alignment(60.0, 0.8)
        };
        let line = PeakLine {
            span: (0.0, left),
            map,
            shift_steps,
            evidence: 0.0,
        };
        is_edited(&PeakPair::new(original, copy), &alignment, &line)
    }

    /// The first 90 of each 100 frames.
    fn cut(original: &PeakMap) -> PeakMap {
        let kept = original.peaks.iter().filter(|peak| peak.frame % 100 < 90);
        PeakMap {
            peaks: kept
                .map(|&peak| {
                    let mut moved = peak;
                    moved.frame -= peak.frame / 100 * 10;
                    moved
                })
                .collect(),
            frames: original.frames * 9 / 10,
            ..*original
        }
    }

    #[test]
    fn a_copy_in_pieces_is_edited_and_a_faster_one_is_not() {
        let original = song(60.0, 1);
        assert!(is_edited_copy(&original, &cut(&original), 0));
        let all = (0, original.frames as u32);
        for speed in [0.9, 1.02, 1.05, 1.11, 1.3] {
            let faster = changed(&original, all, speed, 0);
            assert!(!is_edited_copy(&original, &faster, 0), "{speed}");
        }
        assert!(!is_edited_copy(&original, &original, 0));
    }

    #[test]
    fn a_copy_at_another_pitch_is_not_edited() {
        let original = song(60.0, 1);
        let higher = changed(&cut(&original), (0, original.frames as u32), 1.0, 8);
        let higher = PeakMap {
            frames: original.frames * 9 / 10,
            ..higher
        };
        assert!(!is_edited_copy(&original, &higher, 8));
    }
}
