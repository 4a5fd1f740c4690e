//! One line an event, as JSON or as text. Whatever an event carries, control characters and line separators come out
//! escaped, so that nobody can write a line of their own into the log.

use crate::config::LogFormat;
use jiff::Timestamp;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes events as single lines.
pub struct OneLine {
    format: LogFormat,
    now: fn() -> Timestamp,
}

impl OneLine {
    /// Lines of this format.
    #[must_use]
    pub fn new(format: LogFormat) -> Self {
        Self {
            format,
            now: Timestamp::now,
        }
    }

    /// As [`OneLine::new`], with a clock of one's own.
    #[must_use]
    pub fn with_clock(format: LogFormat, now: fn() -> Timestamp) -> Self {
        Self { format, now }
    }
}

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let (level, time) = (event.metadata().level(), (self.now)());
        match self.format {
            LogFormat::Json => write!(line, r#"{{"timestamp":"{time:.6}","level":"{level}","message":""#)?,
            LogFormat::Text => write!(line, "{time:.6} {level:<5} ")?,
        }
        let mut message = Message {
            line: &mut line,
            result: Ok(()),
        };
        event.record(&mut message);
        message.result?;
        if self.format == LogFormat::Json {
            line.write_char('"')?;
        }
        let mut fields = Fields {
            line: &mut line,
            format: self.format,
            result: Ok(()),
        };
        event.record(&mut fields);
        fields.result?;
        match self.format {
            LogFormat::Json => writeln!(line, r#","target":"{}"}}"#, event.metadata().target()),
            LogFormat::Text => writeln!(line),
        }
    }
}

/// Writes the event's message, quotes escaped.
struct Message<'a, 'w> {
    line: &'a mut Writer<'w>,
    result: fmt::Result,
}

/// Writes the event's other fields.
struct Fields<'a, 'w> {
    line: &'a mut Writer<'w>,
    format: LogFormat,
    result: fmt::Result,
}

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" && self.result.is_ok() {
            self.result = write!(Escaped(self.line), "{value:?}");
        }
    }
}

impl Fields<'_, '_> {
    /// Writes the field's name and then its value by the function; the message was written before.
    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        // The `log` crate's events name their origin in fields of their own.
        if self.result.is_err() || field.name() == "message" || field.name().starts_with("log.") {
            return;
        }
        self.result = match self.format {
            LogFormat::Json => write!(self.line, r#","{}":"#, field.name()),
            LogFormat::Text => write!(self.line, " {}=", field.name()),
        }
        .and_then(|()| value(self.line));
    }

    fn quoted(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.field(field, |line| {
            line.write_char('"')?;
            Escaped(line).write_fmt(value)?;
            line.write_char('"')
        });
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.quoted(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.quoted(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.field(field, |line| write!(line, "{value}"));
        } else {
            self.field(field, |line| line.write_str("null"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field, |line| write!(line, "{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field, |line| write!(line, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field, |line| write!(line, "{value}"));
    }
}

/// Escapes for both formats in JSON's manner.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, mut text: &str) -> fmt::Result {
        // Nearly every text: told without looking at each character for itself.
        if text.bytes().all(is_plain) {
            return self.0.write_str(text);
        }
        while let Some(at) = text.find(needs_escape) {
            self.0.write_str(&text[..at])?;
            let mut rest = text[at..].chars();
            match rest.next() {
                Some('"') => self.0.write_str("\\\"")?,
                Some('\\') => self.0.write_str("\\\\")?,
                Some('\n') => self.0.write_str("\\n")?,
                Some('\r') => self.0.write_str("\\r")?,
                Some('\t') => self.0.write_str("\\t")?,
                // All others that need it lie below U+FFFF.
                Some(other) => write!(self.0, "\\u{:04x}", u32::from(other))?,
                None => {}
            }
            text = rest.as_str();
        }
        self.0.write_str(text)
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
