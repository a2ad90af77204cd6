//! The mel scale and its filter bank, as in M. Slaney's Auditory Toolbox (1998) and librosa's
//! default.

use crate::spectrum::lanes::{LANES, Lanes};

/// Hz per mel in the linear part of Slaney's scale.
const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
/// Frequency at which Slaney's scale changes from linear to logarithmic.
const BREAK_HZ: f64 = 1_000.0;
const BREAK_MEL: f64 = BREAK_HZ / LINEAR_HZ_PER_MEL;
/// Mels per unit of natural logarithm above the break: 27 mels from 1 kHz to 6.4 kHz.
const MELS_PER_LN: f64 = 27.0 / 1.856_297_990_365_626; // ln 6.4

/// Frequency in Hz to Slaney mels.
#[must_use]
pub fn mel_from_hz(hz: f64) -> f64 {
    if hz < BREAK_HZ {
        hz / LINEAR_HZ_PER_MEL
    } else {
        BREAK_MEL + libm::log(hz / BREAK_HZ) * MELS_PER_LN
    }
}

/// Slaney mels to frequency in Hz.
#[must_use]
pub fn hz_from_mel(mel: f64) -> f64 {
    if mel < BREAK_MEL {
        mel * LINEAR_HZ_PER_MEL
    } else {
        BREAK_HZ * libm::exp((mel - BREAK_MEL) / MELS_PER_LN)
    }
}

/// The `mel_bands + 2` corner frequencies in Hz of `mel_bands` triangular filters, evenly spaced in
/// mels from 0 Hz to `max_hz`. Filter `b` rises from corner `b` to `b + 1` and falls to `b + 2`.
#[must_use]
pub fn corner_frequencies_hz(mel_bands: usize, max_hz: f64) -> Vec<f64> {
    let top_mel = mel_from_hz(max_hz);
    (0..mel_bands + 2)
        .map(|corner| hz_from_mel(top_mel * corner as f64 / (mel_bands + 1) as f64))
        .collect()
}

/// Weight at `hz` of a triangular filter over `[low, centre, high]` Hz, of unit area (Slaney norm).
#[must_use]
pub fn triangle_weight(corners_hz: [f64; 3], hz: f64) -> f64 {
    let [low, centre, high] = corners_hz;
    let rise = (hz - low) / (centre - low);
    let fall = (high - hz) / (high - centre);
    rise.min(fall).max(0.0) * 2.0 / (high - low)
}

/// A bank of triangular filters over the linear bins of an FFT, stored as runs of non-zero weights.
#[derive(Clone, Debug)]
pub struct MelBank {
    bands: Vec<Band>,
}

#[derive(Clone, Debug)]
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

impl MelBank {
    /// The bank of `mel_bands` filters from 0 Hz to half of `sample_rate_hz`, over the
    /// `fft_samples / 2 + 1` bins of an FFT.
    #[must_use]
    pub fn new(sample_rate_hz: u32, fft_samples: usize, mel_bands: usize) -> Self {
        let sample_rate_hz = f64::from(sample_rate_hz);
        let corners_hz = corner_frequencies_hz(mel_bands, sample_rate_hz / 2.0);
        let bin_hz = sample_rate_hz / fft_samples as f64;
        let bands = corners_hz
            .windows(3)
            .map(|corners| {
                let corners = [corners[0], corners[1], corners[2]];
                let weight = |bin: usize| triangle_weight(corners, bin as f64 * bin_hz) as f32;
                let bins = fft_samples / 2 + 1;
                let first_bin = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
                let weights = (first_bin..bins)
                    .map(weight)
                    .take_while(|&weight| weight > 0.0)
                    .collect();
                Band { first_bin, weights }
            })
            .collect();
        Self { bands }
    }

    /// The mel power of four frames, band by band, from their power in each FFT bin.
    ///
    /// # Panics
    ///
    /// If `power` has fewer bins than the FFT of the bank.
    pub fn apply(&self, power: &[Lanes]) -> impl Iterator<Item = [f32; LANES]> {
        self.bands.iter().map(|band| {
            let bins = &power[band.first_bin..band.first_bin + band.weights.len()];
            bins.iter()
                .zip(&band.weights)
                .fold(Lanes::default(), |sum, (&power, &weight)| {
                    sum + power * weight
                })
                .values()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mel_to_hz_inverts_hz_to_mel() {
        for hz in [0.0, 440.0, 999.0, 1_000.0, 6_400.0, 11_025.0] {
            assert!((hz_from_mel(mel_from_hz(hz)) - hz).abs() < 1e-9, "{hz} Hz");
        }
        // By Slaney's definition: 15 mels at 1 kHz, 27 more at 6.4 kHz.
        assert!((mel_from_hz(1_000.0) - 15.0).abs() < 1e-12);
        assert!((mel_from_hz(6_400.0) - 42.0).abs() < 1e-9);
    }

    #[test]
    fn filters_have_unit_area() {
        let (sample_rate_hz, fft_samples) = (22_050, 1 << 16);
        let bank = MelBank::new(sample_rate_hz, fft_samples, 40);
        let power = vec![Lanes::all(1.0); fft_samples / 2 + 1];
        let bin_hz = sample_rate_hz as f32 / fft_samples as f32;
        let areas: Vec<f32> = bank
            .apply(&power)
            .flat_map(|lanes| lanes.map(|power| power * bin_hz))
            .collect();
        assert_eq!(areas.len(), 40 * LANES);
        assert!(
            areas.iter().all(|area| (area - 1.0).abs() < 1e-3),
            "{areas:?}"
        );
    }
}
