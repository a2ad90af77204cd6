//! Four values that are calculated with as one: rustfft's transforms, generic over their numbers, thus make four at a time.
//!
//! Each lane goes through the operations that a single `f32` would go through, in the same order: vectors change the speed and not a bit of the result.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use rustfft::num_traits::{FromPrimitive, Num, One, Signed, Zero};
use wide::f32x4;

/// How many values are calculated with as one.
pub const LANES: usize = 4;

/// A value for each of four frames.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lanes(f32x4);

impl Lanes {
    /// The same value in every lane.
    #[inline]
    #[must_use]
    pub fn all(value: f32) -> Self {
        Self(f32x4::splat(value))
    }

    /// The value of each lane.
    #[inline]
    #[must_use]
    pub fn values(self) -> [f32; LANES] {
        self.0.to_array()
    }

    /// Calls `then` with the values at each place of `rows`, which are as long as the shortest.
    #[inline]
    pub fn of_rows(rows: [&[f32]; LANES], mut then: impl FnMut(usize, Self)) {
        let length = rows.map(<[f32]>::len).into_iter().min().unwrap_or(0);
        let rows = rows.map(|row| row[..length].as_chunks::<LANES>());
        for block in 0..length / LANES {
            let columns = f32x4::transpose(rows.map(|(blocks, _)| f32x4::from(blocks[block])));
            for (column, lanes) in columns.into_iter().enumerate() {
                then(block * LANES + column, Self(lanes));
            }
        }
        for place in 0..length % LANES {
            let lanes = f32x4::from(rows.map(|(_, rest)| rest[place]));
            then(length - length % LANES + place, Self(lanes));
        }
    }

    fn map(self, function: impl Fn(f32) -> f32) -> Self {
        Self(f32x4::from(self.values().map(function)))
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul for Lanes {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }
}

impl Mul<f32> for Lanes {
    type Output = Self;
    #[inline]
    fn mul(self, factor: f32) -> Self {
        self * Self::all(factor)
    }
}

impl Div for Lanes {
    type Output = Self;
    #[inline]
    fn div(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }
}

impl Neg for Lanes {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Zero for Lanes {
    #[inline]
    fn zero() -> Self {
        Self::all(0.0)
    }
    #[inline]
    fn is_zero(&self) -> bool {
        *self == Self::zero()
    }
}

impl One for Lanes {
    #[inline]
    fn one() -> Self {
        Self::all(1.0)
    }
}

// What rustfft asks of a number besides, and a transform hardly ever does.

impl Rem for Lanes {
    type Output = Self;
    fn rem(self, other: Self) -> Self {
        let (left, right) = (self.values(), other.values());
        Self(f32x4::from(std::array::from_fn(|lane| {
            left[lane] % right[lane]
        })))
    }
}

impl Num for Lanes {
    type FromStrRadixErr = <f32 as Num>::FromStrRadixErr;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        f32::from_str_radix(text, radix).map(Self::all)
    }
}

impl Signed for Lanes {
    fn abs(&self) -> Self {
        self.map(f32::abs)
    }
    fn abs_sub(&self, other: &Self) -> Self {
        (*self - *other).map(|difference| difference.max(0.0))
    }
    fn signum(&self) -> Self {
        self.map(f32::signum)
    }
    fn is_positive(&self) -> bool {
        self.values().into_iter().all(f32::is_sign_positive)
    }
    fn is_negative(&self) -> bool {
        self.values().into_iter().all(f32::is_sign_negative)
    }
}

impl FromPrimitive for Lanes {
    fn from_i64(value: i64) -> Option<Self> {
        f32::from_i64(value).map(Self::all)
    }
    fn from_u64(value: u64) -> Option<Self> {
        f32::from_u64(value).map(Self::all)
    }
    fn from_f64(value: f64) -> Option<Self> {
        f32::from_f64(value).map(Self::all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_those_of_the_rows() {
        for length in [0, 3, 4, 11] {
            let row = |number: usize| -> Vec<f32> {
                (0..length + number)
                    .map(|place| (100 * number + place) as f32)
                    .collect()
            };
            let rows = [0, 1, 2, 3].map(row);
            let mut places = Vec::new();
            Lanes::of_rows(rows.each_ref().map(Vec::as_slice), |place, lanes| {
                assert_eq!(lanes.values(), rows.each_ref().map(|row| row[place]));
                places.push(place);
            });
            assert_eq!(places, (0..length).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lanes_calculate_as_single_values_do() {
        let [a, b] = [[1.5, -2.0, 0.1, 1e-7], [0.3, 7.0, -0.7, 3.0]];
        let lanes = |values: [f32; LANES]| Lanes(f32x4::from(values));
        let each = |function: fn(f32, f32) -> f32| -> [f32; LANES] {
            std::array::from_fn(|lane| function(a[lane], b[lane]))
        };
        let (left, right) = (lanes(a), lanes(b));
        assert_eq!((left + right).values(), each(|a, b| a + b));
        assert_eq!((left - right).values(), each(|a, b| a - b));
        assert_eq!((left * right).values(), each(|a, b| a * b));
        assert_eq!((left / right).values(), each(|a, b| a / b));
        assert_eq!((left % right).values(), each(|a, b| a % b));
        assert_eq!((-left).values(), each(|a, _| -a));
        assert_eq!(left.abs().values(), each(|a, _| a.abs()));
        assert_eq!(left.signum().values(), each(|a, _| a.signum()));
        assert_eq!(left.abs_sub(&right).values(), each(|a, b| (a - b).max(0.0)));
        assert_eq!(Lanes::from_f64(0.1), Some(Lanes::all(0.1)));
    }
}
