//! From a song to the reports of those that it may copy.

use std::collections::HashMap;

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;
use soundalike::{Checker, Report, Song};

use crate::retrieval::query::Vectors;
use crate::retrieval::votes::candidates;
use crate::store::{Address, Catalogue, Nearest};
use crate::under_music;

/// Candidates that are looked up for each one wanted: embeddings may be those of a song that was
/// just removed, or that isn't committed yet.
const SPARE: usize = 4;

/// The answer for a searched song.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Its name.
    pub query: String,
    /// Songs of the catalogues, best score first.
    pub candidates: Vec<Compared>,
    /// Catalogues with a damaged index, which were scanned.
    #[serde(skip)]
    pub damaged_indices: Vec<Address>,
}

/// A song of a catalogue and its report.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The report, with the searched song on the left; `None` if the kept song is damaged.
    pub report: Option<Report>,
}

/// Searches catalogues for what a song copies, and compares it with the `top` best candidates; if
/// it is to be found `under_music`, with as many by their landmarks besides.
///
/// # Errors
///
/// When a catalogue can't be read.
pub fn search(
    catalogues: &[Catalogue],
    checker: &Checker,
    song: &Song,
    top: usize,
    under_music: bool,
) -> Result<Answer> {
    let query = Vectors::query(song);
    let (mut hits, mut owners) = (Vec::new(), HashMap::new());
    let mut damaged_indices = Vec::new();
    for catalogue in catalogues {
        let Nearest {
            hits: mut found,
            index_is_damaged,
        } = catalogue.nearest(&query)?;
        if index_is_damaged {
            damaged_indices.push(catalogue.address().clone());
        }
        // A song that is in several catalogues counts once.
        found.retain(|hit| {
            let owner: &mut &Catalogue = owners.entry(hit.song.clone()).or_insert(catalogue);
            std::ptr::eq(*owner, catalogue)
        });
        hits.extend(found);
    }
    let (mut ids, mut kept) = (Vec::new(), HashMap::new());
    let voted: Vec<_> = candidates(&hits, SPARE * top);
    let mut rest = voted.into_iter().map(|one| one.song).peekable();
    while ids.len() < top && rest.peek().is_some() {
        let some: Vec<_> = rest.by_ref().take(top - ids.len()).collect();
        for catalogue in catalogues {
            let is_owner = |id: &&String| {
                let owner = owners.get(*id);
                owner.is_some_and(|owner| std::ptr::eq(*owner, catalogue))
            };
            let theirs: Vec<_> = some.iter().filter(is_owner).cloned().collect();
            if !theirs.is_empty() {
                kept.extend(catalogue.kept(&theirs)?);
            }
        }
        ids.extend(some.into_iter().filter(|id| kept.contains_key(id)));
    }
    if under_music {
        for (id, song) in under_music::best(catalogues, song, &ids, top)? {
            ids.push(id.clone());
            kept.insert(id, song);
        }
    }
    // What the comparisons need of the searched song alone is computed once.
    let prepared = song.prepared();
    let mut candidates: Vec<_> = ids
        .into_par_iter()
        // One at a time, so that no core waits for another one's last ones.
        .with_max_len(1)
        .filter_map(|id| {
            let (name, bytes) = kept.get(&id)?;
            let other = Song::from_bytes(bytes, name, checker.model());
            let report = other.map(|other| {
                let pair = [&prepared, &other.prepared()];
                checker.compare_prepared(pair, |_, _| ())
            });
            let name = name.clone();
            Some(Compared { id, name, report })
        })
        .collect();
    // Stable: equal scores stay in the order of their votes.
    let score = |one: &Compared| one.report.as_ref().map_or(0.0, |report| report.score);
    candidates.sort_by(|a, b| score(b).total_cmp(&score(a)));
    Ok(Answer {
        query: song.name().to_owned(),
        candidates,
        damaged_indices,
    })
}
