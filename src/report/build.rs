//! Findings to a report: figures rounded, songs exchanged, a large matrix made coarser.

use crate::composition;
use crate::geometry::spans::covered_share;
use crate::recording;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::encoder::model::Model;
use crate::recording::passage::{Drift, Passage};
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::report::{
    CompositionEvidence, CompositionPassage, CompositionReport, CompositionVerdict, Knot,
    MatchedPassage, Matrix, ModelSummary, Report, SongSummary, Verdict,
};
use crate::song::Song;

/// Most cells of the matrix in a report; a larger one is made coarser. A million cells are two
/// songs of 12 minutes.
const REPORTED_CELLS: usize = 1_000_000;

/// The report of two songs. `swapped` says that the findings have the right song as their left one.
pub fn report(
    (findings, composition): (&recording::Findings, &composition::Findings),
    [left, right]: [&Song; 2],
    swapped: bool,
    (model, backend): (&Model, &str),
) -> Report {
    let score = round(f64::from(findings.score), 4);
    let mut passages: Vec<MatchedPassage> = findings
        .passages
        .iter()
        .map(|passage| matched_passage(passage, swapped))
        .collect();
    let hop_secs = left.recording.segments.hop_secs;
    let mut matrix = reported_matrix(&findings.matrix, hop_secs, model.calibration());
    if swapped {
        passages.sort_by(|a, b| a.left_start_secs.total_cmp(&b.left_start_secs));
        matrix = transposed(&matrix);
    }
    let spans = |of: fn(&MatchedPassage) -> (f64, f64)| passages.iter().map(of).collect::<Vec<_>>();
    Report {
        score,
        verdict: Verdict::of(score),
        left: summary(
            left,
            spans(|passage| (passage.left_start_secs, passage.left_end_secs)),
        ),
        right: summary(
            right,
            spans(|passage| (passage.right_start_secs, passage.right_end_secs)),
        ),
        passages,
        composition: composition_report(composition, swapped),
        matrix,
        model: ModelSummary {
            version: model.info().version.clone(),
            weights_sha256: model.sha256().to_owned(),
        },
        backend: backend.to_owned(),
    }
}

/// The answer about the composition, in rounded figures.
fn composition_report(findings: &composition::Findings, swapped: bool) -> CompositionReport {
    let score = round(f64::from(findings.score), 4);
    let mut passages: Vec<CompositionPassage> = findings
        .passages
        .iter()
        .map(|passage| composition_passage(passage, swapped))
        .collect();
    passages.sort_by(|a, b| a.left_start_secs.total_cmp(&b.left_start_secs));
    CompositionReport {
        score,
        verdict: CompositionVerdict::of(score, findings.same_chords),
        passages,
        comparable: findings.comparable,
    }
}

/// A passage of a composition in rounded figures.
fn composition_passage(passage: &composition::Passage, swapped: bool) -> CompositionPassage {
    let mut spans = [passage.left_secs, passage.right_secs];
    let mut speed_ratio = passage.speed;
    let mut semitones = passage.semitones;
    if swapped {
        spans.reverse();
        speed_ratio = 1.0 / speed_ratio;
        // A tritone up is a tritone down, as octaves are not told apart.
        semitones = if semitones == 6 { 6 } else { -semitones };
    }
    let [left, right] = spans;
    CompositionPassage {
        left_start_secs: round(left.0, 2),
        left_end_secs: round(left.1, 2),
        right_start_secs: round(right.0, 2),
        right_end_secs: round(right.1, 2),
        score: round(f64::from(passage.score), 4),
        speed_ratio: round(speed_ratio, 3),
        transposition_semitones: semitones,
        evidence: match (passage.melody, passage.harmony) {
            (true, false) => CompositionEvidence::Melody,
            (false, true) => CompositionEvidence::Harmony,
            _ => CompositionEvidence::Both,
        },
    }
}

