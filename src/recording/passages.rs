//! The passages of two songs, from runs of the score matrix and from lines of spectral peaks.
//!
//! Each run is [refined](crate::recording::refinement::refine) to an alignment and gets a
//! [certainty](crate::recording::certainty). Where the whole run doesn't correlate, its parts are
//! tried. [Lines of peaks](crate::recording::mixture) are added, also of music that plays
//! [backwards](crate::recording::backwards). Ends at which another passage is the better one are
//! [cut off](crate::recording::contested). Of passages that overlap, the
//! [strongest](crate::recording::distinct) stays. The pieces of a copy whose speed
//! [drifts](crate::recording::drift) become one passage.

use crate::geometry::time_map::TimeMap;
use crate::recording::analysis::Analysis;
use crate::recording::backwards::backward_passages;
use crate::recording::certainty::{
    LEAST_CERTAINTY, SUFFICIENT_CORRELATIONS, SUPPORTING_CORRELATIONS, certainty, full_evidence,
};
use crate::recording::contested::cut_contested_ends;
use crate::recording::distinct::distinct;
use crate::recording::drift::joined_drifts;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::mixture::{measure_shares, peak_passages};
use crate::recording::passage::Passage;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::correlate::{Overlay, SpectrogramPair};
use crate::recording::refinement::follow::{Part, follow};
use crate::recording::refinement::refine::{refined, refined_part};
use crate::recording::runs::run::Run;
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::recording::runs::search::{rough_secs, runs};

/// Shortest part of a run for which a correlation suffices, in seconds. Longer than for a whole
/// run: many parts are tried, which makes false positives likelier.
const SUFFICIENT_PART_SECS: f64 = 8.0;
/// Parts of a copy that lie at least this far beside each other were moved by a cut, in columns:
/// 0.3 s.
const LEAST_CUT_COLUMNS: f64 = 3.0;
/// Greatest difference from the original speed that cuts and insertions imitate: a second in ten.
const MOST_SPEED_OF_CUTS: f64 = 0.1;
/// The parts of a cut copy explain at least this much more than one line: the sum of their seconds,
/// weighted by their correlations.
const LEAST_GAIN: f64 = 1.05;

