//! Lance's errors as one line each.

use std::error::Error as _;

use anyhow::{Error, anyhow};

use super::Address;

/// Longest reason that is shown, in characters.
const MOST_CHARACTERS: usize = 300;

/// Whether the table was there already, or another writer made the same version first.
fn is_conflict(error: &lance::Error) -> bool {
    matches!(
        error,
        lance::Error::DatasetAlreadyExists { .. }
            | lance::Error::CommitConflict { .. }
            | lance::Error::RetryableCommitConflict { .. }
    )
}

/// Whether there is no such table.
pub fn is_missing(error: &lance::Error) -> bool {
    matches!(
        error,
        lance::Error::DatasetNotFound { .. } | lance::Error::NotFound { .. }
    )
}

/// One line that names the catalogue, what is wrong and what can be done.
pub fn failure(address: &Address, error: lance::Error) -> Error {
    let text = chain(&error);
    let what = what(&error, &text, address.folder().is_some());
    anyhow!("{address} {what} ({})", reason(&text))
}

fn what(error: &lance::Error, text: &str, is_folder: bool) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if matches!(error, lance::Error::TooMuchWriteContention { .. }) || is_conflict(error) {
        return "has too many writers at once: try again";
    }
    if has(&[
        "No space left",
        "StorageFull",
        "disk is full",
        "File too large",
        "quota",
    ]) {
        return "can't grow, the disk is full; what is committed stays";
    }
    if has(&[
        "Permission denied",
        "Read-only file system",
        "AccessDenied",
        "403 Forbidden",
    ]) {
        return "can't be read or written: there is no permission";
    }
    if has(&["NoSuchBucket"]) {
        return "isn't there: its store has no such bucket";
    }
    // The store calls wrong numbers in a file an input, too.
    let is_of_file = has(&["metadata region", "metadata buffer", "footer", "magic"]);
    if !is_of_file
        && matches!(
            error,
            lance::Error::InvalidInput { .. } | lance::Error::IncompatibleTransaction { .. }
        )
    {
        return "has changed meanwhile: begin again";
    }
    if is_folder {
        return "is damaged: a file of it is missing or cut short. Bring it back from a copy, or make the catalogue anew";
    }
    if is_missing(error) || matches!(error, lance::Error::CorruptFile { .. }) {
        return "is damaged or not there";
    }
    "can't be reached: its store doesn't answer as it should; what is committed stays"
}

/// The messages of an error and of its causes.
fn chain(error: &lance::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// The text without line breaks and without places in sources, `, src/file.rs:12:3`.
fn reason(text: &str) -> String {
    let words: Vec<_> = text
        .split_whitespace()
        .filter(|word| !word.contains(".rs:"))
        .collect();
    let text = words.join(" ");
    let text = text.trim_end_matches([',', ' ']);
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_sources_and_line_breaks_are_left_out() {
        let text = "LanceError(IO): no\nspace left, lance-io/src/x.rs:12:3";
        assert_eq!(reason(text), "LanceError(IO): no space left");
        assert_eq!(reason(&"é".repeat(400)).chars().count(), 303);
    }
}
