//! Of passages that overlap, the strongest one.
//!
//! A weaker one is the same passage again, a false positive beside it, or an end of it that the
//! stronger one explains already.

use crate::geometry::spans::covered_share;
use crate::recording::certainty::LEAST_CERTAINTY;
use crate::recording::passage::Passage;
use crate::recording::refinement::alignment::Alignment;

/// A passage is a false positive beside a stronger one if its correlation is less than the first
/// share of the correlation of that one, and if the second share of its length lies in the stronger
/// one in one of the songs: a copy also resembles the beat and the key of the whole song.
const FALSE_POSITIVE_SHARES: (f64, f64) = (0.6, 0.5);
/// A passage is the same as a stronger one that covers this share of it in both songs.
const SAME_SHARE: f64 = 0.7;
/// Weight `w` of the song in which less of a passage is unexplained by stronger passages. With the
/// unexplained shares in both songs:
///
/// ```text
/// unexplained = max + w (min - max)
/// ```
///
/// A use of a loop is unexplained in one song only, and counts nearly in full. Of two lines through
/// music that repeats itself, the one that is unexplained in both songs comes first.
const UNEXPLAINED_IN_BOTH_WEIGHT: f64 = 0.2;
/// Shortest passage, in seconds: applause and chords that are held meet for less by chance.
const LEAST_SECS: f64 = 1.8;
/// Least share of a passage that no stronger one explains.
const LEAST_UNEXPLAINED_SHARE: f64 = 0.4;
/// Least part of a passage that no stronger one explains, in seconds.
const LEAST_UNEXPLAINED_SECS: f64 = 2.0;
/// Unexplained share that suffices instead of [`LEAST_UNEXPLAINED_SECS`] in a short passage: uses
/// of a loop of 2 s reach a little into each other.
const SUFFICIENT_UNEXPLAINED_SHARE: f64 = 0.6;

/// A higher correlation counts no more where two explanations of the same songs are compared, as in
/// [`assembly`].
///
/// [`assembly`]: crate::recording::assembly
const FULL_CORRELATION: f64 = 0.8;
/// What another passage must explain at least, in weighted seconds: 1.2 s of each song. Of 1, 1.5,
/// 2 and 3, the greatest with which all radio edits and skips are found that were among the 672
/// edits and copies of validation songs by which the constants of [`assembly`] were chosen.
///
/// [`assembly`]: crate::recording::assembly
const PENALTY_SECS: f64 = 1.5;

/// The passages without those that a stronger one makes superfluous. Two passages at one place, one
/// found under other music and one by the other evidence, become one: the stronger one, with the
/// greater certainty under other music.
#[must_use]
pub fn distinct(passages: Vec<Passage>) -> Vec<Passage> {
    distinct_beside(Vec::new(), passages)
}

/// The same, beside passages that are distinct already, which come first.
#[must_use]
pub fn distinct_beside(mut distinct: Vec<Passage>, mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    while let Some(passage) = most_unexplained(&mut passages, &distinct) {
        if let Some(same) = distinct
            .iter_mut()
            .find(|stronger| is_same(&passage, stronger))
        {
            same.in_mix = same.in_mix.max(passage.in_mix);
            continue;
        }
        if distinct
            .iter()
            .any(|stronger| is_false_positive(&passage, stronger))
        {
            continue;
        }
        distinct.extend(unexplained(passage, &distinct));
    }
    distinct
}