/// The passages that match, ordered by their place in the left song.
#[must_use]
pub fn passages(
    matrix: &ScoreMatrix,
    [left, right]: [&Analysis; 2],
    peaks: [&PreparedPeaks<'_>; 2],
    calibration: &Calibration,
) -> Vec<Passage> {
    // Blank segments can't tell two songs apart; but a song is always the same as itself.
    let runs = if left.embeddings == right.embeddings {
        let segments = left.segments.clone().without_blanks();
        runs(matrix, &segments, &segments, calibration)
    } else {
        runs(matrix, &left.segments, &right.segments, calibration)
    };
    let finder = Finder {
        songs: [left, right],
        spectrograms: SpectrogramPair::new(&left.whitened, &right.whitened),
        full_evidence: full_evidence(matrix),
        calibration,
    };
    let mut passages: Vec<Passage> = runs
        .iter()
        .flat_map(|run| finder.of_run(run))
        .chain(peak_passages([left, right], peaks, &finder.spectrograms))
        .filter(|passage| passage.certainty >= LEAST_CERTAINTY)
        .collect();
    cut_contested_ends(&mut passages, &finder.spectrograms);
    let mut found = distinct(passages);
    let backwards = backward_passages([left, right], peaks, &found);
    if !backwards.is_empty() {
        found = distinct([found, backwards].concat());
    }
    let starts = |passage: &Passage| {
        let alignment = &passage.alignment;
        (alignment.left_secs.0, alignment.right_secs().0)
    };
    measure_shares(&mut found, peaks);
    let mut found = joined_drifts(found, peaks, [left.duration_secs, right.duration_secs]);
    found.sort_by(|a, b| {
        let (a, b) = (starts(a), starts(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    found
}

/// Makes passages from the runs of two songs.
struct Finder<'a> {
    songs: [&'a Analysis; 2],
    spectrograms: SpectrogramPair<'a>,
    full_evidence: f32,
    calibration: &'a Calibration,
}

impl Finder<'_> {
    /// The passages of a run: that of the whole run, or those of the parts of a copy that was cut.
    /// Unless the correlation of the whole is high, the parts of the run that correlate well enough
    /// alone are added.
    fn of_run(&self, run: &Run) -> Vec<Passage> {
        let whole = self.passage(run);
        let mut cut = self.of_cut_copy(run, &whole);
        let is_correlated = whole.alignment.correlation >= SUPPORTING_CORRELATIONS.1;
        if cut.is_empty() {
            cut.push(whole);
        }
        if is_correlated {
            return cut;
        }
        let mut passages: Vec<Passage> = parts(run)
            .map(|part| self.passage(&part))
            .filter(|part| suffices_as_part(&part.alignment))
            .collect();
        let longest = passages
            .iter()
            .max_by(|a, b| explained_secs(a).total_cmp(&explained_secs(b)));
        if let Some(longest) = longest {
            passages.extend(self.of_cut_copy(run, longest));
        }
        passages.extend(cut);
        passages
    }

    /// The passages of a copy out of which something was cut, or into which something was inserted.
    /// Empty if it lies on one line.
    fn of_cut_copy(&self, run: &Run, whole: &Passage) -> Vec<Passage> {
        if whole.certainty < LEAST_CERTAINTY {
            return Vec::new();
        }
        let column_secs = self.spectrograms.left.column_secs;
        let overlay = Overlay::of(&whole.alignment.map, whole.alignment.semitones, column_secs);
        let map = overlay.map;
        let parts = self.parts_near(&overlay, whole);
        let is_apart = |one: &TimeMap, other: &TimeMap, column: f64| {
            (one.at(column) - other.at(column)).abs() >= LEAST_CUT_COLUMNS
        };
        let is_cut = parts
            .windows(2)
            .any(|pair| is_apart(&pair[0].map, &pair[1].map, pair[1].span.0))
            || parts
                .iter()
                .any(|part| is_apart(&part.map, &map, (part.span.0 + part.span.1) / 2.0));
        if !is_cut {
            return Vec::new();
        }
        let secs = self.spectrograms.left.column_secs;
        let mut passages: Vec<Passage> = Vec::new();
        for part in &parts {
            let rough_secs = (part.span.1 - part.span.0) * secs;
            let overlay = Overlay {
                map: part.map,
                ..overlay
            };
            let alignment = refined_part(&self.spectrograms, part.span, overlay);
            let passage = self.of_alignment(run, rough_secs, alignment);
            let is_on_line = !is_apart(&part.map, &map, (part.span.0 + part.span.1) / 2.0);
            if is_on_line || suffices_as_part(&passage.alignment) {
                passages.push(passage);
            }
        }
        let explained: f64 = passages.iter().map(explained_secs).sum();
        if explained <= LEAST_GAIN * explained_secs(whole) {
            return Vec::new();
        }
        // A line beside all parts is a passage too: another use of the same music, as in a loop.
        // One that touches or crosses a part belongs to the cut copy.
        let is_beside = |part: &Part| {
            let [start, end] = [part.span.0, part.span.1].map(|at| part.map.at(at) - map.at(at));
            start.signum() == end.signum() && start.abs().min(end.abs()) >= 2.0 * LEAST_CUT_COLUMNS
        };
        if parts.iter().all(is_beside) {
            passages.push(whole.clone());
        }
        passages
    }

    /// The parts of a copy near a line. Where one line of another speed passes near all parts of a
    /// copy at the original speed, those at the original speed are followed, too.
    fn parts_near(&self, overlay: &Overlay, whole: &Passage) -> Vec<Part> {
        let parts = follow(&self.spectrograms, overlay);
        let slope = whole.alignment.map.slope;
        if slope == 1.0 || (slope - 1.0).abs() > MOST_SPEED_OF_CUTS {
            return parts;
        }
        let middle = whole.alignment.secs() / 2.0 + whole.alignment.left_secs.0;
        let original = Overlay {
            map: TimeMap {
                slope: 1.0,
                ..overlay
                    .map
                    .anchored_at(middle / self.spectrograms.left.column_secs)
            },
            ..*overlay
        };
        let at_original_speed = follow(&self.spectrograms, &original);
        let correlation_sum = |parts: &[Part]| -> f64 {
            parts
                .iter()
                .map(|part| {
                    let columns = part.span.1 - part.span.0;
                    let overlay = Overlay {
                        map: part.map,
                        ..*overlay
                    };
                    let centre = (part.span.0 + part.span.1) / 2.0;
                    let correlation =
                        self.spectrograms
                            .correlation(&overlay, centre, columns as usize, 0.0);
                    columns * correlation
                })
                .sum()
        };
        if correlation_sum(&at_original_speed) > correlation_sum(&parts) {
            at_original_speed
        } else {
            parts
        }
    }

    fn passage(&self, run: &Run) -> Passage {
        let [left, right] = self.songs;
        let (rough_span, rough) = rough_secs(run, &left.segments, &right.segments);
        let alignment = refined(&self.spectrograms, rough_span, &rough);
        self.of_alignment(run, rough_span.1 - rough_span.0, alignment)
    }

    /// The passage of an alignment to which `rough_secs` of a run were refined.
    fn of_alignment(&self, run: &Run, rough_secs: f64, alignment: Alignment) -> Passage {
        let alignment = completed(alignment, self.songs.map(|song| song.duration_secs));
        // Where refinement shortens a run, the same share of its evidence counts.
        let kept = (alignment.secs() / rough_secs).min(1.0);
        let evidence = f64::from(run.evidence) * kept;
        Passage {
            certainty: certainty(evidence / f64::from(self.full_evidence), &alignment),
            score: self.calibration.score(run.mean_logit),
            by_peaks: 0.0,
            alignment,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
        }
    }
}

/// Seconds of a passage, weighted by its correlation.
fn explained_secs(passage: &Passage) -> f64 {
    passage.alignment.secs() * passage.alignment.correlation
}

/// Parts of a run, 10 s each, each overlapping half of the one before. Where two songs resemble
/// each other anyway, a run goes on beyond the copied passage, off the passage's own line. Some
/// part of it lies on that line.
fn parts(run: &Run) -> impl Iterator<Item = Run> {
    /// Segments of a part: 10 s.
    const ROWS: usize = 10;
    /// Most parts of a run; in a longer run they lie farther apart.
    const MOST: usize = 16;
    let rows = run.last_row - run.first_row + 1;
    let spare = rows.saturating_sub(ROWS);
    let count = spare.div_ceil(ROWS / 2).min(MOST);
    (0..count).map(move |part| {
        let first_row = run.first_row + spare * part / (count - 1).max(1);
        Run {
            first_row,
            last_row: first_row + ROWS - 1,
            map: run.map.anchored_at(first_row as f64),
            evidence: run.evidence * ROWS as f32 / rows as f32,
            ..run.clone()
        }
    })
}

/// Whether a part of a run is a passage by its spectrograms alone.
fn suffices_as_part(part: &Alignment) -> bool {
    part.correlation >= SUFFICIENT_CORRELATIONS.1 && part.secs() >= SUFFICIENT_PART_SECS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::refinement::alignment::test_alignment as alignment;

    #[test]
    fn a_part_needs_8_s() {
        assert!(suffices_as_part(&alignment(9.0, 0.65)));
        assert!(!suffices_as_part(&alignment(7.0, 0.65)));
        assert!(!suffices_as_part(&alignment(9.0, 0.5)));
    }

    #[test]
    fn parts_cover_a_run_on_its_line() {
        let run = |last_row| Run {
            first_row: 5,
            last_row,
            map: TimeMap {
                anchor: (5.0, 20.0),
                slope: 1.1,
            },
            evidence: 60.0,
            mean_logit: 4.0,
        };
        assert_eq!(parts(&run(14)).count(), 0, "no longer than a part");
        for last_row in [15, 40, 64, 900] {
            let run = run(last_row);
            let parts: Vec<Run> = parts(&run).collect();
            assert!(parts.len() <= 16 && parts[0].first_row == 5);
            assert!(parts.len() == 16 || last_row < 900, "{}", parts.len());
            assert!(parts.iter().all(|part| part.last_row <= last_row));
            assert!(parts.len() == 1 || parts[parts.len() - 1].last_row == last_row);
            for part in &parts {
                assert!((part.first_column() - run.column_at(part.first_row)).abs() < 1e-9);
                assert!(part.evidence < run.evidence);
            }
        }
    }
}
