//! One line an event, as JSON or as text. Whatever an event carries, control characters and line separators come out
//! escaped, so that nobody can write a line of their own into the log.
//!
//! An event is read once, whatever the number of places that its line goes to: both formats are written side by side.

use crate::config::LogFormat;
use jiff::Timestamp;
use std::cell::RefCell;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Writes events as single lines.
pub struct OneLine {
    sinks: Vec<(LogFormat, Sink)>,
    now: fn() -> Timestamp,
}

/// Takes a whole line with its end; must not log.
pub type Sink = Box<dyn Fn(&[u8]) + Send + Sync>;

impl OneLine {
    /// Lines to these sinks, each in its format.
    #[must_use]
    pub fn new(sinks: Vec<(LogFormat, Sink)>) -> Self {
        Self::with_clock(sinks, Timestamp::now)
    }

    /// As [`OneLine::new`], with a clock of one's own.
    #[must_use]
    pub fn with_clock(sinks: Vec<(LogFormat, Sink)>, now: fn() -> Timestamp) -> Self {
        Self { sinks, now }
    }
}

impl<S: Subscriber> Layer<S> for OneLine {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINES.with(|lines| {
            // A value that logs while it is written down would find them taken: it gets others.
            if let Ok(mut lines) = lines.try_borrow_mut() {
                lines.write(self, event);
            } else {
                Lines::default().write(self, event);
            }
        });
    }
}

thread_local! {
    /// Kept for the next event.
    static LINES: RefCell<Lines> = RefCell::default();
}

/// Bytes of memory that are kept for the next event in each of the texts.
const KEPT: usize = 4 * 1024;

/// An event on its way to its lines.
#[derive(Default)]
struct Lines {
    clock: Clock,
    /// Quotes and controls escaped, which both formats do alike.
    message: String,
    /// The fields, each with what stands before it.
    json: String,
    text: String,
    line: String,
}

impl Lines {
    fn write(&mut self, to: &OneLine, event: &Event<'_>) {
        for part in [&mut self.message, &mut self.json, &mut self.text] {
            part.clear();
            part.shrink_to(KEPT);
        }
        event.record(self);
        let metadata = event.metadata();
        self.clock.tell((to.now)());
        for (format, sink) in &to.sinks {
            let line = &mut self.line;
            line.clear();
            line.shrink_to(KEPT);
            let (time, level) = (&*self.clock.text, metadata.level().as_str());
            let parts: [&str; 10] = match format {
                LogFormat::Json => [
                    "{\"timestamp\":\"",
                    time,
                    "\",\"level\":\"",
                    level,
                    "\",\"message\":\"",
                    &self.message,
                    "\"",
                    &self.json,
                    ",\"target\":\"",
                    metadata.target(),
                ],
                LogFormat::Text => {
                    // In columns: names of levels have five letters at most.
                    let gap = "      ".get(level.len()..).unwrap_or(" ");
                    [time, " ", level, gap, &self.message, &self.text, "", "", "", ""]
                }
            };
            line.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 4);
            parts.into_iter().for_each(|part| line.push_str(part));
            line.push_str(match format {
                LogFormat::Json => "\"}\n",
                LogFormat::Text => "\n",
            });
            sink(line.as_bytes());
        }
    }

    /// Writes the field's name and then its value by the function, which writes the same for both formats. The message
    /// has a place of its own.
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        // The `log` crate's events name their origin in fields of their own.
        if field.name() == "message" || field.name().starts_with("log.") {
            return;
        }
        for part in [",\"", field.name(), "\":"] {
            self.json.push_str(part);
        }
        for part in [" ", field.name(), "="] {
            self.text.push_str(part);
        }
        let start = self.json.len();
        // A value that cannot be written down leaves what it has written: the line must still be one.
        if value(&mut self.json).is_err() {
            self.json.truncate(start);
            self.json.push_str("null");
        }
        self.text.push_str(&self.json[start..]);
    }

    fn number(&mut self, field: &Field, value: impl fmt::Display) {
        self.field(field, |json| write!(json, "{value}"));
    }
}

impl Visit for Lines {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            // What cannot be written is missing; there is nobody to be told.
            let _ = write!(Escaped(&mut self.message), "{value:?}");
            return;
        }
        self.field(field, |json| {
            json.push('"');
            write!(Escaped(json), "{value:?}")?;
            json.push('"');
            Ok(())
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, |json| {
            json.push('"');
            Escaped(json).write_str(value)?;
            json.push('"');
            Ok(())
        });
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.number(field, value);
        } else {
            self.number(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.number(field, value);
    }
}

/// The time as text (RFC 3339, UTC, microseconds), of which all but the fraction is kept while the second is the same.
#[derive(Default)]
struct Clock {
    second: Option<i64>,
    text: String,
}

/// Bytes of `2026-11-23T12:00:00.`
const UP_TO_FRACTION: usize = 20;

impl Clock {
    fn tell(&mut self, now: Timestamp) {
        let (second, nanosecond) = (now.as_second(), now.subsec_nanosecond());
        self.text.truncate(UP_TO_FRACTION);
        // Before 1970 the fraction counts backwards: left to the library.
        let is_known = self.second == Some(second) && second >= 0 && self.text.len() == UP_TO_FRACTION;
        self.second = Some(second);
        // Writing to a text does not fail.
        let _ = if is_known {
            write!(self.text, "{:06}Z", nanosecond / 1000)
        } else {
            self.text.clear();
            write!(self.text, "{now:.6}")
        };
    }
}

/// Escapes for both formats in JSON's manner.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        // Nearly every text: told without looking at each character for itself, many bytes at a time.
        if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
            self.0.push_str(text);
            return Ok(());
        }
        while let Some(at) = text.find(needs_escape) {
            self.0.push_str(&text[..at]);
            let mut rest = text[at..].chars();
            match rest.next() {
                Some('"') => self.0.push_str("\\\""),
                Some('\\') => self.0.push_str("\\\\"),
                Some('\n') => self.0.push_str("\\n"),
                Some('\r') => self.0.push_str("\\r"),
                Some('\t') => self.0.push_str("\\t"),
                // All others that need it lie below U+FFFF.
                Some(other) => write!(self.0, "\\u{:04x}", u32::from(other))?,
                None => {}
            }
            text = rest.as_str();
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// ASCII that stands for itself.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Quotes, control characters, and what some readers take for the end of a line or for its direction.
fn needs_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || c.is_control()
}
