//! Lines stay single, files rotate by the clock, figures have names.

use super::log_file::LogFile;
use super::log_format::OneLine;
use super::{Exposition, RouteFigures, TargetFigures, figures, log_level};
use crate::config::LogFormat;
use crate::config::values::log_filter;
use crate::upstream::circuit::CircuitRules;
use crate::upstream::targets::TargetState;
use jiff::{Timestamp, ToSpan as _};
use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt as _;

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00.5Z".parse().unwrap()
}

/// What the events of `log` come to in this format.
fn logged(format: LogFormat, log: impl FnOnce()) -> String {
    let lines = Lines::default();
    let sink = lines.clone();
    let layer = OneLine::with_clock(
        vec![(
            format,
            Box::new(move |line| sink.0.lock().unwrap().extend_from_slice(line)),
        )],
        noon,
    );
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    lines.text()
}

#[test]
fn a_json_line_has_time_level_message_and_the_fields_beside_them() {
    let line = logged(LogFormat::Json, || {
        tracing::info!(
            method = "POST",
            status = 200,
            response_time_ms = 12.5,
            stream = true,
            "Request forwarded"
        );
    });
    assert_eq!(
        serde_json::from_str::<Value>(&line).unwrap(),
        json!({
            "timestamp": "2026-11-23T12:00:00.500000Z", "level": "INFO", "message": "Request forwarded", "method": "POST",
            "status": 200, "response_time_ms": 12.5, "stream": true, "target": "fastgate::telemetry::tests",
        })
    );
}

#[test]
fn a_text_line_is_for_reading() {
    let line = logged(LogFormat::Text, || {
        tracing::error!(status = 502, path = "/a b", "Request forwarded")
    });
    assert_eq!(
        line,
        "2026-11-23T12:00:00.500000Z ERROR Request forwarded status=502 path=\"/a b\"\n"
    );
}

#[rstest]
#[case("a\nb\r\n\tc")]
#[case("\u{1b}[31mred\u{7f}\u{85}\u{9b}")]
#[case("\u{2028}\u{2029}\u{202e}")]
#[case(r#"","level":"ERROR"#)]
#[case("\\")]
fn whatever_is_logged_stays_one_line(#[case] text: &str) {
    for format in [LogFormat::Json, LogFormat::Text] {
        let line = logged(format, || {
            tracing::info!(field = text, debug = ?text, shown = %text, "message {text}");
        });
        let line = line.strip_suffix('\n').unwrap();
        assert!(
            !line.contains(|c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c)),
            "{line:?}"
        );
        if format == LogFormat::Json {
            let read: Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (read["field"].as_str(), read["level"].as_str()),
                (Some(text), Some("INFO"))
            );
            assert_eq!(read["message"], format!("message {text}"));
        }
    }
}

#[test]
fn the_level_changes_while_running() {
    let lines = Lines::default();
    let writer = lines.clone();
    let (filter, control) = log_level::filter(log_filter("warn").unwrap());
    let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(filter).with(layer), || {
        let log = |text| tracing::info!("{text}");
        log("too quiet");
        control.set(log_filter("info").unwrap());
        log("loud enough");
    });
    assert!(!lines.text().contains("too quiet"));
    assert!(lines.text().contains("loud enough"));
}

/// A log file with a clock that the test sets.
struct Clocked {
    folder: tempfile::TempDir,
    now: Arc<Mutex<Timestamp>>,
    file: LogFile,
}

impl Clocked {
    fn start(keep: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new(Timestamp::now()));
        let file = Self::open(folder.path(), keep, &now);
        Self { folder, now, file }
    }

    fn open(folder: &Path, keep: usize, now: &Arc<Mutex<Timestamp>>) -> LogFile {
        let clock = now.clone();
        LogFile::open(
            folder.join("logs/fastgate.log"),
            keep,
            Box::new(move || *clock.lock().unwrap()),
        )
    }

    fn pass(&self, hours: i64) {
        let mut now = self.now.lock().unwrap();
        *now += hours.hours();
    }

    fn log(&mut self, text: &str) {
        writeln!(self.file, "{text}").unwrap();
        self.file.flush().unwrap();
    }

    fn today(&self) -> String {
        fs::read_to_string(self.folder.path().join("logs/fastgate.log")).unwrap_or_default()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join("logs")).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn todays_file_keeps_its_name_and_yesterdays_gets_its_date() {
    let mut log = Clocked::start(14);
    let yesterday = log.now.lock().unwrap().strftime("%F").to_string();
    log.log("yesterday");
    log.pass(24);
    log.log("today");
    assert_eq!(log.today(), "today\n");
    assert_eq!(
        log.names(),
        ["fastgate.log".to_owned(), format!("fastgate.log.{yesterday}")]
    );
}

