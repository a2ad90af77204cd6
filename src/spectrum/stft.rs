//! The power spectra of a song's frames: a short-time Fourier transform without phases.

use crate::spectrum::lanes::{LANES, Lanes};
use crate::spectrum::power::PowerSpectrum;

/// A plan for the power spectra of four frames at a time: window, FFT and scratch buffers.
#[derive(Debug)]
pub struct Stft {
    hop_samples: usize,
    power_spectrum: PowerSpectrum,
    /// Scratch buffers for frames that reach beyond an end of the song.
    padded: [Vec<f32>; LANES],
    /// Power of four frames in every FFT bin.
    power: Vec<Lanes>,
}

impl Stft {
    /// Plans frames of `fft_samples`, centred on every hop, under a periodic Hann window.
    #[must_use]
    pub fn new(fft_samples: usize, hop_samples: usize) -> Self {
        Self {
            hop_samples,
            power_spectrum: PowerSpectrum::new(periodic_hann(fft_samples)),
            padded: std::array::from_fn(|_| vec![0.0; fft_samples]),
            power: vec![Lanes::default(); fft_samples / 2 + 1],
        }
    }

    /// Number of frames over so many samples: one at the start and one after every hop.
    #[must_use]
    pub fn frames_in(&self, samples: usize) -> usize {
        1 + samples / self.hop_samples
    }

    /// Power in every FFT bin of four frames of `samples`, from frame `first` on, with zeros beyond
    /// the ends of the song. Frames beyond the end are zero.
    pub fn four_frames(&mut self, samples: &[f32], first: usize) -> &[Lanes] {
        let length = self.padded[0].len();
        let half = length / 2;
        let mut next_centre = first * self.hop_samples;
        let frames = self.padded.each_mut().map(|padded| {
            let centre = next_centre;
            next_centre += self.hop_samples;
            let inside = centre
                .checked_sub(half)
                .and_then(|start| samples.get(start..start + length));
            inside.unwrap_or_else(|| {
                // Only samples `first..last` of the frame lie inside the song. The others are zero.
                let first = half.saturating_sub(centre);
                let last = (samples.len() + half)
                    .saturating_sub(centre)
                    .clamp(first, length.max(first));
                padded.fill(0.0);
                let start = centre + first - half;
                if let Some(inside) = samples.get(start..start + (last - first)) {
                    padded[first..last].copy_from_slice(inside);
                }
                padded
            })
        });
        self.power_spectrum.write(frames, &mut self.power);
        &self.power
    }
}

/// The periodic Hann window. Copies at hops of a quarter add up to a constant.
fn periodic_hann(samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|sample| {
            let phase = std::f64::consts::TAU * sample as f64 / samples as f64;
            (0.5 - 0.5 * libm::cos(phase)) as f32
        })
        .collect()
}
