//! Copies, empties and replaces folders.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Copies a folder with all files and folders for which `keep` is true.
///
/// # Errors
///
/// When a file can't be read or written.
pub fn copy_folder(from: &Path, to: &Path, keep: impl Fn(&Path) -> bool) -> Result<()> {
    let entries = walkdir::WalkDir::new(from)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || keep(entry.path()));
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)
                .with_context(|| format!("cannot create {}", target.display()))?;
        } else {
            copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies one file; the error names it.
///
/// # Errors
///
/// When the file can't be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Empties a folder, or creates it.
///
/// # Errors
///
/// When the folder can't be removed or created.
pub fn empty_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))
}

/// Renames a folder; a folder of the new name is replaced.
///
/// # Errors
///
/// When a folder can't be renamed or removed.
pub fn move_folder(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("cannot move {} to {}", from.display(), to.display());
    if to.exists() {
        let old = to.with_extension(format!("old-{}", std::process::id()));
        fs::rename(to, &old).with_context(failed)?;
        fs::rename(from, to).with_context(failed)?;
        return fs::remove_dir_all(&old)
            .with_context(|| format!("cannot remove {}", old.display()));
    }
    fs::rename(from, to).with_context(failed)
}

/// Fills a folder under another name and then renames it, so that no program reads it half full.
///
/// # Errors
///
/// When `fill` fails, which leaves the old folder, or a folder can't be created or renamed.
pub fn replace_folder(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    // `is_shipped` leaves out hidden names, which an interrupted build may leave behind.
    let new = folder.with_file_name(format!(".{name}-new"));
    empty_folder(&new)?;
    fill(&new)?;
    move_folder(&new, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_folder_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let [new, old] = ["new", "old"].map(|name| folder.path().join(name));
        for _ in 0..2 {
            fs::create_dir(&new).unwrap();
            fs::write(new.join("file"), "new").unwrap();
            move_folder(&new, &old).unwrap();
            assert!(old.join("file").is_file());
            fs::rename(old.join("file"), old.join("stale")).unwrap();
        }
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(!old.join("file").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_filled_leaves_the_old_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cpu");
        fs::create_dir(&folder).unwrap();
        replace_folder(&folder, |_| anyhow::bail!("no")).unwrap_err();
        assert!(folder.is_dir());
    }
}
