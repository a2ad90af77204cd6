//! Passages: runs of the score matrix, laid exactly upon each other and believed as far as both kinds of evidence go.
//!
//! A run speaks by its embeddings, an alignment by the spectrum itself; their errors have little in common. Embeddings bear noise and filters, but find
//! two songs of one style alike for a few seconds; the moving spectrum of two different songs never correlates for long, but noise drowns it.

use crate::geometry::lines::Run;
use crate::geometry::spans::covered_share;
use crate::recording::alignment::Alignment;
use crate::recording::correlate::ProfilePair;
use crate::recording::encoder::calibration::Calibration;
use crate::recording::evidence::LIMIT;
use crate::recording::refine::refined;
use crate::recording::runs::{runs, times_secs};
use crate::recording::score_matrix::ScoreMatrix;
use crate::song::Song;

/// Evidence that suffices where the spectra agree: ten seconds of very good resemblance.
const FULL_EVIDENCE: f32 = 16.0;
/// Share of a run's evidence that counts where the spectra deny the match. Then 160 are asked for: a minute and a half without a break, as only a copy drowned in
/// noise gives. Unrelated songs of one style reached 36.
const DENIED_SHARE: f64 = 0.1;
/// What can be asked of a short song: this share of its segments.
const SHARE_OF_SHORT_SONG: f32 = 0.6;
/// Correlations between which the spectra turn from denying a match to agreeing with it. Chance alignments of different songs over more than 7 s reached
/// 0.25, of tunes by one synthesiser 0.32; copies with noise, codec, pitch and speed changed stay above 0.6.
const AGREEING_CORRELATIONS: (f64, f64) = (0.25, 0.45);
/// Correlations between which the spectra turn from saying too little alone to proving a match. Chance alignments over more than 5 s reached 0.37.
const PROVING_CORRELATIONS: (f64, f64) = (0.35, 0.6);
/// Correlation times the square root of seconds: what a passage must exceed, and what it must reach, for its correlation to be no accident. The shorter an alignment, the
/// better it correlates by chance, in inverse proportion to that root. The best of 19,000 chance alignments, in 1,200 pairs of 8 s of one tune and 5 minutes of another by the same synthesiser, reached 1.2 whatever their length,
/// from 0.78 over 2.5 s to 0.42 over 8 s, and 1.5 where key, tempo and instruments were the same, too. Copies reach 1.7.
const CHANCE_CORRELATIONS: (f64, f64) = (1.2, 1.65);
/// Shortest passage that a correlation can prove, in seconds.
const PROVING_SECS: f64 = 5.0;
/// The same for a part of a run: many parts are tried, so that chance has more opportunities.
const PROVING_PART_SECS: f64 = 8.0;
/// Passages that are surer than not are reported.
const LEAST_SURENESS: f64 = 0.5;
/// A passage that correlates less than this share as well as another one, of which it shares this much in one of the songs, is an accident beside a copy: the
/// beat and the key that go on through a song.
const ACCIDENT_SHARES: (f64, f64) = (0.6, 0.5);
/// An alignment is the same as a surer one when that covers this share of it in both songs.
const SAME_SHARE: f64 = 0.7;
/// What is missing to both songs' ends is added up to this length, in seconds: the last segment starts up to a hop before, and music fades out.
const COMPLETED_SECS: f64 = 1.0;

/// A stretch of the left song that also plays in the right one.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Where exactly it lies in both songs, and how it was changed.
    pub alignment: Alignment,
    /// How alike its segments are, 0..1.
    pub score: f32,
    /// How surely it is no accident, 0..1.
    pub sureness: f64,
}

