//! The end of a step that did what it could and had to pass some files over.

use anyhow::Result;

/// Not all files could be used. Everything that the step makes of the others is there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PartialSuccess(String);

impl PartialSuccess {
    /// Exit status, so that a script can tell it from a step that failed (1) and from wrong arguments (2).
    pub const STATUS: u8 = 3;

    /// Ends a step: with this, when there is anything among `problems`, numbers of files and what is wrong with them; `rest` says where the rest is.
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
