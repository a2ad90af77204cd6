//! Pseudo-random numbers that are the same on every host.

/// A whole number below 2^24: the upper bits of the linear congruential generator of Numerical
/// Recipes.
pub fn random(state: &mut u32) -> u32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    *state >> 8
}

/// A number from -1 to 1.
pub fn noise(state: &mut u32) -> f32 {
    random(state) as f32 / (1 << 23) as f32 - 1.0
}
