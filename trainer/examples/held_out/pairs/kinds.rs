//! The kinds of modification in the test set, and their strengths: round ones, whose figures are
//! grouped, and any ones, for mixes.

use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use crate::modification::{Modification, NoiseColour};

/// A kind of modification. Only one of each family can be in a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Time(Time),
    Noise(NoiseColour),
    Effect(Effect),
    Transmission(Transmission),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    Pitch,
    Tempo,
    PitchAndTempo,
    Speed,
}

/// Each one is a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Equaliser,
    LowPass,
    Reverb,
    Distortion,
    Gain,
    Channels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    Telephone,
    Mp3,
    Aac,
    Vorbis,
    Opus,
}

impl Kind {
    /// All kinds; those of time come first.
    pub const ALL: [Self; 17] = [
        Self::Time(Time::Pitch),
        Self::Time(Time::Tempo),
        Self::Time(Time::PitchAndTempo),
        Self::Time(Time::Speed),
        Self::Noise(NoiseColour::White),
        Self::Noise(NoiseColour::Pink),
        Self::Effect(Effect::Equaliser),
        Self::Effect(Effect::LowPass),
        Self::Effect(Effect::Reverb),
        Self::Effect(Effect::Distortion),
        Self::Effect(Effect::Gain),
        Self::Effect(Effect::Channels),
        Self::Transmission(Transmission::Telephone),
        Self::Transmission(Transmission::Mp3),
        Self::Transmission(Transmission::Aac),
        Self::Transmission(Transmission::Vorbis),
        Self::Transmission(Transmission::Opus),
    ];
    /// Number of the kinds of time.
    pub const TIME_COUNT: usize = 4;

    /// Whether both are of one family.
    pub fn is_related(self, other: Self) -> bool {
        match (self, other) {
            (Self::Effect(one), Self::Effect(other)) => one == other,
            (Self::Time(_), Self::Time(_))
            | (Self::Noise(_), Self::Noise(_))
            | (Self::Transmission(_), Self::Transmission(_)) => true,
            _ => false,
        }
    }

    /// At the strength with this number in a repeated short list, so that all are equally frequent.
    pub fn at_round_strength(self, number: usize, rng: &mut ChaCha8Rng) -> Modification {
        match self {
            Self::Time(time) => time.at_round_strength(number),
            Self::Noise(colour) => Modification::Noise {
                colour,
                snr_db: repeated(&[5.0, 10.0, 20.0, 30.0, 40.0], number),
            },
            Self::Effect(effect) => effect.at_round_strength(number, rng),
            Self::Transmission(transmission) => transmission.at_round_strength(number),
        }
    }

    /// At a random strength of the whole range.
    pub fn at_any_strength(self, rng: &mut ChaCha8Rng) -> Modification {
        match self {
            Self::Time(time) => time.at_any_strength(rng),
            Self::Noise(colour) => Modification::Noise {
                colour,
                snr_db: rng.random_range(5.0..40.0),
            },
            Self::Effect(effect) => effect.at_any_strength(rng),
            Self::Transmission(transmission) => transmission.at_any_strength(rng),
        }
    }
}

impl Time {
    fn at_round_strength(self, number: usize) -> Modification {
        const SEMITONES: [f64; 10] = [-5.0, -4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        const BOTH: [(f64, f64); 4] = [(-4.0, 0.8), (4.0, 1.2), (-4.0, 1.2), (4.0, 0.8)];
        match self {
            Self::Pitch => Modification::Pitch {
                semitones: repeated(&SEMITONES, number),
            },
            Self::Tempo => Modification::Tempo {
                ratio: repeated(&[0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4], number),
            },
            Self::PitchAndTempo => {
                let (semitones, ratio) = repeated(&BOTH, number);
                Modification::PitchAndTempo { semitones, ratio }
            }
            Self::Speed => Modification::Speed {
                ratio: repeated(&[0.8, 0.9, 1.1, 1.25], number),
            },
        }
    }

    fn at_any_strength(self, rng: &mut ChaCha8Rng) -> Modification {
        match self {
            Self::Pitch => Modification::Pitch {
                semitones: rng.random_range(-5.0..5.0),
            },
            Self::Tempo => Modification::Tempo {
                ratio: log_uniform(rng, 0.7, 1.4),
            },
            Self::PitchAndTempo => Modification::PitchAndTempo {
                semitones: rng.random_range(-5.0..5.0),
                ratio: log_uniform(rng, 0.7, 1.4),
            },
            Self::Speed => Modification::Speed {
                ratio: log_uniform(rng, 0.75, 1.33),
            },
        }
    }
}

impl Effect {
    fn at_round_strength(self, number: usize, rng: &mut ChaCha8Rng) -> Modification {
        match self {
            Self::Equaliser => self.at_any_strength(rng),
            Self::LowPass => Modification::LowPass {
                hz: repeated(&[2_000.0, 4_000.0, 8_000.0], number),
            },
            Self::Reverb => Modification::Reverb {
                percent: repeated(&[30.0, 60.0, 90.0], number),
            },
            Self::Distortion => {
                let [weak, strong] = [6.0, 12.0].map(|db| Modification::Clip { db });
                repeated(
                    &[weak, strong, Modification::Overdrive { db: 15.0 }],
                    number,
                )
            }
            Self::Gain => Modification::Gain {
                db: repeated(&[-30.0, -20.0, -10.0, 6.0], number),
            },
            Self::Channels => repeated(
                &[Modification::LeftChannel, Modification::UnbalancedStereo],
                number,
            ),
        }
    }

    fn at_any_strength(self, rng: &mut ChaCha8Rng) -> Modification {
        match self {
            Self::Equaliser => {
                let mut filter = || {
                    (
                        log_uniform(rng, 60.0, 9_000.0),
                        rng.random_range(-12.0..12.0),
                    )
                };
                Modification::Equaliser {
                    hz_and_db: [filter(), filter(), filter()],
                }
            }
            Self::LowPass => Modification::LowPass {
                hz: log_uniform(rng, 2_000.0, 8_000.0),
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
        }
    }
}

impl Transmission {
    fn at_round_strength(self, number: usize) -> Modification {
        match self {
            Self::Telephone => Modification::Telephone {
                snr_db: repeated(&[20.0, 30.0], number),
            },
            Self::Mp3 => Modification::Mp3 {
                kbps: repeated(&[64, 32], number),
            },
            Self::Aac => Modification::Aac {
                kbps: repeated(&[48, 32], number),
            },
            Self::Vorbis => Modification::Vorbis {
                quality: repeated(&[0, -1], number),
            },
            Self::Opus => Modification::Opus {
                kbps: repeated(&[24, 16], number),
            },
        }
    }

    fn at_any_strength(self, rng: &mut ChaCha8Rng) -> Modification {
        match self {
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

/// The value with this number in a list that is repeated without end.
fn repeated<T: Clone>(values: &[T], number: usize) -> T {
    values[number % values.len()].clone()
}

/// A draw that is uniform in octaves, so that faster and slower are equally likely.
fn log_uniform(rng: &mut ChaCha8Rng, least: f64, most: f64) -> f64 {
    rng.random_range(least.ln()..most.ln()).exp()
}
