//! The whitened spectrogram: the fine structure of a song's spectrum over log frequency and time,
//! in which two passages can be aligned exactly.
//!
//! Embeddings are invariant to pitch and to offsets of a few tenths of a second, so that they can't
//! give exact times. This spectrogram is not invariant. On a log frequency axis a transposition is
//! a shift by whole bands. Two local means are subtracted: over neighbouring bands, which removes
//! timbre and equaliser and leaves partials, and over neighbouring columns, which removes sustained
//! sound and leaves onsets. The rest has a mean near zero and correlates only with itself.

use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::spectrum::log_mel::{MelSpectrogram, power_of_decibels};
use crate::spectrum::mel::mel_from_hz;

/// Frames of one column: 93 ms.
pub(crate) const FRAMES_PER_COLUMN: usize = 4;
/// Bands per semitone: the resolution of the mel bands above 1 kHz.
pub const BANDS_PER_SEMITONE: usize = 2;
/// Greatest transposition that is searched, in semitones either way.
pub const MAX_SEMITONES: usize = 13;
/// Bands on each side of a band in its spectral mean: three semitones.
const ENVELOPE_BANDS: usize = 6;
/// Columns on each side of a column in its mean over time: 1.5 s.
const ENVELOPE_COLUMNS: usize = 16;
/// Steps for one unit of natural logarithm. A value takes one byte and reaches 3 units (13 dB)
/// either way, which few values exceed.
const STEPS_PER_UNIT: f32 = 42.0;

/// Frequency range and floor of a spectrogram.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum Preset {
    /// For songs, whose passages are found to a tenth of a second. From 500 Hz, below which mel
    /// bands are wider than a semitone. Floor 50 dB below the song's level, which hides noise and
    /// the gaps that a codec leaves.
    Song,
    /// For clips, which have so little content that all of it is needed. From 100 Hz. Floor 20 dB
    /// below the clip's level, because noise or speech on top of it may be as loud as that. Chosen
    /// among eight presets on validation tracks: of copies in white noise of their own level, the
    /// preset for songs misses one in ten and this one none.
    Clip,
}

impl Preset {
    /// Centre of the lowest band, in Hz.
    fn lowest_hz(self) -> f64 {
        match self {
            Self::Song => 500.0,
            Self::Clip => 100.0,
        }
    }

    /// Number of bands, up to 6.2 kHz, above which few sounds have a pitch. A multiple of eight,
    /// for vector registers.
    #[must_use]
    pub fn bands(self) -> usize {
        match self {
            Self::Song => 88,
            Self::Clip => 144,
        }
    }

    /// Floor relative to the level of the song, in dB.
    fn floor_db(self) -> f32 {
        match self {
            Self::Song => -50.0,
            Self::Clip => -20.0,
        }
    }
}

/// The whitened spectrogram of a song: shape `[columns, bands]`, column by column.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct WhitenedSpectrogram {
    /// Frequency range and floor.
    pub preset: Preset,
    /// Whole numbers, so that sums of products are exact in any order and on any machine.
    values: Vec<i8>,
    /// Length of a column in seconds.
    pub column_secs: f64,
}

impl WhitenedSpectrogram {
    /// The whitened spectrogram of a song's mel power.
    #[must_use]
    pub fn new(mel: &MelSpectrogram, preset: Preset, config: &FeatureConfig) -> Self {
        let bands = preset.bands();
        let places = band_places(preset, config);
        let level = power_of_decibels(mel.level_db(config) + preset.floor_db());
        let floor = level.max(config.power_floor) * FRAMES_PER_COLUMN as f32;
        let mut power = vec![0.0; mel.mel_bands];
        let mut fine = Vec::with_capacity(mel.frames().div_ceil(FRAMES_PER_COLUMN) * bands);
        for frames in mel.power.chunks(FRAMES_PER_COLUMN * mel.mel_bands) {
            power.fill(0.0);
            for frame in frames.chunks_exact(mel.mel_bands) {
                for (sum, value) in power.iter_mut().zip(frame) {
                    *sum += value;
                }
            }
            let column: Vec<f32> = places
                .iter()
                .map(|&(below, part)| {
                    let value = power[below] + (power[below + 1] - power[below]) * part;
                    libm::logf(value + floor)
                })
                .collect();
            fine.extend(less_local_mean(&column, 1, ENVELOPE_BANDS));
        }
        let whitened = less_local_mean(&fine, bands, ENVELOPE_COLUMNS);
        let limit = f32::from(i8::MAX);
        Self {
            preset,
            values: whitened
                .map(|value| (value * STEPS_PER_UNIT).round().clamp(-limit, limit) as i8)
                .collect(),
            column_secs: FRAMES_PER_COLUMN as f64 * config.frame_hop_secs(),
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len() / self.preset.bands()
    }

    /// The spectrogram of the song that plays backwards.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let columns = self.values.chunks_exact(self.preset.bands()).rev();
        Self {
            values: columns.flatten().copied().collect(),
            ..*self
        }
    }

