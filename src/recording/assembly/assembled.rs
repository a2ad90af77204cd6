//! The passages of an assembled copy, given its passages on single lines.

use crate::geometry::spans::covered_share;
use crate::recording::assembly::parts::{Part, assembly, at_best_lag, at_original_speed, is_same};
use crate::recording::certainty::{LEAST_CERTAINTY, SUFFICIENT_CORRELATIONS, certainty};
use crate::recording::distinct::explained;
use crate::recording::passage::Passage;
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};
use crate::recording::refinement::whitened::BANDS_PER_SEMITONE;

/// Least correlation of a passage whose line competes for the parts. Less than that of a part: one
/// line passes near several parts.
const LEAST_LINE_CORRELATION: f64 = 0.4;
/// Most lines that compete.
const MOST_LINES: usize = 16;
/// A passage is superfluous if parts cover this share of it in both songs.
const COVERED_SHARE: f64 = 0.5;

/// Greatest error of the speed of a short part.
const MOST_SPEED_ERROR: f64 = 0.02;
/// Share of the correlation that suffices at the original speed.
const SUFFICIENT_SHARE: f64 = 0.98;

/// A passage whose line competes for the parts.
struct Line<'a> {
    passage: &'a Passage,
    overlay: Overlay,
}

/// The parts of a copy on the lines of its passages and near them. Empty if all lie on one line.
#[must_use]
pub fn assembled(
    passages: &[Passage],
    pair: &SpectrogramPair<'_>,
    songs_secs: [f64; 2],
) -> Vec<Passage> {
    let column_secs = pair.left.column_secs;
    let lines = lines(passages, column_secs);
    let mut maps: Vec<Overlay> = lines.iter().map(|line| line.overlay).collect();
    if maps.is_empty() {
        return Vec::new();
    }
    let parts = assembly(pair, &mut maps);
    if parts.iter().all(|part| part.map == parts[0].map) {
        return Vec::new();
    }
    parts
        .iter()
        .filter_map(|part| {
            let line = lines
                .get(part.map)
                .or_else(|| nearest(&lines, part, column_secs))?;
            let alignment = alignment(part, &maps[part.map], line.passage, pair);
            let alignment = completed(alignment, songs_secs);
            Some(Passage {
                // The evidence of the embeddings is that of the whole copy.
                certainty: certainty(1.0, &alignment),
                alignment,
                ..line.passage.clone()
            })
        })
        .filter(|passage| {
            passage.certainty >= LEAST_CERTAINTY
                && passage.alignment.correlation >= SUFFICIENT_CORRELATIONS.1
        })
        .collect()
}

/// Whether others cover most of a passage in both songs.
#[must_use]
pub fn is_covered(passage: &Passage, others: &[Passage]) -> bool {
    let share = |span: fn(&Passage) -> (f64, f64)| {
        covered_share(span(passage), others.iter().map(span).collect())
    };
    !passage.alignment.is_backwards()
        && share(|passage| passage.alignment.left_secs) >= COVERED_SHARE
        && share(|passage| passage.alignment.right_secs()) >= COVERED_SHARE
}

/// Whether some passages explain more of both songs than others. Their correlations are measured
/// between columns, too: in music that repeats itself exactly, a repetition whose columns lie on
/// the same grid correlates better than the true place whose columns don't.
#[must_use]
pub fn explain_more(some: &[Passage], others: &[Passage], pair: &SpectrogramPair<'_>) -> bool {
    let explained_by = |passages: &[Passage]| {
        let mut passages = passages.to_vec();
        for passage in &mut passages {
            passage.alignment.correlation = pair.correlation_along(&passage.alignment);
        }
        explained(&passages)
    };
    explained_by(some) > explained_by(others)
}

