//! The spill file: where audit records wait on disk while the database does not take them. Bounded, append-only, for the
//! owner's eyes only, and gone when it is empty. What is in it was redacted before it came here.
//!
//! The file begins with a line that says what it is; then each record is a frame: length, checksum, and the record as JSON
//! (`kept`). A crash can tear the last frame; everything before it counts. Records are read in the order in which they came, and
//! bringing one in twice does no harm: the database is asked which it knows.

mod frame;
mod kept;

use super::batch::Batch;
use super::queue::Entry;
use super::record::Record;
use frame::Frames;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// What the file begins with; the number is for a later change of the format.
const MAGIC: &[u8] = b"fastgate audit spill 1\n";
/// Bytes that are read at once at most, unless one record is larger.
const STEP: u64 = 4 << 20;

/// Why records cannot be put into the file.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// It would become larger than `audit.spill_bytes`.
    #[error("the spill file is full")]
    Full,
    /// The disk does not take them.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// The file, from the side that writes. It is made when it is first needed.
pub struct Spill {
    path: PathBuf,
    max_bytes: u64,
    file: Option<File>,
    /// Where the next record is read.
    start: u64,
    /// Where the next record is written.
    end: u64,
    records: usize,
    /// It was said that the disk does not take it, or that the file is another process's.
    complained: bool,
}

/// What an earlier run left, from the side that reads; locked against another process.
pub struct Leftover {
    path: PathBuf,
    file: File,
    /// Where the next record is read.
    at: u64,
    length: u64,
}

impl Spill {
    /// A file of at most so many bytes; 0: none.
    #[must_use]
    pub fn new(path: PathBuf, max_bytes: u64) -> Self {
        Self {
            path,
            max_bytes,
            file: None,
            start: 0,
            end: 0,
            records: 0,
            complained: false,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing waits in it.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Records that wait in it.
    pub fn records(&self) -> usize {
        self.records
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// Puts an entry at the end. What is not a record takes no room.
    ///
    /// # Errors
    /// When there is no room; the file is as it was then.
    pub fn append(&mut self, entry: &Entry) -> Result<(), SpillError> {
        let mut frames = Frames::default();
        match entry {
            Entry::Started(record) | Entry::Ended { record, .. } => frames.push(record)?,
            Entry::Flush(_) => return Ok(()),
        }
        self.write(frames.as_bytes(), 1)
    }

    /// Puts a whole batch at the end; returns its bytes, or nothing when there is no room.
    pub fn append_batch(&mut self, batch: &Batch) -> Option<u64> {
        let mut frames = Frames::default();
        for record in batch.started.iter().chain(&batch.ended) {
            frames.push(record).ok()?;
        }
        let bytes = frames.as_bytes();
        self.write(bytes, batch.len()).ok()?;
        Some(bytes.len() as u64)
    }

    /// Has what was appended survive also a power cut; false when the disk does not say so.
    pub fn sync(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.sync_data().is_ok())
    }

    /// The oldest records, at most so many, and their bytes. They stay until [`Spill::advance`] lets them go.
    ///
    /// # Errors
    /// When the disk does not give them back as they were written.
    pub fn head(&mut self, most: usize) -> io::Result<(Batch, u64)> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        let (records, bytes) = read(file, self.start, self.end, most)?;
        if records.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok((batch_of(records), bytes))
    }

    /// Lets the oldest records go; with the last one the file goes.
    pub fn advance(&mut self, bytes: u64, records: usize) {
        self.start += bytes;
        self.records = self.records.saturating_sub(records);
        if self.records == 0 && self.end > 0 {
            self.forget();
        }
    }

    /// Removes the file with all that is in it.
    pub fn forget(&mut self) {
        self.file = None;
        (self.start, self.end, self.records, self.complained) = (0, 0, 0, false);
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "The audit log's spill file cannot be removed");
        }
    }

    fn write(&mut self, bytes: &[u8], records: usize) -> Result<(), SpillError> {
        let before = if self.file.is_some() {
            self.end
        } else {
            MAGIC.len() as u64
        };
        if before + bytes.len() as u64 > self.max_bytes {
            return Err(SpillError::Full);
        }
        let result = self.write_at_end(bytes);
        match &result {
            Ok(()) => {
                self.records += records;
                self.end += bytes.len() as u64;
            }
            Err(error) if !self.complained => {
                self.complained = true;
                tracing::error!(%error, path = %self.path.display(), "Audit records cannot be put into the spill file");
            }
            Err(_) => {}
        }
        Ok(result?)
    }

    fn write_at_end(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = create(&self.path)?;
                // A file without its first line would be in the way of the next attempt.
                file.write_all(MAGIC)
                    .inspect_err(|_| drop(fs::remove_file(&self.path)))?;
                (self.start, self.end) = (MAGIC.len() as u64, MAGIC.len() as u64);
                none.insert(file)
            }
        };
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(bytes).inspect_err(|_| {
            // Half a frame would hide what comes after it.
            drop(file.set_len(self.end));
        })
    }
}

