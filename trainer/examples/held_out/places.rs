//! Loud places in a song.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::sound::Sound;

/// Least level of a passage, and of each of its half seconds, in dB relative to full scale.
const PASSAGE_DB: f64 = -45.0;
const HALF_SECOND_DB: f64 = -60.0;
/// Tries before the loudest place is taken.
const PLACES_TRIED: usize = 100;

/// A random place with `before_secs` and `after_secs` of song around it, and no silence in
/// `passage_secs`.
pub fn loud_place(
    song: &Sound,
    before_secs: f64,
    after_secs: f64,
    passage_secs: f64,
    rng: &mut ChaCha8Rng,
) -> f64 {
    let last_secs = (song.duration_secs() - after_secs).max(before_secs + 1e-3);
    let level_db =
        |start: f64, length: f64| 20.0 * song.rms_between(start, start + length).max(1e-9).log10();
    let (mut best_secs, mut best_db) = (before_secs, f64::NEG_INFINITY);
    for _ in 0..PLACES_TRIED {
        let place_secs = rng.random_range(before_secs..last_secs);
        let half_seconds = (passage_secs / 0.5).ceil() as usize;
        let softest_db = (0..half_seconds)
            .map(|half| level_db(place_secs + 0.5 * half as f64, 0.5))
            .fold(f64::INFINITY, f64::min);
        if softest_db >= HALF_SECOND_DB && level_db(place_secs, passage_secs) >= PASSAGE_DB {
            return place_secs;
        }
        if softest_db > best_db {
            (best_secs, best_db) = (place_secs, softest_db);
        }
    }
    best_secs
}
