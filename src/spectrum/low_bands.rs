//! The lowest bands, no louder than the rest: an offset, rumble or hum of the mains must not set
//! the level of a song.
//!
//! They are heard little or not at all, but they can be stronger than all of the music. The level
//! of a song, from which the encoder's input and all floors are measured, is that of its loudest
//! band.

use crate::config::{FeatureConfig, SILENCE_DB};
use crate::spectrum::log_mel::{MelSpectrogram, decibels, power_of_decibels, quantile};

/// Bands with a centre up to 155 Hz. The second harmonic of the mains of 60 Hz lies there.
const LOW_BANDS: usize = 6;
/// Greatest level of a low band above that of all others in music, in dB: 45 songs reach 14.
const MOST_EXCESS_DB: f32 = 15.0;

/// Lowers each of the lowest bands that is louder than in any music: the louder, the surer it is
/// that something else sounds there. A song without anything else stays as it is.
///
/// | Level above the other bands | becomes |
/// |---|---|
/// | up to 15 dB | the same |
/// | 15 to 30 dB | 15 to 0 dB |
/// | more | 0 dB |
pub fn limit_low_bands(mel: &mut MelSpectrogram, config: &FeatureConfig) {
    let bands = mel.mel_bands;
    let level_db = |span: std::ops::Range<usize>| {
        let loudest = mel
            .power
            .chunks_exact(bands)
            .map(|frame| frame[span.clone()].iter().copied().fold(0.0, f32::max));
        decibels(quantile(loudest.collect(), config.level_quantile).max(config.power_floor))
    };
    let others_db = level_db(LOW_BANDS..bands);
    if others_db < SILENCE_DB || level_db(0..LOW_BANDS) - others_db <= MOST_EXCESS_DB {
        return;
    }
    let gains = std::array::from_fn::<f32, LOW_BANDS, _>(|band| {
        let excess_db = level_db(band..band + 1) - others_db;
        let limited_db = excess_db.min((2.0 * MOST_EXCESS_DB - excess_db).max(0.0));
        power_of_decibels(limited_db - excess_db)
    });
    for frame in mel.power.chunks_exact_mut(bands) {
        for (power, gain) in frame.iter_mut().zip(gains) {
            *power *= gain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sound::mel_power;

    /// A melody at -20 dB, and a steady tone.
    fn melody_and_tone(hz: f32, amplitude: f32) -> MelSpectrogram {
        let sine = |n: u32, hz: f32| (std::f32::consts::TAU * hz * n as f32 / 22_050.0).sin();
        let samples: Vec<f32> = (0..6 * 22_050)
            .map(|n| {
                let key = n / 5_000 * 5 % 13;
                0.1 * sine(n, 440.0 + 40.0 * key as f32) + amplitude * sine(n, hz)
            })
            .collect();
        mel_power(&samples)
    }

    fn limited(mel: &MelSpectrogram) -> MelSpectrogram {
        let mut limited = mel.clone();
        limit_low_bands(&mut limited, &FeatureConfig::default());
        limited
    }

    #[test]
    fn rumble_offset_and_hum_do_not_set_the_level() {
        let config = FeatureConfig::default();
        let level_db = |mel: &MelSpectrogram| limited(mel).level_db(&config);
        let alone_db = level_db(&melody_and_tone(50.0, 0.0));
        for hz in [50.0, 100.0] {
            let with_tone = melody_and_tone(hz, 1.0);
            assert!(with_tone.level_db(&config) > alone_db + 15.0, "{hz}");
            let excess_db = level_db(&with_tone) - alone_db;
            assert!((0.0..15.0).contains(&excess_db), "{hz}: {excess_db}");
        }
    }

    #[test]
    fn other_songs_stay_as_they_are() {
        for (hz, amplitude) in [(50.0, 0.2), (200.0, 1.0)] {
            let mel = melody_and_tone(hz, amplitude);
            assert_eq!(limited(&mel), mel, "{hz}");
        }
        let lone: Vec<f32> = (0..20 * 22_050).map(|n| (0.015 * n as f32).sin()).collect();
        let lone = mel_power(&lone);
        assert!(limited(&lone).level_db(&FeatureConfig::default()) > 20.0);
    }
}