impl Leftover {
    /// What an earlier run left, if it left anything and no other process uses it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(path: &Path) -> io::Result<Option<Self>> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match lock(&file) {
            // It brings in itself what is in it.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tracing::warn!(path = %path.display(), "Another process uses the audit log's spill file: it is left to that one");
                return Ok(None);
            }
            locked => locked?,
        }
        let length = file.metadata()?.len();
        let mut magic = [0; MAGIC.len()];
        let begun = length >= MAGIC.len() as u64;
        if begun {
            file.read_exact(&mut magic)?;
        }
        if begun && magic != *MAGIC {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is no spill file of this version",
            ));
        }
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            at: if begun { MAGIC.len() as u64 } else { length },
            length,
        }))
    }

    /// The next records, at most so many; none at the end, or where the file is torn.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn next(&mut self, most: usize) -> io::Result<Option<Batch>> {
        let (records, bytes) = read(&mut self.file, self.at, self.length, most)?;
        self.at += bytes;
        Ok((!records.is_empty()).then(|| batch_of(records)))
    }

    /// The highest number of a record in the file; 0 without any.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn last_id(&mut self) -> io::Result<i64> {
        let (at, mut last) = (self.at, 0);
        while let Some(batch) = self.next(1_000)? {
            last = batch.ids().into_iter().fold(last, i64::max);
        }
        self.at = at;
        Ok(last)
    }

    /// Removes the file after all of it was brought in; says what of it could not be read.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        if self.at < self.length {
            tracing::warn!(
                bytes = self.length - self.at,
                "The end of the audit log's spill file is torn: what was being written when the process ended is lost"
            );
        }
        fs::remove_file(&self.path)
    }
}

/// Whole records from `start` on, and their bytes. What does not end before `end`, or is not what was written, is left.
fn read(file: &mut File, start: u64, end: u64, most: usize) -> io::Result<(Vec<Record>, u64)> {
    let mut step = STEP;
    loop {
        let wanted = step.min(end.saturating_sub(start));
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        io::Read::by_ref(file).take(wanted).read_to_end(&mut bytes)?;
        let (records, used) = frame::read(&bytes, most);
        // A record may be larger than a step.
        if records.is_empty() && wanted == step && step <= frame::LONGEST {
            step *= 4;
            continue;
        }
        return Ok((records, used as u64));
    }
}

fn batch_of(records: Vec<Record>) -> Batch {
    let (ended, started) = records
        .into_iter()
        .map(Box::new)
        .partition(|record| record.outcome.is_some());
    Batch {
        started,
        ended,
        spilled: true,
    }
}

fn create(path: &Path) -> io::Result<File> {
    // With a server as the database nobody else may have made the folder.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    lock(&file)?;
    Ok(file)
}

fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(io::ErrorKind::WouldBlock, "another process uses it")),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
