//! The power spectrum of real values, by the same operations natively and in browsers.
//!
//! rustfft's planner chooses an algorithm by the processor: with or without fused multiply-adds,
//! which round once instead of twice, and with vectors of different lengths. A spectrum then
//! differs in its last bits from machine to machine, and everything that follows differs too.
//! [`Radix4`], chosen by name, makes exactly defined operations in one order on every processor. It
//! transforms [four frames at a time](Lanes), so that vector instructions are used all the same.
//!
//! Pairs of real values are packed into complex ones, half as many (W. H. Press et al., "Numerical
//! Recipes", section 12.3).

use std::fmt;

use rustfft::algorithm::Radix4;
use rustfft::num_complex::{Complex, Complex32};
use rustfft::{Fft, FftDirection};

use crate::spectrum::lanes::{LANES, Lanes};

/// A plan for the power spectra of four windowed frames of a fixed length.
pub struct PowerSpectrum {
    window: Vec<f32>,
    fft: Radix4<Lanes>,
    /// `exp(-2 pi i k / samples) / 2` for bin `k`, up to a quarter of the samples.
    halves: Vec<Complex32>,
    packed: Vec<Complex<Lanes>>,
    scratch: Vec<Complex<Lanes>>,
}

impl fmt::Debug for PowerSpectrum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PowerSpectrum({})", self.window.len())
    }
}

impl PowerSpectrum {
    /// Plans transforms of the window's length.
    ///
    /// # Panics
    ///
    /// If the window's length isn't a power of two, or below 4.
    #[must_use]
    pub fn new(window: Vec<f32>) -> Self {
        let samples = window.len();
        assert!(
            samples >= 4 && samples.is_power_of_two(),
            "a transform has a power of two of at least 4 samples, not {samples}"
        );
        let fft = Radix4::new(samples / 2, FftDirection::Forward);
        let half = |bin: usize| {
            let angle = std::f64::consts::TAU * bin as f64 / samples as f64;
            Complex32::new(
                (0.5 * libm::cos(angle)) as f32,
                (-0.5 * libm::sin(angle)) as f32,
            )
        };
        Self {
            halves: (0..=samples / 4).map(half).collect(),
            packed: vec![Complex::default(); samples / 2],
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            fft,
            window,
        }
    }

    /// Writes the power of four frames, under the window, in each of the `samples / 2 + 1` bins.
    ///
    /// # Panics
    ///
    /// If a frame isn't as long as the window, or `power` has another number of bins.
    pub fn write(&mut self, frames: [&[f32]; LANES], power: &mut [Lanes]) {
        for frame in frames {
            assert_eq!(frame.len(), self.window.len());
        }
        Lanes::each_column(frames, |sample, lanes| {
            let packed = &mut self.packed[sample / 2];
            let windowed = lanes * self.window[sample];
            if sample % 2 == 0 {
                packed.re = windowed;
            } else {
                packed.im = windowed;
            }
        });
        self.fft
            .process_with_scratch(&mut self.packed, &mut self.scratch);
        unpack(&self.packed, &self.halves, power);
    }
}

/// Power spectrum of the real values, from the spectrum of the packed ones. Symmetry separates the
/// spectra of the even and the odd values; one more step of the transform combines them. Bins `k`
/// and `length - k` are computed together, each from both.
fn unpack(packed: &[Complex<Lanes>], halves: &[Complex32], power: &mut [Lanes]) {
    let length = packed.len();
    assert_eq!(power.len(), length + 1);
    let (first, last) = (packed[0].re + packed[0].im, packed[0].re - packed[0].im);
    power[0] = first * first;
    power[length] = last * last;
    let middle = length / 2;
    power[middle] = packed[middle].re * packed[middle].re + packed[middle].im * packed[middle].im;
    let (low, high) = power[1..length].split_at_mut(middle - 1);
    let bins = low.iter_mut().zip(high[1..].iter_mut().rev());
    let places = packed[1..middle]
        .iter()
        .zip(packed[middle + 1..].iter().rev());
    for (((low, high), (a, b)), half) in bins.zip(places).zip(&halves[1..]) {
        let (sum_re, sum_im) = ((a.re + b.re) * 0.5, a.im + b.im);
        let (off_re, off_im) = (a.re - b.re, (a.im - b.im) * 0.5);
        let turned_re = sum_im * half.re + off_re * half.im;
        let turned_im = sum_im * half.im - off_re * half.re;
        let (low_re, low_im) = (sum_re + turned_re, off_im + turned_im);
        let (high_re, high_im) = (sum_re - turned_re, turned_im - off_im);
        *low = low_re * low_re + low_im * low_im;
        *high = high_re * high_re + high_im * high_im;
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn power_matches_the_definition() {
        for samples in [4, 8, 512, 2_048] {
            let value = |lane: usize, n: usize| ((n * n * 37 + (11 + lane) * n) % 23) as f32 - 11.0;
            let window = |n: usize| (n % 5) as f32 * 0.5;
            let frames = [0, 1, 2, 3]
                .map(|lane| -> Vec<f32> { (0..samples).map(|n| value(lane, n)).collect() });
            let mut plan = PowerSpectrum::new((0..samples).map(window).collect());
            let mut power = vec![Lanes::default(); samples / 2 + 1];
            // Twice: buffers that have been used must not matter.
            plan.write([vec![1.0; samples].as_slice(); LANES], &mut power);
            plan.write(frames.each_ref().map(Vec::as_slice), &mut power);
            for lane in 0..LANES {
                let found = |bin: usize| f64::from(power[bin].values()[lane]);
                let greatest = (0..power.len()).map(found).fold(0.0, f64::max);
                for bin in 0..power.len() {
                    let [mut re, mut im] = [0.0; 2];
                    for n in 0..samples {
                        let turn = TAU * (bin * n % samples) as f64 / samples as f64;
                        re += f64::from(value(lane, n) * window(n)) * turn.cos();
                        im -= f64::from(value(lane, n) * window(n)) * turn.sin();
                    }
                    let expected = re * re + im * im;
                    assert!(
                        (found(bin) - expected).abs() < 1e-6 * greatest,
                        "{samples} samples, frame {lane}, bin {bin}: {}, not {expected}",
                        found(bin)
                    );
                }
            }
        }
    }

    #[test]
    #[should_panic = "a power of two of at least 4 samples, not 24"]
    fn other_lengths_are_refused() {
        let _ = PowerSpectrum::new(vec![1.0; 24]);
    }
}
