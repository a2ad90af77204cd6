//! Synthetic songs from recipes: tunes that never repeat, each with its own key, tempo, timbre and
//! beat, and sounds other than music.

use std::f64::consts::TAU;

use serde::Deserialize;

pub const RATE_HZ: u32 = 22_050;

/// The parts of a song, in order.
#[derive(Clone, Debug, Deserialize)]
pub struct Recipe(pub Vec<Part>);

/// A part of a song.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    tag = "sound",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Part {
    /// An excerpt of the endless tune number `seed`.
    Tune {
        seed: u64,
        #[serde(default)]
        start_secs: f64,
        secs: f64,
        #[serde(default)]
        semitones: f64,
        /// Ratio of the speed to the tune's own. `secs` is the duration at this speed.
        #[serde(default = "one")]
        tempo: f64,
        /// The tune whose beat it has, if not its own.
        drums: Option<u64>,
        /// The tune whose key and tempo it has, if not its own.
        like: Option<u64>,
        /// The tune whose instruments play it, if not its own.
        instruments: Option<u64>,
        /// Arranged anew: the melody an octave lower and held, the chords an octave higher and
        /// broken.
        #[serde(default)]
        rearranged: bool,
    },
    Silence {
        secs: f64,
    },
    Noise {
        #[serde(default)]
        seed: u64,
        secs: f64,
    },
    /// A steady sawtooth.
    Tone {
        hz: f64,
        secs: f64,
    },
    /// Three sustained notes, each of two detuned strings, which beat.
    BeatingChord {
        hz: f64,
        secs: f64,
        /// Attenuation at its end.
        #[serde(default)]
        fade_db: f64,
    },
    /// Two songs at once, as long as the longer one.
    Mix {
        one: Vec<Part>,
        other: Vec<Part>,
        /// Level of the first, relative to its own.
        #[serde(default)]
        gain_db: f64,
    },
    /// Parts that are played backwards.
    Backwards {
        of: Vec<Part>,
    },
    /// Parts without all sound below a frequency.
    HighPass {
        of: Vec<Part>,
        hz: f64,
    },
    /// A hundred claps a second, each a burst of noise of a few milliseconds.
    Applause {
        #[serde(default)]
        seed: u64,
        secs: f64,
    },
}

fn one() -> f64 {
    1.0
}

impl Recipe {
    /// Samples at [`RATE_HZ`].
    pub fn samples(&self) -> Vec<f32> {
        self.0.iter().flat_map(Part::samples).collect()
    }
}

impl Part {
    pub fn secs(&self) -> f64 {
        match *self {
            Self::Mix {
                ref one, ref other, ..
            } => {
                let secs = |parts: &[Self]| parts.iter().map(Self::secs).sum::<f64>();
                secs(one).max(secs(other))
            }
            Self::Backwards { ref of } | Self::HighPass { ref of, .. } => {
                of.iter().map(Self::secs).sum()
            }
            Self::Tune { secs, .. }
            | Self::Silence { secs }
            | Self::Noise { secs, .. }
            | Self::Tone { secs, .. }
            | Self::BeatingChord { secs, .. }
            | Self::Applause { secs, .. } => secs,
        }
    }