/// The matrix for the report: calibrated scores. In a large matrix each cell is the greatest of a
/// square of cells.
fn reported_matrix(scores: &ScoreMatrix, hop_secs: f64, calibration: &Calibration) -> Matrix {
    let mut side = 1;
    while scores.rows.div_ceil(side) * scores.columns.div_ceil(side) > REPORTED_CELLS {
        side += 1;
    }
    let (rows, cols) = (scores.rows.div_ceil(side), scores.columns.div_ceil(side));
    let mut best = vec![f32::NEG_INFINITY; rows * cols];
    for (row, logits) in scores.logits.chunks_exact(scores.columns).enumerate() {
        for (column, &logit) in logits.iter().enumerate() {
            let cell = &mut best[row / side * cols + column / side];
            *cell = cell.max(logit);
        }
    }
    let scores = best
        .into_iter()
        .map(|logit| round(f64::from(calibration.score(logit)), 4))
        .collect();
    Matrix {
        rows,
        cols,
        hop_secs: hop_secs * side as f64,
        scores,
    }
}

/// A passage in rounded figures. `swapped` says that its left song is the right one of the report.
fn matched_passage(passage: &Passage, swapped: bool) -> MatchedPassage {
    let alignment = &passage.alignment;
    let (left, right) = (alignment.left_secs, alignment.right_secs());
    let (share_of_left, share_of_right) = passage.shares;
    let slopes = passage.drift.as_ref().map(|drift| drift.slopes);
    let mut matched = MatchedPassage {
        left_start_secs: round(left.0, 2),
        left_end_secs: round(left.1, 2),
        right_start_secs: round(right.0, 2),
        right_end_secs: round(right.1, 2),
        score: round(f64::from(passage.score.max(passage.in_mix as f32)), 4),
        // Between the cuts, an edited passage plays at the unchanged speed.
        speed_ratio: if passage.is_edited {
            1.0
        } else {
            round(1.0 / alignment.map.slope.abs(), 3)
        },
        pitch_shift_semitones: round(alignment.semitones, 1),
        share: round(share_of_right, 2),
        left_share: round(share_of_left, 2),
        reversed: alignment.is_backwards(),
        speed_ratio_min: slopes.map(|(_, greatest)| round(1.0 / greatest, 3)),
        speed_ratio_max: slopes.map(|(least, _)| round(1.0 / least, 3)),
        knots: passage.drift.iter().flat_map(knots).collect(),
    };
    if swapped {
        mirror_passage(&mut matched);
    }
    matched
}

/// The knots of a drift in rounded figures.
fn knots(drift: &Drift) -> impl Iterator<Item = Knot> {
    drift.knots.iter().map(|&(left, right)| Knot {
        left_secs: round(left, 2),
        right_secs: round(right, 2),
    })
}

/// Exchanges the left and the right song.
pub fn mirror_passage(passage: &mut MatchedPassage) {
    std::mem::swap(&mut passage.left_start_secs, &mut passage.right_start_secs);
    std::mem::swap(&mut passage.left_end_secs, &mut passage.right_end_secs);
    std::mem::swap(&mut passage.left_share, &mut passage.share);
    passage.speed_ratio = round(1.0 / passage.speed_ratio, 3);
    let inverse = |ratio: Option<f64>| ratio.map(|ratio| round(1.0 / ratio, 3));
    (passage.speed_ratio_min, passage.speed_ratio_max) = (
        inverse(passage.speed_ratio_max),
        inverse(passage.speed_ratio_min),
    );
    for knot in &mut passage.knots {
        std::mem::swap(&mut knot.left_secs, &mut knot.right_secs);
    }
    passage.pitch_shift_semitones = round(-passage.pitch_shift_semitones, 1);
}

/// The matrix with the left and the right song exchanged.
fn transposed(matrix: &Matrix) -> Matrix {
    let scores = (0..matrix.cols)
        .flat_map(|col| (0..matrix.rows).map(move |row| matrix.scores[row * matrix.cols + col]))
        .collect();
    Matrix {
        rows: matrix.cols,
        cols: matrix.rows,
        hop_secs: matrix.hop_secs,
        scores,
    }
}

/// A song, with the share of it that lies in the spans of passages.
fn summary(song: &Song, spans_secs: Vec<(f64, f64)>) -> SongSummary {
    SongSummary {
        name: song.name.clone(),
        duration_secs: round(song.duration_secs(), 3),
        coverage: round(covered_share((0.0, song.duration_secs()), spans_secs), 4),
        left_out_share: round(song.recording.segments.blank_share(), 4),
    }
}

