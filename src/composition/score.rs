//! Features of a pair of songs to the certainty that one plays the other's composition.
//!
//! Logistic regressions, fitted by `trainer/fit_composition.py` on renderings of pop songs in
//! several arrangements, on songs that share nothing but a loop of four chords, and on unrelated
//! recordings.

use crate::composition::passages::Candidate;
use crate::composition::search::{Alignments, Setting};

/// From this score on, passages are reported.
pub const POSSIBLY: f32 = 0.5;

/// Names of the features, in the order of [`Features::values`].
pub const FEATURES: [&str; 3] = ["path", "melody-contrast", "agreement"];
/// Weight of each feature.
const WEIGHTS: [f32; 3] = [1.941, 0.281, 0.231];
/// Logit without any feature.
const BIAS: f32 = -6.204;

/// Weight of a passage's value, and its logit without any, in songs that are the same composition.
/// The weight is fitted. The value with a probability of 0.5 is 25 if the songs are known to match;
/// it would be 37 if half of all songs were unrelated.
const PASSAGE: [f32; 2] = [0.199, -4.975];

/// Mean correlations from which a channel carries a passage. Of the strongest paths of the same
/// compositions, all are carried by one or both, of those of unrelated recordings a third.
const MELODY_CARRIES: f32 = 0.3;
const HARMONY_CARRIES: f32 = 0.4;

/// The same chords, mean correlation of the harmony: of the strongest paths of songs that share
/// only a loop of four chords, 71 % have more, and of those of 1,600 pairs of unrelated recordings
/// three.
const SAME_HARMONY: f32 = 0.6;
/// With the same chords, songs have another melody where the melody correlates less than the
/// harmony by this difference. Of the songs that would score more without this limit, and whose
/// paths are not long ([`SAME_CHORDS_SHARE`]):
///
/// | songs | have this difference |
/// |---|---:|
/// | with a loop of four chords in common | three quarters |
/// | of the same composition | none |
const HARMONY_AHEAD: f32 = 0.1;
/// With the same chords, a passage of the same composition has another melody below this.
const OTHER_MELODY: f32 = 0.4;
/// Shortest stretch of the same chords.
const SAME_CHORDS_SECS: f64 = 12.0;
/// Least `path` of such a stretch.
const SAME_CHORDS_PATH: f32 = 1.5;
/// A path that is longer than this share of the shorter song shows more than shared chords, also
/// where the melody is hard to hear.
const SAME_CHORDS_SHARE: f32 = 0.35;
/// Greatest score of songs that have only their chords in common, and of those whose strongest
/// passage no channel carries: a long path of weak resemblance, as tonally static songs and speech
/// have. Of the pairs of the fit that score more without this limit, six of eight of unrelated
/// recordings have such a path, and none of the same compositions.
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
}

impl Features {
    /// The features of two songs: of the setting in which they align best, and of their strongest
    /// passage with the evenness of its melody. `frames` is the length of the shorter song.
    #[must_use]
    pub fn new(
        alignments: &Alignments,
        setting: Setting,
        strongest: Option<&Candidate>,
        frames: usize,
        evenness: f32,
    ) -> Self {
        let Some(strongest) = strongest else {
            return Self::default();
        };
        // Values of paths grow with the songs. By the square root, those of unrelated songs don't.
        let scale = 1.0 / (frames.max(1) as f32).sqrt();
        let [by_harmony, by_melody] = alignments.transpositions();
        let path = strongest.value * scale;
        let (start, end) = strongest.left_secs;
        Self {
            values: [
                path,
                alignments.melody_contrast(setting),
                f32::from(u8::from(by_harmony == by_melody)),
            ],
            only_chords: strongest.harmony >= SAME_HARMONY
                && strongest.melody < strongest.harmony - HARMONY_AHEAD
                && end - start >= SAME_CHORDS_SECS
                && path >= SAME_CHORDS_PATH
                && strongest.value < SAME_CHORDS_SHARE * frames as f32,
            carried: carries(strongest) != (false, false),
            strongest: strongest.value,
            evenness,
        }
    }
}

/// Certainty that one song plays the other's composition, 0..1. Chords alone are not enough, nor is
/// a path that is good for a song of some seconds, but says little as a passage.
#[must_use]
pub fn song_score(features: &Features) -> f32 {
    let terms = features.values.iter().zip(WEIGHTS);
    let score = sigmoid(terms.map(|(value, weight)| value * weight).sum::<f32>() + BIAS)
        .min(certainty(features.strongest));
    if features.only_chords || !features.carried || features.evenness > MOST_EVENNESS {
        score.min(MOST_UNREPORTED)
    } else {
        score
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
            values: [8.0, 4.0, 1.0],
            only_chords,
            carried,
            strongest: 90.0,
            evenness: 0.2,
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