    fn samples(&self) -> Vec<f32> {
        let count = (self.secs() * f64::from(RATE_HZ)).round() as u64;
        let secs = |n: u64| n as f64 / f64::from(RATE_HZ);
        let samples = 0..count;
        match *self {
            Self::Tune {
                seed,
                start_secs,
                semitones,
                tempo,
                drums,
                like,
                instruments,
                rearranged,
                ..
            } => {
                let [drums, like, instruments] =
                    [drums, like, instruments].map(|other| other.unwrap_or(seed));
                let tune = Tune {
                    rearranged,
                    ..Tune::new(seed, drums, like, instruments)
                };
                let shift = (semitones / 12.0).exp2();
                samples
                    .map(|n| tune.at(start_secs + secs(n) * tempo, secs(n), shift))
                    .collect()
            }
            Self::Mix {
                ref one,
                ref other,
                gain_db,
            } => {
                let gain = (gain_db / 20.0).exp2().powf(std::f64::consts::LOG2_10) as f32;
                let play =
                    |parts: &[Self]| -> Vec<f32> { parts.iter().flat_map(Self::samples).collect() };
                let (one, other) = (play(one), play(other));
                let at = |samples: &[f32], n: u64| samples.get(n as usize).copied().unwrap_or(0.0);
                samples
                    .map(|n| 0.5 * (gain * at(&one, n) + at(&other, n)))
                    .collect()
            }
            Self::Backwards { ref of } => {
                let mut samples: Vec<f32> = of.iter().flat_map(Self::samples).collect();
                samples.reverse();
                samples
            }
            Self::HighPass { ref of, hz } => {
                let samples: Vec<f32> = of.iter().flat_map(Self::samples).collect();
                high_passed(&samples, hz)
            }
            Self::Silence { .. } => samples.map(|_| 0.0).collect(),
            Self::Noise { seed, .. } => samples
                .map(|n| 0.2 * random(99 + seed, n) as f32 - 0.1)
                .collect(),
            Self::Tone { hz, .. } => samples
                .map(|n| 0.3 * ((hz * secs(n)).fract() as f32 - 0.5))
                .collect(),
            Self::BeatingChord {
                hz,
                secs: length_secs,
                fade_db,
            } => samples
                .map(|n| {
                    let chord: f64 = [1.0, 1.26, 1.498]
                        .iter()
                        .map(|ratio| strings(hz * ratio, secs(n)))
                        .sum();
                    let fade = 10.0_f64.powf(-fade_db / 20.0 * secs(n) / length_secs);
                    (0.05 * fade * chord) as f32
                })
                .collect(),
            Self::Applause { seed, .. } => {
                let mut loudness = 0.0;
                samples
                    .map(|n| {
                        if random(seed, 2 * n) < 100.0 / f64::from(RATE_HZ) {
                            loudness += 0.3;
                        }
                        loudness *= 0.99;
                        (loudness * (2.0 * random(seed, 2 * n + 1) - 1.0)) as f32
                    })
                    .collect()
            }
        }
    }
}

/// The samples without all sound below a frequency: less what a sinc in a Hann window lets pass.
/// The slope is 350 Hz wide.
fn high_passed(samples: &[f32], hz: f64) -> Vec<f32> {
    const REACH: usize = 128;
    let cutoff = 2.0 * hz / f64::from(RATE_HZ);
    let taps: Vec<f32> = (0..=2 * REACH)
        .map(|tap| {
            let place = tap as f64 - REACH as f64;
            let angle = std::f64::consts::PI * place;
            let sinc = match place {
                0.0 => cutoff,
                _ => (angle * cutoff).sin() / angle,
            };
            let window = 0.5 + 0.5 * (angle / (REACH + 1) as f64).cos();
            (f64::from(u8::from(place == 0.0)) - sinc * window) as f32
        })
        .collect();
    let padded = [&[0.0; REACH], samples, &[0.0; REACH]].concat();
    padded
        .windows(taps.len())
        .map(|near| near.iter().zip(&taps).map(|(one, tap)| one * tap).sum())
        .collect()
}

/// Two strings of nearly the same pitch. All partials differ in phase.
fn strings(hz: f64, secs: f64) -> f64 {
    (1..=12)
        .map(f64::from)
        .map(|k| {
            let of = |hz: f64| (TAU * (hz * k * secs).fract() + 2.4 * k * k).sin() / k;
            of(hz) + of(1.003 * hz)
        })
        .sum()
}

/// An endless tune: a melody over chords, with a drum beat.
struct Tune {
    seed: u64,
    key_hz: f64,
    minor: bool,
    beats_per_sec: f64,
    /// Amplitude of each partial.
    timbre: [f64; 6],
    decay: f64,
    drums: Drums,
    rearranged: bool,
}

/// A pattern of sixteen half beats.
struct Drums {
    seed: u64,
    kicks: [bool; 16],
    hats: [bool; 16],
}

