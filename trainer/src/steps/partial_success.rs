//! The outcome of a step that had to skip some files.

use anyhow::Result;

/// Some files were skipped; the results for the others are complete.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PartialSuccess(String);

impl PartialSuccess {
    /// Exit status; 1 is a failed step, 2 is for wrong arguments.
    pub const STATUS: u8 = 3;

    /// The end of a step with `problems`: numbers of files and their problem. `rest` is a note
    /// about the remaining files.
    ///
    /// # Errors
    ///
    /// `PartialSuccess`, when a number isn't 0.
    pub fn unless_none(problems: &[(usize, &str)], rest: &str) -> Result<()> {
        let said: Vec<String> = problems
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() {
            return Ok(());
        }
        Err(Self(format!("{}, see above; {rest}", said.join(", "))).into())
    }
}
