//! Mono audio at a known rate: validation, downmix, resampling.

use crate::audio::resampler::Resampler;
use crate::config::{self, SAMPLE_RATES_HZ};
use crate::error::{Error, Result};

/// Largest magnitude of a sample. It exceeds every scale of audio files (32-bit integers reach
/// 2e9), and the power of an FFT's bins stays far inside f32 (2,048 samples of 1e12: 4e30).
const MAX_MAGNITUDE: f32 = 1e12;

/// Mono samples, nominally in -1..1, with their rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Waveform {
    samples: Vec<f32>,
    sample_rate_hz: u32,
}

impl Waveform {
    /// Two channels cancel out in their mean if half of their difference has more than this many
    /// times its energy. A song of such channels is mixed by their difference.
    pub const CANCELLING_RATIO: f64 = config::CANCELLING_RATIO;

    /// A waveform of mono samples. `name` is the song's name in errors.
    ///
    /// # Errors
    ///
    /// [`Error::NoAudio`] without samples; [`Error::DecodeFailed`] when a sample isn't finite or
    /// exceeds 1e12 in magnitude, or the rate lies outside 4 to 384 kHz.
    pub fn new(name: &str, samples: Vec<f32>, sample_rate_hz: u32) -> Result<Self> {
        check_count(name, samples.len())?;
        check_rate(name, sample_rate_hz)?;
        check_samples(name, &samples, 0)?;
        Ok(Self {
            samples,
            sample_rate_hz,
        })
    }

    /// Mixes channels of equal length down to their mean.
    ///
    /// # Errors
    ///
    /// Those of [`Waveform::new`]; also [`Error::NoAudio`] without channels, and
    /// [`Error::DecodeFailed`] when the channels differ in length.
    pub fn from_channels(name: &str, channels: &[&[f32]], sample_rate_hz: u32) -> Result<Self> {
        let Some((first, rest)) = channels.split_first() else {
            return Err(Error::NoAudio {
                name: name.into(),
                what: "no channels",
            });
        };
        let mut samples = first.to_vec();
        for channel in rest {
            if channel.len() != samples.len() {
                let reason = "its channels differ in length".into();
                return Err(Error::DecodeFailed {
                    name: name.into(),
                    reason,
                });
            }
            for (sum, sample) in samples.iter_mut().zip(*channel) {
                *sum += sample;
            }
        }
        let scale = 1.0 / channels.len() as f32;
        samples.iter_mut().for_each(|sample| *sample *= scale);
        Self::new(name, samples, sample_rate_hz)
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Samples per second.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Length in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate_hz)
    }

    /// The same sound at another rate: band-limited, in phase, of equal duration to one sample.
    ///
    /// # Panics
    ///
    /// If `sample_rate_hz` is zero.
    #[must_use]
    pub fn resampled(self, sample_rate_hz: u32) -> Self {
        if self.sample_rate_hz == sample_rate_hz {
            return self;
        }
        let mut resampler = Resampler::new(self.sample_rate_hz, sample_rate_hz, self.samples.len());
        resampler.push(&self.samples);
        Self {
            samples: resampler.finish(),
            sample_rate_hz,
        }
    }

    /// `length_samples` samples from `start_secs` on, with silence beyond the end of the song.
    #[must_use]
    pub fn excerpt(&self, start_secs: f64, length_samples: usize) -> Vec<f32> {
        let start = (start_secs.max(0.0) * f64::from(self.sample_rate_hz)).round() as usize;
        let mut excerpt = self.samples.get(start..).unwrap_or_default().to_vec();
        excerpt.resize(length_samples, 0.0);
        excerpt
    }
}

/// [`Error::NoAudio`] when there are no samples.
pub(crate) fn check_count(name: &str, samples: usize) -> Result<()> {
    if samples > 0 {
        return Ok(());
    }
    Err(Error::NoAudio {
        name: name.into(),
        what: "no samples",
    })
}

/// [`Error::DecodeFailed`] when the rate is impossible for audio.
pub(crate) fn check_rate(name: &str, sample_rate_hz: u32) -> Result<()> {
    if SAMPLE_RATES_HZ.contains(&sample_rate_hz) {
        return Ok(());
    }
    Err(Error::DecodeFailed {
        name: name.into(),
        reason: format!(
            "its sample rate is {sample_rate_hz} Hz, outside {} to {} Hz",
            SAMPLE_RATES_HZ.start(),
            SAMPLE_RATES_HZ.end()
        ),
    })
}

/// [`Error::DecodeFailed`] when a sample isn't finite or too large. `first` is the index in the
/// song of the first one.
pub(crate) fn check_samples(name: &str, samples: &[f32], first: usize) -> Result<()> {
    // No range contains NaN.
    let possible = -MAX_MAGNITUDE..=MAX_MAGNITUDE;
    match samples.iter().position(|sample| !possible.contains(sample)) {
        None => Ok(()),
        Some(at) => Err(Error::DecodeFailed {
            name: name.into(),
            reason: format!("sample {} is {}", first + at, samples[at]),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_input_is_refused_with_the_right_code() {
        let code = |result: Result<Waveform>| result.map_err(|error| error.code());
        assert_eq!(code(Waveform::new("a", vec![], 44_100)), Err("no-audio"));
        assert_eq!(
            code(Waveform::from_channels("a", &[], 44_100)),
            Err("no-audio")
        );
        assert_eq!(
            code(Waveform::new("a", vec![0.0, f32::NAN], 44_100)),
            Err("decode-failed")
        );
        assert_eq!(
            code(Waveform::new("a", vec![f32::INFINITY], 44_100)),
            Err("decode-failed")
        );
        for sample in [1e13, -3e38] {
            assert_eq!(
                code(Waveform::new("a", vec![0.0, sample], 44_100)),
                Err("decode-failed"),
                "{sample}"
            );
        }
        for rate_hz in [0, 1, 3_999, 384_001, u32::MAX] {
            assert_eq!(
                code(Waveform::new("a", vec![0.0], rate_hz)),
                Err("decode-failed"),
                "{rate_hz}"
            );
        }
        let unequal: [&[f32]; 2] = [&[0.0; 3], &[0.0; 4]];
        assert_eq!(
            code(Waveform::from_channels("a", &unequal, 44_100)),
            Err("decode-failed")
        );
    }

    #[test]
    fn samples_of_the_largest_magnitude_stay_finite_when_resampled() {
        for sign in [1.0, -1.0] {
            let samples = (0..20_000)
                .map(|n| MAX_MAGNITUDE * if n % 7 < 3 { sign } else { -sign })
                .collect();
            let resampled = Waveform::new("a", samples, 44_100)
                .unwrap()
                .resampled(22_050);
            assert!(resampled.samples().iter().all(|sample| sample.is_finite()));
        }
    }

    #[test]
    fn channels_are_averaged() {
        let waveform = Waveform::from_channels("a", &[&[1.0, 0.0], &[0.0, -1.0]], 8_000).unwrap();
        assert_eq!(waveform.samples(), [0.5, -0.5]);
    }

    #[test]
    fn an_excerpt_past_the_end_is_filled_with_silence() {
        let waveform = Waveform::new("a", vec![1.0; 4_000], 4_000).unwrap();
        assert_eq!(
            waveform.excerpt(0.999, 8),
            [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        );
        assert_eq!(waveform.excerpt(9.0, 2), [0.0, 0.0]);
    }
}
