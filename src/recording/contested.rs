//! Ends of passages at which another passage is the better one.
//!
//! A passage is extended as long as the songs agree better than by chance. After the end of a loop
//! or a cut, a song often goes on in its own beat and key, so that the passage reaches into the
//! next use or the next part. There the correlation of the passage falls, and that of its neighbour
//! is as high as it was inside.

use crate::recording::passage::Passage;
use crate::recording::refinement::alignment::Alignment;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};

/// Columns of a window whose correlation is compared: 0.7 s.
const WINDOW_COLUMNS: usize = 8;
/// Columns from one window to the next: 0.2 s.
const STEP_COLUMNS: f64 = 2.0;
/// Least correlation inside of a passage: in a mix single windows hardly correlate, and tell
/// nothing.
const LEAST_INSIDE: f64 = 0.5;
/// Share of the correlation inside of a passage below which a window of it can be contested.
const CONTESTED_SHARE: f64 = 0.5;
/// Share of the correlation inside of another passage from which a window of that one contests it.
const CONTESTING_SHARE: f64 = 0.8;

/// Cuts off the ends of passages that other passages contest.
pub fn cut_contested_ends(passages: &mut [Passage], pair: &SpectrogramPair<'_>) {
    let tracks: Vec<Track> = passages
        .iter()
        .map(|passage| Track::of(&passage.alignment, pair))
        .collect();
    for (passage, track) in passages.iter_mut().zip(&tracks) {
        if track.inside < LEAST_INSIDE {
            continue;
        }
        let is_contested = |step: &usize| {
            track.correlations[*step] < CONTESTED_SHARE * track.inside
                && tracks
                    .iter()
                    .any(|other| other.contests(track.places(*step), track))
        };
        let steps = track.correlations.len();
        let first = (0..steps).find(|step| !is_contested(step)).unwrap_or(0);
        let last = (0..steps).rev().find(|step| !is_contested(step));
        let last = last.unwrap_or(steps - 1);
        let alignment = &mut passage.alignment;
        if first > 0 {
            alignment.left_secs.0 = track.left_secs(first);
        }
        if last + 1 < steps {
            alignment.left_secs.1 = track.left_secs(last);
        }
        *alignment = alignment.at_original_speed();
    }
}

/// The correlations of windows along a passage.
struct Track {
    alignment: Alignment,
    step_secs: f64,
    correlations: Vec<f64>,
    /// Median of the correlations.
    inside: f64,
}

impl Track {
    fn of(alignment: &Alignment, pair: &SpectrogramPair<'_>) -> Self {
        let column_secs = pair.left.column_secs;
        let step_secs = STEP_COLUMNS * column_secs;
        let overlay = Overlay::of(&alignment.map, alignment.semitones, column_secs);
        let steps = (alignment.secs() / step_secs) as usize + 1;
        let start = alignment.left_secs.0 / column_secs;
        let correlations: Vec<f64> = (0..steps)
            .map(|step| {
                let centre = start + step as f64 * STEP_COLUMNS;
                pair.correlation(&overlay, centre, WINDOW_COLUMNS, 0.0)
            })
            .collect();
        let mut sorted = correlations.clone();
        sorted.sort_by(f64::total_cmp);
        Self {
            alignment: *alignment,
            step_secs,
            inside: sorted[steps / 2],
            correlations,
        }
    }

    fn left_secs(&self, step: usize) -> f64 {
        self.alignment.left_secs.0 + step as f64 * self.step_secs
    }

    /// The left and the right song's time of a step.
    fn places(&self, step: usize) -> [f64; 2] {
        let left = self.left_secs(step);
        [left, self.alignment.map.at(left)]
    }

    /// Whether this passage correlates at this place as well as it does inside, and lies on another
    /// line than `contested`.
    fn contests(&self, [left, right]: [f64; 2], contested: &Self) -> bool {
        /// Passages nearer than this to each other are on one line, in seconds.
        const SAME_SECS: f64 = 0.3;
        let (there, back) = (
            self.alignment.map.at(left),
            self.alignment.map.inverse().at(right),
        );
        if std::ptr::eq(self, contested) || (there - right).abs() < SAME_SECS {
            return false;
        }
        self.inside >= LEAST_INSIDE
            && [left, back].into_iter().any(|place| {
                let step = (place - self.alignment.left_secs.0) / self.step_secs + 0.5;
                step >= 0.0
                    && self
                        .correlations
                        .get(step as usize)
                        .is_some_and(|&correlation| correlation >= CONTESTING_SHARE * self.inside)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::passage::test_passage;
    use crate::recording::refinement::whitened::{Preset, WhitenedSpectrogram};
    use crate::test_sound::{mel_power, noise};

    /// 65 columns of a spectrogram: the second use begins with a column, too.
    const USE_SAMPLES: usize = 65 * 2_048;
    const USE_SECS: f64 = USE_SAMPLES as f64 / 22_050.0;

    fn samples(seed: u32) -> Vec<f32> {
        std::iter::repeat_with(noise(seed))
            .take(USE_SAMPLES)
            .collect()
    }

    fn whitened(samples: &[f32]) -> WhitenedSpectrogram {
        WhitenedSpectrogram::new(&mel_power(samples), Preset::Song, &FeatureConfig::default())
    }

    fn passage(left_secs: (f64, f64), right_start_secs: f64) -> Passage {
        let right_secs = (
            right_start_secs,
            right_start_secs + left_secs.1 - left_secs.0,
        );
        let mut passage = test_passage((1.0, 1.0));
        passage.alignment = Alignment {
            left_secs,
            map: TimeMap::fitted_to(left_secs, right_secs),
            semitones: 0.0,
            correlation: 0.8,
        };
        passage
    }

    /// Passages of a song that plays the first 6 s of another one twice.
    fn cut(mut passages: Vec<Passage>) -> Vec<(f64, f64)> {
        let used = samples(1);
        let source = whitened(&[used.clone(), samples(2)].concat());
        let loops = whitened(&[used.clone(), used].concat());
        cut_contested_ends(&mut passages, &SpectrogramPair::new(&source, &loops));
        passages
            .iter()
            .map(|passage| passage.alignment.left_secs)
            .collect()
    }

    #[test]
    fn a_passage_ends_where_the_next_use_begins() {
        let spans = cut(vec![
            passage((0.0, 8.0), 0.0),
            passage((0.0, 6.0), USE_SECS),
        ]);
        let end = spans[0].1;
        assert!(
            spans[0].0 == 0.0 && (end - USE_SECS).abs() < 0.4,
            "{spans:?}"
        );
        assert_eq!(spans[1], (0.0, 6.0));
    }

    #[test]
    fn an_end_that_no_other_passage_explains_stays() {
        assert_eq!(cut(vec![passage((0.0, 8.0), 0.0)]), [(0.0, 8.0)]);
        // On the same line, and elsewhere in both songs.
        let others = [passage((0.0, 6.0), 0.02), passage((0.0, 2.0), 0.0)];
        for other in others {
            assert_eq!(cut(vec![passage((0.0, 8.0), 0.0), other])[0], (0.0, 8.0));
        }
    }
}
