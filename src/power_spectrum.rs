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
    /// For each pass and place, the first, second and third power of `exp(-2 pi i place / length)`, where the length that is left shrinks to a quarter
    /// with each pass. In the first pass a vector holds four places, afterwards one.
    twiddles: Vec<Vec<[Vector; 3]>>,
    /// `exp(-2 pi i k / samples) / 2` for bin `k`, up to a quarter of the samples.
    halves: Vec<Vector>,
    /// Two buffers that passes go between.
    values: [Vec<Vector>; 2],
}

/// Four complex values.
#[derive(Clone, Copy, Debug, Default)]
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
        let first = (0..length / 4).step_by(LANES).map(|place| {
            [1, 2, 3].map(|power| Vector::of(|lane| root(power * (place + lane), length)))
        });
        let mut twiddles = vec![first.collect()];
        let lengths = std::iter::successors(Some(length / 4), |length| Some(length / 4));
        twiddles.extend(lengths.take_while(|&length| length >= 4).map(|length| {
            (0..length / 4)
                .map(|place| [1, 2, 3].map(|power| Vector::of(|_| root(power * place, length))))
                .collect()
        }));
        let halves = (0..samples / 4)
            .step_by(LANES)
            .map(|bin| Vector::of(|lane| root(bin + lane, samples).map(|part| 0.5 * part)));
        Self {
            twiddles,
            halves: halves.collect(),
            values: [(); 2].map(|()| vec![Vector::default(); length / LANES]),
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
        const PAIRS: usize = 2 * LANES;
        let pairs = samples
            .chunks_exact(PAIRS)
            .zip(self.window.chunks_exact(PAIRS));
        for (packed, (samples, window)) in from.iter_mut().zip(pairs) {
            let [a, b, c, d] = (load(samples) * load(window)).to_array();
            let [e, f, g, h] = (load(&samples[LANES..]) * load(&window[LANES..])).to_array();
            packed.re = f32x4::new([a, c, e, g]);
            packed.im = f32x4::new([b, d, f, h]);
        }
        let mut passes = self.twiddles.iter();
        if let Some(twiddles) = passes.next() {
            first_pass(from, to, twiddles);
            std::mem::swap(from, to);
        }
        for twiddles in passes {
            pass(from, to, twiddles);
            std::mem::swap(from, to);
        }
        unpack(from, &self.halves, power);
    }
}

/// Real and imaginary part of `exp(-2 pi i place / length)`.
fn root(place: usize, length: usize) -> [f64; 2] {
    let angle = std::f64::consts::TAU * place as f64 / length as f64;
    [libm::cos(angle), -libm::sin(angle)]
}

/// The first pass: places lie side by side, and each of the four in a vector writes four values that lie together.
fn first_pass(from: &[Vector], to: &mut [Vector], twiddles: &[[Vector; 3]]) {
    let [a, b, c, d] = quarters(from);
    let read = a.iter().zip(b).zip(c.iter().zip(d));
    for ((to, ((&a, &b), (&c, &d))), twiddles) in to.chunks_exact_mut(4).zip(read).zip(twiddles) {
        let done = butterfly([a, b, c, d], twiddles);
        let re = f32x4::transpose(done.map(|vector| vector.re));
        let im = f32x4::transpose(done.map(|vector| vector.im));
        for (to, (re, im)) in to.iter_mut().zip(re.into_iter().zip(im)) {
            *to = Vector { re, im };
        }
    }
}

