//! Features of a pair of songs to the certainty that one plays the other's composition.
//!
//! Logistic regressions, fitted by `trainer/fit_composition.py` on renderings of pop songs in
//! several arrangements, on songs that share nothing but a loop of four chords, and on unrelated
//! recordings.

use crate::composition::passages::{Candidate, HARMONY_AHEAD};
use crate::composition::search::Alignments;

/// From this score on, passages are reported.
pub const POSSIBLY: f32 = 0.5;

/// Names of the features, in the order of [`Features::values`].
pub const FEATURES: [&str; 4] = ["path", "harmony-contrast", "melody-contrast", "agreement"];
/// Weight of each feature.
const WEIGHTS: [f32; 4] = [2.016, 2.240, 3.145, 0.586];
/// Logit without any feature.
const BIAS: f32 = -5.602;

/// Weight of a passage's value, and its logit without any, in songs that are the same composition.
/// The weight is fitted. The value with a probability of 0.5 is 25 if the songs are known to match;
/// it would be 38 if half of all songs were unrelated.
const PASSAGE: [f32; 2] = [0.173, -4.325];

/// Mean correlations from which a channel carries a passage. Of the strongest paths of the same
/// compositions, all are carried by one or both, of those of unrelated recordings half.
const MELODY_CARRIES: f32 = 0.3;
const HARMONY_CARRIES: f32 = 0.4;

/// The same chords, mean correlation of the harmony: of the strongest paths of songs that share
/// only a loop of four chords, half have more, and of those of 1,600 pairs of unrelated recordings
/// none. With the same chords, songs have another melody where it correlates less than the harmony
/// by [`HARMONY_AHEAD`]: of the songs of the fit that would be reported without this limit, 64 of
/// 81 with such a loop, and none of 94 of the same composition. Chosen on validation works, with
/// [`SAME_CHORDS_SHARE`].
const SAME_HARMONY: f32 = 0.7;
/// With the same chords, a passage of the same composition has another melody below this.
const OTHER_MELODY: f32 = 0.4;
/// Shortest stretch of the same chords.
const SAME_CHORDS_SECS: f64 = 12.0;
/// Least value of the path of such a stretch, by the square root of the frames of the shorter song.
const SAME_CHORDS_PATH: f32 = 1.5;
/// A path that is longer than this share of the shorter song shows more than shared chords, also
/// where the melody is hard to hear.
const SAME_CHORDS_SHARE: f32 = 0.45;
/// Songs have no greater score that have only their chords in common, whose strongest passage no
/// channel carries, or whose strongest passage says little. No channel carries long paths of weak
/// resemblance, as tonally static songs and speech have.
const MOST_UNREPORTED: f32 = 0.49;

/// A melody that visits all classes more evenly is a chromatic scale or a glide, and resembles any
/// other scale. Half-way between music and them: the strongest passages of the fit have up to 0.17
/// in rendered songs and 0.26 in recordings, those of chromatic scales and glides 0.34 to 0.41.
const MOST_EVENNESS: f32 = 0.3;

/// The features of the score.
#[derive(Clone, Copy, Debug, Default)]
pub struct Features {
    /// In the order of [`FEATURES`].
    pub values: [f32; FEATURES.len()],
    /// Whether the strongest passage has the same chords and another melody.
    pub only_chords: bool,
    /// Whether a channel carries the strongest passage.
    pub carried: bool,
    /// Value of the strongest passage.
    pub strongest: f32,
    /// How evenly its melody visits all pitch classes, the greater of both songs.
    pub evenness: f32,
    /// Length of the shorter song.
    pub frames: usize,
}

impl Features {
    /// The features of two songs: of all settings, and of their strongest passage with the evenness
    /// of its melody. `frames` is the length of the shorter song.
    #[must_use]
    pub fn new(
        alignments: &Alignments,
        strongest: Option<&Candidate>,
        frames: usize,
        evenness: f32,
    ) -> Self {
        let [harmony_contrast, melody_contrast] = alignments.contrasts();
        let [by_harmony, by_melody] = alignments.transpositions();
        let agreement = f32::from(u8::from(by_harmony == by_melody));
        let values = |path| [path, harmony_contrast, melody_contrast, agreement];
        let Some(strongest) = strongest else {
            return Self {
                values: values(0.0),
                frames,
                ..Self::default()
            };
        };
        // Values of paths grow with the songs. By the square root, those of unrelated songs don't.
        let scale = 1.0 / (frames.max(1) as f32).sqrt();
        let (start, end) = strongest.left_secs;
        Self {
            values: values(strongest.strength() * scale),
            only_chords: strongest.harmony >= SAME_HARMONY
                && strongest.melody < strongest.harmony - HARMONY_AHEAD
                && end - start >= SAME_CHORDS_SECS
                && strongest.value * scale >= SAME_CHORDS_PATH
                && strongest.value < SAME_CHORDS_SHARE * frames as f32,
            carried: carries(strongest) != (false, false),
            strongest: strongest.value,
            evenness,
            frames,
        }
    }
}