/// The passage without its ends that stronger passages cover in both songs: music that repeats
/// itself meets its own repetitions everywhere. `None` if too little is left.
fn unexplained(passage: Passage, stronger: &[Passage]) -> Option<Passage> {
    const STEPS_PER_SEC: f64 = 10.0;
    let alignment = &passage.alignment;
    let is_in = |place: f64, span: fn(&Passage) -> (f64, f64)| {
        stronger
            .iter()
            .map(span)
            .any(|(start, end)| (start..end).contains(&place))
    };
    let is_unexplained = |step: &usize| {
        let left = alignment.left_secs.0 + (*step as f64 + 0.5) / STEPS_PER_SEC;
        let right = alignment.map.at(left);
        !is_in(left, |passage| passage.alignment.left_secs)
            || !is_in(right, |passage| passage.alignment.right_secs())
    };
    let steps = (alignment.secs() * STEPS_PER_SEC).max(1.0) as usize;
    let first = (0..steps).find(is_unexplained)?;
    let last = (0..steps).rev().find(is_unexplained)?;
    let unexplained_secs = (first..=last).filter(is_unexplained).count() as f64 / STEPS_PER_SEC;
    if alignment.secs() < LEAST_SECS
        || unexplained_secs
            < LEAST_UNEXPLAINED_SECS.min(SUFFICIENT_UNEXPLAINED_SHARE * alignment.secs())
        || unexplained_secs < LEAST_UNEXPLAINED_SHARE * alignment.secs()
    {
        return None;
    }
    let (start, end) = alignment.left_secs;
    let left_secs = (
        if first == 0 {
            start
        } else {
            start + first as f64 / STEPS_PER_SEC
        },
        if last + 1 == steps {
            end
        } else {
            start + (last + 1) as f64 / STEPS_PER_SEC
        },
    );
    Some(Passage {
        alignment: Alignment {
            left_secs,
            ..*alignment
        },
        ..passage
    })
}

/// Takes the strongest of the passages, which are ordered by their strength. What the `distinct`
/// ones cover counts no more: where music repeats itself exactly, a passage that is next to the
/// others is the true one, and one that crosses them is a repetition.
fn most_unexplained(passages: &mut Vec<Passage>, distinct: &[Passage]) -> Option<Passage> {
    let left: Vec<_> = distinct
        .iter()
        .map(|passage| passage.alignment.left_secs)
        .collect();
    let right: Vec<_> = distinct
        .iter()
        .map(|passage| passage.alignment.right_secs())
        .collect();
    let (mut best, mut greatest) = (0, f64::NEG_INFINITY);
    for (index, passage) in passages.iter().enumerate() {
        let strength = strength(passage);
        if strength <= greatest {
            break;
        }
        let left = 1.0 - covered_share(passage.alignment.left_secs, left.clone());
        let right = 1.0 - covered_share(passage.alignment.right_secs(), right.clone());
        let unexplained =
            left.max(right) + UNEXPLAINED_IN_BOTH_WEIGHT * (left.min(right) - left.max(right));
        let value = strength * unexplained;
        if value > greatest {
            (best, greatest) = (index, value);
        }
    }
    (!passages.is_empty()).then(|| passages.remove(best))
}

/// Of passages that overlap, the longer and better correlated one is more likely the true one. The
/// square of the correlation is the share of the variance that a passage explains: three exact
/// parts explain more than a line that passes near all of them.
fn strength(passage: &Passage) -> f64 {
    let alignment = &passage.alignment;
    let correlation = alignment.correlation.max(0.0);
    alignment.secs() * correlation * correlation + passage.certainty
}

/// Seconds of both songs that passages explain, less a penalty for each passage. A second is
/// weighted by the square of the greatest correlation of the passages there.
#[must_use]
pub fn explained(passages: &[Passage]) -> f64 {
    let correlation = |alignment: &Alignment| alignment.correlation.clamp(0.0, FULL_CORRELATION);
    let mut sorted: Vec<&Alignment> = passages.iter().map(|passage| &passage.alignment).collect();
    sorted.sort_by(|a, b| correlation(b).total_cmp(&correlation(a)));
    let spans = |alignment: &Alignment| [alignment.left_secs, alignment.right_secs()];
    let secs: f64 = (0..sorted.len())
        .flat_map(|index| [(index, 0), (index, 1)])
        .map(|(index, song)| {
            let span = spans(sorted[index])[song];
            let better = sorted[..index].iter().map(|better| spans(better)[song]);
            let share = 1.0 - covered_share(span, better.collect());
            let correlation = correlation(sorted[index]);
            share * (span.1 - span.0) * correlation * correlation
        })
        .sum();
    secs - PENALTY_SECS * passages.len() as f64
}

/// Shares of a passage that a stronger one covers, in the left and in the right song.
fn covered_shares(passage: &Passage, stronger: &Passage) -> (f64, f64) {
    let (passage, stronger) = (&passage.alignment, &stronger.alignment);
    (
        covered_share(passage.left_secs, vec![stronger.left_secs]),
        covered_share(passage.right_secs(), vec![stronger.right_secs()]),
    )
}

