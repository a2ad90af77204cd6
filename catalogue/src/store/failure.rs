//! SQLite's errors as one line each.

use std::path::Path;

use anyhow::{Error, anyhow};
use rusqlite::ErrorCode;

/// One line that names the catalogue, what is wrong and what can be done.
pub fn failure(folder: &Path, error: rusqlite::Error) -> Error {
    let what = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "is damaged: take a copy, or make it anew"
        }
        Some(ErrorCode::DiskFull) => "can't grow, the disk is full; what is committed stays",
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => "can't be written",
        Some(ErrorCode::CannotOpen) => "can't be opened or made",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "is in use by another program, which doesn't finish: try again later"
        }
        _ => "can't be used",
    };
    let reason = error.to_string().replace('\n', " ");
    anyhow!("{} {what} ({reason})", folder.display())
}