    /// Root mean square of each band.
    #[must_use]
    pub fn root_mean_squares(&self) -> Vec<f64> {
        let mut sums = vec![0_i64; self.preset.bands()];
        for column in self.values.chunks_exact(sums.len()) {
            for (sum, value) in sums.iter_mut().zip(column) {
                *sum += i64::from(*value) * i64::from(*value);
            }
        }
        let columns = self.columns().max(1) as f64;
        sums.into_iter()
            .map(|sum| (sum as f64 / columns).sqrt())
            .collect()
    }

    /// The spectrogram with silence below a band.
    #[must_use]
    pub fn without_bands_below(&self, band: usize) -> Self {
        let mut values = self.values.clone();
        for column in values.chunks_exact_mut(self.preset.bands()) {
            column[..band].fill(0);
        }
        Self { values, ..*self }
    }

    /// A column, shape `[bands]`; `None` beyond the song's ends.
    #[must_use]
    pub fn column(&self, column: isize) -> Option<&[i8]> {
        let bands = self.preset.bands();
        let first = usize::try_from(column).ok()?.checked_mul(bands)?;
        self.values.get(first..first + bands)
    }
}

/// A song of pieces, each given by a seed and a number of columns. All columns are different ones;
/// those with the seed 0 are silent.
#[cfg(test)]
pub(crate) fn test_spectrogram(pieces: &[(u32, usize)]) -> WhitenedSpectrogram {
    let mut values = Vec::new();
    for &(seed, columns) in pieces {
        let mut noise = crate::test_sound::noise(seed);
        let amplitude = if seed == 0 { 0.0 } else { 200.0 };
        let count = columns * Preset::Song.bands();
        values.extend((0..count).map(|_| (noise() * amplitude) as i8));
    }
    WhitenedSpectrogram {
        preset: Preset::Song,
        values,
        column_secs: 2_048.0 / 22_050.0,
    }
}

#[cfg(test)]
impl WhitenedSpectrogram {
    /// Makes the bands below one this share as strong.
    pub(crate) fn scale_bands_below(&mut self, band: usize, share: f32) {
        for column in self.values.chunks_exact_mut(self.preset.bands()) {
            for value in &mut column[..band] {
                *value = (f32::from(*value) * share).round() as i8;
            }
        }
    }

    /// This one, and another one after it.
    pub(crate) fn followed_by(mut self, other: &Self) -> Self {
        self.values.extend(&other.values);
        self
    }

    /// A mix with another spectrogram of the same size that correlates with this one so much.
    pub(crate) fn blended(mut self, other: &Self, correlation: f32) -> Self {
        let rest = (1.0 - correlation * correlation).sqrt();
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = (f32::from(*value) * correlation + f32::from(*other) * rest) as i8;
        }
        self
    }
}

/// Sum of the products of `left[b]` and `right[b + shift]` over the bands that both have.
#[must_use]
pub fn product(left: &[i8], right: &[i8], shift: isize) -> i32 {
    let up = usize::try_from(shift).unwrap_or(0);
    let down = usize::try_from(-shift).unwrap_or(0);
    left.iter()
        .skip(down)
        .zip(right.iter().skip(up))
        .map(|(&left, &right)| i32::from(left) * i32::from(right))
        .sum()
}

/// For each band the mel band at or below its frequency, and its distance from there to the next
/// one, 0..1.
fn band_places(preset: Preset, config: &FeatureConfig) -> Vec<(usize, f32)> {
    let top_mel = mel_from_hz(f64::from(config.sample_rate_hz) / 2.0);
    (0..preset.bands())
        .map(|band| {
            let hz =
                preset.lowest_hz() * libm::exp2(band as f64 / (12 * BANDS_PER_SEMITONE) as f64);
            // Mel band `b` is centred on corner `b + 1`.
            let place = mel_from_hz(hz) / top_mel * (config.mel_bands + 1) as f64 - 1.0;
            let below = (place.max(0.0) as usize).min(config.mel_bands - 2);
            (below, (place - below as f64) as f32)
        })
        .collect()
}

/// Each value less the mean of the values up to `reach` places before and after it. Neighbours lie
/// `stride` apart.
fn less_local_mean(values: &[f32], stride: usize, reach: usize) -> impl Iterator<Item = f32> {
    let places = values.len() / stride;
    // Running sums, in f64 so that they don't drift.
    let mut sums = vec![0.0_f64; values.len() + stride];
    for index in 0..values.len() {
        sums[index + stride] = sums[index] + f64::from(values[index]);
    }
    (0..values.len()).map(move |index| {
        let (place, offset) = (index / stride, index % stride);
        let (first, end) = (place.saturating_sub(reach), (place + reach + 1).min(places));
        let sum = sums[end * stride + offset] - sums[first * stride + offset];
        values[index] - (sum / (end - first) as f64) as f32
    })
}

#[cfg(test)]
mod tests;
