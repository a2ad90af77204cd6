//! Two songs of which one lacks all low sound, as after a steep high-pass filter, by their
//! [whitened spectrograms](super::whitened).
//!
//! Over all bands even a perfect copy correlates little then: the original has sound in all of
//! them, the copy in a few. Embeddings don't recognise what is left, and it may have few peaks. So
//! both spectrograms are narrowed to the bands that the copy has. Windows of the shorter song are
//! looked for at every place of the other one, at the same speed and pitch, which a filter keeps.

use crate::geometry::time_map::TimeMap;
use crate::recording::refinement::alignment::Alignment;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair, centres};
use crate::recording::refinement::refine::refined_part;
use crate::recording::refinement::whitened::{BANDS_PER_SEMITONE, WhitenedSpectrogram};

/// Root mean square of a song's lowest band, as a share of that of its strongest band. In 47
/// validation songs without all below 3 kHz (SoX's `sinc 3000`), it is reached at 2.5 to 3 kHz.
const SHARE_OF_LOWEST: f64 = 0.5;
/// Most of that share in a band that a song lacks: dither. In the same songs it is at most 0.05 in
/// bands from a third of an octave below the lowest one, and at least 0.2 in their originals.
const SHARE_OF_MISSING: f64 = 0.1;
/// Bands between those that a song lacks and its lowest one: a third of an octave. The filter's
/// slope, and mel bands that overlap.
const BANDS_OF_SLOPE: usize = 4 * BANDS_PER_SEMITONE;
/// Fewest bands that a song lacks: an octave. Copies that lack less correlate well as they are.
const LEAST_MISSING: usize = 12 * BANDS_PER_SEMITONE;

/// Length of a window, in columns: 8 s. In a longer one a short excerpt is missed, a shorter one
/// meets other places by chance.
const WINDOW_COLUMNS: usize = 86;
/// Most windows; in a longer song they lie apart.
const MOST_WINDOWS: usize = 12;
/// Columns from one place to the next: a window still correlates a column away.
const PLACE_STEP: usize = 2;
/// Least correlation of a window. A lower one costs time for false positives.
const LEAST_CORRELATION: f64 = 0.3;
/// Greatest difference of the lags of two windows on one line, in columns.
const BESIDE_COLUMNS: f64 = 3.0;

/// The spectrograms of two songs in the bands that both have.
#[derive(Clone, Debug)]
pub struct CommonBands {
    /// Left and right, with silence in the other bands.
    pub spectrograms: [WhitenedSpectrogram; 2],
    /// Share of the bands that is left.
    pub share: f64,
}

impl CommonBands {
    /// `None` unless just one of the songs lacks low sound.
    #[must_use]
    pub fn new(songs: [&WhitenedSpectrogram; 2]) -> Option<Self> {
        let lowest = match songs.map(lowest_band) {
            [Some(lowest), None] | [None, Some(lowest)] => lowest,
            _ => return None,
        };
        Some(Self {
            spectrograms: songs.map(|song| song.without_bands_below(lowest)),
            share: 1.0 - lowest as f64 / songs[0].preset.bands() as f64,
        })
    }

    /// The pair of the spectrograms.
    #[must_use]
    pub fn pair(&self) -> SpectrogramPair<'_> {
        let [left, right] = &self.spectrograms;
        SpectrogramPair::new(left, right)
    }

    /// The lines at which windows of the songs meet.
    #[must_use]
    pub fn alignments(&self) -> Vec<Alignment> {
        let pair = self.pair();
        let [left, right] = &self.spectrograms;
        let is_swapped = right.columns() < left.columns();
        let mut windows = match is_swapped {
            true => windows(&pair.swapped()),
            false => windows(&pair),
        };
        if is_swapped {
            for window in &mut windows {
                *window = window.inverse();
            }
        }
        windows.sort_by(|a, b| {
            let by_lag = a.lag.total_cmp(&b.lag);
            by_lag.then(a.span.0.total_cmp(&b.span.0))
        });
        windows
            .chunk_by(|one, next| next.lag - one.lag <= BESIDE_COLUMNS)
            .map(|line| {
                let spans = line.iter().map(|window| window.span);
                let whole = spans.fold((f64::INFINITY, 0.0_f64), |whole, span| {
                    (whole.0.min(span.0), whole.1.max(span.1))
                });
                refined_part(&pair, whole, line[line.len() / 2].overlay())
            })
            .collect()
    }
}

/// The lowest band of a song that lacks an octave or more.
fn lowest_band(song: &WhitenedSpectrogram) -> Option<usize> {
    let bands = song.root_mean_squares();
    let strongest = bands.iter().copied().fold(0.0, f64::max);
    let lowest = bands
        .iter()
        .position(|band| *band >= SHARE_OF_LOWEST * strongest)?;
    let missing = &bands[..lowest.saturating_sub(BANDS_OF_SLOPE)];
    let is_empty = |band: &f64| *band <= SHARE_OF_MISSING * strongest;
    (missing.len() >= LEAST_MISSING && missing.iter().all(is_empty)).then_some(lowest)
}

/// A window of the left song where it meets the right one.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// Columns of the left song.
    span: (f64, f64),
    /// Columns by which the right song plays it later.
    lag: f64,
}

impl Window {
    fn overlay(&self) -> Overlay {
        let map = TimeMap {
            anchor: (0.0, self.lag),
            slope: 1.0,
        };
        Overlay {
            map,
            shift_bands: 0,
        }
    }

    /// The window of the right song.
    fn inverse(&self) -> Self {
        Self {
            span: (self.span.0 + self.lag, self.span.1 + self.lag),
            lag: -self.lag,
        }
    }
}

