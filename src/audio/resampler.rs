//! Resampling of mono audio that arrives in parts of any length.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

/// Input samples per call of the library's resampler. Long enough for efficient FFTs, short enough
/// for the buffers to stay in the cache.
const CHUNK_SAMPLES: usize = 4_096;

/// Resamples mono audio: band-limited, in phase, of equal duration to one sample. The output
/// doesn't depend on where the parts begin.
pub struct Resampler {
    /// `None` where both rates are equal.
    resampler: Option<Fft<f32>>,
    /// The last input samples, fewer than a chunk.
    waiting: Vec<f32>,
    /// Output buffer of one chunk.
    chunk: Vec<f32>,
    /// Output samples that are still to be dropped: the delay of the filter.
    delay_samples: usize,
    input_samples: usize,
    output: Vec<f32>,
}

impl Resampler {
    /// A resampler of no samples yet. `expected_samples` is an estimate of their number, for which
    /// memory is reserved.
    ///
    /// # Panics
    ///
    /// If a rate is zero.
    #[must_use]
    pub fn new(from_hz: u32, to_hz: u32, expected_samples: usize) -> Self {
        assert!(from_hz > 0 && to_hz > 0, "a sample rate is positive");
        #[expect(clippy::expect_used, reason = "both rates and the chunk are positive")]
        let resampler = (from_hz != to_hz).then(|| {
            Fft::<f32>::new(
                from_hz as usize,
                to_hz as usize,
                CHUNK_SAMPLES,
                1,
                FixedSync::Both,
            )
            .expect("these rates can be converted")
        });
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let chunk = resampler.as_ref().map_or(0, Fft::output_frames_max);
        Self {
            waiting: Vec::with_capacity(resampler.as_ref().map_or(0, Fft::input_frames_max)),
            chunk: vec![0.0; chunk],
            delay_samples: resampler.as_ref().map_or(0, Fft::output_delay),
            input_samples: 0,
            output: with_capacity_if_possible(
                (expected_samples as f64 * ratio) as usize + chunk + 1,
            ),
            resampler,
        }
    }

    /// Number of samples pushed.
    #[must_use]
    pub fn input_samples(&self) -> usize {
        self.input_samples
    }

    /// Appends samples, which must be finite.
    pub fn push(&mut self, mut part: &[f32]) {
        self.input_samples += part.len();
        let Some(resampler) = &self.resampler else {
            self.output.extend_from_slice(part);
            return;
        };
        let chunk_samples = resampler.input_frames_next();
        while !part.is_empty() {
            if self.waiting.is_empty() && part.len() >= chunk_samples {
                let (chunk, rest) = part.split_at(chunk_samples);
                self.resample(chunk);
                part = rest;
                continue;
            }
            let (filling, rest) = part.split_at(part.len().min(chunk_samples - self.waiting.len()));
            self.waiting.extend_from_slice(filling);
            part = rest;
            if self.waiting.len() == chunk_samples {
                let mut chunk = std::mem::take(&mut self.waiting);
                self.resample(&chunk);
                chunk.clear();
                self.waiting = chunk;
            }
        }
    }

    /// All samples, at the new rate.
    #[must_use]
    pub fn finish(mut self) -> Vec<f32> {
        let Some(resampler) = &self.resampler else {
            return self.output;
        };
        let chunk_samples = resampler.input_frames_next();
        let output_samples =
            (resampler.resample_ratio() * self.input_samples as f64).ceil() as usize;
        // Silence after the end flushes the filter.
        let mut last = std::mem::take(&mut self.waiting);
        while self.output.len() < output_samples {
            last.resize(chunk_samples, 0.0);
            self.resample(&last);
            last.clear();
        }
        self.output.truncate(output_samples);
        self.output
    }

    fn resample(&mut self, chunk: &[f32]) {
        let Some(resampler) = &mut self.resampler else {
            return;
        };
        let samples = self.chunk.len();
        // None of these calls can fail: the buffers have one channel and the expected lengths.
        // (They panic at spectra that aren't finite, which samples near the limit of f32 would
        // have.)
        let mut into = || {
            let input = InterleavedSlice::new(chunk, 1, chunk.len()).ok()?;
            let mut output = InterleavedSlice::new_mut(&mut self.chunk[..], 1, samples).ok()?;
            let (_, written) = resampler
                .process_into_buffer(&input, &mut output, None)
                .ok()?;
            Some(written)
        };
        #[expect(clippy::expect_used, reason = "see above")]
        let written = into().expect("resampling valid audio succeeds");
        let delayed = self.delay_samples.min(written);
        self.delay_samples -= delayed;
        self.output.extend_from_slice(&self.chunk[delayed..written]);
    }
}

/// An empty vector with memory for `samples` values. The number is an estimate of the caller. Where
/// there is less memory, nothing is reserved and the vector grows with the samples.
fn with_capacity_if_possible(samples: usize) -> Vec<f32> {
    let mut values = Vec::new();
    let _ = values.try_reserve_exact(samples);
    values
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Resampler")
            .field("input_samples", &self.input_samples)
            .field("output_samples", &self.output.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sound::noise;

    fn resampled(samples: &[f32], from_hz: u32, to_hz: u32, part_samples: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(from_hz, to_hz, samples.len());
        for part in samples.chunks(part_samples) {
            resampler.push(part);
        }
        assert_eq!(resampler.input_samples(), samples.len());
        resampler.finish()
    }

    /// All samples in one call of the library.
    fn resampled_by_library(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
        let (from, to) = (from_hz as usize, to_hz as usize);
        let mut resampler = Fft::<f32>::new(from, to, CHUNK_SAMPLES, 1, FixedSync::Both).unwrap();
        let input = InterleavedSlice::new(samples, 1, samples.len()).unwrap();
        let output = resampler.process_all(&input, samples.len(), None).unwrap();
        output.take_data()
    }

    #[test]
    fn the_output_does_not_depend_on_the_parts() {
        let samples: Vec<f32> = std::iter::repeat_with(noise(1)).take(100_003).collect();
        for (from_hz, to_hz) in [
            (44_100, 22_050),
            (48_000, 22_050),
            (8_000, 22_050),
            (22_050, 22_050),
        ] {
            let whole = resampled(&samples, from_hz, to_hz, samples.len());
            let expected = (samples.len() as f64 * f64::from(to_hz) / f64::from(from_hz)).ceil();
            assert_eq!(whole.len(), expected as usize, "{from_hz} to {to_hz}");
            if from_hz != to_hz {
                let by_library = resampled_by_library(&samples, from_hz, to_hz);
                assert!(whole == by_library, "{from_hz} to {to_hz} Hz");
            }
            for part_samples in [1, 1_000, 4_096, 65_537] {
                let parts = resampled(&samples, from_hz, to_hz, part_samples);
                assert!(parts == whole, "{from_hz} to {to_hz} Hz by {part_samples}");
            }
        }
    }

    #[test]
    fn fewer_samples_than_a_chunk_are_resampled_in_phase() {
        let step: Vec<f32> = (0..1_000)
            .map(|n| if n < 500 { 0.0 } else { 1.0 })
            .collect();
        let half = resampled(&step, 44_100, 22_050, 7);
        assert_eq!(half.len(), 500);
        assert!(half[..245].iter().all(|sample| sample.abs() < 0.05));
        assert!(
            half[255..495]
                .iter()
                .all(|sample| (sample - 1.0).abs() < 0.05)
        );
    }
}