/// The passages that match, ordered by their place in the left song.
#[must_use]
pub fn passages(
    matrix: &ScoreMatrix,
    left: &Song,
    right: &Song,
    calibration: &Calibration,
) -> Vec<Passage> {
    let full = full_evidence(matrix);
    // What is blank can't tell two songs apart; but a song is always the same as itself.
    let runs = if left.embeddings == right.embeddings {
        let segments = left.segments.clone().without_blanks();
        runs(matrix, &segments, &segments, calibration)
    } else {
        runs(matrix, &left.segments, &right.segments, calibration)
    };
    let pair = SongPair {
        left,
        right,
        profiles: ProfilePair::new(&left.profile, &right.profile),
    };
    let mut passages: Vec<Passage> = runs
        .iter()
        .flat_map(|run| {
            let whole = pair.passage(run, full, calibration);
            if whole.alignment.correlation >= AGREEING_CORRELATIONS.1 {
                return vec![whole];
            }
            let parts = parts(run)
                .map(|part| pair.passage(&part, full, calibration))
                .filter(|part| proves_itself(&part.alignment));
            std::iter::once(whole).chain(parts).collect()
        })
        .filter(|passage| passage.sureness >= LEAST_SURENESS)
        .collect();
    passages.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    let mut distinct: Vec<Passage> = Vec::new();
    for passage in passages {
        let is_news = |surer| !is_same(&passage, surer) && !is_accident(&passage, surer);
        if distinct.iter().all(is_news) {
            distinct.push(passage);
        }
    }
    let starts = |passage: &Passage| {
        (
            passage.alignment.left_secs.0,
            passage.alignment.right_secs.0,
        )
    };
    distinct.sort_by(|a, b| {
        let (a, b) = (starts(a), starts(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    distinct
}

/// Ten seconds of a run after the other, each half over the one before. Where two songs resemble each other anyway, a run goes on beyond the
/// passage that was copied, and has no line of its own; some part of it does.
fn parts(run: &Run) -> impl Iterator<Item = Run> {
    /// Segments of a part: 10 s.
    const ROWS: usize = 10;
    /// Parts of a run at most, then farther apart.
    const MOST: usize = 16;
    let rows = run.last_row - run.first_row + 1;
    let room = rows.saturating_sub(ROWS);
    let count = room.div_ceil(ROWS / 2).min(MOST);
    (0..count).map(move |part| {
        let first_row = run.first_row + room * part / (count - 1).max(1);
        Run {
            first_row,
            last_row: first_row + ROWS - 1,
            first_column: run.column_at(first_row),
            evidence: run.evidence * ROWS as f32 / rows as f32,
            ..run.clone()
        }
    })
}

/// Whether a part of a run is a passage by its spectrum alone.
fn proves_itself(part: &Alignment) -> bool {
    part.correlation >= PROVING_CORRELATIONS.1 && secs(part) >= PROVING_PART_SECS
}

struct SongPair<'a> {
    left: &'a Song,
    right: &'a Song,
    profiles: ProfilePair<'a>,
}

impl SongPair<'_> {
    fn passage(&self, run: &Run, full_evidence: f32, calibration: &Calibration) -> Passage {
        let [left_secs, right_secs] = times_secs(run, &self.left.segments, &self.right.segments);
        let rough = Alignment {
            left_secs,
            right_secs,
            semitones: 0.0,
            correlation: 0.0,
        };
        let (left, right) = (self.left.duration_secs, self.right.duration_secs);
        let alignment = completed(refined(&self.profiles, &rough), left, right);
        // What the spectra leave of a run has its share of the evidence.
        let left_over = (secs(&alignment) / secs(&rough)).min(1.0);
        let evidence = f64::from(run.evidence) * left_over;
        Passage {
            sureness: sureness(evidence / f64::from(full_evidence), &alignment),
            score: calibration.score(run.mean_logit),
            alignment,
        }
    }
}

/// The alignment inside of songs of these lengths, and to their ends where it nearly reaches them.
fn completed(alignment: Alignment, left_secs: f64, right_secs: f64) -> Alignment {
    alignment.within(left_secs, right_secs, COMPLETED_SECS)
}

/// Evidence that suffices for two songs: less for short ones.
fn full_evidence(matrix: &ScoreMatrix) -> f32 {
    let shorter = matrix.rows.min(matrix.columns);
    FULL_EVIDENCE.min(LIMIT * (SHARE_OF_SHORT_SONG * shorter as f32).max(1.0))
}

/// How surely a passage is no accident, by its share of the evidence that suffices and by its alignment.
fn sureness(evidence_share: f64, alignment: &Alignment) -> f64 {
    let agreement = beyond_chance(alignment, AGREEING_CORRELATIONS);
    let by_both = evidence_share.min(1.0) * agreement;
    let by_evidence = evidence_share * DENIED_SHARE;
    let by_spectrum =
        beyond_chance(alignment, PROVING_CORRELATIONS) * (secs(alignment) / PROVING_SECS).min(1.0);
    by_both.max(by_evidence).max(by_spectrum).min(1.0)
}

/// How far an alignment's correlation lies between two, or between those that chance reaches over so few seconds: 0 to 1.
fn beyond_chance(alignment: &Alignment, (from, to): (f64, f64)) -> f64 {
    let root = secs(alignment).max(1.0).sqrt();
    let (chance, certain) = CHANCE_CORRELATIONS;
    ramp(
        alignment.correlation,
        (from.max(chance / root), to.max(certain / root)),
    )
}

fn secs(alignment: &Alignment) -> f64 {
    alignment.left_secs.1 - alignment.left_secs.0
}

/// 0 below the first of two values, 1 above the second, a straight line between.
fn ramp(value: f64, (from, to): (f64, f64)) -> f64 {
    ((value - from) / (to - from)).clamp(0.0, 1.0)
}

/// Longer and better correlated passages are the likelier originals of those that overlap them.
fn strength(passage: &Passage) -> f64 {
    let (start, end) = passage.alignment.left_secs;
    (end - start) * passage.alignment.correlation.max(0.0) + passage.sureness
}

fn is_accident(passage: &Passage, surer: &Passage) -> bool {
    let (correlation_share, shared) = ACCIDENT_SHARES;
    let share = |of: fn(&Passage) -> (f64, f64)| covered_share(of(passage), vec![of(surer)]);
    passage.alignment.correlation < correlation_share * surer.alignment.correlation
        && share(|passage| passage.alignment.left_secs)
            .max(share(|passage| passage.alignment.right_secs))
            >= shared
}

fn is_same(passage: &Passage, surer: &Passage) -> bool {
    let share = |of: fn(&Passage) -> (f64, f64)| covered_share(of(passage), vec![of(surer)]);
    share(|passage| passage.alignment.left_secs) >= SAME_SHARE
        && share(|passage| passage.alignment.right_secs) >= SAME_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alignment(secs: f64, correlation: f64) -> Alignment {
        Alignment {
            left_secs: (0.0, secs),
            right_secs: (0.0, secs),
            semitones: 0.0,
            correlation,
        }
    }

    #[test]
    fn evidence_counts_as_far_as_the_spectra_agree() {
        assert_eq!(sureness(1.0, &alignment(20.0, 0.5)), 1.0);
        assert!(sureness(0.6, &alignment(20.0, 0.5)) > LEAST_SURENESS);
        assert!(sureness(2.5, &alignment(20.0, 0.05)) < LEAST_SURENESS);
        assert!(
            sureness(2.5, &alignment(20.0, 0.25)) < LEAST_SURENESS,
            "no better than chance"
        );
        assert_eq!(
            sureness(10.0, &alignment(90.0, 0.05)),
            1.0,
            "very much suffices alone"
        );
    }

    #[test]
    fn a_spectrum_proves_a_passage_of_little_evidence() {
        let weak = 0.2;
        assert_eq!(sureness(weak, &alignment(10.0, 0.6)), 1.0);
        assert!(sureness(weak, &alignment(10.0, 0.15)) < LEAST_SURENESS);
        assert!(
            sureness(weak, &alignment(1.5, 0.6)) < LEAST_SURENESS,
            "too short"
        );
        assert_eq!(
            sureness(weak, &alignment(5.0, 0.75)),
            1.0,
            "just long enough"
        );
        assert!(
            sureness(weak, &alignment(10.0, 0.42)) < LEAST_SURENESS,
            "little more than chance"
        );
    }

    #[test]
    fn a_part_proves_itself_by_8_s() {
        assert!(proves_itself(&alignment(9.0, 0.65)));
        assert!(!proves_itself(&alignment(7.0, 0.65)));
        assert!(!proves_itself(&alignment(9.0, 0.5)));
    }

    #[test]
    fn seven_seconds_without_doubt_are_evidence_enough_and_four_are_not() {
        let full = full_evidence(&ScoreMatrix {
            rows: 100,
            columns: 200,
            logits: Vec::new(),
        });
        let of_segments = |count: f32| f64::from(LIMIT * count / full);
        assert_eq!(sureness(of_segments(6.0), &alignment(7.0, 0.65)), 1.0);
        assert!(sureness(of_segments(3.0), &alignment(4.5, 0.65)) < 0.7);
    }

    #[test]
    fn the_shorter_an_alignment_the_better_it_must_correlate() {
        // What tunes by one synthesiser reached by chance, over so many seconds.
        for (secs, chance) in [
            (2.5, 0.78),
            (3.5, 0.64),
            (4.5, 0.56),
            (5.5, 0.52),
            (8.0, 0.42),
        ] {
            let sureness = |correlation| sureness(1.5, &alignment(secs, correlation));
            assert!(
                sureness(chance) < LEAST_SURENESS / 2.0,
                "{secs} s: {}",
                sureness(chance)
            );
            let copied = 1.42 * chance;
            assert!(copied > 1.0 || sureness(copied) == 1.0, "{secs} s");
        }
        // Over a minute chance reaches little, but one beat and one style do.
        assert!(sureness(1.5, &alignment(60.0, 0.25)) < LEAST_SURENESS);
        assert_eq!(sureness(1.5, &alignment(60.0, 0.45)), 1.0);
    }

    #[test]
    fn no_evidence_makes_up_for_spectra_that_hardly_agree() {
        let halfway = alignment(8.0, 0.5);
        assert_eq!(sureness(1.0, &halfway), sureness(1.7, &halfway));
        assert!(sureness(1.7, &halfway) < LEAST_SURENESS);
    }

    #[test]
    fn a_hop_missing_to_the_end_is_added_and_no_more() {
        let until = |secs: f64| completed(alignment(secs, 0.8), 40.0, 50.0).left_secs.1;
        assert_eq!((until(39.2), until(38.5)), (40.0, 38.5));
    }

    #[test]
    fn less_is_asked_of_short_songs() {
        let matrix = |rows, columns| ScoreMatrix {
            rows,
            columns,
            logits: Vec::new(),
        };
        assert_eq!(full_evidence(&matrix(100, 200)), FULL_EVIDENCE);
        assert_eq!(full_evidence(&matrix(5, 200)), LIMIT * 3.0);
        assert_eq!(full_evidence(&matrix(1, 1)), LIMIT);
    }

    #[test]
    fn only_what_overlaps_in_both_songs_is_the_same() {
        let passage = |left: (f64, f64), right: (f64, f64)| Passage {
            alignment: Alignment {
                left_secs: left,
                right_secs: right,
                semitones: 0.0,
                correlation: 0.8,
            },
            score: 0.9,
            sureness: 1.0,
        };
        let one = passage((10.0, 20.0), (40.0, 50.0));
        assert!(is_same(&passage((11.0, 20.5), (41.0, 50.5)), &one));
        assert!(
            !is_same(&passage((11.0, 20.5), (51.0, 60.5)), &one),
            "the next use of a loop"
        );
        assert!(
            !is_same(&passage((10.0, 60.0), (40.0, 90.0)), &one),
            "a longer one"
        );
        assert!(
            !is_same(&passage((15.0, 25.0), (45.0, 55.0)), &one),
            "the half of it"
        );
    }

    #[test]
    fn a_use_of_a_loop_correlates_as_well_as_the_others_and_an_accident_does_not() {
        let passage = |right: (f64, f64), correlation: f64| Passage {
            alignment: Alignment {
                left_secs: (0.0, 10.0),
                right_secs: right,
                semitones: 0.0,
                correlation,
            },
            score: 0.9,
            sureness: 1.0,
        };
        let surer = passage((0.0, 10.0), 0.9);
        assert!(!is_accident(&passage((20.0, 30.0), 0.7), &surer));
        assert!(is_accident(&passage((20.0, 30.0), 0.4), &surer));
        let mut elsewhere = passage((20.0, 30.0), 0.4);
        elsewhere.alignment.left_secs = (30.0, 40.0);
        assert!(!is_accident(&elsewhere, &surer));
        elsewhere.alignment.left_secs = (6.0, 16.0);
        assert!(!is_accident(&elsewhere, &surer), "four tenths are shared");
        elsewhere.alignment.left_secs = (3.5, 13.5);
        assert!(is_accident(&elsewhere, &surer), "two thirds are shared");
    }

    #[test]
    fn parts_cover_a_run_on_its_line() {
        let run = |last_row| Run {
            first_row: 5,
            last_row,
            first_column: 20.0,
            slope: 1.1,
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
                assert!((part.first_column - run.column_at(part.first_row)).abs() < 1e-9);
                assert!(part.evidence < run.evidence);
            }
        }
    }
}
