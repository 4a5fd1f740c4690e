//! The file that the encryption key is kept in, beside the database, for its owner's eyes only; and how another key takes
//! its place without a moment at which a crash loses one that is needed. Which key fits is judged by the caller.
//!
//! A rotation writes the new key into `….key.new`, commits the database, and renames the file. Whoever finds that the key
//! does not fit but the new one does, renames it as well.

use super::{MasterKey, UnlockError};
use crate::config::Database;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the key is.
pub(super) struct KeyFile {
    path: PathBuf,
    pending: PathBuf,
}

/// Nobody else rotates the key as long as this lives.
pub(super) struct Alone {
    _locked: File,
}

impl KeyFile {
    pub(super) fn of(config: &Database) -> Self {
        let beside = |suffix: &str| {
            let mut path = config.sqlite_path.as_os_str().to_owned();
            path.push(suffix);
            PathBuf::from(path)
        };
        Self {
            path: beside(".key"),
            pending: beside(".key.new"),
        }
    }

    pub(super) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// The key; a new one is made where nothing `was_used`. When it is not the one that `fits` but a rotation left the one
    /// that does, that takes its place.
    pub(super) fn read_or_make(
        &self,
        was_used: bool,
        fits: impl Fn(&MasterKey) -> bool,
    ) -> Result<MasterKey, UnlockError> {
        let found = read(&self.path)?;
        if let Some(key) = &found
            && fits(key)
        {
            self.warn_of_readers();
            return Ok(key.clone());
        }
        if was_used
            && let Ok(Some(key)) = read(&self.pending)
            && fits(&key)
        {
            self.swap(&key)?;
            tracing::warn!(
                key_file = self.place(),
                "A rotation of the encryption key was broken off after its commit; it is finished"
            );
            return Ok(key);
        }
        match found {
            // The caller refuses it, and says why.
            Some(key) => Ok(key),
            None if was_used => Err(UnlockError::Missing {
                path: self.path.clone(),
            }),
            None => {
                let key = MasterKey::random()?;
                match write(&self.path, &key) {
                    // Another first start was faster.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(read(&self.path)?.unwrap_or(key)),
                    Err(source) => Err(self.failed(source)),
                    Ok(()) => Ok(key),
                }
            }
        }
    }

    /// Keeps others from rotating. `None` when somebody does, or just did.
    pub(super) fn lock(&self, key: &MasterKey) -> Result<Option<Alone>, UnlockError> {
        let file = File::open(&self.path).map_err(|source| self.failed(source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(source)) => return Err(self.failed(source)),
        }
        // A lock belongs to a file, not to its name: another one may have taken the name since.
        let is_current = read(&self.path)?.is_some_and(|now| now.is(key)) && is_at(&file, &self.path);
        Ok(is_current.then_some(Alone { _locked: file }))
    }

    /// Writes the key that is to come beside the one that is there.
    pub(super) fn write_pending(&self, _: &Alone, key: &MasterKey) -> Result<(), UnlockError> {
        // One that lies there opens nothing, or it would have been taken.
        let removed = match fs::remove_file(&self.pending) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        removed
            .and_then(|()| write(&self.pending, key))
            .map_err(|source| UnlockError::File {
                path: self.pending.clone(),
                source,
            })
    }

    /// Forgets the key that was to come.
    pub(super) fn drop_pending(&self, _: &Alone) {
        if let Err(error) = fs::remove_file(&self.pending) {
            tracing::warn!(%error, file = %self.pending.display(), "A key that is not used was left");
        }
    }

    /// The key that was written beside takes the place of the old one. A gateway that started meanwhile may have done it.
    pub(super) fn swap(&self, key: &MasterKey) -> Result<(), UnlockError> {
        match fs::rename(&self.pending, &self.path) {
            Err(error)
                if error.kind() == io::ErrorKind::NotFound && read(&self.path)?.is_some_and(|now| now.is(key)) => {}
            Err(source) => return Err(self.failed(source)),
            Ok(()) => {}
        }
        sync_folder(&self.path).map_err(|source| self.failed(source))
    }

    fn warn_of_readers(&self) {
        #[cfg(unix)]
        if let Ok(found) = fs::metadata(&self.path)
            && std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0
        {
            tracing::warn!(
                key_file = self.place(),
                "Others may read the key file; `chmod 600` makes it the owner's alone"
            );
        }
    }

    fn failed(&self, source: io::Error) -> UnlockError {
        UnlockError::File {
            path: self.path.clone(),
            source,
        }
    }
}

fn read(path: &Path) -> Result<Option<MasterKey>, UnlockError> {
    match fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => MasterKey::from_hex(&text)
            .map(Some)
            .ok_or_else(|| UnlockError::Malformed {
                place: format!("the key file {}", path.display()),
            }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(UnlockError::File {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The file is there with its whole content or not at all, and never takes the place of another.
fn write(path: &Path, key: &MasterKey) -> io::Result<()> {
    let folder = folder(path);
    fs::create_dir_all(folder)?;
    let mut text = key.to_hex();
    text.push('\n');
    // Made for its owner only.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    sync_folder(path)
}

/// The new name must survive a power cut as well: what is encrypted from now on depends on it.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Whether the open file is the one of this name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let id = |found: fs::Metadata| (found.dev(), found.ino());
        match (file.metadata(), fs::metadata(path)) {
            (Ok(open), Ok(named)) => id(open) == id(named),
            _ => false,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        path.exists()
    }
}
