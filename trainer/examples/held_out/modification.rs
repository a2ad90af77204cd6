//! The modifications of passages, and names with their strengths.

use std::fmt;

/// One change of a passage.
#[derive(Clone, Debug, PartialEq)]
pub enum Modification {
    /// Rubber Band; the tempo stays.
    Pitch { semitones: f64 },
    /// Rubber Band; the pitch stays. 1.1 plays 10 % faster.
    Tempo { ratio: f64 },
    /// Rubber Band, each by its own amount.
    PitchAndTempo { semitones: f64, ratio: f64 },
    /// sox: pitch and tempo together, as a turntable does it.
    Speed { ratio: f64 },
    /// Noise from sox at this ratio of signal to noise, over the compared passage.
    Noise { colour: NoiseColour, snr_db: f64 },
    /// Three peaking filters of sox.
    Equaliser { hz_and_db: [(f64, f64); 3] },
    /// sox, two poles.
    LowPass { hz: f64 },
    /// sox; more is a longer and louder tail.
    Reverb { percent: f64 },
    /// sox: driven beyond full scale by this much and cut off there.
    Clip { db: f64 },
    /// sox: soft saturation.
    Overdrive { db: f64 },
    /// sox: louder or softer.
    Gain { db: f64 },
    /// The left channel of a stereo song in place of the mean of both.
    LeftChannel,
    /// Stereo with the right channel turned down by 6 dB.
    UnbalancedStereo,
    /// sox: 300 to 3,400 Hz, white noise, 8,000 samples a second.
    Telephone { snr_db: f64 },
    /// Synthetic voices of eSpeak NG over the song, their level relative to the song's.
    Speech { level_db: f64 },
    /// Another held-out track over the song, its level relative to the song's.
    OtherMusic { level_db: f64 },
    /// LAME, constant bit rate.
    Mp3 { kbps: u32 },
    /// FFmpeg's encoder.
    Aac { kbps: u32 },
    /// oggenc's quality, from -1.
    Vorbis { quality: i32 },
    /// opusenc.
    Opus { kbps: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoiseColour {
    White,
    Pink,
}

impl Modification {
    /// Speed of the passage afterwards, relative to the original.
    pub fn speed_ratio(&self) -> f64 {
        match self {
            Self::Tempo { ratio } | Self::PitchAndTempo { ratio, .. } | Self::Speed { ratio } => {
                *ratio
            }
            _ => 1.0,
        }
    }

    /// Order within a chain: first the modifications of time, so that later ones measure levels
    /// over the compared passage; last the codecs. Within a stage the order is free.
    pub fn stage(&self) -> u8 {
        match self {
            Self::LeftChannel | Self::UnbalancedStereo => 0,
            Self::Pitch { .. }
            | Self::Tempo { .. }
            | Self::PitchAndTempo { .. }
            | Self::Speed { .. } => 1,
            Self::Mp3 { .. } | Self::Aac { .. } | Self::Vorbis { .. } | Self::Opus { .. } => 4,
            Self::Telephone { .. } => 3,
            _ => 2,
        }
    }
}

/// The name in the column `perturbation`, with the strength: `pitch+3`, `tempo0.8`, `white20dB`,
/// `mp3-32k`.
impl fmt::Display for Modification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // At most two decimals, and none that are zero.
        let short = |value: f64| (value * 100.0).round() / 100.0;
        match self {
            Self::Pitch { semitones } => write!(formatter, "pitch{:+}", short(*semitones)),
            Self::Tempo { ratio } => write!(formatter, "tempo{}", short(*ratio)),
            Self::PitchAndTempo { semitones, ratio } => {
                write!(
                    formatter,
                    "pitch{:+}tempo{}",
                    short(*semitones),
                    short(*ratio)
                )
            }
            Self::Speed { ratio } => write!(formatter, "speed{}", short(*ratio)),
            Self::Noise { colour, snr_db } => {
                let colour = match colour {
                    NoiseColour::White => "white",
                    NoiseColour::Pink => "pink",
                };
                write!(formatter, "{colour}{}dB", short(*snr_db))
            }
            Self::Equaliser { .. } => formatter.write_str("eq"),
            Self::LowPass { hz } => write!(formatter, "low-pass{}Hz", hz.round()),
            Self::Reverb { percent } => write!(formatter, "reverb{}", percent.round()),
            Self::Clip { db } => write!(formatter, "clip{}dB", short(*db)),
            Self::Overdrive { db } => write!(formatter, "overdrive{}dB", short(*db)),
            Self::Gain { db } => write!(formatter, "gain{:+}dB", short(*db)),
            Self::LeftChannel => formatter.write_str("left-channel"),
            Self::UnbalancedStereo => formatter.write_str("unbalanced-stereo"),
            Self::Telephone { snr_db } => write!(formatter, "telephone{}dB", short(*snr_db)),
            Self::Speech { level_db } => write!(formatter, "speech{:+}dB", short(*level_db)),
            Self::OtherMusic { level_db } => {
                write!(formatter, "other-music{:+}dB", short(*level_db))
            }
            Self::Mp3 { kbps } => write!(formatter, "mp3-{kbps}k"),
            Self::Aac { kbps } => write!(formatter, "aac-{kbps}k"),
            Self::Vorbis { quality } => write!(formatter, "vorbis-q{quality}"),
            Self::Opus { kbps } => write!(formatter, "opus-{kbps}k"),
        }
    }
}