#[test]
fn as_many_files_are_kept_as_asked_for() {
    let mut log = Clocked::start(3);
    fs::write(log.folder.path().join("logs/fastgate.log.note"), "not ours").unwrap();
    for day in 0..6 {
        log.log(&day.to_string());
        log.pass(24);
    }
    log.log("last");
    assert_eq!(log.names().len(), 3 + 1, "{:?}", log.names());
}

#[test]
fn a_restart_on_another_day_puts_the_old_file_aside_and_on_the_same_day_appends() {
    let mut log = Clocked::start(14);
    log.log("one");
    log.file = Clocked::open(log.folder.path(), 14, &log.now);
    log.log("two");
    assert_eq!(log.today(), "one\ntwo\n");
    log.pass(48);
    log.file = Clocked::open(log.folder.path(), 14, &log.now);
    log.log("three");
    assert_eq!(log.today(), "three\n");
    assert_eq!(log.names().len(), 2);
}

#[test]
fn a_deleted_file_is_made_anew() {
    let mut log = Clocked::start(14);
    log.log("gone");
    fs::remove_dir_all(log.folder.path().join("logs")).unwrap();
    log.pass(1);
    log.log("here");
    assert!(log.today().ends_with("here\n"));
}

#[test]
fn a_file_that_cannot_be_written_is_not_fatal() {
    let mut file = LogFile::open("/dev/null/fastgate.log".into(), 14, Box::new(Timestamp::now));
    writeln!(file, "lost").unwrap();
    file.flush().unwrap();
}

#[test]
fn figures_have_the_names_that_dashboards_ask_for() {
    let route = RouteFigures::default();
    route.ended(200, Duration::from_millis(30));
    route.ended(502, Duration::from_secs(3));
    route.ended(0, Duration::ZERO);
    route.first_byte(Duration::from_millis(20));
    figures().in_flight.increment(1.0);
    route.retried();
    let up = TargetState::new("http://up:80".into(), Some(CircuitRules::USUAL));
    let mut targets = TargetFigures::default();
    targets.add("chat", up.label(), &up.status(Instant::now()));
    let mut text = Exposition::default();
    RouteFigures::expose(&[("chat", &route), ("a\"b", &RouteFigures::default())], &mut text);
    targets.expose(&mut text);
    let text = figures().render() + &text.into_text();
    for line in [
        "# TYPE fastgate_requests_total counter",
        r#"fastgate_requests_total{route="chat",status_class="2xx"} 1"#,
        r#"fastgate_requests_total{route="chat",status_class="5xx"} 1"#,
        r#"fastgate_request_duration_seconds_bucket{route="chat",le="0.05"} 2"#,
        "# TYPE fastgate_request_duration_seconds histogram",
        r#"fastgate_request_duration_seconds_bucket{route="chat",le="+Inf"} 3"#,
        r#"fastgate_request_duration_seconds_sum{route="chat"} 3.03"#,
        r#"fastgate_ttfb_seconds_count{route="chat"} 1"#,
        r#"fastgate_retries_total{route="chat"} 1"#,
        r#"fastgate_retries_over_budget_total{route="a\"b"} 0"#,
        r#"fastgate_target_available{route="chat",target="http://up:80"} 1"#,
        r#"fastgate_target_circuit_state{route="chat",target="http://up:80"} 0"#,
        "fastgate_audit_records_lost_total 0",
        "fastgate_audit_queue_bytes 0",
        "fastgate_upstream_connections_open 0",
        "fastgate_requests_in_flight",
        r#"fastgate_build_info{version="0.3.0"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
