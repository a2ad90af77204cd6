//! Whether the spectral peaks of two clips meet where their spectra correlate.
//!
//! Clips of the same voice, and of drum machines with the same pattern, have similar embeddings,
//! and spectra that correlate a little. But their peaks don't meet, as those of a copy do.

use crate::recording::clips::align::ClipAlignment;
use crate::recording::peaks::peak_line::PeakLine;
use crate::recording::peaks::peak_map::{PeakMap, STEPS_PER_SEMITONE};
use crate::recording::peaks::peak_pair::PeakPair;
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;

/// Steps of the peaks' pitch in a band of the spectra.
const STEPS_PER_BAND: i32 = STEPS_PER_SEMITONE / BANDS_PER_SEMITONE as i32;

/// Evidence that the peaks of two clips meet at their alignment. It is the lesser of both
/// directions, so that exchanging the clips changes nothing.
#[must_use]
pub fn evidence_at(alignment: &ClipAlignment, left: &PeakMap, right: &PeakMap) -> f32 {
    let shift_steps = alignment.shift_bands as i32 * STEPS_PER_BAND;
    let map = alignment.map.in_unit(1.0 / left.frame_secs);
    let (left_frames, right_frames) = (left.frames as f64, right.frames as f64);
    let inside = map.inverse().span((0.0, right_frames));
    let line = PeakLine {
        span: (inside.0.max(0.0), inside.1.min(left_frames)),
        map,
        shift_steps,
        evidence: 0.0,
    };
    let there = PeakPair::new(left, right).evidence_near(&line);
    let back = PeakPair::new(right, left).evidence_near(&line.inverse());
    there.min(back)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::clips::score::test_meeting;
    use crate::recording::peaks::peak_map::test_peaks::{changed, song};

    #[test]
    fn the_peaks_of_a_copy_meet_and_others_do_not() {
        let clip = song(5.0, 1);
        let all = (0, clip.frames as u32);
        let copy = changed(&clip, all, 1.25, 8);
        let alignment = ClipAlignment {
            map: TimeMap {
                anchor: (0.0, 0.0),
                slope: 0.8,
            },
            shift_bands: 2,
            ..test_meeting().alignment
        };
        let evidence = evidence_at(&alignment, &clip, &copy);
        assert!(evidence > 10.0, "{evidence}");
        let back = ClipAlignment {
            map: alignment.map.inverse(),
            shift_bands: -2,
            ..alignment
        };
        assert_eq!(evidence_at(&back, &copy, &clip), evidence);
        let unrelated = evidence_at(&alignment, &clip, &song(4.0, 2));
        assert!(unrelated < 3.0, "{unrelated}");
    }
}
