//! What the operator sees of the running process: the log (`log_file`, `log_format`, `log_level`, `panic_text`, `collected`) and the figures
//! (`figures`, `route_figures`, `target_figures`). What a request leaves behind is in `audit_log`, not here.

mod collected;
mod exposition;
pub mod figures;
pub mod log_file;
pub mod log_format;
pub mod log_level;
pub mod panic_text;
pub mod route_figures;
mod target_figures;
#[cfg(test)]
mod tests;

pub use exposition::Exposition;
pub use figures::{Figures, figures};
pub use log_level::LevelControl;
pub use route_figures::{KnownFigures, RouteFigures};
pub use target_figures::TargetFigures;

use crate::config::values::log_filter;
use crate::config::{LogFormat, Logging};
use collected::{Collected, CollectedGuard};
use log_file::LogFile;
use log_format::{OneLine, Sink};
use std::io;
use std::sync::Once;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Why the log could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no thread.
    #[error("no thread for the log")]
    Thread(#[from] io::Error),
    /// There is a log in this process already.
    #[error("the log was started before")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Keeps the log flowing; waiting lines are written when it is dropped.
pub struct LogGuard {
    level: LevelControl,
    _writers: Vec<CollectedGuard>,
}

impl LogGuard {
    /// Changes what is logged from now on.
    #[must_use]
    pub fn level(&self) -> &LevelControl {
        &self.level
    }
}

/// Starts the log: to the file, and as text to stderr. A panic becomes one line of it.
///
/// # Errors
/// See [`StartError`]. A file that cannot be written is not an error: stderr says so.
pub fn start(config: &Logging) -> Result<LogGuard, StartError> {
    let (filter, level) = log_level::filter(log_filter(&config.level).unwrap_or_default());
    let (stderr, stderr_guard) = Collected::start("log-stderr", io::stderr())?;
    let mut writers = vec![stderr_guard];
    let mut sinks = vec![(LogFormat::Text, sink(stderr))];
    if !config.file.as_os_str().is_empty() {
        let file = LogFile::open(config.file.clone(), config.keep_files, Box::new(jiff::Timestamp::now));
        let (writer, guard) = Collected::start("log-file", file)?;
        writers.push(guard);
        sinks.push((config.format, sink(writer)));
    }
    tracing_subscriber::registry()
        .with(filter)
        .with(OneLine::new(sinks))
        .try_init()?;
    panics_become_lines();
    Ok(LogGuard {
        level,
        _writers: writers,
    })
}

fn sink(writer: Collected) -> Sink {
    Box::new(move |line| writer.write(line))
}

/// The standard hook writes several lines to stderr, which no reader of the log expects.
fn panics_become_lines() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let cause = panic_text::without_secrets(panic.payload_as_str().unwrap_or("unknown"));
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let thread = std::thread::current();
            tracing::error!(cause, place, thread = thread.name(), "Panic");
        }));
    });
}