impl Tune {
    fn new(seed: u64, drums: u64, like: u64, instruments: u64) -> Self {
        let kicks =
            std::array::from_fn(|step| step % 4 == 0 || random(drums, 100 + step as u64) < 0.2);
        let hats = std::array::from_fn(|step| random(drums, 200 + step as u64) < 0.6);
        Self {
            seed,
            key_hz: 220.0 * ((random(like, 1) * 12.0).floor() / 12.0).exp2(),
            minor: random(like, 2) < 0.5,
            beats_per_sec: 1.4 + random(like, 3),
            timbre: std::array::from_fn(|k| {
                random(instruments, 10 + k as u64) / (1.0 + 0.5 * k as f64)
            }),
            decay: 1.0 + 5.0 * random(instruments, 4),
            drums: Drums {
                seed: drums,
                kicks,
                hats,
            },
            rearranged: false,
        }
    }

    /// The sample at a time of the tune. Phases follow `clock_secs`, the time of the song, so that
    /// the tempo doesn't change the pitch.
    fn at(&self, tune_secs: f64, clock_secs: f64, shift: f64) -> f32 {
        let beat = tune_secs * self.beats_per_sec;
        let half_beat = (2.0 * beat) as u64;
        let in_half_beat_secs = (2.0 * beat).fract() / (2.0 * self.beats_per_sec);
        let mut sum = 0.0;
        // One half beat in four is a rest.
        if random(self.seed, 1_000 + half_beat) > 0.25 {
            let note = (random(self.seed, 900_000 + half_beat) * 9.0) as usize;
            let (strength, octave) = if self.rearranged {
                (1.0, 1.0)
            } else {
                ((-self.decay * in_half_beat_secs).exp(), 2.0)
            };
            sum += 0.5 * strength * self.tone(octave * self.hz(note) * shift, clock_secs);
        }
        let bar = (beat / 4.0) as u64;
        let root = (random(self.seed, 1_800_000 + bar) * 7.0) as usize;
        for third in 0..3 {
            let (strength, octave) = if self.rearranged {
                if half_beat as usize % 3 != third {
                    continue;
                }
                (0.3 * (-3.0 * in_half_beat_secs).exp(), 2.0)
            } else {
                (0.15, 1.0)
            };
            sum += strength * self.tone(octave * self.hz(root + 2 * third) * shift, clock_secs);
        }
        (0.4 * (sum + self.drums.at(half_beat, in_half_beat_secs))) as f32
    }

    /// Frequency of a step of the scale.
    fn hz(&self, step: usize) -> f64 {
        const MAJOR: [u32; 7] = [0, 2, 4, 5, 7, 9, 11];
        const MINOR: [u32; 7] = [0, 2, 3, 5, 7, 8, 10];
        let scale = if self.minor { MINOR } else { MAJOR };
        self.key_hz * (f64::from(scale[step % 7]) / 12.0 + (step / 7) as f64).exp2()
    }

    fn tone(&self, hz: f64, secs: f64) -> f64 {
        let partials = self.timbre.iter().enumerate();
        partials
            .map(|(k, strength)| strength * (TAU * hz * (k + 1) as f64 * secs).sin())
            .sum()
    }
}

impl Drums {
    fn at(&self, half_beat: u64, secs: f64) -> f64 {
        let step = (half_beat % 16) as usize;
        let mut sum = 0.0;
        if self.kicks[step] {
            sum += 0.9 * (-18.0 * secs).exp() * (TAU * 90.0 * secs * (1.0 - secs)).sin();
        }
        if self.hats[step] {
            let sample = (secs * f64::from(RATE_HZ)) as u64;
            sum +=
                0.35 * (-40.0 * secs).exp() * (2.0 * random(self.seed, 7_000_000 + sample) - 1.0);
        }
        sum
    }
}

/// Uniform in 0..1, a hash of the two numbers (SplitMix64).
fn random(seed: u64, index: u64) -> f64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(index.wrapping_mul(0xbf58_476d_1ce4_e5b9))
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as f64 / 2.0_f64.powi(64)
}
