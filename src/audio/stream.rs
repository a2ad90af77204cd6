//! The samples of a song in parts, as a decoder gives them. Each part is resampled to the model's
//! rate at once, so that the whole song is never in memory at the rate of decoding.

use crate::audio::resampler::Resampler;
use crate::audio::waveform::{check_count, check_rate, check_samples};
use crate::error::Result;

/// A song whose samples come in parts.
#[derive(Debug)]
pub struct SampleStream {
    name: String,
    sample_rate_hz: u32,
    resampler: Resampler,
}

impl SampleStream {
    /// A song of `name`, without samples yet. `expected_samples` is an estimate of their number,
    /// for which memory is reserved.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`](crate::Error::DecodeFailed) when `sample_rate_hz` lies outside 4 to
    /// 384 kHz.
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

    /// Duration of the samples so far, in seconds.
    #[must_use]
    pub fn duration_secs(&self) -> f64 {
        self.resampler.input_samples() as f64 / f64::from(self.sample_rate_hz)
    }

    /// Appends mono samples, nominally in -1..1.
    ///
    /// # Errors
    ///
    /// [`Error::DecodeFailed`](crate::Error::DecodeFailed) when a sample isn't finite or exceeds
    /// 1e12 in magnitude. Nothing is appended then.
    pub fn append(&mut self, part: &[f32]) -> Result<()> {
        check_samples(&self.name, part, self.resampler.input_samples())?;
        self.resampler.push(part);
        Ok(())
    }

    /// All samples, at the model's rate.
    ///
    /// # Errors
    ///
    /// [`Error::NoAudio`](crate::Error::NoAudio) when there are none.
    pub fn finish(self) -> Result<Vec<f32>> {
        check_count(&self.name, self.resampler.input_samples())?;
        Ok(self.resampler.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_sample_is_reported_with_its_index_in_the_song() {
        let mut stream = SampleStream::new("a", 44_100, 22_050, 3).unwrap();
        stream.append(&[0.5; 441]).unwrap();
        let error = stream.append(&[0.0, f32::NAN]).unwrap_err();
        assert_eq!(error.code(), "decode-failed");
        assert!(error.to_string().contains("sample 442 is NaN"), "{error}");
        assert_eq!(stream.duration_secs(), 0.01);
    }

    #[test]
    fn a_song_without_samples_or_at_an_impossible_rate_is_refused() {
        let stream = SampleStream::new("a", 44_100, 22_050, 0).unwrap();
        assert_eq!(stream.finish().unwrap_err().code(), "no-audio");
        let impossible = SampleStream::new("a", 3, 22_050, 0);
        assert_eq!(impossible.unwrap_err().code(), "decode-failed");
    }
}
