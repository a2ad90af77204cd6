//! The outcome of a step that had to skip some files.

use anyhow::Result;

/// Some files were skipped; the results for the others are complete.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PartialSuccess(String);

impl PartialSuccess {
    /// Exit status; 1 is a failed step, 2 is for wrong arguments.
    pub const STATUS: u8 = 3;

    /// The result of a step: an error if any number in `problems` isn't 0.
    ///
    /// `problems` are numbers of files with their problem; `rest` is a note about the other files.
    ///
    /// # Errors
    ///
    /// `PartialSuccess`, if any number isn't 0.
    pub fn unless_none(problems: &[(usize, &str)], rest: &str) -> Result<()> {
        let found: Vec<String> = problems
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if found.is_empty() {
            return Ok(());
        }
        Err(Self(format!("{}, see above; {rest}", found.join(", "))).into())
    }
}
