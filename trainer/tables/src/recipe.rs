//! Recipes of copies: the changes of a passage as data, drawn from a seed, written to a CSV cell
//! and read back.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use rand::Rng;
use rand::seq::IndexedRandom as _;

/// One change to a passage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Higher or lower by semitones, at the same speed.
    Pitch(f32),
    /// Faster (> 1) or slower, at the same pitch.
    Tempo(f32),
    /// Pitch and tempo together, as a record player does; the ratio of speeds.
    Speed(f32),
    /// White noise at a signal-to-noise ratio in dB.
    WhiteNoise(f32),
    /// Pink noise at a signal-to-noise ratio in dB.
    PinkNoise(f32),
    /// Peaking filters around 200 Hz and 3 kHz, up by dB in one and down in the other.
    Equaliser(f32),
    /// Second-order low-pass with its corner in Hz.
    LowPass(f32),
    /// A decaying noise tail with this reverberation time in seconds.
    Reverb(f32),
    /// Clipping this many dB below the peak.
    Clipping(f32),
    /// Louder or softer by dB.
    Gain(f32),
    /// Stereo mixed down with a balance from -1 (left alone) to 1 (right alone); mono files stay as
    /// they are.
    Balance(f32),
    /// Encoded and decoded by Ogg Vorbis at this quality, from -2 to 10.
    Vorbis(f32),
    /// Encoded and decoded by Opus at this many kbit/s.
    Opus(f32),
    /// Encoded and decoded by MP3 at this many kbit/s; the trainer takes the nearest rate that the
    /// format has.
    Mp3(f32),
    /// Encoded and decoded by AAC-LC at this many kbit/s.
    Aac(f32),
}

/// Some changes in order, and the seed of their random parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// The changes, first to last.
    pub changes: Vec<Change>,
    /// Seed of noise and reverb tails.
    pub seed: u64,
}

impl Change {
    /// Name in CSV files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pitch(_) => "pitch",
            Self::Tempo(_) => "tempo",
            Self::Speed(_) => "speed",
            Self::WhiteNoise(_) => "white",
            Self::PinkNoise(_) => "pink",
            Self::Equaliser(_) => "equaliser",
            Self::LowPass(_) => "lowpass",
            Self::Reverb(_) => "reverb",
            Self::Clipping(_) => "clipping",
            Self::Gain(_) => "gain",
            Self::Balance(_) => "balance",
            Self::Vorbis(_) => "vorbis",
            Self::Opus(_) => "opus",
            Self::Mp3(_) => "mp3",
            Self::Aac(_) => "aac",
        }
    }

    /// Strength in the unit of the kind.
    pub fn value(self) -> f32 {
        match self {
            Self::Pitch(value)
            | Self::Tempo(value)
            | Self::Speed(value)
            | Self::WhiteNoise(value)
            | Self::PinkNoise(value)
            | Self::Equaliser(value)
            | Self::LowPass(value)
            | Self::Reverb(value)
            | Self::Clipping(value)
            | Self::Gain(value)
            | Self::Balance(value)
            | Self::Vorbis(value)
            | Self::Opus(value)
            | Self::Mp3(value)
            | Self::Aac(value) => value,
        }
    }

    fn from_name(name: &str, value: f32) -> Result<Self> {
        let (make, range): (fn(f32) -> Self, _) = match name {
            "pitch" => (Self::Pitch, -24.0..=24.0),
            "tempo" => (Self::Tempo, 0.25..=4.0),
            "speed" => (Self::Speed, 0.25..=4.0),
            "white" => (Self::WhiteNoise, -60.0..=120.0),
            "pink" => (Self::PinkNoise, -60.0..=120.0),
            "equaliser" => (Self::Equaliser, -40.0..=40.0),
            "lowpass" => (Self::LowPass, 20.0..=11_000.0),
            "reverb" => (Self::Reverb, 0.01..=20.0),
            "clipping" => (Self::Clipping, 0.0..=60.0),
            "gain" => (Self::Gain, -80.0..=40.0),
            "balance" => (Self::Balance, -1.0..=1.0),
            "vorbis" => (Self::Vorbis, -2.0..=10.0),
            "opus" => (Self::Opus, 6.0..=256.0),
            "mp3" => (Self::Mp3, 8.0..=160.0),
            "aac" => (Self::Aac, 12.0..=160.0),
            _ => bail!("there is no change called {name:?}"),
        };
        if !range.contains(&value) {
            bail!("{name}={value} is outside {range:?}");
        }
        Ok(make(value))
    }

    /// Draws a change of a common kind, within its common range.
    fn draw(rng: &mut impl Rng) -> Self {
        const KINDS: usize = 14;
        match rng.random_range(0..KINDS) {
            0 => Self::Pitch(rng.random_range(-5.0..=5.0)),
            1 => Self::Tempo(log_uniform(rng, 0.7, 1.4)),
            2 => Self::Speed(log_uniform(rng, 0.75, 1.33)),
            3 => Self::WhiteNoise(rng.random_range(5.0..=40.0)),
            4 => Self::PinkNoise(rng.random_range(5.0..=40.0)),
            5 => Self::Equaliser(
                *[-12.0, -9.0, -6.0, 6.0, 9.0, 12.0]
                    .choose(rng)
                    .unwrap_or(&6.0),
            ),
            6 => Self::LowPass(log_uniform(rng, 1_500.0, 8_000.0)),
            7 => Self::Reverb(log_uniform(rng, 0.3, 2.5)),
            8 => Self::Clipping(rng.random_range(3.0..=15.0)),
            9 => Self::Gain(rng.random_range(-20.0..=6.0)),
            10 => Self::Balance(*[-1.0, -0.5, 0.5, 1.0].choose(rng).unwrap_or(&1.0)),
            // Low rates: for mono at the model's rate, half of a stereo file's.
            11 => Self::Vorbis(*[-1.0, 0.0, 1.0, 2.0].choose(rng).unwrap_or(&0.0)),
            12 => Self::Opus(*[12.0, 16.0, 24.0, 32.0].choose(rng).unwrap_or(&16.0)),
            _ => {
                let kbps = *[16.0, 24.0, 32.0, 48.0].choose(rng).unwrap_or(&32.0);
                // AAC is rare, because its encoder takes a second for a passage.
                if rng.random_bool(0.25) {
                    Self::Aac(kbps)
                } else {
                    Self::Mp3(kbps)
                }
            }
        }
    }
}

