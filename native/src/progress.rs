//! Progress bars in one style, and parallel work on many files of which some may be unusable.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

/// A bar of `length` steps, named by the work.
pub fn bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix:>10} [{bar:32}] {pos}/{len}  {elapsed} gone, {eta} left  {msg}",
    );
    let bar = ProgressBar::new(length as u64).with_prefix(what);
    // indicatif accepts this constant template; the default style is only a fallback.
    match style {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// Works on all items in parallel, with a bar. Prints the failures in order to standard error, and
/// returns the number of successes.
pub fn each<T: Sync>(
    items: &[T],
    what: &'static str,
    work: impl Fn(usize, &T) -> Result<()> + Sync,
) -> usize {
    let bar = bar(items.len(), what);
    let failures: Vec<String> = items
        .par_iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let outcome = work(index, item);
            bar.inc(1);
            outcome.err().map(|error| format!("{error:#}"))
        })
        .collect();
    bar.finish();
    for failure in &failures {
        eprintln!("skipped: {failure}");
    }
    items.len() - failures.len()
}
