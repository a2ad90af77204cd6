//! A song's samples as they come, part by part from a decoder, brought to the model's rate on the way: so that all of them
//! are nowhere held at the rate of decoding.

use crate::audio::resampler::Resampler;
use crate::audio::waveform::{check_count, check_rate, check_samples};
use crate::error::Result;

/// A song, as far as it has come.
#[derive(Debug)]
pub struct SampleStream {
    name: String,
    sample_rate_hz: u32,
    resampler: Resampler,
}

impl SampleStream {
    /// A song of `name`, of which nothing has come yet. `expected_samples` is how many are to come, as far as is known: room is made for so many.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`](crate::Error::DecodeFailed) when `sample_rate_hz` is none that audio has.
    ///
    /// # Panics
    ///
    /// If `model_rate_hz` is zero.
    pub fn new(
        name: &str,
        sample_rate_hz: u32,
        model_rate_hz: u32,
        expected_samples: usize,
    ) -> Result<Self> {
        check_rate(name, sample_rate_hz)?;
        Ok(Self {
            name: name.into(),
            sample_rate_hz,
            resampler: Resampler::new(sample_rate_hz, model_rate_hz, expected_samples),
        })
    }

    /// The song's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it is so far, in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> f64 {
        self.resampler.input_samples() as f64 / f64::from(self.sample_rate_hz)
    }

    /// Takes the next mono samples, nominally in -1..1.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`](crate::Error::DecodeFailed) when a sample isn't finite or beyond 1e12; none of the part is taken then.
    pub fn append(&mut self, part: &[f32]) -> Result<()> {
        check_samples(&self.name, part, self.resampler.input_samples())?;
        self.resampler.push(part);
        Ok(())
    }

    /// All samples, at the model's rate.
    ///
    /// # Errors
    ///
    /// [`Error::NoAudio`](crate::Error::NoAudio) when none have come.
    pub fn finish(self) -> Result<Vec<f32>> {
        check_count(&self.name, self.resampler.input_samples())?;
        Ok(self.resampler.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sample_is_named_by_its_place_in_the_song() {
        let mut recording = SampleStream::new("a", 44_100, 22_050, 3).unwrap();
        recording.append(&[0.5; 441]).unwrap();
        let error = recording.append(&[0.0, f32::NAN]).unwrap_err();
        assert_eq!(error.code(), "decode-failed");
        assert!(error.to_string().contains("sample 442 is NaN"), "{error}");
        assert_eq!(recording.duration_secs(), 0.01);
    }

    #[test]
    fn nothing_is_no_song() {
        let recording = SampleStream::new("a", 44_100, 22_050, 0).unwrap();
        assert_eq!(recording.finish().unwrap_err().code(), "no-audio");
        let impossible = SampleStream::new("a", 3, 22_050, 0);
        assert_eq!(impossible.unwrap_err().code(), "decode-failed");
    }
}
