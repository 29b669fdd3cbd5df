//! The data folder: used by one process at a time, emptied only when it is surely ours.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Marks a folder as ours; its lock is held as long as the process lives.
const LOCK_FILE: &str = "ciero.lock";

/// What to do with data that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Keep,
    Discard,
}

/// The locked folder.
#[derive(Debug)]
pub struct DataFolder {
    pub path: PathBuf,
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("the data folder {0} cannot be used: {1}")]
    Unusable(PathBuf, io::Error),
    #[error("the data folder {0} is in use by another ciero")]
    InUse(PathBuf),
    #[error("the folder {0} holds files that are not ciero's, so --fresh leaves it alone")]
    NotOurs(PathBuf),
}

impl DataFolder {
    /// Creates the folder when it is missing, and locks it.
    pub fn open(path: &Path, existing: Existing) -> Result<Self, DataError> {
        let unusable = |error| DataError::Unusable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unusable)?;
        let is_ours = path.join(LOCK_FILE).exists();
        let is_empty = fs::read_dir(path).map_err(unusable)?.next().is_none();
        if existing == Existing::Discard && !is_ours && !is_empty {
            return Err(DataError::NotOurs(path.to_owned()));
        }
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let lock = options.open(path.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        if existing == Existing::Discard {
            empty(path).map_err(unusable)?;
        }
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }
}

fn empty(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_name() == LOCK_FILE {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_second_user_of_the_folder_is_refused_until_the_first_ends() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        let first = DataFolder::open(&path, Existing::Keep).unwrap();
        let second = DataFolder::open(&path, Existing::Keep).unwrap_err();
        assert!(second.to_string().contains("in use by another ciero"));
        drop(first);
        DataFolder::open(&path, Existing::Keep).unwrap();
    }

    #[test]
    fn a_fresh_start_empties_the_folder_and_keeping_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let open = |existing| drop(DataFolder::open(directory.path(), existing).unwrap());
        open(Existing::Keep);
        fs::create_dir(directory.path().join("video")).unwrap();
        fs::write(directory.path().join("video/a"), "a").unwrap();
        open(Existing::Keep);
        assert!(directory.path().join("video/a").exists());
        open(Existing::Discard);
        assert!(!directory.path().join("video").exists());
    }

    #[test]
    fn a_folder_with_other_files_is_never_emptied() {
        let directory = tempfile::tempdir().unwrap();
        let letter = directory.path().join("letter.txt");
        fs::write(&letter, "dear").unwrap();
        let refused = DataFolder::open(directory.path(), Existing::Discard).unwrap_err();
        assert!(refused.to_string().contains("not ciero's"));
        assert!(letter.exists());
    }

    #[test]
    fn a_path_that_cannot_be_a_folder_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = DataFolder::open(file.path(), Existing::Keep).unwrap_err();
        assert!(matches!(refused, DataError::Unusable(..)));
    }
}
