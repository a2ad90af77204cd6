//! Pairs of other music: what they share is no copy.

use anyhow::Result;
use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::mixes::places::different_sections;
use crate::mixes::plan::{MixedPair, Plan};
use crate::mixes::rows;
use crate::mixes::sounds::drums::DrumLoop;
use crate::mixes::studio::Studio;
use crate::mixes::take::{Take, mono};
use crate::places::loud_place;
use crate::song_tables::Pair;
use crate::sound::Sound;

const UNRELATED: &str = "negative-unrelated";
const UNRELATED_COPY: &str = "negative-unrelated-copy";
const SAME_ALBUM: &str = "negative-same-album";
const SECTIONS: &str = "negative-same-track";
const SAME_DRUMS: &str = "negative-same-drums";
const SAME_TAG: &str = "negative-same-tag";
const DRUMS_TRANSPOSED: &str = "negative-drums-transposed";
const REVERSED: &str = "negative-reversed";
/// Name, length in seconds, pairs, and songs that each clip is compared with.
const CLIPS: [(&str, f64, usize, usize); 2] = [
    ("negative-clip-5s", 5.0, 1_000, 4),
    ("negative-clip-3s", 3.0, 500, 4),
];

/// Pairs of songs of one album at most.
const ALBUM_PAIRS: usize = 400;
/// Length of two sections of a song, and pairs of each song.
const SECTION_SECS: f64 = 20.0;
const SECTION_PAIRS: usize = 3;
/// Length of songs that share drums or a spoken tag.
const PART_SECS: f64 = 40.0;
/// Pairs that share drums or a tag, relative to those of a positive row.
const SHARED_FACTOR: usize = 4;
/// Length of a tag, its uses in a song, and its level relative to the song.
const TAG_SECS: f64 = 2.0;
const TAG_USES: usize = 3;
const TAG_DB: f64 = 3.0;
/// Length of drums alone, and of songs that are played backwards.
const DRUMS_SECS: f64 = 30.0;
const REVERSED_SECS: f64 = 60.0;

/// The pairs of all selected rows. `positives` are those of the positive rows.
pub fn pairs(plan: &Plan<'_>, studio: &Studio, positives: &[MixedPair]) -> Result<Vec<MixedPair>> {
    let mut pairs = Vec::new();
    let mut add = |row: &str, made: &dyn Fn() -> Result<Vec<MixedPair>>| -> Result<()> {
        if plan.is_selected(row) {
            pairs.extend(made()?);
        }
        Ok(())
    };
    add(UNRELATED, &|| Ok(unrelated(plan, studio)))?;
    add(UNRELATED_COPY, &|| {
        Ok(unrelated_copies(plan, studio, positives))
    })?;
    add(SAME_ALBUM, &|| Ok(same_album(plan, studio)))?;
    add(SECTIONS, &|| sections(plan, studio))?;
    add(SAME_DRUMS, &|| same_drums(plan, studio))?;
    add(SAME_TAG, &|| same_tag(plan, studio))?;
    add(DRUMS_TRANSPOSED, &|| drums_transposed(plan, studio))?;
    add(REVERSED, &|| reversed(plan, studio))?;
    for (row, secs, count, songs_per_clip) in CLIPS {
        add(row, &|| {
            clips(plan, studio, row, secs, count, songs_per_clip)
        })?;
    }
    Ok(pairs)
}

pub fn negative(row: &str, left: String, right: String) -> MixedPair {
    MixedPair {
        pair: Pair {
            left,
            right,
            label: 0,
            perturbation: row.into(),
        },
        passages: Vec::new(),
    }
}

/// All pairs of songs, by index, in random order.
fn song_pairs(
    plan: &Plan<'_>,
    studio: &Studio,
    row: &str,
    is_suitable: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let count = studio.originals.len();
    let all = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
    let mut pairs: Vec<_> = all
        .filter(|&(one, other)| is_suitable(one, other))
        .collect();
    pairs.shuffle(&mut plan.rng(row, usize::MAX));
    pairs
}

fn unrelated_pairs(plan: &Plan<'_>, studio: &Studio, row: &str) -> Vec<(usize, usize)> {
    let originals = &studio.originals;
    song_pairs(plan, studio, row, |one, other| {
        !originals[one].is_related_to(&originals[other])
    })
}