fn is_false_positive(passage: &Passage, stronger: &Passage) -> bool {
    if passage.in_mix >= LEAST_CERTAINTY {
        return false;
    }
    let (correlation_share, shared) = FALSE_POSITIVE_SHARES;
    let (left, right) = covered_shares(passage, stronger);
    passage.alignment.correlation < correlation_share * stronger.alignment.correlation
        && left.max(right) >= shared
}

/// Whether a stronger passage covers most of a passage in both songs.
#[must_use]
pub fn is_same(passage: &Passage, stronger: &Passage) -> bool {
    let (left, right) = covered_shares(passage, stronger);
    left >= SAME_SHARE && right >= SAME_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::time_map::TimeMap;

    #[test]
    fn only_passages_that_overlap_in_both_songs_are_the_same() {
        let passage = |left: (f64, f64), right: (f64, f64)| Passage {
            alignment: Alignment {
                left_secs: left,
                map: TimeMap::fitted_to(left, right),
                semitones: 0.0,
                correlation: 0.8,
            },
            score: 0.9,
            certainty: 1.0,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
            in_mix: 0.0,
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
    fn uses_of_a_loop_correlate_equally_and_a_false_positive_does_not() {
        let passage = |right: (f64, f64), correlation: f64| Passage {
            alignment: Alignment {
                left_secs: (0.0, 10.0),
                map: TimeMap::fitted_to((0.0, 10.0), right),
                semitones: 0.0,
                correlation,
            },
            score: 0.9,
            certainty: 1.0,
            shares: (1.0, 1.0),
            is_edited: false,
            drift: None,
            in_mix: 0.0,
        };
        let stronger = passage((0.0, 10.0), 0.9);
        assert!(!is_false_positive(&passage((20.0, 30.0), 0.7), &stronger));
        assert!(is_false_positive(&passage((20.0, 30.0), 0.4), &stronger));
        let from = |left_start_secs: f64| {
            let mut elsewhere = passage((20.0, 30.0), 0.4);
            let left_secs = (left_start_secs, left_start_secs + 10.0);
            elsewhere.alignment.left_secs = left_secs;
            elsewhere.alignment.map = TimeMap::fitted_to(left_secs, (20.0, 30.0));
            is_false_positive(&elsewhere, &stronger)
        };
        assert!(!from(30.0));
        assert!(!from(6.0), "four tenths are shared");
        assert!(from(3.5), "two thirds are shared");
    }

    #[test]
    fn exact_parts_explain_more_than_a_line_through_them() {
        let passage = |left: (f64, f64), right: (f64, f64), correlation: f64| {
            let mut passage = crate::recording::passage::test_passage((1.0, 1.0));
            passage.alignment.left_secs = left;
            passage.alignment.map = TimeMap::fitted_to(left, right);
            passage.alignment.correlation = correlation;
            passage
        };
        let whole = passage((0.0, 20.0), (0.0, 20.0), 0.5);
        // 40 s of both songs.
        let of_whole = explained(std::slice::from_ref(&whole));
        assert!((of_whole - (40.0 * 0.25 - 1.5)).abs() < 1e-9);
        let parts = [
            passage((0.0, 10.0), (0.0, 10.0), 0.9),
            passage((10.0, 20.0), (11.0, 21.0), 0.85),
        ];
        let of_parts = explained(&parts);
        assert!((of_parts - (40.0 * 0.8 * 0.8 - 2.0 * 1.5)).abs() < 1e-9);
        // What better ones cover counts once; between them lies a second of the right song.
        let both = [parts.to_vec(), vec![whole]].concat();
        assert!((explained(&both) - (of_parts + 0.25 - 1.5)).abs() < 1e-9);
    }

    #[test]
    fn passages_that_are_distinct_already_come_first() {
        let weak = crate::recording::passage::test_passage((1.0, 1.0));
        let mut strong = weak.clone();
        strong.alignment.correlation = 0.9;
        let kept = distinct_beside(vec![weak.clone()], vec![strong.clone()]);
        assert_eq!(kept[0].alignment, weak.alignment);
        assert_eq!(kept.len(), 1);
        assert_eq!(
            distinct(vec![weak, strong.clone()])[0].alignment,
            strong.alignment
        );
    }
}
