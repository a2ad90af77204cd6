//! The score of two songs.

use crate::recording::Analysis;
use crate::recording::clips::align::{ClipAlignment, align_clips};
use crate::recording::clips::score::clip_score;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::passage::Passage;
use crate::recording::score_matrix::{ScoreMatrix, median};
use crate::recording::segments::Segments;

/// Greatest score of two songs without a passage, unless both are clips.
const HIGHEST_WITHOUT_PASSAGE: f32 = 0.3;
/// Greatest share of a clip that may be blank. Where it is more, the rest is a click or an end of a
/// tone, and resembles every other one.
const MOST_BLANK_OF_CLIP: f64 = 0.5;

/// The score of two songs in 0..1.
///
/// It is the certainty that one of them copies from the other, not the amount: ten seconds that are
/// certainly the same are a copy. The amount is in each song's coverage.
///
/// | Songs | Score |
/// |---|---|
/// | with passages | that of the passage that is [most certainly copied](Passage::copied) |
/// | without a passage, one of them all blank | 0: there is nothing to compare |
/// | two clips without a passage | [`clip_score`] of what isn't blank |
/// | others without a passage | calibrated score of the median logit, at most 0.3 |
///
/// The very same samples have a passage even where they are blank.
#[must_use]
pub fn song_score(
    matrix: &ScoreMatrix,
    passages: &[Passage],
    [left, right]: [&Analysis; 2],
    calibration: &Calibration,
) -> f32 {
    let best = passages.iter().map(Passage::copied).fold(0.0, f64::max);
    if best > 0.0 {
        return best as f32;
    }
    let segments = [&left.segments, &right.segments];
    let blank = segments.map(Segments::blank_share);
    if blank.contains(&1.0) {
        return 0.0;
    }
    if let (Some(left_clip), Some(right_clip)) = (&left.whitened_clip, &right.whitened_clip)
        && blank.iter().all(|&share| share <= MOST_BLANK_OF_CLIP)
    {
        let alignment = align_clips(left_clip, right_clip);
        if let Some(logit) = clip_logit(matrix, alignment.as_ref(), segments) {
            return clip_score(logit, alignment.as_ref(), calibration);
        }
    }
    let resemblance = calibration.score(median(matrix.row_medians().collect()));
    resemblance.min(HIGHEST_WITHOUT_PASSAGE)
}

