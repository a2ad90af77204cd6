//! Songs whose time is edited: cuts, steps of tempo, inserted bars, parts of a set.

use anyhow::Result;
use rand::Rng as _;

use crate::mixes::rows::Row;
use crate::mixes::scene::Scene;
use crate::mixes::take::Take;

/// Least length of the song between two edits.
const LEAST_PART_SECS: f64 = 6.0;
/// Crossfade of a DJ set, and the speed of all its songs.
const SET_FADE_SECS: f64 = 8.0;
const SET_SPEED: f64 = 1.03;

pub const ROWS: [Row; 6] = [
    Row::new("radio-edit", 30.0, radio_edit),
    Row::new("tempo-step-6-percent", 24.0, |scene| {
        tempo_step(scene, 1.06)
    }),
    Row::new("tempo-step-10-percent", 24.0, |scene| {
        tempo_step(scene, 1.1)
    }),
    Row::new("inserted-bars", 24.0, |scene| {
        let drums = scene.drums(60.0)?;
        let level = scene.song.rms_between(0.0, scene.song.duration_secs());
        let gain = level / drums.rms_between(0.0, drums.duration_secs());
        edited(scene, 3, move |_, bars_secs| {
            let mut bars = drums.between(0.0, bars_secs);
            bars.samples
                .iter_mut()
                .for_each(|sample| *sample *= gain as f32);
            Take::foreign(bars)
        })
    }),
    Row::new("repeated-bars", 24.0, |scene| {
        let song = scene.song.clone();
        edited(scene, 2, move |at_secs, bars_secs| {
            Take::of(&song, at_secs - bars_secs, at_secs)
        })
    }),
    Row::new("dj-set", 30.0, dj_set),
];

/// One to four cuts of 0.5 to 10 s; the rest is identical.
fn radio_edit(scene: &mut Scene<'_>) -> Result<Take> {
    let song_secs = scene.song.duration_secs();
    let most = ((song_secs / (LEAST_PART_SECS + 5.0)) as usize).clamp(2, 5) - 1;
    let count = scene.rng.random_range(1..=most);
    let cuts_secs: Vec<f64> = (0..count)
        .map(|_| scene.rng.random_range(0.5_f64.ln()..10.0_f64.ln()).exp())
        .collect();
    let kept_secs = song_secs - cuts_secs.iter().sum::<f64>();
    let mut edit = Take::foreign(scene.song.between(0.0, 0.0));
    let mut from_secs = 0.0;
    let parts = parts(scene, kept_secs, count + 1);
    for (index, part_secs) in parts.into_iter().enumerate() {
        edit = edit.then(Take::of(&scene.song, from_secs, from_secs + part_secs));
        from_secs += part_secs + cuts_secs.get(index).unwrap_or(&0.0);
    }
    Ok(edit)
}

/// The second half is faster; its pitch is kept.
fn tempo_step(scene: &mut Scene<'_>, ratio: f64) -> Result<Take> {
    let song_secs = scene.song.duration_secs();
    let half_secs = song_secs / 2.0;
    let faster = Take::of(&scene.song, half_secs, song_secs);
    let faster = scene.stretched(faster, 0.0, ratio)?;
    Ok(Take::of(&scene.song, 0.0, half_secs).then(faster))
}

/// The song with up to `most` insertions of 2 to 6 s. `bars` makes one by its time in the song and
/// its length.
fn edited(scene: &mut Scene<'_>, most: usize, bars: impl Fn(f64, f64) -> Take) -> Result<Take> {
    let song_secs = scene.song.duration_secs();
    let most = most.min((song_secs / (LEAST_PART_SECS + 5.0)) as usize);
    let count = scene.rng.random_range(1..=most.max(1));
    let mut edit = Take::foreign(scene.song.between(0.0, 0.0));
    let mut from_secs = 0.0;
    let parts = parts(scene, song_secs, count + 1);
    for (index, part_secs) in parts.into_iter().enumerate() {
        let to_secs = from_secs + part_secs;
        edit = edit.then(Take::of(&scene.song, from_secs, to_secs));
        if index < count {
            let bars_secs = scene.rng.random_range(2.0..LEAST_PART_SECS);
            edit = edit.then(bars(to_secs, bars_secs));
        }
        from_secs = to_secs;
    }
    Ok(edit)
}

/// Divides a time at random, so that each part has at least [`LEAST_PART_SECS`] where the time is
/// enough.
fn parts(scene: &mut Scene<'_>, secs: f64, count: usize) -> Vec<f64> {
    let least_secs = LEAST_PART_SECS.min(secs / count as f64);
    let spare_secs = secs - least_secs * count as f64;
    let mut ends: Vec<f64> = (1..count)
        .map(|_| scene.rng.random_range(0.0..=1.0) * spare_secs)
        .collect();
    ends.sort_by(f64::total_cmp);
    ends.push(spare_secs);
    let mut from_secs = 0.0;
    ends.into_iter()
        .map(|end_secs| {
            let part_secs = end_secs - from_secs + least_secs;
            from_secs = end_secs;
            part_secs
        })
        .collect()
}

/// Another song, up to 60 s of the song, and a third one, each a little faster.
fn dj_set(scene: &mut Scene<'_>) -> Result<Take> {
    let song_secs = scene.song.duration_secs();
    let own_secs = song_secs.min(60.0);
    let start_secs = scene.rng.random_range(0.0..=1.0) * (song_secs - own_secs);
    let others: Vec<Take> = (0..2)
        .map(|_| {
            let other = Take::foreign(scene.stranger(40.0)?.between(0.0, 40.0));
            scene.at_speed(other, SET_SPEED)
        })
        .collect::<Result<_>>()?;
    let own = Take::of(&scene.song, start_secs, start_secs + own_secs);
    let own = scene.at_speed(own, SET_SPEED)?;
    let [before, after] = [&others[0], &others[1]].map(Clone::clone);
    Ok(before
        .crossfaded(own, SET_FADE_SECS)
        .crossfaded(after, SET_FADE_SECS))
}
