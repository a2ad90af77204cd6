//! Chords of a song, from the labels of its annotation.

use anyhow::{Context as _, Result, bail};
use rand::Rng;

/// Semitones from the tonic of a major key to the roots of the chords on its steps, with the step
/// that is a third away and shares two notes: I and vi, IV and ii, V and iii.
const RELATED: [(u8, u8); 6] = [(0, 9), (9, 0), (5, 2), (2, 5), (7, 4), (4, 7)];
/// Roots, in semitones above the tonic of a major key, whose triads in that key are minor.
const MINOR_STEPS: [u8; 3] = [2, 4, 9];

/// A major triad, as semitones above its root.
pub const MAJOR: &[u8] = &[0, 4, 7];
/// A minor triad.
pub const MINOR: &[u8] = &[0, 3, 7];

/// A chord and when it sounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chord {
    /// When it begins.
    pub start_secs: f64,
    /// When it ends.
    pub end_secs: f64,
    /// Pitch class of its root, 0 for C.
    pub root: u8,
    /// Its notes, as semitones above the root.
    pub tones: &'static [u8],
}

/// Root and tones of a chord label such as `Bb:min7`, `C:maj/3` or `G:sus4(b7)` (C. Harte et al.,
/// "Symbolic representation of musical chords", ISMIR 2005). The bass and additions in parentheses
/// are left out. `None` for `N`, no chord.
///
/// # Errors
///
/// When it isn't a label.
pub fn parse(label: &str) -> Result<Option<(u8, &'static [u8])>> {
    if label == "N" {
        return Ok(None);
    }
    let (root, kind) = label.split_once(':').unwrap_or((label, "maj"));
    let kind = kind.split(['/', '(']).next().unwrap_or_default();
    let tones: &[u8] = match kind {
        "maj7" => &[0, 4, 7, 11],
        "min7" => &[0, 3, 7, 10],
        "7" => &[0, 4, 7, 10],
        "sus4" => &[0, 5, 7],
        "sus2" => &[0, 2, 7],
        "dim" | "hdim7" | "dim7" => &[0, 3, 6],
        "aug" => &[0, 4, 8],
        _ if kind.starts_with("min") => MINOR,
        _ if kind.starts_with("maj") || kind.is_empty() => MAJOR,
        _ => bail!("{label:?} is no chord"),
    };
    Ok(Some((pitch_class(root)?, tones)))
}

/// The pitch class of a note name such as `C`, `F#` or `Bb`.
///
/// # Errors
///
/// When it isn't one.
pub fn pitch_class(name: &str) -> Result<u8> {
    let not_a_note = || format!("{name:?} is no note");
    let mut letters = name.chars();
    let natural: i32 = match letters.next().with_context(not_a_note)? {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' => 11,
        _ => bail!(not_a_note()),
    };
    let altered = letters.try_fold(natural, |key, letter| match letter {
        '#' => Some(key + 1),
        'b' => Some(key - 1),
        _ => None,
    });
    Ok(altered.with_context(not_a_note)?.rem_euclid(12) as u8)
}

/// The chords with each one replaced, with a probability of one half, by the triad a third away in
/// the major key on `tonic`. Chords whose roots aren't on the steps of the key stay.
pub fn reharmonised(chords: &[Chord], tonic: u8, rng: &mut impl Rng) -> Vec<Chord> {
    let replace = |chord: &Chord| {
        let step = (12 + chord.root - tonic) % 12;
        let related = RELATED.iter().find(|(from, _)| *from == step);
        match related {
            Some((_, to)) if rng.random_bool(0.5) => Chord {
                root: (tonic + to) % 12,
                tones: if MINOR_STEPS.contains(to) {
                    MINOR
                } else {
                    MAJOR
                },
                ..*chord
            },
            _ => *chord,
        }
    };
    chords.iter().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn labels_are_chords() {
        for (label, root, tones) in [
            ("C:maj", 0, MAJOR),
            ("Bb:min", 10, MINOR),
            ("F#:maj6/3", 6, MAJOR),
            ("G:sus4(b7)", 7, &[0, 5, 7]),
            ("Cb:min7", 11, &[0, 3, 7, 10]),
            ("D:minmaj7", 2, MINOR),
        ] {
            assert_eq!(parse(label).unwrap(), Some((root, tones)), "{label}");
        }
        assert_eq!(parse("N").unwrap(), None);
        for label in ["", "H:maj", "C:loud", "Cx:maj"] {
            assert!(parse(label).is_err(), "{label}");
        }
    }

    #[test]
    fn half_of_the_chords_become_related_ones() {
        let chord = |root, tones| Chord {
            start_secs: 0.0,
            end_secs: 1.0,
            root,
            tones,
        };
        // In D major: G becomes E minor, and Eb isn't in the key.
        let chords: Vec<Chord> = (0..200)
            .flat_map(|_| [chord(7, MAJOR), chord(3, MAJOR)])
            .collect();
        let changed = reharmonised(&chords, 2, &mut ChaCha8Rng::seed_from_u64(1));
        let count = |wanted| changed.iter().filter(|chord| **chord == wanted).count();
        assert_eq!(count(chord(3, MAJOR)), 200);
        assert_eq!(count(chord(7, MAJOR)) + count(chord(4, MINOR)), 200);
        assert!((70..130).contains(&count(chord(4, MINOR))));
    }
}
