//! The chains of modifications in the test set, and their numbers.

use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use super::kinds::Kind;
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
            &Kind::ALL[..Kind::TIME_COUNT]
        } else {
            &Kind::ALL[..]
        };
        if let Some(kind) = candidates.choose(rng)
            && !kinds.iter().any(|other| other.is_related(*kind))
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