impl Recipe {
    /// One to three changes of different kinds.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let count = rng.random_range(1..=3);
        let mut changes: Vec<Change> = Vec::with_capacity(count);
        while changes.len() < count {
            let change = Change::draw(rng);
            let taken = changes.iter().any(|other| {
                other.name() == change.name()
                    || (other.is_stretch() && change.is_stretch())
                    || (other.is_codec() && change.is_codec())
            });
            if !taken {
                changes.push(change);
            }
        }
        changes.sort_by_key(|change| change.stage());
        Self {
            changes,
            seed: rng.random_range(0..1 << 48),
        }
    }

    /// The kinds of change joined by `+`; `none` without any.
    pub fn perturbation(&self) -> String {
        if self.changes.is_empty() {
            return "none".into();
        }
        self.changes
            .iter()
            .map(|change| change.name())
            .collect::<Vec<_>>()
            .join("+")
    }

    /// The balance at which a stereo file is mixed down; 0 is the mean of its channels.
    pub fn balance(&self) -> f32 {
        let balances = self.changes.iter().map(|change| match change {
            Change::Balance(balance) => *balance,
            _ => 0.0,
        });
        balances.sum()
    }

    /// Speed of the result relative to the original.
    pub fn speed_ratio(&self) -> f32 {
        self.changes
            .iter()
            .map(|change| match change {
                Change::Tempo(ratio) | Change::Speed(ratio) => *ratio,
                _ => 1.0,
            })
            .product()
    }
}

impl Change {
    fn is_stretch(self) -> bool {
        matches!(self, Self::Tempo(_) | Self::Speed(_))
    }

    fn is_codec(self) -> bool {
        matches!(
            self,
            Self::Vorbis(_) | Self::Opus(_) | Self::Mp3(_) | Self::Aac(_)
        )
    }

    /// Order within a recipe: the downmix first, then stretches, so that reverberation isn't
    /// stretched with the music, and the codec last.
    fn stage(self) -> u8 {
        match self {
            Self::Balance(_) => 0,
            Self::Pitch(_) | Self::Tempo(_) | Self::Speed(_) => 1,
            _ if self.is_codec() => 3,
            _ => 2,
        }
    }
}

/// A number whose logarithm is uniformly distributed between those of `low` and `high`.
pub fn log_uniform(rng: &mut impl Rng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..=high.ln()).exp()
}

impl fmt::Display for Recipe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            write!(formatter, "{}={};", change.name(), change.value())?;
        }
        write!(formatter, "seed={}", self.seed)
    }
}

impl FromStr for Recipe {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut recipe = Self::default();
        for item in text.split(';').filter(|item| !item.is_empty()) {
            let (name, value) = item
                .split_once('=')
                .with_context(|| format!("{item:?} isn't name=value"))?;
            if name == "seed" {
                recipe.seed = value
                    .parse()
                    .with_context(|| format!("{value:?} isn't a seed"))?;
            } else {
                let value = value
                    .parse()
                    .with_context(|| format!("{value:?} isn't a number"))?;
                recipe.changes.push(Change::from_name(name, value)?);
            }
        }
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;

    #[test]
    fn a_recipe_survives_its_csv_cell() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut drawn = std::collections::BTreeSet::new();
        for _ in 0..400 {
            let recipe = Recipe::draw(&mut rng);
            assert!((1..=3).contains(&recipe.changes.len()));
            assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
            assert!(
                recipe.changes.is_sorted_by_key(|change| change.stage()),
                "{recipe}"
            );
            assert!(
                recipe
                    .changes
                    .iter()
                    .filter(|change| change.is_codec())
                    .count()
                    <= 1,
                "{recipe}"
            );
            drawn.extend(recipe.changes.iter().map(|change| change.name()));
        }
        // Every kind there is.
        assert_eq!(drawn.len(), 15, "{drawn:?}");
    }

    #[test]
    fn broken_cells_are_refused() {
        for cell in [
            "pitch",
            "pitch=x",
            "wobble=1;seed=2",
            "tempo=0;seed=1",
            "pitch=NaN",
            "seed=-1",
        ] {
            assert!(cell.parse::<Recipe>().is_err(), "{cell}");
        }
    }

    #[test]
    fn perturbations_are_named_in_order() {
        let recipe: Recipe = "pitch=2;tempo=1.2;white=20;seed=1".parse().unwrap();
        assert_eq!(recipe.perturbation(), "pitch+tempo+white");
        assert!((recipe.speed_ratio() - 1.2).abs() < 1e-6);
        assert_eq!(Recipe::default().perturbation(), "none");
    }
}
