//! The score and the passage of two clips between which no line was found.

use crate::recording::analysis::Analysis;
use crate::recording::clips::align::{ClipAlignment, align_clips};
use crate::recording::clips::score::ClipMeeting;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::passage::Passage;
use crate::recording::refinement::alignment::completed;
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};
use crate::recording::refinement::refine::refined_part;
use crate::recording::runs::score_matrix::{ScoreMatrix, median};
use crate::recording::segments::Segments;

/// Greatest share of a clip that may be blank. Where it is more, the rest is a click or an end of a
/// tone, and resembles every other one.
const MOST_BLANK_OF_CLIP: f64 = 0.5;
/// Least score of clips that have a passage: that of a copy.
const LEAST_SCORE: f32 = 0.5;

/// What two clips have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipFindings {
    /// Certainty that one clip copies from the other, 0..1.
    pub score: f32,
    /// The passage, if its place is certain.
    pub passage: Option<Passage>,
}

/// Compares a clip with another one, or with a song that may be a clip at half its speed, by their
/// whitened spectrograms and by what isn't blank of the matrix. `None` if neither is a clip, if one
/// of them is longer, or mostly blank.
#[must_use]
pub fn compare_clips(
    matrix: &ScoreMatrix,
    songs: [&Analysis; 2],
    calibration: &Calibration,
) -> Option<ClipFindings> {
    let (alignment, logit) = aligned(matrix, songs)?;
    let Some(alignment) = alignment else {
        let score = calibration.score(logit);
        return Some(ClipFindings {
            score,
            passage: None,
        });
    };
    let score = meeting(alignment, logit, songs).score();
    let passage = (score >= LEAST_SCORE)
        .then(|| passage(&alignment, score, songs))
        .flatten();
    Some(ClipFindings { score, passage })
}

/// The best alignment of two clips, if there is one, and the logit of their embeddings along it.
fn aligned(matrix: &ScoreMatrix, songs: [&Analysis; 2]) -> Option<(Option<ClipAlignment>, f32)> {
    let segments = songs.map(|song| &song.segments);
    let is_blank = |segments: &&Segments| segments.blank_share() > MOST_BLANK_OF_CLIP;
    if segments.iter().any(is_blank) || !segments.iter().any(|segments| segments.is_clip()) {
        return None;
    }
    let [left, right] = songs.map(|song| song.whitened_clip.as_ref());
    let alignment = align_clips(left?, right?);
    let logit = clip_logit(matrix, alignment.as_ref(), segments)?;
    Some((alignment, logit))
}

fn meeting(alignment: ClipAlignment, logit: f32, songs: [&Analysis; 2]) -> ClipMeeting {
    ClipMeeting::new(alignment, logit, songs.map(|song| &song.peaks))
}

/// Where two clips meet, for the fit of `clips::score`; `None` if they aren't compared as clips.
#[must_use]
pub fn clip_meeting(matrix: &ScoreMatrix, songs: [&Analysis; 2]) -> Option<ClipMeeting> {
    let (alignment, logit) = aligned(matrix, songs)?;
    Some(meeting(alignment?, logit, songs))
}

/// The passage where the clips overlap, refined by their spectrograms as songs; `None` if they
/// don't.
fn passage(clips: &ClipAlignment, score: f32, [left, right]: [&Analysis; 2]) -> Option<Passage> {
    let pair = SpectrogramPair::new(&left.whitened, &right.whitened);
    let column_secs = pair.left.column_secs;
    let map = clips.map;
    let right_secs = map.inverse().span((0.0, right.duration_secs));
    let overlap_secs = (right_secs.0.max(0.0), right_secs.1.min(left.duration_secs));
    if overlap_secs.0 >= overlap_secs.1 {
        return None;
    }
    let span = (overlap_secs.0 / column_secs, overlap_secs.1 / column_secs);
    let overlay = Overlay {
        map: map.in_unit(1.0 / column_secs),
        shift_bands: clips.shift_bands,
    };
    let alignment = refined_part(&pair, span, overlay);
    Some(Passage {
        alignment: completed(alignment, [left.duration_secs, right.duration_secs]),
        score,
        certainty: 1.0,
        in_mix: 0.0,
        shares: (1.0, 1.0),
        is_edited: false,
        drift: None,
    })
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
    use crate::geometry::time_map::TimeMap;
    use crate::recording::analysis::test_analysis::{matrix, song};
    use crate::recording::clips::score::test_meeting;
    use crate::recording::segments::test_segments;

    fn found(matrix: &ScoreMatrix, songs: [&Analysis; 2]) -> Option<ClipFindings> {
        compare_clips(matrix, songs, &Calibration::default())
    }

    #[test]
    fn two_clips_score_by_their_spectra_and_a_clip_with_a_song_does_not() {
        let (one, other) = (song(4, 5), song(4, 7));
        let itself = found(&matrix(4, 3.0), [&one, &one]).unwrap();
        let others = found(&matrix(4, 3.0), [&one, &other]).unwrap();
        assert!(itself.score > 0.99 && others.score < 0.5);
        assert_eq!(others.passage, None);
        let meets = |clip: &Analysis, columns: usize| {
            let rows = clip.segments.count;
            let logits = vec![3.0; rows * columns];
            let matrix = ScoreMatrix {
                rows,
                columns,
                logits,
            };
            found(&matrix, [clip, &song(columns, 7)]).is_some()
        };
        assert!(meets(&one, 14) && !meets(&one, 15) && !meets(&one, 40));
        assert!(!meets(&song(6, 5), 6), "neither is a clip");
    }

    #[test]
    fn a_copied_clip_has_its_passage() {
        let one = song(4, 5);
        let passage = found(&matrix(4, 3.0), [&one, &one]).unwrap().passage;
        let alignment = passage.unwrap().alignment;
        for (start_secs, end_secs) in [alignment.left_secs, alignment.right_secs()] {
            assert!(start_secs.abs() < 1e-9 && (end_secs - one.duration_secs).abs() < 1e-9);
        }
        assert!(alignment.semitones.abs() < 0.1);
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
            map: TimeMap {
                anchor: (0.0, right_at_start_secs),
                slope: 1.0,
            },
            ..test_meeting().alignment
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
    fn blank_clips_are_not_compared() {
        let found = |blank: usize| {
            let mut song = song(4, 5);
            song.segments.blank[..blank].fill(true);
            found(&matrix(4, 3.0), [&song, &song]).is_some()
        };
        assert!(found(2) && !found(3) && !found(4));
    }
}
