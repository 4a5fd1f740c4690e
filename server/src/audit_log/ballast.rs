//! A file that keeps room on the disk of the embedded database. Deleting records needs room as well: SQLite first writes
//! down what it will change. On a disk that is full to the last byte nothing could be deleted, and nothing would ever
//! be well again; so retention lets this file go first, and makes it anew when there is room.

use crate::db::{Db, Dialect};
use rand::RngCore as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// What is put behind the database file's name.
const SUFFIX: &str = ".ballast";
/// As much as SQLite's log holds before it is moved into the database.
const BYTES: usize = 16 << 20;

/// The file.
#[derive(Clone)]
pub struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// That of a database; a server has a disk of its own.
    #[must_use]
    pub fn of(db: &Db) -> Option<Self> {
        (db.dialect() == Dialect::Sqlite).then(|| Self {
            path: db.beside(SUFFIX),
        })
    }

    /// Makes the file unless it is there. Blocks.
    ///
    /// # Errors
    /// When the disk has no room for it; nothing is left of it then.
    pub fn keep(&self) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|file| file.len() == BYTES as u64) {
            return Ok(());
        }
        self.make().inspect_err(|_| drop(fs::remove_file(&self.path)))
    }

    /// Gives the room back; false when there is no such file.
    #[must_use]
    pub fn let_go(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    fn make(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        // Zeros would take no room on a file system that compresses.
        let mut noise = vec![0; 1 << 20];
        for _ in 0..BYTES / noise.len() {
            rand::rng().fill_bytes(&mut noise);
            file.write_all(&noise)?;
        }
        file.sync_all()
    }
}