/// The windows of the left song, each at the place where it correlates best, if it does.
fn windows(pair: &SpectrogramPair<'_>) -> Vec<Window> {
    let columns = pair.left.columns();
    let width = WINDOW_COLUMNS.min(columns);
    let half = width as f64 / 2.0;
    let last_start = pair.right.columns().saturating_sub(width);
    centres((0.0, columns as f64), width, MOST_WINDOWS)
        .into_iter()
        .filter_map(|centre| {
            let start = (centre - half).round();
            (0..=last_start)
                .step_by(PLACE_STEP)
                .map(|place| {
                    let window = Window {
                        span: (start, start + width as f64),
                        lag: place as f64 - start,
                    };
                    let correlation = pair.correlation(&window.overlay(), centre, width, 0.0);
                    (correlation, window)
                })
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(correlation, _)| *correlation >= LEAST_CORRELATION)
                .map(|(_, window)| window)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::whitened::test_spectrogram;

    /// Three pieces in 69 s.
    fn song() -> WhitenedSpectrogram {
        test_spectrogram(&[(1, 300), (2, 140), (3, 300)])
    }

    fn is_found(song: &WhitenedSpectrogram, other: &WhitenedSpectrogram) -> bool {
        CommonBands::new([song, other]).is_some()
    }

    #[test]
    fn the_bands_of_the_song_that_lacks_low_sound_are_left_of_both() {
        let (whole, copy) = (song(), song().without_bands_below(44));
        for songs in [[&whole, &copy], [&copy, &whole]] {
            let common = CommonBands::new(songs).unwrap();
            assert_eq!(common.spectrograms, [copy.clone(), copy.clone()]);
            assert_eq!(common.share, 0.5);
        }
    }

    #[test]
    fn just_one_of_the_songs_lacks_an_octave() {
        let whole = song();
        assert!(is_found(&whole, &whole.without_bands_below(32)));
        assert!(!is_found(&whole, &whole.without_bands_below(31)), "less");
        assert!(!is_found(&whole, &whole));
        assert!(!is_found(&whole, &test_spectrogram(&[(0, 700)])), "silence");
        let copy = whole.without_bands_below(60);
        assert!(!is_found(&copy, &copy));
    }

    #[test]
    fn dither_may_be_left_below_and_soft_sound_may_not() {
        let whole = song();
        let with_low = |share: f32| {
            let mut copy = song();
            copy.scale_bands_below(60, share);
            is_found(&whole, &copy)
        };
        assert!(with_low(0.08) && !with_low(0.15));
    }

    #[test]
    fn bands_in_the_slope_of_the_filter_are_left_out() {
        let mut copy = song();
        copy.scale_bands_below(60, 0.4);
        copy = copy.without_bands_below(56);
        let common = CommonBands::new([&song(), &copy]).unwrap();
        assert_eq!(common.spectrograms[1], copy.without_bands_below(60));
    }

    #[test]
    fn twelve_windows_of_8_s_are_looked_for_at_every_other_place() {
        let song = song();
        let found = windows(&SpectrogramPair::new(&song, &song));
        // Neighbouring columns of this noise have nothing in common: only places that are met
        // exactly count.
        let all = centres((0.0, 740.0), 86, 12);
        let is_even = |centre: &&f64| ((**centre - 43.0).round() as usize).is_multiple_of(2);
        assert_eq!(found.len(), all.iter().filter(is_even).count());
        let is_whole = |window: &Window| window.span.1 - window.span.0 == 86.0 && window.lag == 0.0;
        assert!(found.iter().all(is_whole) && found.len() > 3, "{found:?}");
    }

    #[test]
    fn windows_meet_from_a_correlation_of_0_3() {
        let is_met = |correlation: f32| {
            let copy = song().blended(&test_spectrogram(&[(7, 740)]), correlation);
            !windows(&SpectrogramPair::new(&song(), &copy)).is_empty()
        };
        assert!(is_met(0.4) && !is_met(0.2));
    }

    #[test]
    fn windows_a_fifth_of_a_second_apart_are_of_one_line() {
        let lines = |inserted| {
            let copy = test_spectrogram(&[(1, 400), (0, inserted), (2, 400)]);
            let whole = test_spectrogram(&[(1, 400), (2, 400)]);
            let common = CommonBands {
                spectrograms: [whole, copy],
                share: 1.0,
            };
            common.alignments().len()
        };
        assert_eq!([lines(2), lines(5)], [1, 2]);
    }

    #[test]
    fn an_excerpt_is_found_at_its_place_in_either_order() {
        let whole = song();
        let excerpt = test_spectrogram(&[(4, 60), (2, 140), (5, 60)]).without_bands_below(62);
        for is_swapped in [false, true] {
            let songs = match is_swapped {
                true => [&excerpt, &whole],
                false => [&whole, &excerpt],
            };
            let found = CommonBands::new(songs).unwrap().alignments();
            assert_eq!(found.len(), 1, "{found:?}");
            let column_secs = whole.column_secs;
            let (left, right) = (found[0].left_secs, found[0].right_secs());
            let (in_whole, in_excerpt) = match is_swapped {
                true => (right, left),
                false => (left, right),
            };
            let is_near = |(start, end): (f64, f64), first: f64| {
                (start / column_secs - first).abs() < 5.0
                    && (end / column_secs - first - 140.0).abs() < 5.0
            };
            assert!(
                is_near(in_whole, 300.0) && is_near(in_excerpt, 60.0),
                "{found:?}"
            );
            assert!(found[0].correlation > 0.9 && found[0].semitones.abs() < 0.1);
        }
    }

    #[test]
    fn other_songs_meet_nowhere() {
        let other = test_spectrogram(&[(6, 700)]).without_bands_below(62);
        let common = CommonBands::new([&song(), &other]).unwrap();
        assert!(common.alignments().is_empty());
    }
}
