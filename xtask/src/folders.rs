//! Copies, empties and replaces folders.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

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
                .with_context(|| format!("can't create {}", target.display()))?;
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
        .with_context(|| format!("can't copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Empties a folder, or creates it.
///
/// # Errors
///
/// When the folder can't be removed or created.
pub fn empty_folder(path: &Path) -> Result<()> {
    remove_folder(path)?;
    fs::create_dir_all(path).with_context(|| format!("can't create {}", path.display()))
}

/// Removes a folder if it exists.
fn remove_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).with_context(|| format!("can't remove {}", path.display()))?;
    }
    Ok(())
}

/// Locks a folder that two programs may build at the same time: `cargo xtask serve` builds in the
/// background. Waits for the other program. The lock ends with the returned file, or when the
/// program is killed.
///
/// # Errors
///
/// When the lock's file, a hidden one beside the folder, can't be created or locked.
pub fn lock(folder: &Path) -> Result<File> {
    let path = hidden_sibling(folder, ".lock");
    let locked = || {
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        file.lock()?;
        std::io::Result::Ok(file)
    };
    locked().with_context(|| format!("can't lock {}", path.display()))
}

/// Fills a folder under another name and then puts it in the place of `folder`, so that no program
/// reads it half full. Other programs wait that replace the same folder.
///
/// # Errors
///
/// When `fill` fails, which leaves the old folder, or a folder can't be locked, created or renamed.
pub fn replace_folder(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let _lock = lock(folder)?;
    replace_locked_folder(folder, fill)
}

/// As [`replace_folder`], for a folder in one that the caller has [locked](lock).
///
/// # Errors
///
/// Those of [`replace_folder`].
pub fn replace_locked_folder(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    // A killed build leaves these folders behind. `is_shipped` leaves out hidden names.
    let [new, old] = ["-new", "-old"].map(|suffix| hidden_sibling(folder, suffix));
    remove_folder(&old)?;
    empty_folder(&new)?;
    fill(&new)?;
    swap(&new, folder, &old)
        .with_context(|| format!("can't move {} to {}", new.display(), folder.display()))?;
    remove_folder(&new)?;
    remove_folder(&old)
}

/// `.NAMEsuffix` beside a folder NAME.
fn hidden_sibling(folder: &Path, suffix: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.with_file_name(format!(".{name}{suffix}"))
}

/// Gives `new` the name `folder`. A folder of that name is called `new` or `old` afterwards.
///
/// Linux and macOS exchange two folders in one step on nearly every file system. Elsewhere there is
/// no folder of that name for a moment.
///
/// Even so a page that loads at this moment may get one file of the old folder and another of the
/// new one. No file system prevents that; the next load of the page is right.
fn swap(new: &Path, folder: &Path, old: &Path) -> std::io::Result<()> {
    if folder.exists() {
        if exchange(new, folder) {
            return Ok(());
        }
        fs::rename(folder, old)?;
    }
    fs::rename(new, folder)
}

/// Exchanges the names of two folders; false where the system can't.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn exchange(_one: &Path, _other: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::*;

    /// Replaces a folder by one with this file.
    fn replace(folder: &Path, file: &str) {
        replace_folder(folder, |new| Ok(fs::write(new.join(file), file)?)).unwrap();
    }

    /// Names in a folder, sorted, without those of locks.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.ends_with(".lock"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_new_folder_takes_the_place_of_the_old_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cpu");
        for file in ["first", "second"] {
            replace(&folder, file);
            assert_eq!(names(&folder), [file]);
            assert_eq!(names(parent.path()), ["cpu"]);
        }
    }

    #[test]
    fn a_folder_that_cannot_be_filled_leaves_the_old_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cpu");
        fs::create_dir(&folder).unwrap();
        replace_folder(&folder, |_| anyhow::bail!("no")).unwrap_err();
        assert!(folder.is_dir());
    }

    #[test]
    fn leftovers_of_killed_builds_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        for left in [".cpu-new", ".cpu-old"] {
            fs::create_dir(parent.path().join(left)).unwrap();
            fs::write(parent.path().join(left).join("stale"), "").unwrap();
        }
        let folder = parent.path().join("cpu");
        replace(&folder, "file");
        assert_eq!(names(&folder), ["file"]);
        assert_eq!(names(parent.path()), ["cpu"]);
    }

    #[test]
    fn a_folder_is_filled_by_one_build_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let folder = &parent.path().join("cpu");
        let is_filling = &AtomicBool::new(false);
        thread::scope(|scope| {
            for build in ["a", "b", "c"] {
                scope.spawn(move || {
                    replace_folder(folder, |new| {
                        assert!(!is_filling.swap(true, Ordering::SeqCst));
                        fs::write(new.join(build), "")?;
                        thread::sleep(std::time::Duration::from_millis(20));
                        assert_eq!(names(new), [build]);
                        is_filling.store(false, Ordering::SeqCst);
                        Ok(())
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(names(folder).len(), 1);
        assert_eq!(names(parent.path()), ["cpu"]);
    }

    /// Where the file system exchanges folders, which it need not do.
    #[test]
    fn a_replaced_folder_is_there_at_every_moment() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("cpu");
        replace(&folder, "file");
        let other = parent.path().join("other");
        fs::create_dir(&other).unwrap();
        if !exchange(&folder, &other) || !exchange(&folder, &other) {
            return;
        }
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100 {
                    replace(&folder, "file");
                }
                is_over.store(true, Ordering::SeqCst);
            });
            while !is_over.load(Ordering::SeqCst) {
                assert!(folder.join("file").is_file());
            }
        });
    }

    #[test]
    fn a_folder_is_replaced_where_names_cannot_be_exchanged() {
        let parent = tempfile::tempdir().unwrap();
        let [new, old] = ["new", "old"].map(|name| parent.path().join(name));
        fs::create_dir(&new).unwrap();
        // A folder and a missing one can't be exchanged.
        assert!(!exchange(&new, &old));
        swap(&new, &old, &parent.path().join("unused")).unwrap();
        assert_eq!(names(parent.path()), ["old"]);
    }
}
