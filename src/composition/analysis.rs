//! Interface of the analyser of compositions: one song to an analysis, two analyses to findings.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::composition::channels::Channels;
use crate::composition::passages::{Candidate, Candidates};
use crate::composition::score::{self, Features, POSSIBLY};
use crate::composition::search::Alignments;
use crate::config::FeatureConfig;
use crate::geometry::spans::covered_share;

/// Settings in which the strongest path is sought. The one in which the channels align best, each
/// on its own, need not be the right one. Chosen on validation works: by two, songs over other
/// chords are told less well from unrelated ones, and more find no others.
const SETTINGS: usize = 4;
/// Most pairs of frames that are compared: two songs of a quarter of an hour, or one of four
/// minutes and one of an hour. Beyond, the end of the longer song is left out, so that comparing
/// ends within two seconds.
const MOST_CELLS: usize = 4_000_000;

/// A passage of which so much in both songs is the same recording is not reported again: the rest
/// of its path may only lead there.
const COPIED_SHARE: f64 = 0.3;

/// Start and end in seconds.
type Span = (f64, f64);
/// A span of the left song and the span of the right song that is the same recording.
pub type Copied = (Span, Span);

/// Harmony and melody of a song, reduced to what comparing needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Analysis {
    pub(crate) channels: Channels,
}

impl Analysis {
    /// The analysis without what lies outside of music: `has_music_at` is told a time in seconds.
    pub(crate) fn retaining(mut self, has_music_at: impl Fn(f64) -> bool) -> Self {
        self.channels.retain(has_music_at);
        self
    }

    /// Whether its parts are consistent with each other and with the rest of the song. Guards
    /// against forged bytes.
    pub(crate) fn is_consistent(&self, config: &FeatureConfig, duration_secs: f64) -> bool {
        self.channels.is_consistent(config, duration_secs)
    }
}

/// Result of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Certainty that one song plays the other's composition, 0..1.
    pub score: f32,
    /// Whether only the chords agree.
    pub same_chords: bool,
    /// Passages, ordered by their place in the left song.
    pub passages: Vec<Passage>,
    /// Whether both songs have something to compare.
    pub comparable: bool,
}

/// A stretch of the left song whose composition the right song plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Start and end in the left song.
    pub left_secs: (f64, f64),
    /// Start and end in the right song.
    pub right_secs: (f64, f64),
    /// Certainty of this passage, 0..1.
    pub score: f32,
    /// 1.10: the right song plays 10 % faster.
    pub speed: f64,
    /// How much higher the right song is, -5 to 6.
    pub semitones: i32,
    /// Whether the melody agrees.
    pub melody: bool,
    /// Whether the harmony agrees.
    pub harmony: bool,
}

/// Analyses a song by its samples, mono at the configured rate.
#[must_use]
pub fn analyse(samples: &[f32], config: &FeatureConfig) -> Analysis {
    Analysis {
        channels: Channels::new(samples, config),
    }
}

/// Compares two songs. `copies` are the spans of both songs that are the same recording: what lies
/// in them is no composition played anew.
///
/// Rows and columns are not treated exactly alike: to get findings that mirror each other, compare
/// two songs in a fixed order.
#[must_use]
pub fn compare([left, right]: [&Analysis; 2], copies: &[Copied]) -> Findings {
    let (left, right) = (&left.channels, &right.channels);
    let comparable = left.is_comparable() && right.is_comparable();
    let mut findings = Findings {
        comparable,
        ..Findings::default()
    };
    if !comparable || is_copied((0.0, left.secs()), (0.0, right.secs()), copies) {
        return findings;
    }
    let songs = shortened(left, right);
    let (features, found) = matched([&songs[0], &songs[1]]);
    let score = score::song_score(&features);
    // Most pairs have none, and seeking all takes longer than the strongest.
    let candidates = if score >= POSSIBLY {
        found.all()
    } else {
        Vec::new()
    };
    let (copied, played_anew): (Vec<_>, Vec<_>) = candidates
        .iter()
        .enumerate()
        .map(|(rank, candidate)| {
            // The song's score is mostly that of its strongest passage.
            let own = score::passage_score(candidate);
            passage(candidate, if rank == 0 { score } else { own.min(score) })
        })
        .filter(|passage| passage.score >= POSSIBLY)
        .partition(|passage| is_copied(passage.left_secs, passage.right_secs, copies));
    findings.passages = played_anew;
    let best = findings
        .passages
        .iter()
        .map(|passage| passage.score)
        .fold(0.0, f32::max);
    // The songs' features are those of the copy, if there is one.
    findings.score = if copied.is_empty() { score } else { best };
    findings.same_chords = copied.is_empty() && score < POSSIBLY && features.only_chords;
    findings
        .passages
        .sort_by(|a, b| a.left_secs.0.total_cmp(&b.left_secs.0));
    findings
}

