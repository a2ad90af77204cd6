//! A number type of four lanes. rustfft is generic over its numbers, so that one of its transforms
//! computes four spectra with it.
//!
//! Each lane goes through the operations of a single `f32`, in the same order. Vectors change the
//! speed, but no bit of the result.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use rustfft::num_traits::{FromPrimitive, Num, One, Signed, Zero};
use wide::f32x4;

/// Values of a vector.
pub const LANES: usize = 4;

/// One value of each of four frames.
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

    /// Calls `then` for each column of `rows`, up to the end of the shortest row, with its index
    /// and its values.
    #[inline]
    pub fn each_column(rows: [&[f32]; LANES], mut then: impl FnMut(usize, Self)) {
        let length = rows.map(<[f32]>::len).into_iter().min().unwrap_or(0);
        let rows = rows.map(|row| row[..length].as_chunks::<LANES>());
        for block in 0..length / LANES {
            let columns = f32x4::transpose(rows.map(|(blocks, _)| f32x4::from(blocks[block])));
            for (column, lanes) in columns.into_iter().enumerate() {
                then(block * LANES + column, Self(lanes));
            }
        }
        for column in 0..length % LANES {
            let lanes = f32x4::from(rows.map(|(_, rest)| rest[column]));
            then(length - length % LANES + column, Self(lanes));
        }
    }

    fn map(self, function: impl Fn(f32) -> f32) -> Self {
        Self(f32x4::from(self.values().map(function)))
    }
}

impl From<[f32; LANES]> for Lanes {
    #[inline]
    fn from(values: [f32; LANES]) -> Self {
        Self(f32x4::from(values))
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

// Traits that rustfft requires of its numbers, of which a transform hardly uses anything.

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
    fn columns_come_in_order_with_the_values_of_the_rows() {
        for length in [0, 3, 4, 11] {
            let row = |number: usize| -> Vec<f32> {
                (0..length + number)
                    .map(|column| (100 * number + column) as f32)
                    .collect()
            };
            let rows = [0, 1, 2, 3].map(row);
            let mut columns = Vec::new();
            Lanes::each_column(rows.each_ref().map(Vec::as_slice), |column, lanes| {
                assert_eq!(lanes.values(), rows.each_ref().map(|row| row[column]));
                columns.push(column);
            });
            assert_eq!(columns, (0..length).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lanes_compute_the_same_as_single_values() {
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
