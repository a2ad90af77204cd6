//! The passages of two songs, from runs of the score matrix and from lines of spectral peaks.
//!
//! Each run is [refined](crate::recording::refinement::refine) to an alignment and gets a
//! [certainty](crate::recording::certainty). Where the whole run doesn't correlate, its parts are
//! tried. [Lines of peaks](crate::recording::mixture) are added, also of music that plays
//! [backwards](crate::recording::backwards), and where one song lacks all low sound, alignments in
//! the [bands](crate::recording::refinement::common_bands) that both have. Ends at which another
//! passage is the better one are [cut off](crate::recording::contested). Of passages that overlap,
//! the [strongest](crate::recording::distinct) stays. Where the parts of an
//! [assembled](crate::recording::assembly) copy explain more, they come first. Passages of
//! different speeds get their [seams](crate::recording::assembly::seams). The pieces of a copy
//! whose speed [drifts](crate::recording::drift) become one passage.

use crate::geometry::spans::covered_share;
use crate::recording::analysis::Analysis;
use crate::recording::assembly::assembled::{assembled, explain_more, is_covered};
use crate::recording::assembly::seams::place_seams;
use crate::recording::backwards::backward_passages;
use crate::recording::certainty::{
    LEAST_CERTAINTY, SUFFICIENT_CORRELATIONS, SUPPORTING_CORRELATIONS, certainty,
    certainty_in_bands, full_evidence,
};
use crate::recording::contested::cut_contested_ends;
use crate::recording::correlogram::correlated_passages;
use crate::recording::distinct::{distinct, distinct_beside};
use crate::recording::drift::joined_drifts;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::mixture::{measure_shares, peak_passages};
use crate::recording::passage::Passage;
use crate::recording::peaks::prepared::PreparedPeaks;
use crate::recording::refinement::alignment::{Alignment, completed};
use crate::recording::refinement::common_bands::CommonBands;
use crate::recording::refinement::correlate::SpectrogramPair;
use crate::recording::refinement::refine::refined;
use crate::recording::runs::run::Run;
use crate::recording::runs::score_matrix::ScoreMatrix;
use crate::recording::runs::search::{rough_secs, runs};

/// Shortest part of a run for which a correlation suffices, in seconds. Longer than for a whole
/// run: many parts are tried, which makes false positives likelier.
const SUFFICIENT_PART_SECS: f64 = 8.0;
/// Share of a song that passages cover where no more are looked for under other music.
const EXPLAINED_SHARE: f64 = 0.9;

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
    let songs_secs = [left.duration_secs, right.duration_secs];
    let common = CommonBands::new([&left.whitened, &right.whitened]);
    let spectrograms = match &common {
        Some(common) => common.pair(),
        None => finder.spectrograms.clone(),
    };
    let mut passages: Vec<Passage> = runs
        .iter()
        .flat_map(|run| finder.of_run(run))
        .chain(peak_passages([left, right], peaks, &spectrograms))
        .chain(
            common
                .iter()
                .flat_map(|common| band_passages(common, songs_secs)),
        )
        .filter(|passage| passage.certainty >= LEAST_CERTAINTY)
        .collect();
    let assembled = assembled(&passages, &spectrograms, songs_secs);
    cut_contested_ends(&mut passages, &spectrograms);
    let mut found = distinct(passages.clone());
    if !assembled.is_empty() {
        passages.retain(|passage| !is_covered(passage, &assembled));
        let assembled = distinct_beside(assembled, passages);
        if explain_more(&assembled, &found, &spectrograms) {
            found = assembled;
        }
    }
    place_seams(&mut found, &spectrograms);
    let backwards = backward_passages([left, right], peaks, &found);
    if !backwards.is_empty() {
        found = distinct([found, backwards].concat());
    }
    if !explains_a_song(&found, songs_secs) {
        let correlated = correlated_passages([left, right], peaks, &finder.spectrograms);
        if !correlated.is_empty() {
            found = distinct([found, correlated].concat());
        }
    }
    let starts = |passage: &Passage| {
        let alignment = &passage.alignment;
        (alignment.left_secs.0, alignment.right_secs().0)
    };
    measure_shares(&mut found, peaks);
    let mut found = joined_drifts(found, peaks, songs_secs);
    found.sort_by(|a, b| {
        let (a, b) = (starts(a), starts(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    found
}

/// Whether passages cover nearly all of one of the songs.
fn explains_a_song(passages: &[Passage], [left_secs, right_secs]: [f64; 2]) -> bool {
    let alignments = || passages.iter().map(|passage| &passage.alignment);
    let left = alignments().map(|alignment| alignment.left_secs).collect();
    let right = alignments().map(Alignment::right_secs).collect();
    covered_share((0.0, left_secs), left) >= EXPLAINED_SHARE
        || covered_share((0.0, right_secs), right) >= EXPLAINED_SHARE
}

/// The passages of two songs of which one lacks all low sound. The embeddings tell nothing of them.
fn band_passages(common: &CommonBands, songs_secs: [f64; 2]) -> Vec<Passage> {
    let passage = |alignment| {
        let alignment = completed(alignment, songs_secs);
        let certainty = certainty_in_bands(&alignment, common.share);
        Passage {
            alignment,
            score: certainty as f32,
            certainty,
            in_mix: 0.0,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
        }
    };
    common.alignments().into_iter().map(passage).collect()
}

/// Makes passages from the runs of two songs.
struct Finder<'a> {
    songs: [&'a Analysis; 2],
    spectrograms: SpectrogramPair<'a>,
    full_evidence: f32,
    calibration: &'a Calibration,
}

impl Finder<'_> {
    /// The passages of a run: that of the whole run and, unless its correlation is high, those of
    /// the parts of the run that correlate well enough alone.
    fn of_run(&self, run: &Run) -> Vec<Passage> {
        let whole = self.passage(run);
        let mut passages = Vec::new();
        if whole.alignment.correlation < SUPPORTING_CORRELATIONS.1 {
            let parts = parts(run).map(|part| self.passage(&part));
            passages.extend(parts.filter(|part| suffices_as_part(&part.alignment)));
        }
        passages.push(whole);
        passages
    }

    fn passage(&self, run: &Run) -> Passage {
        let [left, right] = self.songs;
        let (rough_span, rough) = rough_secs(run, &left.segments, &right.segments);
        let alignment = refined(&self.spectrograms, rough_span, &rough);
        let alignment = completed(alignment, self.songs.map(|song| song.duration_secs));
        // Where refinement shortens a run, the same share of its evidence counts.
        let kept = (alignment.secs() / (rough_span.1 - rough_span.0)).min(1.0);
        let evidence = f64::from(run.evidence) * kept;
        Passage {
            certainty: certainty(evidence / f64::from(self.full_evidence), &alignment),
            score: self.calibration.score(run.mean_logit),
            in_mix: 0.0,
            alignment,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
        }
    }
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
    use crate::geometry::time_map::TimeMap;
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
