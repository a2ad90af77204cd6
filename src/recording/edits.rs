//! Whether a passage was sped up, or small pieces were cut out of it or repeated.
//!
//! Both make it shorter or longer at the same pitch. But where pieces were cut out, each of them
//! plays at its own speed: its peaks meet at that speed, and not at the speed of the whole.
//!
//! So two sums of evidence are compared: of short pieces at the unchanged speed, and of longer
//! ones, in which there is mostly a cut, at the speed of the whole. All may lie beside the line of
//! the whole, as they do where the speed drifts, too.

use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::refinement::alignment::Alignment;

/// Least change of speed that is tested, as a natural logarithm: with less, peaks meet at both
/// speeds in pieces of a second.
const LEAST_CHANGE: f64 = 0.03;
/// Transposition from which speed and pitch were changed together, in steps: half a semitone.
const MOST_SHIFT_STEPS: i32 = 4;
/// Shortest passage that is tested, in frames: 6 s. In shorter ones chance decides.
const LEAST_FRAMES: f64 = 130.0;
/// Frames of a short piece: 1 s.
const SHORT_PIECE_FRAMES: f64 = 22.0;
/// Frames of a longer piece: 3 s.
const PIECE_FRAMES: f64 = 65.0;
/// Evidence of the short pieces, as a multiple of that of the longer ones, from which a passage is
/// edited. Of validation tracks, in passages of 6 s and more:
///
/// | copies | multiple |
/// |---|---:|
/// | 25 with 0.4 s cut out of every 5 s | 1.41 to 2.15 |
/// | 25 with 0.15 s cut out of every 4 s | 1.08 to 1.15 |
/// | 25 with 0.15 to 0.3 s cut out or repeated every 2 to 8 s | 1.12 to 1.28 |
/// | 150 stretched by 5 to 12 %, with two programs | 0.84 to 1.03 |
/// | 8 whose speed drifts by 7 % | 0.97 to 1.02 |
/// | 10 with 0.1 s cut out of every 2.5 s, or 0.12 s of 3 s | 0.99 to 1.02 |
const LEAST_RATIO: f32 = 1.055;

/// Whether pieces of a passage play at the unchanged speed, and the whole does not. `line` is that
/// of the `alignment`.
#[must_use]
pub fn is_edited(pair: &PeakPair<'_>, alignment: &Alignment, line: &PeakLine) -> bool {
    let slope = alignment.map.slope;
    if libm::log(slope.abs()).abs() < LEAST_CHANGE
        || line.shift_steps.abs() >= MOST_SHIFT_STEPS
        || line.span.1 - line.span.0 < LEAST_FRAMES
    {
        return false;
    }
    let short_pieces = pair.evidence_in_pieces(line, slope.signum(), SHORT_PIECE_FRAMES);
    let pieces = pair.evidence_in_pieces(line, slope, PIECE_FRAMES);
    short_pieces >= LEAST_RATIO * pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};
    use crate::recording::peaks::peak_map::{Peak, PeakMap};
    use crate::recording::refinement::alignment::test_alignment;

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

    /// All but the last so many frames of each `every`.
    fn cut(original: &PeakMap, every: u32, cut_frames: u32) -> PeakMap {
        let kept = |peak: &&Peak| peak.frame % every < every - cut_frames;
        moved(original, original.peaks.iter().filter(kept), |frame| {
            frame - frame / every * cut_frames
        })
    }

    /// Some peaks of a song, elsewhere.
    fn moved<'a>(
        original: &PeakMap,
        peaks: impl Iterator<Item = &'a Peak>,
        frame_of: impl Fn(u32) -> u32,
    ) -> PeakMap {
        let at = |peak: &Peak| Peak {
            frame: frame_of(peak.frame),
            ..*peak
        };
        PeakMap {
            peaks: peaks.map(at).collect(),
            frames: frame_of(original.frames as u32) as usize,
            ..*original
        }
    }

    #[test]
    fn a_copy_in_pieces_is_edited_and_a_faster_one_is_not() {
        let original = song(60.0, 1);
        for (every, cut_frames) in [(100, 10), (108, 4)] {
            let copy = cut(&original, every, cut_frames);
            assert!(
                is_edited_copy(&original, &copy, 0),
                "{cut_frames} of {every}"
            );
        }
        let all = (0, original.frames as u32);
        for speed in [0.9, 1.02, 1.05, 1.11, 1.3] {
            let faster = changed(&original, all, speed, 0);
            assert!(!is_edited_copy(&original, &faster, 0), "{speed}");
        }
        assert!(!is_edited_copy(&original, &original, 0));
    }

    #[test]
    fn a_copy_whose_speed_drifts_is_not_edited() {
        let original = song(60.0, 1);
        // From 2 to 9 % faster.
        let frames = f64::from(original.frames as u32);
        let drifting = moved(&original, original.peaks.iter(), |frame| {
            let place = f64::from(frame);
            libm::round(place * (0.98 - 0.03 * place / frames)) as u32
        });
        assert!(!is_edited_copy(&original, &drifting, 0));
    }

    #[test]
    fn a_copy_at_another_pitch_is_not_edited() {
        let original = song(60.0, 1);
        let higher = changed(
            &cut(&original, 100, 10),
            (0, original.frames as u32),
            1.0,
            8,
        );
        let higher = PeakMap {
            frames: original.frames * 9 / 10,
            ..higher
        };
        assert!(!is_edited_copy(&original, &higher, 8));
    }
}
