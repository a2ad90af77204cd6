//! Whole songs with something over them, or without their centre.

use anyhow::Result;

use crate::mixes::rows::Row;
use crate::mixes::scene::Scene;
use crate::mixes::take::Take;

/// Levels in the names are those of the song relative to the other music.
pub const ROWS: [Row; 7] = [
    Row::new("mash-up-0dB", 20.0, |scene| mash_up(scene, 0.0)),
    Row::new("mash-up-6dB-below", 20.0, |scene| mash_up(scene, -6.0)),
    Row::new("mash-up-10dB-below", 20.0, |scene| mash_up(scene, -10.0)),
    Row::new("pitch-and-tempo-under-0dB", 20.0, |scene| {
        let changed = scene.stretched(scene.whole(), 1.5, 1.07)?;
        let other = scene.stranger(changed.duration_secs())?;
        changed.under(&other, 0.0)
    }),
    Row::new("drums-over-0dB", 20.0, |scene| {
        let drums = scene.drums(scene.song.duration_secs())?;
        scene.whole().under(&drums, 0.0)
    }),
    Row::new("speech-over-0dB", 20.0, |scene| {
        let speech = scene.speech(scene.song.duration_secs());
        scene.whole().under(&speech, 0.0)
    }),
    Row::new("karaoke", 20.0, without_centre).of_stereo(),
];

/// The whole song under another one.
fn mash_up(scene: &mut Scene<'_>, level_db: f64) -> Result<Take> {
    let other = scene.stranger(scene.song.duration_secs())?;
    scene.whole().under(&other, -level_db)
}

/// The difference of the channels; most voices are in the centre.
fn without_centre(scene: &mut Scene<'_>) -> Result<Take> {
    let stereo = scene.studio.originals[scene.source].read_stereo()?;
    let side = stereo.mixed(|frame| 0.5 * (frame[0] - frame[1]));
    Ok(scene.whole().with_sound(side))
}
