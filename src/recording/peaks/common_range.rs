//! Two songs of which one lacks all low sound, as after a steep high-pass filter.
//!
//! Of each second a song keeps its most prominent peaks. Those of a filtered copy lie in the range
//! that is left, where the original has few. The original's other peaks can't be in the copy, so
//! that they must not count against it: both songs are compared by what lies in the common range.

use crate::recording::peaks::peak_map::{Peak, PeakMap};

/// Share of a song's peaks that may lie below its range: strays of a codec or of noise.
const STRAY_SHARE: f64 = 0.02;
/// Least share of the other song's peaks below that range. A smaller one would concern songs with
/// other instruments, a greater one would find fewer copies. Chosen, not fitted: of 28 validation
/// songs without all below 3 kHz (a minute each, by SoX's `sinc 3000`), the peaks of 7 suffice if
/// none is left out and of 20 with this, and there is no passage in 756 pairs of a filtered and
/// another song.
const LEAST_SHARE_BELOW: f64 = 0.5;

/// The peaks of both songs in their common range; `None` if neither lacks low sound.
pub fn by_common_range(maps: [&PeakMap; 2]) -> Option<[PeakMap; 2]> {
    let lowest = lowest_common(maps)?;
    let is_common = |peak: &&Peak| peak.pitch >= lowest;
    Some(maps.map(|map| PeakMap {
        peaks: map.peaks.iter().filter(is_common).copied().collect(),
        ..*map
    }))
}

/// The lowest pitch of the common range.
fn lowest_common(maps: [&PeakMap; 2]) -> Option<u16> {
    let [left, right] = maps.map(lowest_pitch);
    let lowest = left?.max(right?);
    let is_above = |map: &PeakMap| {
        let below = map.peaks.iter().filter(|peak| peak.pitch < lowest).count();
        below as f64 > LEAST_SHARE_BELOW * map.peaks.len() as f64
    };
    maps.into_iter().any(is_above).then_some(lowest)
}

/// The pitch below which a song has no more than strays; `None` without peaks.
fn lowest_pitch(map: &PeakMap) -> Option<u16> {
    let mut pitches: Vec<u16> = map.peaks.iter().map(|peak| peak.pitch).collect();
    pitches.sort_unstable();
    let strays = (pitches.len() as f64 * STRAY_SHARE) as usize;
    pitches.get(strays).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::peaks::peak_map::test_peaks::song;

    /// A song without its peaks below a pitch, but for one in `every`.
    fn filtered(song: &PeakMap, lowest: u16, every: usize) -> PeakMap {
        let mut map = song.clone();
        let mut below = 0;
        map.peaks.retain(|peak| {
            below += usize::from(peak.pitch < lowest);
            peak.pitch >= lowest || below % every == 0
        });
        map
    }

    #[test]
    fn a_filtered_song_gives_the_range_in_either_order() {
        let whole = song(60.0, 1);
        // Of 576 pitches, a song at random has four fifths of its peaks below.
        let copy = filtered(&whole, 460, 1_000);
        let found = lowest_common([&whole, &copy]).unwrap();
        assert!((460..470).contains(&found), "{found}");
        assert_eq!(lowest_common([&copy, &whole]), Some(found));
    }

    #[test]
    fn two_strays_in_a_hundred_may_lie_below_the_range_and_three_may_not() {
        let whole = song(60.0, 1);
        let found = |every| {
            let copy = filtered(&whole, 460, every);
            let strays = copy.peaks.iter().filter(|peak| peak.pitch < 460).count();
            let lowest = lowest_common([&whole, &copy]).unwrap();
            (lowest, strays as f64 / copy.peaks.len() as f64)
        };
        let [(few, few_share), (many, many_share)] = [found(260), found(130)];
        assert!((0.011..0.019).contains(&few_share) && (0.021..0.039).contains(&many_share));
        assert!(few >= 460 && many < 460, "{few} {many}");
    }

    #[test]
    fn half_of_the_other_song_lies_below() {
        let whole = song(60.0, 1);
        // Pitches spread evenly, but for chance.
        let is_found = |lowest| lowest_common([&whole, &filtered(&whole, lowest, 1_000)]).is_some();
        assert!(is_found(320) && !is_found(250));
    }

    #[test]
    fn other_songs_are_compared_as_they_are() {
        let whole = song(60.0, 1);
        for other in [
            song(60.0, 2),
            filtered(&whole, 200, 1_000),
            // Enough of what is below is left.
            filtered(&whole, 460, 20),
            PeakMap {
                peaks: Vec::new(),
                ..whole.clone()
            },
        ] {
            assert_eq!(lowest_common([&whole, &other]), None);
        }
        assert_eq!(lowest_common([&filtered(&whole, 460, 1_000); 2]), None);
    }
}
