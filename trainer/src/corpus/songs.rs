//! The songs of a table of pairs, each analysed once.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;
use soundalike::Song;
use soundalike_native::progress;
use soundalike_tables::pair_table::Pair;

/// Analyses every song of a table, on all cores, with a progress bar.
///
/// # Errors
///
/// The first error of `analyse`.
pub fn analysed(
    pairs: &[Pair],
    analyse: impl Fn(&Path) -> Result<Song> + Sync,
) -> Result<BTreeMap<&Path, Song>> {
    let mut paths: Vec<&Path> = pairs
        .iter()
        .flat_map(|pair| [pair.left.as_path(), pair.right.as_path()])
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let bar = progress::bar(paths.len(), "analyse");
    let songs = paths
        .into_par_iter()
        .map(|path| {
            let song = analyse(path)?;
            bar.inc(1);
            Ok((path, song))
        })
        .collect::<Result<_>>()?;
    bar.finish();
    Ok(songs)
}