/// The median logit along an alignment of two clips; of all segments if there is no alignment.
/// Blank segments are left out; `None` if no others meet.
fn clip_logit(
    matrix: &ScoreMatrix,
    alignment: Option<&ClipAlignment>,
    [left, right]: [&Segments; 2],
) -> Option<f32> {
    let has_music = |&(row, column): &(usize, usize)| !left.blank[row] && !right.blank[column];
    let cells: Vec<(usize, usize)> = match alignment {
        Some(alignment) => {
            let middle_secs = left.length_secs / 2.0;
            let column = |row| {
                let right_secs = alignment.map.at(left.start_secs(row) + middle_secs);
                let place = ((right_secs - middle_secs) / right.hop_secs).round();
                (place.max(0.0) as usize).min(matrix.columns - 1)
            };
            (0..matrix.rows).map(|row| (row, column(row))).collect()
        }
        None => (0..matrix.rows)
            .flat_map(|row| (0..matrix.columns).map(move |column| (row, column)))
            .collect(),
    };
    let logits: Vec<f32> = cells
        .into_iter()
        .filter(has_music)
        .map(|(row, column)| matrix.row(row)[column])
        .collect();
    (!logits.is_empty()).then(|| median(logits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::FeatureConfig;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::alignment::Alignment;
    use crate::recording::clips::score::is_clip;
    use crate::recording::encoder::embeddings::Embeddings;
    use crate::recording::peaks::peak_map::PeakMap;
    use crate::recording::segments::test_segments;
    use crate::recording::whitened::{Preset, WhitenedSpectrogram};
    use crate::test_sound::mel_power;

    fn matrix(side: usize, logit: f32) -> ScoreMatrix {
        ScoreMatrix {
            rows: side,
            columns: side,
            logits: vec![logit; side * side],
        }
    }

    /// Notes whose pitches depend on `seed`, with so many segments.
    fn song(segments: usize, seed: u32) -> Analysis {
        let config = FeatureConfig::default();
        let samples: Vec<f32> = (0..16_384 * (segments as u32 + 3))
            .map(|n| {
                let key = n / 4_096 * seed % 13;
                (n as f32 * (0.1 + 0.02 * key as f32)).sin() * 0.3
            })
            .collect();
        let mel = mel_power(&samples);
        let segments = test_segments(segments);
        Analysis {
            duration_secs: samples.len() as f64 / 22_050.0,
            embeddings: Embeddings {
                values: Vec::new(),
                dimensions: 128,
            },
            whitened: WhitenedSpectrogram::new(&mel, Preset::Song, &config),
            whitened_clip: is_clip(&segments)
                .then(|| WhitenedSpectrogram::new(&mel, Preset::Clip, &config)),
            segments,
            peaks: PeakMap::new(&samples, &config),
        }
    }

    fn score(matrix: &ScoreMatrix, passages: &[Passage], songs: [&Analysis; 2]) -> f32 {
        song_score(matrix, passages, songs, &Calibration::default())
    }

    fn passage(score: f32, certainty: f64) -> Passage {
        Passage {
            alignment: Alignment {
                left_secs: (0.0, 9.0),
                map: TimeMap::fitted_to((0.0, 9.0), (0.0, 9.0)),
                semitones: 0.0,
                correlation: 0.5,
            },
            score,
            certainty,
            shares: (1.0, 1.0),
            is_edited: false,
            by_peaks: 0.0,
        }
    }

    #[test]
    fn the_most_certain_passage_decides() {
        let passages = [passage(0.98, 0.5), passage(0.9, 1.0), passage(0.99, 0.6)];
        let song = song(40, 5);
        assert_eq!(score(&matrix(40, -5.0), &passages, [&song, &song]), 0.9);
    }

    #[test]
    fn peaks_alone_suffice() {
        let song = song(40, 5);
        let by_peaks = Passage {
            by_peaks: 0.97,
            ..passage(0.2, 0.5)
        };
        assert_eq!(score(&matrix(40, -5.0), &[by_peaks], [&song, &song]), 0.97);
    }

    #[test]
    fn without_a_passage_songs_score_by_their_resemblance_and_stay_different() {
        let score = |side, logit| {
            let song = song(side, 5);
            score(&matrix(side, logit), &[], [&song, &song])
        };
        assert!(score(40, -5.0) < 0.01);
        // Far from a verdict, but above what songs without any resemblance score.
        assert!((0.2..0.4).contains(&score(40, 3.0)));
        assert_eq!(
            score(6, 3.0),
            HIGHEST_WITHOUT_PASSAGE,
            "7 s suffice for one"
        );
    }

    #[test]
    fn two_clips_score_by_their_spectra_and_a_clip_with_a_song_stays_different() {
        let (one, other) = (song(4, 5), song(4, 7));
        assert!(score(&matrix(4, 3.0), &[], [&one, &one]) > 0.99);
        assert!(score(&matrix(4, 3.0), &[], [&one, &other]) < 0.5);
        let oblong = ScoreMatrix {
            rows: 4,
            columns: 40,
            logits: vec![3.0; 160],
        };
        assert_eq!(
            score(&oblong, &[], [&one, &song(40, 7)]),
            HIGHEST_WITHOUT_PASSAGE
        );
    }

    #[test]
    fn the_logit_of_clips_is_taken_along_their_alignment() {
        // Logits of a copy a hop later: high beside the diagonal only.
        let mut matrix = matrix(4, -9.0);
        for row in 0..4 {
            matrix.logits[row * 4 + (row + 1).min(3)] = 7.0;
        }
        let segments = test_segments(4);
        let alignment = |right_at_start_secs| ClipAlignment {
            correlation: 0.5,
            map: TimeMap {
                anchor: (0.0, right_at_start_secs),
                slope: 1.0,
            },
            shift_bands: 0,
            spread: 0.05,
        };
        let logit = |secs| clip_logit(&matrix, Some(&alignment(secs)), [&segments, &segments]);
        assert_eq!((logit(0.75), logit(0.0)), (Some(7.0), Some(-9.0)));
        let all = clip_logit(&matrix, None, [&segments, &segments]);
        assert_eq!(all, Some(-9.0));
    }

    #[test]
    fn blank_segments_of_clips_have_no_logit() {
        let mut matrix = matrix(4, -9.0);
        matrix.logits[4 * 3 + 3] = 7.0;
        let (all, mut last) = (test_segments(4), test_segments(4));
        last.blank[..3].fill(true);
        assert_eq!(clip_logit(&matrix, None, [&last, &last]), Some(7.0));
        assert_eq!(clip_logit(&matrix, None, [&all, &last]), Some(-9.0));
        last.blank[3] = true;
        assert_eq!(clip_logit(&matrix, None, [&all, &last]), None);
    }

    #[test]
    fn blank_clips_are_not_scored_as_clips() {
        let score = |blank: usize| {
            let mut song = song(4, 5);
            song.segments.blank[..blank].fill(true);
            score(&matrix(4, 3.0), &[], [&song, &song])
        };
        assert!(score(2) > 0.99);
        assert_eq!((score(3), score(4)), (HIGHEST_WITHOUT_PASSAGE, 0.0));
    }
}
