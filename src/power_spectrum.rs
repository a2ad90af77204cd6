//! The power spectrum of real values, by the same operations on every machine.
//!
//! FFT libraries choose their operations by the processor: fused multiply-adds, which round once, where there are some, and vectors of other lengths. A
//! spectrum then differs in its last bits from machine to machine, and with it everything that follows. This transform adds and multiplies in one order, in
//! vectors of four, which is what browsers have; so it is as fast there as any, and natively gives the same bits.
//!
//! Values are packed in twos into complex ones and transformed by Stockham's algorithm with radix 4 (C. Van Loan, "Computational frameworks for the fast
//! Fourier transform", 1992, section 1.7): each pass reads one buffer and writes another, so that nothing has to be put in order afterwards. `n` values take
//! about `2 n log2 n` operations.

use wide::f32x4;

const LANES: usize = 4;

/// The power spectrum of a fixed number of windowed values, planned once.
#[derive(Clone, Debug)]
pub struct PowerSpectrum {
    window: Vec<f32>,
    passes: Vec<Pass>,
    /// `exp(-2 pi i k / samples) / 2` for bin `k`, up to a quarter of the samples.
    halves: Complexes,
    /// Two buffers that passes go between.
    values: [Complexes; 2],
}

/// Complex values, the real and the imaginary parts apart.
#[derive(Clone, Debug, Default)]
struct Complexes {
    re: Vec<f32>,
    im: Vec<f32>,
}

/// Transforms of four values each, over the whole buffer.
#[derive(Clone, Debug)]
struct Pass {
    /// Distance between values of one of the interleaved transforms that are left.
    stride: usize,
    /// The first, second and third power of `exp(-2 pi i p / length)` for place `p` up to a quarter of the length.
    twiddles: [Complexes; 3],
}

/// Four complex values.
#[derive(Clone, Copy)]
struct Vector {
    re: f32x4,
    im: f32x4,
}

impl PowerSpectrum {
    /// Plans transforms of as many values as the window is long.
    ///
    /// # Panics
    ///
    /// If the window's length isn't 32, 128, 512, 2,048 or another 2 to the power of an odd number.
    #[must_use]
    pub fn new(window: Vec<f32>) -> Self {
        let samples = window.len();
        assert!(
            samples.is_power_of_two() && samples >= 32 && samples.ilog2() % 2 == 1,
            "no transform of {samples} values"
        );
        let length = samples / 2;
        let strides = std::iter::successors(Some(1), |stride| Some(4 * stride));
        let passes = strides.take_while(|&stride| stride < length).map(|stride| {
            let length = length / stride;
            let twiddles = [1, 2, 3].map(|power| roots(length / 4, power, length, 1.0));
            Pass { stride, twiddles }
        });
        let values = Complexes {
            re: vec![0.0; length],
            im: vec![0.0; length],
        };
        Self {
            passes: passes.collect(),
            halves: roots(samples / 4 + 1, 1, samples, 0.5),
            values: [values.clone(), values],
            window,
        }
    }

    /// Writes the power in each of the `samples / 2 + 1` bins of `samples` values under the window.
    ///
    /// # Panics
    ///
    /// If there are not as many values and bins as the plan is for.
    pub fn of(&mut self, samples: &[f32], power: &mut [f32]) {
        assert_eq!(samples.len(), self.window.len());
        let [from, to] = &mut self.values;
        let pairs = samples.chunks_exact(2).zip(self.window.chunks_exact(2));
        for ((re, im), (sample, window)) in from.re.iter_mut().zip(&mut from.im).zip(pairs) {
            *re = sample[0] * window[0];
            *im = sample[1] * window[1];
        }
        for pass in &self.passes {
            pass.run(from, to);
            std::mem::swap(from, to);
        }
        unpack(from, &self.halves, power);
    }
}

/// `scale * exp(-2 pi i power k / length)` for `k` below `count`.
fn roots(count: usize, power: usize, length: usize, scale: f64) -> Complexes {
    let angle = |k: usize| std::f64::consts::TAU * (power * k) as f64 / length as f64;
    Complexes {
        re: (0..count)
            .map(|k| (scale * libm::cos(angle(k))) as f32)
            .collect(),
        im: (0..count)
            .map(|k| (-scale * libm::sin(angle(k))) as f32)
            .collect(),
    }
}