fn unrelated(plan: &Plan<'_>, studio: &Studio) -> Vec<MixedPair> {
    let pairs = unrelated_pairs(plan, studio, UNRELATED);
    whole_songs(studio, UNRELATED, &pairs, plan.args.unrelated)
}

/// Songs with plain copies of unrelated ones: as many as pairs of originals lack for the number
/// asked for.
fn unrelated_copies(plan: &Plan<'_>, studio: &Studio, positives: &[MixedPair]) -> Vec<MixedPair> {
    let of_originals = unrelated_pairs(plan, studio, UNRELATED).len();
    let originals = &studio.originals;
    let copies = positives
        .iter()
        .map(|mixed| &mixed.pair)
        .filter(|pair| rows::plain_copies().any(|row| row == pair.perturbation));
    let mut pairs: Vec<MixedPair> = copies
        .flat_map(|copy| {
            let source = originals.iter().find(|original| original.name == copy.left);
            let unrelated = originals
                .iter()
                .filter(move |other| source.is_some_and(|source| !source.is_related_to(other)));
            unrelated.map(|other| negative(UNRELATED_COPY, other.name.clone(), copy.right.clone()))
        })
        .collect();
    pairs.shuffle(&mut plan.rng(UNRELATED_COPY, usize::MAX));
    pairs.truncate(plan.args.unrelated.saturating_sub(of_originals));
    pairs
}

fn same_album(plan: &Plan<'_>, studio: &Studio) -> Vec<MixedPair> {
    let originals = &studio.originals;
    let pairs = song_pairs(plan, studio, SAME_ALBUM, |one, other| {
        originals[one].is_of_album(&originals[other])
    });
    whole_songs(studio, SAME_ALBUM, &pairs, ALBUM_PAIRS)
}

fn whole_songs(
    studio: &Studio,
    row: &str,
    pairs: &[(usize, usize)],
    most: usize,
) -> Vec<MixedPair> {
    let name = |index: usize| studio.originals[index].name.clone();
    let pairs = pairs.iter().take(most);
    pairs
        .map(|&(left, right)| negative(row, name(left), name(right)))
        .collect()
}

/// Sections of a song that don't repeat each other.
fn sections(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    let count = studio.originals.len();
    let made = plan.each(count * SECTION_PAIRS, |number, _| {
        let original = &studio.originals[number / SECTION_PAIRS];
        if original.duration_secs < 2.0 * SECTION_SECS + 1.0 {
            return Ok(None);
        }
        let song = original.read()?;
        let mut rng = plan.rng(SECTIONS, number);
        let Some(starts) = different_sections(&song, SECTION_SECS, &mut rng) else {
            return Ok(None);
        };
        let [left, right] = ["left", "right"].map(|side| format!("{SECTIONS}-{number:03}-{side}"));
        let section = |start: f64| song.between(start, start + SECTION_SECS);
        Ok(Some(negative(
            SECTIONS,
            plan.write(&left, &section(starts[0]))?,
            plan.write(&right, &section(starts[1]))?,
        )))
    })?;
    Ok(made.into_iter().flatten().collect())
}

/// Two unrelated songs, each changed by `change` with the same `shared` sound.
fn sharing<T>(
    plan: &Plan<'_>,
    studio: &Studio,
    row: &str,
    shared: impl Fn(&mut ChaCha8Rng) -> Result<T> + Sync,
    change: impl Fn(Sound, &T, &mut ChaCha8Rng) -> Result<Sound> + Sync,
) -> Result<Vec<MixedPair>> {
    let mut pairs = unrelated_pairs(plan, studio, row);
    pairs.truncate(SHARED_FACTOR * plan.args.songs_per_row);
    plan.each(pairs.len(), |number, _| {
        let mut rng = plan.rng(row, number);
        let both_share = shared(&mut rng)?;
        let mut write = |index: usize, side: &str| {
            let song = studio.originals[index].read()?;
            let start_secs = loud_place(&song, 0.0, PART_SECS, PART_SECS, &mut rng);
            let part = song.between(start_secs, start_secs + PART_SECS);
            let changed = change(part, &both_share, &mut rng)?;
            plan.write(&format!("{row}-{number:03}-{side}"), &changed)
        };
        let (left, right) = pairs[number];
        Ok(negative(row, write(left, "left")?, write(right, "right")?))
    })
}

