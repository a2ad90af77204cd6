//! Short parts of a song: loops, samples and clips.

use anyhow::Result;
use rand::Rng as _;

use crate::mixes::rows::Row;
use crate::mixes::scene::Scene;
use crate::mixes::take::{Take, silence};

/// Silence before and after a sample in the pause of another song.
const PAUSE_SECS: f64 = 1.5;

/// Levels in the names are those of the song relative to the other sounds.
pub const ROWS: [Row; 10] = [
    Row::new("passage-12s-pitch-2-under-0dB", 20.0, |scene| {
        let passage = scene.passage(12.0, 2.0, 1.0)?;
        placed(scene, passage, 5.0)
    }),
    Row::new("loop-4s-alone", 20.0, loop_of_4_secs),
    Row::new("loop-4s-under-0dB", 20.0, |scene| {
        let looped = loop_of_4_secs(scene)?;
        placed(scene, looped, 2.0)
    }),
    Row::new("loop-4s-drums-6dB-above", 20.0, |scene| {
        let looped = loop_of_4_secs(scene)?;
        let drums = scene.drums(looped.duration_secs())?;
        looped.under(&drums, 6.0)
    }),
    Row::new("loop-2s-alone", 20.0, |scene| {
        Ok(scene.passage(2.0, 0.0, 1.0)?.repeated(12))
    }),
    Row::new("clip-5s-pitch-1-down", 16.0, |scene| {
        scene.passage(5.0, -1.0, 1.0)
    })
    .coded_as_mp3(96),
    Row::new("sample-5s-in-pause", 20.0, in_pause),
    Row::new("clip-3s", 16.0, |scene| scene.passage(3.0, 0.0, 1.0)),
    Row::new("clip-3s-under-0dB", 16.0, |scene| {
        let clip = scene.passage(3.0, 0.0, 1.0)?;
        let other = scene.part_of_stranger(3.0)?;
        clip.under(&other, 0.0)
    }),
    Row::new("clip-3s-speech-0dB", 16.0, |scene| {
        let clip = scene.passage(3.0, 0.0, 1.0)?;
        let speech = scene.speech(3.0);
        clip.under(&speech, 0.0)
    }),
];

/// 4.2 s, eight times, 8 % faster and a semitone higher.
fn loop_of_4_secs(scene: &mut Scene<'_>) -> Result<Take> {
    Ok(scene.passage(4.2, 1.0, 1.08)?.repeated(8))
}

/// The take at a random place under another song, as loud as the song is there.
fn placed(scene: &mut Scene<'_>, take: Take, margin_secs: f64) -> Result<Take> {
    let least_secs = take.duration_secs() + 2.0 * margin_secs;
    let mut host = scene.stranger(least_secs + 1.0)?;
    // The longest songs of a split may be too short.
    let once = host.samples.clone();
    while host.duration_secs() < least_secs {
        host.samples.extend(&once);
    }
    let last_secs = host.duration_secs() - margin_secs - take.duration_secs();
    let start_secs = scene.rng.random_range(margin_secs..=last_secs);
    take.over(host, start_secs, 0.0)
}

/// A sample of 5 s in a pause of another song, or alone before its beginning.
fn in_pause(scene: &mut Scene<'_>) -> Result<Take> {
    let sample = scene.passage(5.0, 0.0, 1.0)?;
    let host = scene.stranger(30.0)?;
    let pause = || Take::foreign(silence(PAUSE_SECS));
    let sample = pause().then(sample).then(pause());
    let host_secs = host.duration_secs();
    let at_secs = if scene.rng.random_bool(0.5) {
        0.0
    } else {
        scene.rng.random_range(5.0..host_secs - 5.0)
    };
    let [before, after] = [[0.0, at_secs], [at_secs, host_secs]]
        .map(|[start, end]| Take::foreign(host.between(start, end)));
    Ok(before.then(sample).then(after))
}