/// Powers of the real values from the spectrum of the packed ones (W. H. Press et al., "Numerical Recipes", section 12.3): even and odd values are told apart
/// by symmetry, and put together by one more step of the transform. Bins `k` and `length - k` need each other.
fn unpack(packed: &Complexes, halves: &Complexes, power: &mut [f32]) {
    let length = packed.re.len();
    assert_eq!(power.len(), length + 1);
    let (re, im) = (&packed.re[..], &packed.im[..]);
    let (first, last) = (re[0] + im[0], re[0] - im[0]);
    power[0] = first * first;
    power[length] = last * last;
    let half = length / 2;
    let (low, high) = power[1..length].split_at_mut(half);
    let mirrored = re[half..].iter().rev().zip(im[half..].iter().rev());
    let places = re[1..=half].iter().zip(&im[1..=half]).zip(mirrored);
    let roots = halves.re[1..].iter().zip(&halves.im[1..]);
    // The bin in the middle is its own mirror image: its place among the high ones is a spare.
    let mut spare = [0.0];
    let high = high.iter_mut().rev().chain(&mut spare);
    for ((((&a, &b), (&c, &d)), (&cos, &sin)), (low, high)) in
        places.zip(roots).zip(low.iter_mut().zip(high))
    {
        let (sum_re, sum_im) = (0.5 * (a + c), b + d);
        let (difference_re, difference_im) = (a - c, 0.5 * (b - d));
        let turned_re = sum_im * cos + difference_re * sin;
        let turned_im = sum_im * sin - difference_re * cos;
        let (low_re, low_im) = (sum_re + turned_re, difference_im + turned_im);
        let (high_re, high_im) = (sum_re - turned_re, turned_im - difference_im);
        *low = low_re * low_re + low_im * low_im;
        *high = high_re * high_re + high_im * high_im;
    }
}

impl Pass {
    fn run(&self, from: &Complexes, to: &mut Complexes) {
        let quarter = from.re.len() / 4;
        let read = |place: usize| [0, 1, 2, 3].map(|part| from.vector(part * quarter + place));
        if self.stride == 1 {
            // Four places at once, each of which writes four values that lie together.
            for place in (0..quarter).step_by(LANES) {
                let twiddles = [0, 1, 2].map(|power| self.twiddles[power].vector(place));
                let done = butterfly(read(place), twiddles);
                let re = f32x4::transpose(done.map(|vector| vector.re));
                let im = f32x4::transpose(done.map(|vector| vector.im));
                for (lane, (re, im)) in re.into_iter().zip(im).enumerate() {
                    to.set(4 * (place + lane), Vector { re, im });
                }
            }
            return;
        }
        for (place, start) in (0..quarter).step_by(self.stride).enumerate() {
            let twiddles = [0, 1, 2].map(|power| self.twiddles[power].splat(place));
            for offset in (0..self.stride).step_by(LANES) {
                let done = butterfly(read(start + offset), twiddles);
                for (part, vector) in done.into_iter().enumerate() {
                    to.set((4 * place + part) * self.stride + offset, vector);
                }
            }
        }
    }
}

/// The transform of four values, turned.
#[inline(always)]
fn butterfly([a, b, c, d]: [Vector; 4], twiddles: [Vector; 3]) -> [Vector; 4] {
    let (even, odd) = (a.plus(c), b.plus(d));
    let (left, right) = (a.minus(c), b.minus(d));
    // `-i` times the right.
    let right = Vector {
        re: right.im,
        im: -right.re,
    };
    [
        even.plus(odd),
        left.plus(right).times(twiddles[0]),
        even.minus(odd).times(twiddles[1]),
        left.minus(right).times(twiddles[2]),
    ]
}

impl Complexes {
    #[inline(always)]
    fn vector(&self, place: usize) -> Vector {
        let load = |values: &[f32]| {
            let values = &values[place..place + LANES];
            f32x4::new([values[0], values[1], values[2], values[3]])
        };
        Vector {
            re: load(&self.re),
            im: load(&self.im),
        }
    }

    #[inline(always)]
    fn splat(&self, place: usize) -> Vector {
        Vector {
            re: f32x4::splat(self.re[place]),
            im: f32x4::splat(self.im[place]),
        }
    }

    #[inline(always)]
    fn set(&mut self, place: usize, vector: Vector) {
        self.re[place..place + LANES].copy_from_slice(&vector.re.to_array());
        self.im[place..place + LANES].copy_from_slice(&vector.im.to_array());
    }
}

impl Vector {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self {
            re: self.re - other.re,
            im: self.im - other.im,
        }
    }

    #[inline(always)]
    fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn power_is_that_of_the_definition() {
        for samples in [32, 128, 512, 2_048] {
            let value = |n: usize| ((n * n * 37 + 11 * n) % 23) as f32 - 11.0;
            let window = |n: usize| (n % 5) as f32 * 0.5;
            let values: Vec<f32> = (0..samples).map(value).collect();
            let mut plan = PowerSpectrum::new((0..samples).map(window).collect());
            let mut power = vec![0.0; samples / 2 + 1];
            // Twice, to see that nothing is left of the first time.
            plan.of(&vec![1.0; samples], &mut power);
            plan.of(&values, &mut power);
            let greatest = power.iter().copied().fold(0.0, f32::max);
            for (bin, &found) in power.iter().enumerate() {
                let [mut re, mut im] = [0.0; 2];
                for n in 0..samples {
                    let (sin, cos) = (TAU * (bin * n % samples) as f64 / samples as f64).sin_cos();
                    re += f64::from(value(n) * window(n)) * cos;
                    im -= f64::from(value(n) * window(n)) * sin;
                }
                let expected = re * re + im * im;
                let off = (f64::from(found) - expected).abs();
                assert!(
                    off < 1e-6 * f64::from(greatest),
                    "{samples} samples, bin {bin}: {found}, not {expected}"
                );
            }
        }
    }

    #[test]
    #[should_panic = "no transform of 1024 values"]
    fn other_lengths_are_refused() {
        let _ = PowerSpectrum::new(vec![1.0; 1_024]);
    }
}
