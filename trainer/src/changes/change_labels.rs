//! The content of the column `perturbation`: the modification and its strength, or the sort of
//! other music.

use soundalike_tables::pair_table::Pair;
use soundalike_tables::recipe::Change;

/// A modification and its strength.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeLabel {
    /// The modification without its strength: `pitch`, `white`, `mp3`.
    pub family: String,
    /// Strength in [`ChangeLabel::unit`]; `None` for changes without a single number (`eq`, `mix2`,
    /// `pitch+4tempo1.2`).
    pub strength: Option<f64>,
    /// Unit of the strength.
    pub unit: &'static str,
}

/// Relation of the songs of a negative pair; the closer, the harder the pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OtherMusic {
    /// Nothing that is known.
    Unrelated,
    /// The album.
    SameAlbum,
    /// The artist.
    SameArtist,
    /// The track: another section of it.
    SameTrack,
}

impl OtherMusic {
    /// Sorts a pair of other music by its name in the column `perturbation`.
    pub fn of(perturbation: &str) -> Self {
        let has = |word| perturbation.contains(word);
        if has("same-track") || has("same-song") || has("section") {
            Self::SameTrack
        } else if has("same-artist") {
            Self::SameArtist
        } else if has("same-album") {
            Self::SameAlbum
        } else {
            Self::Unrelated
        }
    }

    /// Name in `metrics.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unrelated => "unrelated",
            Self::SameAlbum => "same-album",
            Self::SameArtist => "same-artist",
            Self::SameTrack => "same-track",
        }
    }
}

impl ChangeLabel {
    /// The modification of a copy: by its recipe where it has one, else by the name in the column
    /// `perturbation`.
    pub fn of(pair: &Pair) -> Self {
        match pair.parsed_recipe() {
            Ok(recipe) if !pair.recipe.is_empty() => match recipe.changes.as_slice() {
                [] => Self::without_strength("unmodified"),
                [change] => Self::of_change(*change),
                changes => Self::without_strength(&format!("{} changes", changes.len())),
            },
            _ => Self::of_name(&pair.perturbation),
        }
    }

    /// Parses names as `examples/held_out` writes them: a word, a number with its sign, a unit.
    /// Examples: `pitch+3`, `tempo0.8`, `white20dB`, `low-pass4000Hz`, `mp3-32k`, `vorbis-q-1`.
    pub fn of_name(name: &str) -> Self {
        const UNITS: [(&str, &str); 4] = [("dB", "dB"), ("Hz", "Hz"), ("k", "kbit/s"), ("s", "s")];
        let unit = UNITS.into_iter().find(|(suffix, _)| {
            name.strip_suffix(suffix)
                .is_some_and(|rest| rest.ends_with(|last: char| last.is_ascii_digit()))
        });
        let number_end = name.len() - unit.map_or(0, |(suffix, _)| suffix.len());
        let digits = name[..number_end]
            .bytes()
            .rev()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count();
        let (word, number) = name[..number_end].split_at(number_end - digits);
        let Ok(size) = number.parse::<f64>() else {
            return Self::without_strength(name);
        };
        // Before a bit rate the hyphen is one; elsewhere it is a minus.
        let is_rate = unit.is_some_and(|(suffix, _)| suffix == "k");
        let (word, strength) = match (word.strip_suffix('-'), word.strip_suffix('+')) {
            (Some(word), _) if is_rate => (word, size),
            (Some(word), _) => (word, -size),
            (None, Some(word)) => (word, size),
            (None, None) => (word, size),
        };
        let (family, is_quality) = match word.strip_suffix("-q") {
            Some(codec) => (codec, true),
            None => (word, false),
        };
        let has_other_number = family != "mp3" && family.bytes().any(|byte| byte.is_ascii_digit());
        if family.is_empty() || has_other_number || ["mix", "mp"].contains(&family) {
            return Self::without_strength(name);
        }
        let unit = match (unit, family) {
            (Some((_, unit)), _) => unit,
            (None, _) if is_quality => "quality",
            (None, "pitch") => "semitones",
            (None, "tempo" | "speed") => "times as fast",
            (None, "reverb") => "%",
            (None, _) => "",
        };
        Self {
            family: family.to_owned(),
            strength: Some(strength),
            unit,
        }
    }