/// A later pass: at each place there are as many transforms side by side as have come about.
fn pass(from: &[Vector], to: &mut [Vector], twiddles: &[[Vector; 3]]) {
    let stride = from.len() / (4 * twiddles.len());
    let [a, b, c, d] = quarters(from).map(|quarter| quarter.chunks_exact(stride));
    let read = a.zip(b).zip(c.zip(d));
    let places = to.chunks_exact_mut(4 * stride).zip(read).zip(twiddles);
    for ((to, ((a, b), (c, d))), twiddles) in places {
        let [to_a, to_b, to_c, to_d] = quarters_mut(to);
        let read = a.iter().zip(b).zip(c.iter().zip(d));
        let written = to_a.iter_mut().zip(to_b).zip(to_c.iter_mut().zip(to_d));
        for (((&a, &b), (&c, &d)), ((to_a, to_b), (to_c, to_d))) in read.zip(written) {
            [*to_a, *to_b, *to_c, *to_d] = butterfly([a, b, c, d], twiddles);
        }
    }
}

/// Powers of the real values from the spectrum of the packed ones (W. H. Press et al., "Numerical Recipes", section 12.3): even and odd values are told apart
/// by symmetry, and put together by one more step of the transform. Bins `k` and `length - k` need each other.
fn unpack(packed: &[Vector], halves: &[Vector], power: &mut [f32]) {
    let length = LANES * packed.len();
    assert_eq!(power.len(), length + 1);
    for (index, (low, half)) in packed.iter().zip(halves).enumerate() {
        // The bin as far from the end as `low` is from the start, and the three before it. Bin 0 is also the one after the last.
        let after = packed[(packed.len() - index) % packed.len()];
        let before = packed[packed.len() - index - 1];
        let mirrored = |after: f32x4, before: f32x4| {
            let ([last, ..], [_, a, b, c]) = (after.to_array(), before.to_array());
            f32x4::new([last, c, b, a])
        };
        let high = Vector {
            re: mirrored(after.re, before.re),
            im: mirrored(after.im, before.im),
        };
        let one_half = f32x4::splat(0.5);
        let (sum_re, sum_im) = (one_half * (low.re + high.re), low.im + high.im);
        let (off_re, off_im) = (low.re - high.re, one_half * (low.im - high.im));
        let turned_re = sum_im * half.re + off_re * half.im;
        let turned_im = sum_im * half.im - off_re * half.re;
        let square = |re: f32x4, im: f32x4| (re * re + im * im).to_array();
        let bin = LANES * index;
        power[bin..bin + LANES].copy_from_slice(&square(sum_re + turned_re, off_im + turned_im));
        let [last, c, b, a] = square(sum_re - turned_re, turned_im - off_im);
        power[length - bin - 3..=length - bin].copy_from_slice(&[a, b, c, last]);
    }
    // The bin in the middle is its own mirror image.
    let middle = packed[packed.len() / 2];
    let (re, im) = (middle.re.to_array()[0], middle.im.to_array()[0]);
    power[length / 2] = re * re + im * im;
}

/// The transform of four values, turned.
#[inline(always)]
fn butterfly([a, b, c, d]: [Vector; 4], twiddles: &[Vector; 3]) -> [Vector; 4] {
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

fn quarters<T>(values: &[T]) -> [&[T]; 4] {
    let (left, right) = values.split_at(values.len() / 2);
    let ((a, b), (c, d)) = (
        left.split_at(left.len() / 2),
        right.split_at(right.len() / 2),
    );
    [a, b, c, d]
}

fn quarters_mut<T>(values: &mut [T]) -> [&mut [T]; 4] {
    let (left, right) = values.split_at_mut(values.len() / 2);
    let (left_half, right_half) = (left.len() / 2, right.len() / 2);
    let ((a, b), (c, d)) = (left.split_at_mut(left_half), right.split_at_mut(right_half));
    [a, b, c, d]
}

#[inline(always)]
fn load(values: &[f32]) -> f32x4 {
    f32x4::new([values[0], values[1], values[2], values[3]])
}

impl Vector {
    /// By the real and imaginary part in each lane.
    fn of(value: impl Fn(usize) -> [f64; 2]) -> Self {
        let values: [[f64; 2]; LANES] = std::array::from_fn(value);
        Self {
            re: f32x4::new(values.map(|[re, _]| re as f32)),
            im: f32x4::new(values.map(|[_, im]| im as f32)),
        }
    }

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