/// The different lines of passages, those that explain most first.
fn lines(passages: &[Passage], column_secs: f64) -> Vec<Line<'_>> {
    let mut sorted: Vec<&Passage> = passages
        .iter()
        .filter(|passage| {
            !passage.alignment.is_backwards()
                && passage.alignment.correlation >= LEAST_LINE_CORRELATION
        })
        .collect();
    let explained = |passage: &Passage| passage.alignment.secs() * passage.alignment.correlation;
    sorted.sort_by(|a, b| explained(b).total_cmp(&explained(a)));
    let mut lines: Vec<Line<'_>> = Vec::new();
    for passage in sorted {
        let alignment = &passage.alignment;
        let overlay = Overlay::of(&alignment.map, alignment.semitones, column_secs);
        let middle = (middle(alignment.left_secs) / column_secs).round();
        if !lines
            .iter()
            .any(|other| is_same(&other.overlay, &overlay, middle))
        {
            lines.push(Line { passage, overlay });
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

/// The line whose passage is nearest to a part.
fn nearest<'a>(lines: &'a [Line<'_>], part: &Part, column_secs: f64) -> Option<&'a Line<'a>> {
    let distance = |line: &Line<'_>| {
        let place = middle(line.passage.alignment.left_secs) / column_secs;
        (place - middle(part.span)).abs()
    };
    lines
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// The exact alignment of a part on a map that is that of a passage, or near it.
fn alignment(
    part: &Part,
    overlay: &Overlay,
    passage: &Passage,
    pair: &SpectrogramPair<'_>,
) -> Alignment {
    let column_secs = pair.left.column_secs;
    let (overlay, correlation) = fitted_part(pair, overlay, part.span);
    let semitones = overlay.shift_bands as f64 / BANDS_PER_SEMITONE as f64;
    let exact = passage.alignment.semitones;
    let is_exact = (exact - semitones).abs() <= 0.5 && overlay.map.slope != 1.0;
    Alignment {
        left_secs: (part.span.0 * column_secs, part.span.1 * column_secs),
        map: overlay.map.in_unit(column_secs),
        semitones: if is_exact { exact } else { semitones },
        correlation,
    }
}

/// An overlay, moved by half columns, up to a whole one, to where a span correlates best, and the
/// correlation there. At the original speed, if the span correlates nearly as well at that.
fn fitted_part(pair: &SpectrogramPair<'_>, overlay: &Overlay, span: (f64, f64)) -> (Overlay, f64) {
    let centre = middle(span);
    let window = (centre, (span.1 - span.0) as usize);
    let best = at_best_lag(pair, overlay, window, (2, 0.5));
    if (overlay.map.slope - 1.0).abs() > MOST_SPEED_ERROR || overlay.shift_bands != 0 {
        return best;
    }
    let original = at_original_speed(overlay, centre);
    let original = at_best_lag(pair, &original, window, (2, 0.5));
    if original.1 >= SUFFICIENT_SHARE * best.1 {
        original
    } else {
        best
    }
}

fn middle((start, end): (f64, f64)) -> f64 {
    (start + end) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;
    use crate::recording::passage::test_passage;
    use crate::recording::refinement::whitened::{WhitenedSpectrogram, test_spectrogram};

    /// Columns of a piece, 4.2 s.
    const PIECE_COLUMNS: usize = 45;

    fn song(seeds: &[u32]) -> WhitenedSpectrogram {
        let pieces: Vec<_> = seeds.iter().map(|seed| (*seed, PIECE_COLUMNS)).collect();
        test_spectrogram(&pieces)
    }

    /// A passage of a minute from the start of both songs, at this slope.
    fn passage(slope: f64) -> Passage {
        let mut passage = test_passage((1.0, 1.0));
        let left_secs = (0.0, 60.0);
        passage.alignment.left_secs = left_secs;
        passage.alignment.map = TimeMap::fitted_to(left_secs, (0.0, 60.0 * slope));
        passage
    }

    /// Spans of the parts of two songs in pieces, to a tenth.
    fn spans(left: &[u32], right: &[u32], passages: &[Passage]) -> Vec<(f64, f64)> {
        let secs = |pieces: &[u32]| (pieces.len() * PIECE_COLUMNS * 2_048) as f64 / 22_050.0;
        let songs_secs = [secs(left), secs(right)];
        let piece_secs = secs(&[0]);
        let (left, right) = (song(left), song(right));
        let pair = SpectrogramPair::new(&left, &right);
        let tenths = |secs: f64| (secs / piece_secs * 10.0).round() / 10.0;
        let parts = assembled(passages, &pair, songs_secs);
        let span = |part: &Passage| {
            let alignment = &part.alignment;
            assert!(alignment.correlation > 0.7 && alignment.map.slope == 1.0);
            (tenths(alignment.left_secs.0), tenths(alignment.left_secs.1))
        };
        parts.iter().map(span).collect()
    }

    #[test]
    fn each_part_of_a_cut_copy_is_a_passage() {
        let parts = spans(&[1, 2, 3, 4], &[1, 3, 4], &[passage(1.0)]);
        assert_eq!(parts, [(0.0, 1.0), (2.0, 4.0)]);
    }

    #[test]
    fn a_copy_on_one_line_is_not_assembled() {
        assert_eq!(spans(&[1, 2, 3], &[1, 2, 3], &[passage(1.0)]), []);
        assert_eq!(spans(&[1, 2, 3], &[1, 3], &[]), [], "without a line");
    }

    #[test]
    fn a_speed_that_is_nearly_the_original_one_is_that() {
        let (left, right) = (song(&[1, 2]), song(&[1, 2]));
        let pair = SpectrogramPair::new(&left, &right);
        let slope_of = |slope: f64| {
            let map = TimeMap {
                anchor: (45.0, 45.0),
                slope,
            };
            let overlay = Overlay {
                map,
                shift_bands: 0,
            };
            fitted_part(&pair, &overlay, (0.0, 90.0)).0.map.slope
        };
        assert_eq!(slope_of(1.01), 1.0);
        assert_eq!(slope_of(1.03), 1.03);
    }

    #[test]
    fn another_speed_stays_where_the_original_one_correlates_less() {
        let columns: Vec<(u32, usize)> = (1..=90).map(|seed| (seed, 1)).collect();
        let mut longer = columns.clone();
        // 1.1 % slower.
        longer.insert(45, columns[45]);
        let (left, right) = (test_spectrogram(&columns), test_spectrogram(&longer));
        let pair = SpectrogramPair::new(&left, &right);
        let map = TimeMap {
            anchor: (45.0, 45.5),
            slope: 91.0 / 90.0,
        };
        let overlay = Overlay {
            map,
            shift_bands: 0,
        };
        let (fitted, correlation) = fitted_part(&pair, &overlay, (0.0, 90.0));
        assert!(fitted.map.slope > 1.0 && correlation > 0.9, "{correlation}");
    }

    #[test]
    fn the_lines_of_sixteen_correlated_passages_compete() {
        let at = |lag_secs: f64, correlation: f64| {
            let mut passage = passage(1.0);
            passage.alignment.map.anchor.1 += lag_secs;
            passage.alignment.correlation = correlation;
            passage
        };
        let lines_of = |passages: &[Passage]| lines(passages, 0.0929).len();
        assert_eq!(lines_of(&[at(0.0, 0.5), at(5.0, 0.3)]), 1);
        assert_eq!(lines_of(&[at(0.0, 0.5), at(0.0, 0.6)]), 1, "the same line");
        let many: Vec<Passage> = (0..20).map(|lag| at(f64::from(lag), 0.8)).collect();
        assert_eq!(lines_of(&many), 16);
    }

    #[test]
    fn a_repetition_on_the_grid_explains_no_more_than_the_true_place_beside_it() {
        // Every column twice, and the same a column later. Read at the nearest column, 0.45 columns
        // later, half of them are others.
        let columns: Vec<(u32, usize)> = (1..=120).flat_map(|seed| [(seed, 1); 2]).collect();
        let later = [vec![(7, 1)], columns.clone()].concat();
        let (left, right) = (test_spectrogram(&columns), test_spectrogram(&later));
        let pair = SpectrogramPair::new(&left, &right);
        let at = |lag: f64, (start, end): (f64, f64), correlation: f64| {
            let mut passage = passage(1.0);
            passage.alignment.left_secs = (start, end);
            passage.alignment.map.anchor.1 += lag * left.column_secs;
            passage.alignment.correlation = correlation;
            passage
        };
        let whole = [at(0.45, (0.0, 22.0), 0.5)];
        let halves = [at(1.0, (0.0, 11.0), 1.0), at(1.0, (11.0, 22.0), 1.0)];
        assert!(explained(&halves) > explained(&whole));
        assert!(!explain_more(&halves, &whole, &pair));
        assert!(explain_more(&halves[..1], &[], &pair));
    }

    #[test]
    fn a_passage_within_the_parts_is_superfluous() {
        let whole = passage(1.0);
        let part = |start: f64, end: f64| {
            let mut part = passage(1.0);
            part.alignment.left_secs = (start, end);
            part
        };
        assert!(is_covered(&whole, &[part(0.0, 20.0), part(30.0, 50.0)]));
        assert!(!is_covered(&whole, &[part(0.0, 20.0)]));
        let mut elsewhere = part(0.0, 60.0);
        elsewhere.alignment.map = elsewhere.alignment.map.anchored_at(100.0);
        elsewhere.alignment.map.anchor.1 += 100.0;
        assert!(!is_covered(&whole, &[elsewhere]));
    }
}
