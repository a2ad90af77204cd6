//! What moves in a song's spectrum, over log frequency and time: the picture by which two passages are laid exactly upon each other.
//!
//! An embedding says what 3 s are like; it is made not to care for a few tenths of a second, nor for pitch. This picture keeps what it lets go. Log
//! frequency turns another pitch into a shift by whole bands. Two averages are taken away: over neighbouring bands, so that partials count and timbre
//! and equaliser don't, and over neighbouring columns, so that the start of a note counts and what just sounds on doesn't. What is left has no mean, and
//! correlates only with itself.

use serde::{Deserialize, Serialize};

use crate::config::FeatureConfig;
use crate::spectrum::log_mel::{MelSpectrogram, power_of_decibels};
use crate::spectrum::mel::mel_from_hz;

/// Frames of one column: 93 ms, which a parabola through three correlations divides further.
pub(crate) const FRAMES_PER_COLUMN: usize = 4;
/// Bands to a semitone: as many as mel bands above 1 kHz have.
pub const BANDS_PER_SEMITONE: usize = 2;
/// Greatest shift of pitch looked for, in semitones, either way.
pub const MAX_SEMITONES: usize = 13;
/// Bands on each side over which a column's envelope is averaged: three semitones.
const ENVELOPE_BANDS: usize = 6;
/// Columns on each side over which a band is averaged: 1.5 s.
const ENVELOPE_COLUMNS: usize = 16;
/// Steps of one unit of natural logarithm. A value takes one byte, and reaches to 3 units (13 dB) either way, which few exceed.
const STEPS_PER_UNIT: f32 = 42.0;

/// What part of the spectrum a profile shows.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub enum View {
    /// Of a song, in which passages are found to a tenth of a second: from 500 Hz, below which mel bands are wider than a semitone, and down to 50 dB below the
    /// song's level, as noise and a codec's holes are no music.
    Song,
    /// Of a clip, which has so little to compare that all of it counts: from 100 Hz, and down to 20 dB below its level, as noise and speech on
    /// top of it may be as loud as that. Chosen among eight on validation tracks: of copies in white noise as loud as themselves the song's view misses one in ten, this one none.
    Clip,
}

impl View {
    /// The lowest band, in Hz.
    fn lowest_hz(self) -> f64 {
        match self {
            Self::Song => 500.0,
            Self::Clip => 100.0,
        }
    }

    /// Number of bands, up to 6.2 kHz: above, little has a pitch. A multiple of eight, for vector registers.
    #[must_use]
    pub fn bands(self) -> usize {
        match self {
            Self::Song => 88,
            Self::Clip => 144,
        }
    }

    /// What lies this far below the level counts as that low, in dB.
    fn floor_db(self) -> f32 {
        match self {
            Self::Song => -50.0,
            Self::Clip => -20.0,
        }
    }
}

/// The moving fine structure of a song's spectrum: shape `[columns, bands]`, column by column.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct SpectralProfile {
    /// What it shows.
    pub view: View,
    /// Values, in small whole numbers: sums of their products are exact, in any order and on any machine.
    values: Vec<i8>,
    /// Seconds of one column.
    pub column_secs: f64,
}

