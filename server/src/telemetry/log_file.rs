//! Today's log file under its own name. At midnight UTC it gets the day's date appended, and the oldest go.
//! A file that was deleted or moved away is made anew; one that cannot be written costs its lines, never the gateway.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Tells the time.
pub type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// Seconds between two looks at whether the file is still where it was.
const LOOK_SECONDS: i64 = 1;

/// A file that is rotated daily. Buffers until it is flushed; takes whole lines.
pub struct LogFile {
    path: PathBuf,
    keep: usize,
    clock: Clock,
    day: Date,
    open: Option<BufWriter<File>>,
    looked: Timestamp,
    complained: bool,
}

impl LogFile {
    /// Opens the file, of which `keep` are kept, this one included. What an earlier day left in it is put aside.
    #[must_use]
    pub fn open(path: PathBuf, keep: usize, clock: Clock) -> Self {
        let now = clock();
        let mut file = Self {
            day: last_written(&path).map_or_else(|| day(now), day),
            path,
            keep,
            clock,
            open: None,
            looked: now,
            complained: false,
        };
        if file.day != day(now) {
            file.rotate(day(now));
        }
        file.reopen();
        file
    }

    /// Before a line is written: the right day, and the file still in its place.
    fn prepare(&mut self) {
        let now = (self.clock)();
        if day(now) != self.day {
            self.rotate(day(now));
            self.reopen();
        } else if now.duration_since(self.looked).as_secs().abs() >= LOOK_SECONDS {
            self.looked = now;
            if !self.is_in_place() {
                self.reopen();
            }
        }
    }

    fn is_in_place(&self) -> bool {
        let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
        let there = fs::metadata(&self.path).ok().map(identity);
        let open = self
            .open
            .as_ref()
            .and_then(|file| file.get_ref().metadata().ok())
            .map(identity);
        open.is_some() && there == open
    }

    /// Puts the file aside under its day, and removes the oldest.
    fn rotate(&mut self, today: Date) {
        if let Some(mut file) = self.open.take()
            && let Err(error) = file.flush()
        {
            self.complain(&error);
        }
        let aside = with_day(&self.path, self.day);
        self.day = today;
        // After a restart within a day the name may be taken; a file that exists is never overwritten.
        let aside = (0..)
            .map(|n| numbered(&aside, n))
            .find(|path| !path.exists())
            .unwrap_or(aside);
        match fs::rename(&self.path, aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.complain(&error),
            _ => {}
        }
        for old in older(&self.path).into_iter().skip(self.keep.saturating_sub(1)) {
            if let Err(error) = fs::remove_file(old) {
                self.complain(&error);
            }
        }
    }

    fn reopen(&mut self) {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let opened = if folder.as_os_str().is_empty() {
            Ok(())
        } else {
            fs::create_dir_all(folder)
        }
        .and_then(|()| OpenOptions::new().create(true).append(true).open(&self.path));
        self.open = match opened {
            Ok(file) => {
                self.complained = false;
                Some(BufWriter::new(file))
            }
            Err(error) => {
                self.complain(&error);
                None
            }
        };
    }

    /// Says once on stderr what is wrong; the log itself is what does not work.
    fn complain(&mut self, error: &io::Error) {
        if !self.complained {
            self.complained = true;
            // A closed stderr is no reason to stop.
            let _ = writeln!(
                io::stderr(),
                "log file {}: {error}; its lines go to stderr only",
                self.path.display()
            );
        }
    }
}

impl Write for LogFile {
    /// Takes the line, whatever happens to the file.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.prepare();
        if let Some(file) = &mut self.open
            && let Err(error) = file.write_all(line)
        {
            self.complain(&error);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.open
            && let Err(error) = file.flush()
        {
            self.complain(&error);
        }
        Ok(())
    }
}

/// When the file was last written, if it is there.
fn last_written(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(fs::metadata(path).ok()?.modified().ok()?).ok()
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// `fastgate.log` → `fastgate.log.2026-11-23`.
fn with_day(path: &Path, day: Date) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{day}"));
    PathBuf::from(name)
}

fn numbered(path: &Path, n: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if n > 0 {
        name.push(format!(".{n}"));
    }
    PathBuf::from(name)
}

/// The files put aside, the newest first. Names without a date are somebody else's.
fn older(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let is_ours = |found: &str| {
        let date = found
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('.'))
            .and_then(|rest| rest.get(..10));
        date.is_some_and(|date| date.parse::<Date>().is_ok())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_ours))
        .map(|entry| entry.path())
        .collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}