/// A drum loop over both songs, as loud as they are, from another beat on.
fn same_drums(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    sharing(
        plan,
        studio,
        SAME_DRUMS,
        |rng| DrumLoop::draw(rng).play(&studio.instruments, 2.0 * PART_SECS),
        |part, drums, rng| {
            let start_secs = rng.random_range(0.0..PART_SECS);
            let drums = drums.between(start_secs, start_secs + PART_SECS);
            Ok(Take::foreign(part).under(&drums, 0.0)?.sound)
        },
    )
}

/// The same spoken tag over both songs, at three places of each.
fn same_tag(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    let tag = |rng: &mut ChaCha8Rng| {
        let start_secs = loud_place(&studio.speech, 0.0, TAG_SECS, TAG_SECS, rng);
        Ok(studio.speech.between(start_secs, start_secs + TAG_SECS))
    };
    sharing(plan, studio, SAME_TAG, tag, |mut part, tag, rng| {
        for _ in 0..TAG_USES {
            let last_secs = part.duration_secs() - TAG_SECS - 0.1;
            let start_secs = loud_place(&part, 0.0, TAG_SECS + 0.1, TAG_SECS, rng);
            let tag = Take::foreign(tag.clone());
            part = tag.over(part, start_secs.min(last_secs), TAG_DB)?.sound;
        }
        Ok(part)
    })
}

/// A drum loop and the same one up to five semitones higher or lower.
fn drums_transposed(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    plan.each(plan.args.songs_per_row, |number, folder| {
        let mut rng = plan.rng(DRUMS_TRANSPOSED, number);
        let drums = DrumLoop::draw(&mut rng).play(&studio.instruments, DRUMS_SECS)?;
        let semitones = *[-5.0, -4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0, 5.0]
            .choose(&mut rng)
            .unwrap_or(&1.0);
        let take = Take::foreign(drums.clone());
        let stretcher = studio.stretcher;
        let moved = stretcher.pitch_and_tempo(take, semitones, 1.0, folder, &mut rng)?;
        let name = |side: &str| format!("{DRUMS_TRANSPOSED}-{number:03}-{side}");
        Ok(negative(
            DRUMS_TRANSPOSED,
            plan.write(&name("left"), &drums)?,
            plan.write(&name("right"), &moved.sound)?,
        ))
    })
}

fn reversed(plan: &Plan<'_>, studio: &Studio) -> Result<Vec<MixedPair>> {
    let mut songs: Vec<usize> = (0..studio.originals.len()).collect();
    songs.shuffle(&mut plan.rng(REVERSED, usize::MAX));
    songs.truncate(plan.args.songs_per_row);
    plan.each(songs.len(), |number, _| {
        let original = &studio.originals[songs[number]];
        let mut samples = original.read()?.between(0.0, REVERSED_SECS).samples;
        samples.reverse();
        let right = plan.write(&format!("{REVERSED}-{number:03}"), &mono(samples))?;
        Ok(negative(REVERSED, original.name.clone(), right))
    })
}

/// Clips of songs against unrelated whole songs.
fn clips(
    plan: &Plan<'_>,
    studio: &Studio,
    row: &str,
    secs: f64,
    count: usize,
    songs_per_clip: usize,
) -> Result<Vec<MixedPair>> {
    let songs = studio.originals.len();
    let pairs = plan.each(count.div_ceil(songs_per_clip), |number, _| {
        let mut rng = plan.rng(row, number);
        let source = &studio.originals[number % songs];
        let song = source.read()?;
        let start_secs = loud_place(&song, 0.0, secs, secs, &mut rng);
        let clip = song.between(start_secs, start_secs + secs);
        let right = plan.write(&format!("{row}-{number:03}"), &clip)?;
        let mut others: Vec<_> = studio
            .originals
            .iter()
            .filter(|other| !other.is_related_to(source))
            .collect();
        others.shuffle(&mut rng);
        let others = others.into_iter().take(songs_per_clip);
        Ok(others
            .map(|other| negative(row, other.name.clone(), right.clone()))
            .collect::<Vec<_>>())
    })?;
    Ok(pairs.into_iter().flatten().take(count).collect())
}
