//! The modifications in the test set, and their numbers.

use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::modification::{Modification, NoiseColour};

/// A chain of modifications and the name of its group.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub perturbation: String,
    pub modifications: Vec<Modification>,
}

/// Share of the positive pairs with one modification at a round strength; their groups give a
/// figure for each. The others, named `mix2` and `mix3`, have two or three at any strength.
const SINGLE_SHARE: f64 = 0.5;

/// The kinds of modification. Only one of each family can be in a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Pitch,
    Tempo,
    PitchAndTempo,
    Speed,
    White,
    Pink,
    Equaliser,
    LowPass,
    Reverb,
    Distortion,
    Gain,
    Channels,
    Telephone,
    Mp3,
    Aac,
    Vorbis,
    Opus,
}

impl Kind {
    const ALL: [Self; 17] = [
        Self::Pitch,
        Self::Tempo,
        Self::PitchAndTempo,
        Self::Speed,
        Self::White,
        Self::Pink,
        Self::Equaliser,
        Self::LowPass,
        Self::Reverb,
        Self::Distortion,
        Self::Gain,
        Self::Channels,
        Self::Telephone,
        Self::Mp3,
        Self::Aac,
        Self::Vorbis,
        Self::Opus,
    ];

    fn family(self) -> u8 {
        match self {
            Self::Pitch | Self::Tempo | Self::PitchAndTempo | Self::Speed => 0,
            Self::White | Self::Pink => 1,
            Self::Telephone | Self::Mp3 | Self::Aac | Self::Vorbis | Self::Opus => 2,
            other => 3 + other as u8,
        }
    }