/// Certainty that one song plays the other's composition, 0..1. Chords alone are not enough, nor is
/// a path that is good for a song of some seconds, but says little as a passage.
#[must_use]
pub fn song_score(features: &Features) -> f32 {
    let terms = features.values.iter().zip(WEIGHTS);
    let score = sigmoid(terms.map(|(value, weight)| value * weight).sum::<f32>() + BIAS);
    let of_passage = certainty(features.strongest);
    let is_limited = features.only_chords
        || !features.carried
        || features.evenness > MOST_EVENNESS
        || of_passage < POSSIBLY;
    if is_limited {
        unreported(score)
    } else {
        score.min(of_passage)
    }
}

/// A score of 0 to 1 as one of 0 to [`MOST_UNREPORTED`]. The order remains: weak pairs are compared
/// by their scores, too.
fn unreported(score: f32) -> f32 {
    const HALF: f32 = MOST_UNREPORTED / 2.0;
    if score < HALF {
        score
    } else {
        HALF + (score - HALF) * HALF / (1.0 - HALF)
    }
}

/// Certainty of a passage, 0..1, in songs of which one plays the other's composition.
#[must_use]
pub fn passage_score(candidate: &Candidate) -> f32 {
    let score = certainty(candidate.value);
    if candidate.harmony >= SAME_HARMONY && candidate.melody < OTHER_MELODY {
        score.min(MOST_UNREPORTED)
    } else {
        score
    }
}

/// Whether the melody, and whether the harmony, carries a passage. If neither does alone, both do.
#[must_use]
pub fn evidence(candidate: &Candidate) -> (bool, bool) {
    match carries(candidate) {
        (false, false) => (true, true),
        carried => carried,
    }
}

fn carries(candidate: &Candidate) -> (bool, bool) {
    (
        candidate.melody >= MELODY_CARRIES,
        candidate.harmony >= HARMONY_CARRIES,
    )
}

/// Certainty of a passage by the value of its path.
fn certainty(value: f32) -> f32 {
    let [weight, bias] = PASSAGE;
    sigmoid(weight * value + bias)
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-logit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::composition::search::Setting;

    fn candidate(value: f32, harmony: f32, melody: f32) -> Candidate {
        Candidate {
            left_secs: (0.0, 40.0),
            right_secs: (0.0, 40.0),
            setting: Setting {
                speed: 1.0,
                semitones: 0,
            },
            value,
            harmony,
            melody,
        }
    }

    #[test]
    fn chords_alone_are_not_enough() {
        assert!(passage_score(&candidate(90.0, 0.9, 0.5)) > 0.99);
        assert!(passage_score(&candidate(90.0, 0.9, 0.2)) < POSSIBLY);
        let features = |only_chords, carried| Features {
            values: [8.0, 2.0, 2.0, 1.0],
            only_chords,
            carried,
            strongest: 90.0,
            evenness: 0.2,
            frames: 120,
        };
        assert!(song_score(&features(false, true)) > 0.99);
        assert!(song_score(&features(true, true)) < POSSIBLY);
        // Nor is a long path of weak resemblance.
        assert!(song_score(&features(false, false)) < POSSIBLY);
        // Nor is a chromatic scale.
        let even = Features {
            evenness: 0.4,
            ..features(false, true)
        };
        assert!(song_score(&even) < POSSIBLY);
        // Nor are ten seconds of a song of ten seconds.
        let short = Features {
            strongest: 15.0,
            ..features(false, true)
        };
        assert!(song_score(&short) < POSSIBLY);
    }

    #[test]
    fn limited_scores_keep_their_order() {
        let scores = [0.0, 0.01, 0.2, 0.245, 0.3, 0.7, 0.99, 1.0].map(unreported);
        assert!(scores.is_sorted_by(|one, other| one < other), "{scores:?}");
        assert_eq!(scores[..3], [0.0, 0.01, 0.2]);
        assert!((scores[7] - MOST_UNREPORTED).abs() < 1e-6);
    }

    #[test]
    fn more_agreement_never_lowers_the_score() {
        assert!(
            WEIGHTS
                .iter()
                .chain(&PASSAGE[..1])
                .all(|&weight| weight >= 0.0)
        );
        assert!(song_score(&Features::default()) < 0.01);
    }

    #[test]
    fn channels_carry_a_passage_alone_or_together() {
        assert_eq!(evidence(&candidate(50.0, 0.7, 0.7)), (true, true));
        assert_eq!(evidence(&candidate(50.0, 0.2, 0.7)), (true, false));
        assert_eq!(evidence(&candidate(50.0, 0.5, 0.1)), (false, true));
        assert_eq!(evidence(&candidate(50.0, 0.2, 0.2)), (true, true));
    }
}
