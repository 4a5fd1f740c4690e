//! What the operator sees of the running process: the log (`log_file`, `log_format`, `log_level`) and the figures
//! (`figures`). What a request leaves behind is in `audit_log`, not here.

pub mod figures;
pub mod log_file;
pub mod log_format;
pub mod log_level;
#[cfg(test)]
mod tests;

pub use figures::{Figures, RouteFigures, figures};
pub use log_level::LevelControl;

use crate::config::values::log_filter;
use crate::config::{LogFormat, Logging};
use log_file::LogFile;
use log_format::OneLine;
use std::io::{BufWriter, Write};
use std::sync::Once;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Lines that may wait for each writer. When a disk or terminal does not keep up, further lines are dropped: a request
/// never waits for the log.
const WAITING_LINES: usize = 16_384;

/// Keeps the log flowing; waiting lines are written when it is dropped.
pub struct LogGuard {
    level: LevelControl,
    _writers: Vec<WorkerGuard>,
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
/// When a log was started before in this process. A file that cannot be written is not an error: stderr says so.
pub fn start(config: &Logging) -> Result<LogGuard, tracing_subscriber::util::TryInitError> {
    let (filter, level) = log_level::filter(log_filter(&config.level).unwrap_or_default());
    let (stderr, stderr_guard) = background("log-stderr", BufWriter::new(std::io::stderr()));
    let mut writers = vec![stderr_guard];
    let to_file = (!config.file.as_os_str().is_empty()).then(|| {
        let file = LogFile::open(config.file.clone(), config.keep_files, Box::new(jiff::Timestamp::now));
        let (writer, guard) = background("log-file", file);
        writers.push(guard);
        layer(writer, config.format)
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(to_file)
        .with(layer(stderr, LogFormat::Text))
        .try_init()?;
    panics_become_lines();
    Ok(LogGuard {
        level,
        _writers: writers,
    })
}

fn background(thread: &str, writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name(thread)
        .finish(writer)
}

fn layer<S>(writer: NonBlocking, format: LogFormat) -> Box<dyn tracing_subscriber::Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fmt::layer()
        .with_ansi(false)
        .event_format(OneLine::new(format))
        .with_writer(writer)
        .boxed()
}

/// The standard hook writes several lines to stderr, which no reader of the log expects.
fn panics_become_lines() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let cause = panic.payload_as_str().unwrap_or("unknown");
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let thread = std::thread::current();
            tracing::error!(cause, place, thread = thread.name(), "Panic");
        }));
    });
}