    /// At the strength with this number in a repeated short list, so that all are equally frequent.
    fn at_round_strength(self, number: usize, rng: &mut ChaCha8Rng) -> Modification {
        fn of<T: Copy>(values: &[T], number: usize) -> T {
            values[number % values.len()]
        }
        const SEMITONES: [f64; 10] = [-5.0, -4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        const SNR_DB: [f64; 5] = [5.0, 10.0, 20.0, 30.0, 40.0];
        match self {
            Self::Pitch => Modification::Pitch {
                semitones: of(&SEMITONES, number),
            },
            Self::Tempo => Modification::Tempo {
                ratio: of(&[0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4], number),
            },
            Self::PitchAndTempo => {
                let (semitones, ratio) =
                    of(&[(-4.0, 0.8), (4.0, 1.2), (-4.0, 1.2), (4.0, 0.8)], number);
                Modification::PitchAndTempo { semitones, ratio }
            }
            Self::Speed => Modification::Speed {
                ratio: of(&[0.8, 0.9, 1.1, 1.25], number),
            },
            Self::White => Modification::Noise {
                colour: NoiseColour::White,
                snr_db: of(&SNR_DB, number),
            },
            Self::Pink => Modification::Noise {
                colour: NoiseColour::Pink,
                snr_db: of(&SNR_DB, number),
            },
            Self::Equaliser => self.at_any_strength(rng),
            Self::LowPass => Modification::LowPass {
                hz: of(&[2_000.0, 4_000.0, 8_000.0], number),
            },
            Self::Reverb => Modification::Reverb {
                percent: of(&[30.0, 60.0, 90.0], number),
            },
            Self::Distortion => {
                let [weak, strong] = [6.0, 12.0].map(|db| Modification::Clip { db });
                [weak, strong, Modification::Overdrive { db: 15.0 }][number % 3].clone()
            }
            Self::Gain => Modification::Gain {
                db: of(&[-30.0, -20.0, -10.0, 6.0], number),
            },
            Self::Channels => {
                [Modification::LeftChannel, Modification::UnbalancedStereo][number % 2].clone()
            }
            Self::Telephone => Modification::Telephone {
                snr_db: of(&[20.0, 30.0], number),
            },
            Self::Mp3 => Modification::Mp3 {
                kbps: of(&[64, 32], number),
            },
            Self::Aac => Modification::Aac {
                kbps: of(&[48, 32], number),
            },
            Self::Vorbis => Modification::Vorbis {
                quality: of(&[0, -1], number),
            },
            Self::Opus => Modification::Opus {
                kbps: of(&[24, 16], number),
            },
        }
    }

    /// At a random strength of the whole range.
    fn at_any_strength(self, rng: &mut ChaCha8Rng) -> Modification {
        // The range is uniform in octaves, so that faster and slower are equally likely.
        let ratio = |rng: &mut ChaCha8Rng, slowest: f64, fastest: f64| {
            rng.random_range(slowest.ln()..fastest.ln()).exp()
        };
        match self {
            Self::Pitch => Modification::Pitch {
                semitones: rng.random_range(-5.0..5.0),
            },
            Self::Tempo => Modification::Tempo {
                ratio: ratio(rng, 0.7, 1.4),
            },
            Self::PitchAndTempo => Modification::PitchAndTempo {
                semitones: rng.random_range(-5.0..5.0),
                ratio: ratio(rng, 0.7, 1.4),
            },
            Self::Speed => Modification::Speed {
                ratio: ratio(rng, 0.75, 1.33),
            },
            Self::White => Modification::Noise {
                colour: NoiseColour::White,
                snr_db: rng.random_range(5.0..40.0),
            },
            Self::Pink => Modification::Noise {
                colour: NoiseColour::Pink,
                snr_db: rng.random_range(5.0..40.0),
            },
            Self::Equaliser => {
                let mut filter = || (ratio(rng, 60.0, 9_000.0), rng.random_range(-12.0..12.0));
                Modification::Equaliser {
                    hz_and_db: [filter(), filter(), filter()],
                }
            }
            Self::LowPass => Modification::LowPass {
                hz: ratio(rng, 2_000.0, 8_000.0),
            },
            Self::Reverb => Modification::Reverb {
                percent: rng.random_range(20.0..90.0),
            },
            Self::Distortion if rng.random_bool(0.7) => Modification::Clip {
                db: rng.random_range(3.0..12.0),
            },
            Self::Distortion => Modification::Overdrive {
                db: rng.random_range(5.0..15.0),
            },
            Self::Gain => Modification::Gain {
                db: rng.random_range(-30.0..6.0),
            },
            Self::Channels if rng.random_bool(0.5) => Modification::LeftChannel,
            Self::Channels => Modification::UnbalancedStereo,
            Self::Telephone => Modification::Telephone {
                snr_db: rng.random_range(20.0..30.0),
            },
            Self::Mp3 => Modification::Mp3 {
                kbps: *[64, 32].choose(rng).unwrap_or(&64),
            },
            Self::Aac => Modification::Aac {
                kbps: *[48, 32].choose(rng).unwrap_or(&48),
            },
            Self::Vorbis => Modification::Vorbis {
                quality: *[0, -1].choose(rng).unwrap_or(&0),
            },
            Self::Opus => Modification::Opus {
                kbps: *[24, 16].choose(rng).unwrap_or(&24),
            },
        }
    }
}

/// `count` recipes of positive pairs, in random order: every kind alone equally often, and mixes.
pub fn ordinary(count: usize, rng: &mut ChaCha8Rng) -> Vec<Recipe> {
    let singles = (count as f64 * SINGLE_SHARE).round() as usize;
    let mut recipes: Vec<_> = (0..count)
        .map(|index| {
            if index < singles {
                let modification = Kind::ALL[index % Kind::ALL.len()]
                    .at_round_strength(index / Kind::ALL.len(), rng);
                Recipe {
                    perturbation: modification.to_string(),
                    modifications: vec![modification],
                }
            } else {
                mix(2 + index % 2, rng)
            }
        })
        .collect();
    recipes.shuffle(rng);
    recipes
}

fn mix(length: usize, rng: &mut ChaCha8Rng) -> Recipe {
    let mut kinds: Vec<Kind> = Vec::with_capacity(length);
    while kinds.len() < length {
        // Changes of pitch and tempo are the hard ones: half of the mixes begin with one.
        let candidates = if kinds.is_empty() && rng.random_bool(0.5) {
            &Kind::ALL[..4]
        } else {
            &Kind::ALL[..]
        };
        if let Some(kind) = candidates.choose(rng)
            && kinds.iter().all(|other| other.family() != kind.family())
        {
            kinds.push(*kind);
        }
    }
    let mut modifications: Vec<_> = kinds
        .into_iter()
        .map(|kind| kind.at_any_strength(rng))
        .collect();
    modifications.sort_by_key(Modification::stage);
    Recipe {
        perturbation: format!("mix{length}"),
        modifications,
    }
}

/// `count` recipes of each condition beyond the ranges of training, in random order.
pub fn extreme(count: usize, rng: &mut ChaCha8Rng) -> Vec<Recipe> {
    let conditions = [
        Modification::Pitch { semitones: -7.0 },
        Modification::Pitch { semitones: 7.0 },
        Modification::Pitch { semitones: 12.0 },
        Modification::Tempo { ratio: 0.5 },
        Modification::Tempo { ratio: 2.0 },
        Modification::Speed { ratio: 0.75 },
        Modification::Speed { ratio: 1.25 },
        Modification::Noise {
            colour: NoiseColour::White,
            snr_db: 0.0,
        },
        Modification::Telephone { snr_db: 15.0 },
        Modification::Opus { kbps: 16 },
        Modification::Mp3 { kbps: 32 },
        Modification::Speech { level_db: 0.0 },
        // The other song is 6 dB softer than the compared one.
        Modification::OtherMusic { level_db: -6.0 },
    ];
    let mut recipes: Vec<_> = conditions
        .iter()
        .flat_map(|modification| {
            let recipe = Recipe {
                perturbation: modification.to_string(),
                modifications: vec![modification.clone()],
            };
            std::iter::repeat_n(recipe, count)
        })
        .collect();
    recipes.shuffle(rng);
    recipes
}

/// `count` recipes that change nothing: the copy is only misaligned.
pub fn unmodified(count: usize) -> Vec<Recipe> {
    vec![
        Recipe {
            perturbation: "unmodified".into(),
            modifications: Vec::new()
        };
        count
    ]
}