impl SpectralProfile {
    /// The profile of a song's mel power.
    #[must_use]
    pub fn new(mel: &MelSpectrogram, view: View, config: &FeatureConfig) -> Self {
        let bands = view.bands();
        let places = band_places(view, config);
        let level = power_of_decibels(mel.level_db(config) + view.floor_db());
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
            fine.extend(without_mean_of_near(&column, 1, ENVELOPE_BANDS));
        }
        let moving = without_mean_of_near(&fine, bands, ENVELOPE_COLUMNS);
        let limit = f32::from(i8::MAX);
        Self {
            view,
            values: moving
                .map(|value| (value * STEPS_PER_UNIT).round().clamp(-limit, limit) as i8)
                .collect(),
            column_secs: FRAMES_PER_COLUMN as f64 * config.frame_hop_secs(),
        }
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len() / self.view.bands()
    }

    /// A column, shape `[bands]`; `None` beyond the song's ends.
    #[must_use]
    pub fn column(&self, column: isize) -> Option<&[i8]> {
        let bands = self.view.bands();
        let first = usize::try_from(column).ok()?.checked_mul(bands)?;
        self.values.get(first..first + bands)
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

/// For each band the mel band at or below its frequency, and how far it lies towards the next.
fn band_places(view: View, config: &FeatureConfig) -> Vec<(usize, f32)> {
    let top_mel = mel_from_hz(f64::from(config.sample_rate_hz) / 2.0);
    (0..view.bands())
        .map(|band| {
            let hz = view.lowest_hz() * libm::exp2(band as f64 / (12 * BANDS_PER_SEMITONE) as f64);
            // Mel band `b` is centred on corner `b + 1`.
            let place = mel_from_hz(hz) / top_mel * (config.mel_bands + 1) as f64 - 1.0;
            let below = (place.max(0.0) as usize).min(config.mel_bands - 2);
            (below, (place - below as f64) as f32)
        })
        .collect()
}

/// Each value without the mean of those up to `reach` places before and after it; neighbours lie `stride` apart.
fn without_mean_of_near(values: &[f32], stride: usize, reach: usize) -> impl Iterator<Item = f32> {
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
mod tests {
    use super::*;
    use crate::spectrum::log_mel::LogMelPlan;

    fn profile(samples: &[f32]) -> SpectralProfile {
        let config = FeatureConfig::default();
        SpectralProfile::new(
            &LogMelPlan::new(&config).mel_power(samples, |_| ()),
            View::Song,
            &config,
        )
    }

    /// Two partials that start at 2 s.
    fn note(hz: f64) -> Vec<f32> {
        (0..4 * 22_050)
            .map(|n| {
                let phase = std::f64::consts::TAU * hz * f64::from(n) / 22_050.0;
                if n < 2 * 22_050 {
                    0.0
                } else {
                    (phase.sin() + (2.0 * phase).sin()) as f32 * 0.3
                }
            })
            .collect()
    }

    /// The band with the greatest value at 2.2 s.
    fn brightest(profile: &SpectralProfile) -> usize {
        let column = profile
            .column((2.2 / profile.column_secs) as isize)
            .unwrap();
        (0..View::Song.bands())
            .max_by_key(|&band| column[band])
            .unwrap()
    }

    #[test]
    fn another_pitch_moves_the_profile_by_whole_bands() {
        let expected = |semitones: f64| {
            let hz = 1_000.0 * (semitones / 12.0).exp2();
            ((hz / View::Song.lowest_hz()).log2() * (12 * BANDS_PER_SEMITONE) as f64).round()
                as usize
        };
        for semitones in [-7.0, -1.0, 0.0, 2.0, 5.0] {
            let found = brightest(&profile(&note(1_000.0 * (semitones / 12.0_f64).exp2())));
            let octave = 12 * BANDS_PER_SEMITONE;
            assert!(
                found.abs_diff(expected(semitones)) <= 1
                    || found.abs_diff(expected(semitones) + octave) <= 1,
                "{semitones}: band {found}"
            );
        }
    }

    /// A sine that starts at 2 s.
    fn sine(hz: f64, amplitude: f64) -> Vec<f32> {
        (0..6 * 22_050)
            .map(|n| {
                let phase = std::f64::consts::TAU * hz * f64::from(n) / 22_050.0;
                let sounds = n >= 2 * 22_050;
                (f64::from(u8::from(sounds)) * amplitude * phase.sin()) as f32
            })
            .collect()
    }

    /// The column at a moment.
    fn column_at(profile: &SpectralProfile, secs: f64) -> &[i8] {
        profile
            .column((secs / profile.column_secs) as isize)
            .unwrap()
    }

    #[test]
    fn bands_are_half_semitones_from_500_hz_to_6_khz() {
        // An octave, and three and a half, above the lowest.
        for (hz, band) in [(1_000.0, 24), (5_656.9, 84)] {
            let found = brightest(&profile(&sine(hz, 0.3)));
            assert!(found.abs_diff(band) <= 1, "{hz} Hz: band {found}");
        }
    }

    #[test]
    fn columns_are_no_longer_than_a_tenth_of_a_second() {
        let profile = profile(&sine(1_000.0, 0.3));
        assert!((0.07..0.1).contains(&profile.column_secs));
        assert!((profile.columns() as f64 * profile.column_secs - 6.0).abs() < 0.2);
    }

    #[test]
    fn a_partial_stands_out_of_three_semitones_on_each_side() {
        let profile = profile(&sine(1_000.0, 0.3));
        let column = column_at(&profile, 2.2);
        assert!(column[24] > 40, "{column:?}");
        assert!(column[24 - 5] < -3 && column[24 + 5] < -3, "{column:?}");
        assert!(column[24 - 9].abs() <= 1 && column[24 + 9].abs() <= 1);
    }

    #[test]
    fn a_start_is_seen_for_a_second_and_a_half() {
        let profile = profile(&sine(1_000.0, 0.3));
        let at = |secs| column_at(&profile, secs)[24];
        assert!(at(3.2) > 10, "{}", at(3.2));
        assert!(at(3.8).abs() <= 2, "{}", at(3.8));
    }

    #[test]
    fn what_is_faint_has_no_profile_and_what_is_soft_has() {
        // A loud tone all along, and a soft one that starts at 2 s.
        let with_soft = |below_db: f64| {
            let mut samples = sine(2_828.4, 0.3 * 10.0_f64.powf(-below_db / 20.0));
            for (n, sample) in samples.iter_mut().enumerate() {
                *sample += (n as f32 * 0.1).sin() * 0.3;
            }
            column_at(&profile(&samples), 2.3)[60]
        };
        assert!(with_soft(30.0) > 30, "{}", with_soft(30.0));
        assert!(with_soft(70.0).abs() <= 4, "{}", with_soft(70.0));
    }

    #[test]
    fn values_fill_a_byte_and_few_reach_its_end() {
        // Three notes a second with eight partials, each of which dies away.
        let samples: Vec<f32> = (0..12 * 22_050_u32)
            .map(|n| {
                let beat = 3 * n / 22_050;
                let hz = 330.0 * (f64::from(beat * 5 % 13) / 12.0).exp2();
                let since = f64::from(3 * n % 22_050) / 22_050.0;
                let secs = f64::from(n) / 22_050.0;
                (1..=8)
                    .map(|k| (std::f64::consts::TAU * hz * f64::from(k) * secs).sin())
                    .sum::<f64>() as f32
                    * 0.05
                    * (-3.0 * since).exp() as f32
            })
            .collect();
        let values = profile(&samples).values;
        let share = |least: u8| {
            let loud = values.iter().filter(|value| value.unsigned_abs() >= least);
            loud.count() as f64 / values.len() as f64
        };
        assert!(share(64) > 0.3, "{}", share(64));
        assert!(share(127) < 0.3, "{}", share(127));
    }

    #[test]
    fn what_only_sounds_on_has_no_profile() {
        let tone: Vec<f32> = (0..8 * 22_050)
            .map(|n| (n as f32 * 0.3).sin() * 0.3)
            .collect();
        let profile = profile(&tone);
        let middle = profile.columns() as isize / 2;
        let loudest = profile
            .column(middle)
            .unwrap()
            .iter()
            .map(|value| value.unsigned_abs())
            .max();
        assert!(loudest.unwrap() <= 1, "{loudest:?}");
    }

    #[test]
    fn loudness_changes_nothing() {
        let note = note(700.0);
        let softer: Vec<f32> = note.iter().map(|sample| 0.1 * sample).collect();
        let (note, softer) = (profile(&note), profile(&softer));
        let off = note
            .values
            .iter()
            .zip(&softer.values)
            .map(|(a, b)| (a - b).unsigned_abs());
        assert!(off.max().unwrap() <= 1);
    }

    #[test]
    fn there_is_nothing_beyond_the_ends() {
        let profile = profile(&note(700.0));
        let columns = profile.columns() as isize;
        assert!(profile.column(-1).is_none() && profile.column(columns).is_none());
        assert!(profile.column(0).is_some() && profile.column(columns - 1).is_some());
        assert!(profile.column(isize::MIN).is_none() && profile.column(isize::MAX).is_none());
    }

    #[test]
    fn products_are_over_the_bands_that_both_have() {
        let (left, right) = ([1, 2, 3, 4], [10, 20, 30, 40]);
        assert_eq!(product(&left, &right, 0), 10 + 40 + 90 + 160);
        assert_eq!(product(&left, &right, 1), 20 + 2 * 30 + 3 * 40);
        assert_eq!(product(&left, &right, -1), 2 * 10 + 3 * 20 + 4 * 30);
        assert_eq!(product(&left, &right, 9), 0);
    }
}
