//! Pairs of passages and copies, as tables for `evaluate --pairs`.

use std::path::Path;

use anyhow::{Context as _, Result};
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::pairs::passages::Passage;
use crate::tracks::Track;

/// Another section of a track starts at least this far away, in seconds.
const OTHER_SECTION_SECS: f64 = 10.0;

/// A row; its fields are the columns of `evaluate`.
#[derive(Serialize)]
pub struct Pair {
    pub left: String,
    pub right: String,
    pub label: u8,
    pub left_start_secs: String,
    pub right_start_secs: String,
    pub perturbation: String,
}

impl Pair {
    fn new(passage: &Passage, copy: &Passage, label: u8, perturbation: String) -> Self {
        Self {
            left: passage.original.0.clone(),
            right: copy.copy.0.clone(),
            label,
            left_start_secs: format!("{:.4}", passage.original.1),
            right_start_secs: format!("{:.4}", copy.copy.1),
            perturbation,
        }
    }
}

/// Each passage with its own copy.
pub fn positives(passages: &[&Passage]) -> Vec<Pair> {
    passages
        .iter()
        .map(|passage| Pair::new(passage, passage, 1, passage.recipe.perturbation.clone()))
        .collect()
}

/// Each passage with the copy of a passage of an unrelated track, or of any other track where all
/// are related. Each copy is used once as far as possible.
pub fn unrelated(
    passages: &[&Passage],
    tracks: &[Track],
    perturbation: impl Fn(&Passage) -> String,
    rng: &mut ChaCha8Rng,
) -> Vec<Pair> {
    let mut copies: Vec<&Passage> = passages.to_vec();
    copies.shuffle(rng);
    let is_other = |passage: &Passage, copy: &Passage| passage.track != copy.track;
    let is_unrelated = |passage: &Passage, copy: &Passage| {
        is_other(passage, copy) && !tracks[passage.track].is_related_to(&tracks[copy.track])
    };
    passages
        .iter()
        .filter_map(|passage| {
            let unused = copies
                .iter()
                .rposition(|copy| is_unrelated(passage, copy))
                .map(|place| copies.swap_remove(place));
            let copy = unused.or_else(|| any(passages, |copy| is_unrelated(passage, copy), rng));
            let copy = copy.or_else(|| any(passages, |copy| is_other(passage, copy), rng))?;
            Some(Pair::new(passage, copy, 0, perturbation(copy)))
        })
        .collect()
}

/// `count` pairs of each deceptive sort; fewer where the tracks have none.
pub fn hard(
    passages: &[&Passage],
    tracks: &[Track],
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<Pair> {
    let same_album = |passage: &Passage, copy: &Passage| {
        passage.track != copy.track && tracks[passage.track].album == tracks[copy.track].album
    };
    let same_artist = |passage: &Passage, copy: &Passage| {
        let (passage, copy) = (&tracks[passage.track], &tracks[copy.track]);
        passage.album != copy.album && passage.is_related_to(copy)
    };
    let same_track = |passage: &Passage, copy: &Passage| {
        passage.track == copy.track
            && (passage.track_secs - copy.track_secs).abs() >= OTHER_SECTION_SECS
    };
    let mut pairs = of_sort(passages, same_album, count, "negative-same-album", rng);
    pairs.extend(of_sort(
        passages,
        same_track,
        count,
        "negative-same-track",
        rng,
    ));
    if tracks.iter().any(|track| track.artist.is_some()) {
        let sort = "negative-same-artist";
        pairs.extend(of_sort(passages, same_artist, count, sort, rng));
    }
    pairs
}

fn of_sort(
    passages: &[&Passage],
    is_of_sort: impl Fn(&Passage, &Passage) -> bool,
    count: usize,
    perturbation: &str,
    rng: &mut ChaCha8Rng,
) -> Vec<Pair> {
    let mut order: Vec<&Passage> = passages.to_vec();
    order.shuffle(rng);
    let pairs = order.into_iter().filter_map(|passage| {
        let copy = any(passages, |copy| is_of_sort(passage, copy), rng)?;
        Some(Pair::new(passage, copy, 0, perturbation.into()))
    });
    pairs.take(count).collect()
}

fn any<'a>(
    passages: &[&'a Passage],
    is_wanted: impl Fn(&Passage) -> bool,
    rng: &mut ChaCha8Rng,
) -> Option<&'a Passage> {
    let wanted: Vec<_> = passages
        .iter()
        .copied()
        .filter(|copy| is_wanted(copy))
        .collect();
    wanted.choose(rng).copied()
}

/// Writes a table.
pub fn write_pairs(path: &Path, pairs: &[Pair]) -> Result<()> {
    let mut writer =
        csv::Writer::from_path(path).with_context(|| format!("writing {}", path.display()))?;
    for pair in pairs {
        writer.serialize(pair)?;
    }
    writer
        .flush()
        .with_context(|| format!("writing {}", path.display()))
}