/// The features of two songs by which the score is fitted, with their names.
#[must_use]
pub fn features([left, right]: [&Analysis; 2]) -> Vec<(&'static str, f32)> {
    let songs = shortened(&left.channels, &right.channels);
    let (features, found) = matched([&songs[0], &songs[1]]);
    let strongest = found.strongest();
    let of = |value: fn(&Candidate) -> f32| strongest.map_or(0.0, value);
    let mut named: Vec<_> = score::FEATURES.into_iter().zip(features.values).collect();
    named.extend([
        ("value", of(|found| found.value)),
        ("harmony-correlation", of(|found| found.harmony)),
        ("melody-correlation", of(|found| found.melody)),
        ("left-start-secs", of(|found| found.left_secs.0 as f32)),
        ("left-end-secs", of(|found| found.left_secs.1 as f32)),
        ("right-start-secs", of(|found| found.right_secs.0 as f32)),
        ("right-end-secs", of(|found| found.right_secs.1 as f32)),
        ("speed", of(|found| found.setting.speed as f32)),
        ("semitones", of(|found| found.setting.semitones as f32)),
        ("evenness", features.evenness),
        ("frames", features.frames as f32),
    ]);
    named
}

fn matched([left, right]: [&Channels; 2]) -> (Features, Candidates<'_>) {
    let alignments = Alignments::new(left, right);
    let settings = alignments.best_first();
    let found = Candidates::new([left, right], &settings[..SETTINGS]);
    let frames = left.frames().min(right.frames());
    let evenness = found.strongest().map_or(0.0, |found| {
        let (of_left, of_right) = (
            left.evenness(found.left_secs),
            right.evenness(found.right_secs),
        );
        of_left.max(of_right)
    });
    let features = Features::new(&alignments, found.strongest(), frames, evenness);
    (features, found)
}

/// The songs, or their beginnings if both are too long to be compared whole.
fn shortened<'a>(left: &'a Channels, right: &'a Channels) -> [Cow<'a, Channels>; 2] {
    let limit = |song: &'a Channels, other: usize| {
        let most = MOST_CELLS / other.clamp(1, MOST_CELLS.isqrt());
        if song.frames() > most {
            Cow::Owned(song.beginning(most))
        } else {
            Cow::Borrowed(song)
        }
    };
    [limit(left, right.frames()), limit(right, left.frames())]
}

/// Whether most of two spans is the same recording.
fn is_copied(left_secs: Span, right_secs: Span, copies: &[Copied]) -> bool {
    let left = covered_share(left_secs, copies.iter().map(|copy| copy.0).collect());
    let right = covered_share(right_secs, copies.iter().map(|copy| copy.1).collect());
    left.min(right) >= COPIED_SHARE
}

fn passage(candidate: &Candidate, score: f32) -> Passage {
    let semitones = candidate.setting.semitones as i32;
    let (melody, harmony) = score::evidence(candidate);
    Passage {
        left_secs: candidate.left_secs,
        right_secs: candidate.right_secs,
        score,
        speed: candidate.setting.speed,
        semitones: if semitones > 6 {
            semitones - 12
        } else {
            semitones
        },
        melody,
        harmony,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composition::channels::CLASSES;
    use crate::test_sound::drawn;

    const MAJOR: [usize; 7] = [0, 2, 4, 5, 7, 9, 11];

    /// Harmony and melody drawn by a seed, `semitones` higher.
    fn song(seed: u64, secs: u64, semitones: usize) -> Analysis {
        let channel = |voice: u64| {
            (0..2 * secs)
                .flat_map(|frame| {
                    let index = 77_777 * seed + 1_000 * voice + frame / 3;
                    let class = (MAJOR[drawn(index) % MAJOR.len()] + semitones) % CLASSES;
                    std::array::from_fn::<u8, CLASSES, _>(|at| if at == class { 250 } else { 20 })
                })
                .collect()
        };
        Analysis {
            channels: Channels {
                frame_secs: 0.5,
                harmony: channel(1),
                melody: channel(2),
            },
        }
    }

    #[test]
    fn a_transposed_song_is_the_same_composition_unless_it_is_a_copy() {
        let (left, right) = (song(1, 60, 0), song(1, 60, 8));
        let found = compare([&left, &right], &[]);
        assert!(found.score > 0.8 && found.comparable, "{found:?}");
        let [passage] = &found.passages[..] else {
            panic!("{found:?}");
        };
        // Eight semitones up are four down.
        assert_eq!(
            (passage.semitones, passage.melody, passage.harmony),
            (-4, true, true)
        );
        assert!((passage.speed - 1.0).abs() < 0.01);
        assert!(passage.left_secs.0 < 1.0 && passage.left_secs.1 > 59.0);
        for copy in [(0.0, 60.0), (20.0, 45.0)] {
            let found = compare([&left, &right], &[(copy, copy)]);
            assert_eq!((found.score, &found.passages[..]), (0.0, &[][..]));
        }
        // Nor is a short copy the whole of it.
        let found = compare([&left, &right], &[((0.0, 5.0), (0.0, 5.0))]);
        assert_eq!(found.passages.len(), 1);
    }

    #[test]
    fn other_songs_and_silence_are_no_composition_played_anew() {
        let found = compare([&song(1, 60, 0), &song(2, 60, 0)], &[]);
        assert!(found.score < POSSIBLY && found.passages.is_empty() && found.comparable);
        let silence = song(3, 60, 0).retaining(|_| false);
        assert!(!compare([&song(1, 60, 0), &silence], &[]).comparable);
    }

    #[test]
    fn only_the_beginnings_of_two_long_songs_are_compared() {
        let (long, short) = (song(1, 2_700, 0).channels, song(2, 8, 0).channels);
        let [left, right] = shortened(&long, &long);
        assert!(left.frames() * right.frames() <= MOST_CELLS && left.frames() > 1_900);
        let [left, right] = shortened(&long, &short);
        assert_eq!((left.frames(), right.frames()), (5_400, 16));
    }
}
