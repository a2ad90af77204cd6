//! Progress bars, all of one look.

use indicatif::{ProgressBar, ProgressStyle};

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
