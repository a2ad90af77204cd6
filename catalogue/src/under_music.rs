//! Songs that may play under other music in the searched one.

use anyhow::Result;
use soundalike::Song;
use soundalike::training::LandmarkSearch;

use crate::store::Catalogue;

/// A song's id, with its name and kept bytes.
type Kept = (String, (String, Vec<u8>));

/// The `top` songs with the most evidence besides those that are `known`, with what is kept of
/// them.
pub(crate) fn best(
    catalogues: &[Catalogue],
    song: &Song,
    known: &[String],
    top: usize,
) -> Result<Vec<Kept>> {
    let search = LandmarkSearch::new(song);
    let mut heard = Vec::new();
    for (place, catalogue) in catalogues.iter().enumerate() {
        let found = catalogue.heard(&search)?.into_iter();
        let fresh = found.filter(|one| !known.contains(&one.song)).take(top);
        heard.extend(fresh.map(|one| (one, place)));
    }
    // Stable: of several catalogues with a song, the first one counts.
    heard.sort_by(|(a, _), (b, _)| {
        let order = b.evidence.total_cmp(&a.evidence);
        order.then_with(|| a.song.cmp(&b.song))
    });
    heard.dedup_by(|(a, _), (b, _)| a.song == b.song);
    heard.truncate(top);
    let mut best = Vec::new();
    for (place, catalogue) in catalogues.iter().enumerate() {
        let theirs = heard.iter().filter(|(_, owner)| *owner == place);
        let ids: Vec<_> = theirs.map(|(one, _)| one.song.clone()).collect();
        if !ids.is_empty() {
            best.extend(catalogue.kept(&ids)?);
        }
    }
    // In the order of their evidence, also from several catalogues.
    best.sort_by_key(|(id, _)| heard.iter().position(|(one, _)| one.song == *id));
    Ok(best)
}
