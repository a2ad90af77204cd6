//! Progress bars, all of one look, and work on many files of which some may be unfit.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

/// A bar of `length` steps named by what is done.
pub fn bar(length: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{prefix:>10} [{bar:32}] {pos}/{len}  {elapsed} gone, {eta} left  {msg}",
    );
    let bar = ProgressBar::new(length as u64).with_prefix(what);
    // The template is a constant that indicatif accepts; with another one the default look would do.
    match style {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}

/// Works on all items in parallel, under a bar. Says on the standard error which ones failed and why, in their order, and returns how many did not.
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
