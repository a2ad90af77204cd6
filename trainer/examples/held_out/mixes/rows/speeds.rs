//! Plain copies of whole songs: other speeds, tempos and pitches, and a codec.

use crate::mixes::rows::Row;

/// Slow copies are of the beginning of the song, at most this long, so that the files stay small.
const SLOW_SOURCE_SECS: f64 = 60.0;

pub const ROWS: [Row; 9] = [
    Row::new("tempo-0.5", 16.0, |scene| {
        scene.stretched(scene.beginning(SLOW_SOURCE_SECS), 0.0, 0.5)
    }),
    Row::new("tempo-0.6", 16.0, |scene| {
        scene.stretched(scene.beginning(SLOW_SOURCE_SECS), 0.0, 0.6)
    }),
    Row::new("tempo-1.15", 16.0, |scene| {
        scene.stretched(scene.whole(), 0.0, 1.15)
    }),
    Row::new("tempo-1.6", 16.0, |scene| {
        scene.stretched(scene.whole(), 0.0, 1.6)
    }),
    Row::new("tempo-2", 16.0, |scene| {
        scene.stretched(scene.whole(), 0.0, 2.0)
    }),
    Row::new("speed-0.5", 16.0, |scene| {
        scene.at_speed(scene.beginning(SLOW_SOURCE_SECS), 0.5)
    }),
    Row::new("speed-2", 16.0, |scene| scene.at_speed(scene.whole(), 2.0)),
    Row::new("pitch-3-up", 16.0, |scene| {
        scene.stretched(scene.whole(), 3.0, 1.0)
    }),
    Row::new("mp3-64k", 16.0, |scene| Ok(scene.whole())).coded_as_mp3(64),
];