/// Rounds to decimal digits. Zero gets no sign, which would be displayed.
fn round(value: f64, digits: usize) -> f64 {
    const SCALES: [f64; 5] = [1.0, 10.0, 100.0, 1e3, 1e4];
    let scale = SCALES[digits];
    (value * scale).round() / scale + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::passage::test_passage;

    #[test]
    fn each_song_has_its_own_share() {
        let passage = test_passage((0.987, 0.251));
        let shares = |swapped| {
            let passage = matched_passage(&passage, swapped);
            (passage.left_share, passage.share)
        };
        assert_eq!(shares(false), (0.99, 0.25));
        assert_eq!(shares(true), (0.25, 0.99));
    }

    #[test]
    fn a_passage_that_plays_backwards_has_ordered_times_and_a_positive_speed() {
        let mut passage = test_passage((1.0, 1.0));
        passage.alignment.map = TimeMap {
            anchor: (0.0, 30.0),
            slope: -0.8,
        };
        for swapped in [false, true] {
            let mut matched = matched_passage(&passage, swapped);
            if swapped {
                mirror_passage(&mut matched);
            }
            assert!(matched.reversed);
            assert_eq!(
                (matched.left_start_secs, matched.left_end_secs),
                (0.0, 10.0)
            );
            assert_eq!(
                (matched.right_start_secs, matched.right_end_secs),
                (22.0, 30.0)
            );
            assert_eq!(matched.speed_ratio, 1.25);
        }
    }

    #[test]
    fn a_passage_of_both_kinds_of_evidence_has_the_greater_score() {
        let passage = |score, in_mix| Passage {
            score,
            in_mix,
            ..test_passage((1.0, 1.0))
        };
        assert_eq!(matched_passage(&passage(0.2, 0.97), false).score, 0.97);
        assert_eq!(matched_passage(&passage(0.9, 0.6), true).score, 0.9);
    }

    #[test]
    fn a_passage_of_a_composition_is_mirrored() {
        let passage = |semitones| composition::Passage {
            left_secs: (1.0, 21.0),
            right_secs: (5.0, 21.0),
            score: 0.9,
            speed: 1.25,
            semitones,
            melody: true,
            harmony: false,
        };
        let mirrored = composition_passage(&passage(-4), true);
        let spans = (
            (mirrored.left_start_secs, mirrored.left_end_secs),
            (mirrored.right_start_secs, mirrored.right_end_secs),
        );
        assert_eq!(spans, ((5.0, 21.0), (1.0, 21.0)));
        assert_eq!(
            (mirrored.speed_ratio, mirrored.transposition_semitones),
            (0.8, 4)
        );
        assert_eq!(mirrored.evidence, CompositionEvidence::Melody);
        let tritone = composition_passage(&passage(6), true);
        assert_eq!(tritone.transposition_semitones, 6);
    }

    #[test]
    fn a_rounded_zero_has_no_sign() {
        assert_eq!(round(-0.04, 1).to_bits(), 0.0_f64.to_bits());
        assert_eq!((round(-0.06, 1), round(1.25, 1)), (-0.1, 1.3));
    }

    #[test]
    fn a_large_matrix_is_reported_coarser_by_its_best_cells() {
        let matrix = |rows: usize, columns: usize| {
            let mut logits = vec![-20.0; rows * columns];
            logits[rows * columns - 2] = 20.0;
            let scores = ScoreMatrix {
                rows,
                columns,
                logits,
            };
            reported_matrix(&scores, 0.75, &Calibration::default())
        };
        // Two songs of 11 minutes are reported cell by cell.
        let whole = matrix(900, 1_000);
        assert_eq!((whole.rows, whole.cols, whole.hop_secs), (900, 1_000, 0.75));
        let coarse = matrix(1_500, 1_000);
        assert_eq!((coarse.rows, coarse.cols, coarse.hop_secs), (750, 500, 1.5));
        let best = coarse.scores.iter().position(|&score| score > 0.5);
        assert_eq!(best, Some(750 * 500 - 1));
        assert_eq!(
            coarse.scores.iter().filter(|&&score| score > 0.5).count(),
            1
        );
    }
}