    /// The strengths of recipes are continuous; they are rounded so that each group has some pairs.
    fn of_change(change: Change) -> Self {
        let (step, unit) = match change {
            Change::Pitch(_) => (1.0, "semitones"),
            Change::Tempo(_) | Change::Speed(_) => (0.1, "times as fast"),
            Change::WhiteNoise(_) | Change::PinkNoise(_) | Change::Gain(_) => (5.0, "dB"),
            Change::Equaliser(_) | Change::Clipping(_) => (3.0, "dB"),
            Change::LowPass(_) => (1_000.0, "Hz"),
            Change::Reverb(_) => (0.5, "s"),
            Change::Balance(_) => (0.5, "(left to right)"),
            Change::Opus(_) | Change::Mp3(_) | Change::Aac(_) => (1.0, "kbit/s"),
            Change::Vorbis(_) => (1.0, "quality"),
        };
        let rounded = (f64::from(change.value()) / step).round() * step;
        Self {
            family: change.name().to_owned(),
            strength: Some((rounded * 100.0).round() / 100.0),
            unit,
        }
    }

    fn without_strength(name: &str) -> Self {
        Self {
            family: if name.is_empty() { "unnamed" } else { name }.to_owned(),
            strength: None,
            unit: "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_test_set_are_parsed() {
        for (name, family, strength, unit) in [
            ("pitch+3", "pitch", Some(3.0), "semitones"),
            ("pitch-0.5", "pitch", Some(-0.5), "semitones"),
            ("tempo0.8", "tempo", Some(0.8), "times as fast"),
            ("speed1.25", "speed", Some(1.25), "times as fast"),
            ("white20dB", "white", Some(20.0), "dB"),
            ("white0dB", "white", Some(0.0), "dB"),
            ("gain-30dB", "gain", Some(-30.0), "dB"),
            ("speech+0dB", "speech", Some(0.0), "dB"),
            ("other-music-6dB", "other-music", Some(-6.0), "dB"),
            ("low-pass4000Hz", "low-pass", Some(4_000.0), "Hz"),
            ("mp3-32k", "mp3", Some(32.0), "kbit/s"),
            ("vorbis-q-1", "vorbis", Some(-1.0), "quality"),
            ("vorbis-q0", "vorbis", Some(0.0), "quality"),
            ("reverb60", "reverb", Some(60.0), "%"),
            ("pitch+4tempo1.2", "pitch+4tempo1.2", None, ""),
            ("left-channel", "left-channel", None, ""),
            ("mix2", "mix2", None, ""),
            ("mp3", "mp3", None, ""),
            ("eq", "eq", None, ""),
            ("12", "12", None, ""),
            ("", "unnamed", None, ""),
        ] {
            let expected = ChangeLabel {
                family: family.into(),
                strength,
                unit,
            };
            assert_eq!(ChangeLabel::of_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_recipe_takes_precedence_over_the_name() {
        let mut pair = Pair {
            left: "a".into(),
            right: "b".into(),
            label: 1,
            left_start_secs: 0.0,
            right_start_secs: 0.0,
            perturbation: "pitch".into(),
            recipe: "pitch=2.6;seed=1".into(),
        };
        assert_eq!(ChangeLabel::of(&pair).strength, Some(3.0));
        pair.recipe = "tempo=1.234;white=12;seed=1".into();
        assert_eq!(
            ChangeLabel::of(&pair),
            ChangeLabel::without_strength("2 changes")
        );
        pair.recipe = String::new();
        assert_eq!(
            ChangeLabel::of(&pair),
            ChangeLabel::without_strength("pitch")
        );
    }

    #[test]
    fn other_music_is_sorted_by_its_relation() {
        assert_eq!(OtherMusic::of("negative"), OtherMusic::Unrelated);
        assert_eq!(OtherMusic::of("negative-pitch+7"), OtherMusic::Unrelated);
        assert_eq!(OtherMusic::of("negative-same-album"), OtherMusic::SameAlbum);
        assert_eq!(OtherMusic::of("same-artist"), OtherMusic::SameArtist);
        assert_eq!(OtherMusic::of("negative-same-track"), OtherMusic::SameTrack);
        assert_eq!(OtherMusic::of("another-section"), OtherMusic::SameTrack);
    }
}
