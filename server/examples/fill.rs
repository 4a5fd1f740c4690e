//! Fills a database with audit records as the gateway writes them, for measuring at size: `make fill RECORDS=10000000`.
//!
//! One day goes through the code of the audit writer, with its skew over keys, routes, models, statuses and times; that day's
//! rows are then copied inside the database, day by day up to today. A few seconds and a few minutes instead of hours.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use clap::Parser;
use diesel::connection::SimpleConnection;
use fastgate::audit_log::header_text::HeaderText;
use fastgate::audit_log::record::Record;
use fastgate::audit_log::rollup::{Rollups, Sample};
use fastgate::config;
use fastgate::db::{self, Db, DbConnection, Dialect, audit};
use fastgate_shared::audit_log::{Attempt, AttemptPhase, Outcome};
use http::{HeaderName, Method};
use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const DAY_US: i64 = 86_400_000_000;
const BATCH: i64 = 1_000;

#[derive(Parser)]
struct Arguments {
    /// File of an SQLite database; made when it is missing.
    #[arg(long, default_value = "target/fill/fastgate.db")]
    sqlite: PathBuf,
    /// `postgres://…` instead.
    #[arg(long)]
    postgres: Option<String>,
    /// How many records.
    #[arg(long, default_value_t = 1_000_000)]
    records: i64,
    /// Over how many days.
    #[arg(long, default_value_t = 30)]
    days: i64,
    /// Distinct keys.
    #[arg(long, default_value_t = 1_000)]
    keys: usize,
    /// Distinct routes.
    #[arg(long, default_value_t = 500)]
    routes: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (days, a_day) = (arguments.days.max(1), arguments.records / arguments.days.max(1));
    let db = Db::open(&config::Database {
        sqlite_path: arguments.sqlite.clone(),
        url: arguments.postgres.clone().map(Into::into),
        ..config::Config::default().database
    })?;
    let mut open = db.connector().establish()?;
    let connection = &mut open.connection;
    let begun = Instant::now();
    let now = Timestamp::now().as_microsecond();
    let first_day = (now.div_euclid(DAY_US) - days) * DAY_US;
    let spent = write_day(connection, &arguments, first_day, a_day)?;
    println!(
        "{a_day} records by the writer's code: {:.1} µs each",
        spent * 1e6 / a_day.max(1) as f64
    );
    if db.dialect() == Dialect::Sqlite {
        // A fill that is cut off is begun anew: nothing has to be safe, and the indexes are written all over.
        batch(connection, "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000;")?;
    }
    for day in 1..days {
        batch(connection, &copy_of_day(db.dialect(), first_day, day))?;
    }
    let end = match db.dialect() {
        Dialect::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE);",
        Dialect::Postgres => "VACUUM ANALYZE;",
    };
    batch(connection, end)?;
    println!(
        "{} records over {days} days in {:.0} s",
        a_day * days,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn batch(connection: &mut DbConnection, sql: &str) -> Result<(), Box<dyn Error>> {
    match connection {
        DbConnection::Sqlite(inner) => inner.batch_execute(sql)?,
        // By itself: what is sent together is one transaction, and vacuuming cannot be part of one.
        DbConnection::Postgres(inner) => {
            inner.batch_execute("SET statement_timeout = 0")?;
            inner.batch_execute(sql)?;
        }
    }
    Ok(())
}

/// Writes one day as the audit writer does, in its batches; returns the seconds of the writing itself.
fn write_day(
    connection: &mut DbConnection,
    arguments: &Arguments,
    first_day: i64,
    a_day: i64,
) -> Result<f64, Box<dyn Error>> {
    let mut traffic = Traffic::new(arguments);
    let mut rollups = Rollups::default();
    let mut segment = 0;
    let mut spent = 0.0;
    for begin in (0..a_day).step_by(usize::try_from(BATCH)?) {
        let numbers = begin..(begin + BATCH).min(a_day);
        let records: Vec<Record> = numbers
            .map(|number| traffic.record(number, first_day + DAY_US / a_day * number))
            .collect();
        let started = Instant::now();
        let changes = rollups.fold(records.iter().map(Sample::from), || {
            segment += 1;
            segment
        });
        let records: Vec<&Record> = records.iter().collect();
        db::transaction(connection, |connection| {
            audit::insert_ended(connection, 1, &records, &[])?;
            audit::replace_rollups(connection, &changes)
        })?;
        rollups.apply(changes);
        spent += started.elapsed().as_secs_f64();
    }
    Ok(spent)
}

/// The SQL that repeats the first day `day` days later: the same requests with other numbers and times.
fn copy_of_day(dialect: Dialect, first_day: i64, day: i64) -> String {
    let (ms, us) = (day * DAY_US / 1_000, day * DAY_US);
    let (from, to) = ((first_day / 1_000) << 20, ((first_day + DAY_US) / 1_000) << 20);
    let hex = match dialect {
        Dialect::Sqlite => format!("printf('%08x', {day})"),
        Dialect::Postgres => format!("lpad(to_hex({day}), 8, '0')"),
    };
    let shift = ms << 20;
    format!(
        "BEGIN;
         INSERT INTO audit_details SELECT id + {shift}, request_headers, request_body, response_headers, response_body,
             attempts, match_reason, replay FROM audit_details WHERE id >= {from} AND id < {to} ORDER BY id;
         INSERT INTO audit_records SELECT id + {shift}, writer, {hex} || substr(request_id, 9), source_path, key_id,
             key_preview, route_id, route_name, method, path, target_url, status_code, outcome, request_time + {us},
             first_response_time + {us}, response_time + {us}, duration_us, ttfb_us, gateway_us, request_size,
             response_size, user_agent, ip_address, is_stream, stream_chunks, model, prompt_tokens, completion_tokens,
             error_message, has_error FROM audit_records WHERE id >= {from} AND id < {to} ORDER BY id;
         INSERT INTO rollups SELECT span, dimension, start + {us}, segment, value, name, requests, errors, duration_us, ttfb_us,
             bytes_in, bytes_out, prompt_tokens, completion_tokens, durations, ttfbs FROM rollups
             WHERE start >= {first_day} AND start < {first_day} + {DAY_US};
         INSERT INTO path_rollups SELECT span, start + {us}, segment, path, requests, errors FROM path_rollups
             WHERE start >= {first_day} AND start < {first_day} + {DAY_US};
         COMMIT;"
    )
}

/// Makes up requests, the same ones in every run.
struct Traffic {
    dice: StdRng,
    keys: usize,
    routes: usize,
    headers: HeaderText,
}

impl Traffic {
    fn new(arguments: &Arguments) -> Self {
        let mut headers = HeaderText::default();
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("user-agent", "OpenAI/Python 1.99.1"),
        ] {
            headers.push(&HeaderName::from_static(name), value);
        }
        Self {
            dice: StdRng::seed_from_u64(7),
            keys: arguments.keys.max(1),
            routes: arguments.routes.max(1),
            headers,
        }
    }

    /// Low numbers far more often than high ones.
    fn skewed(&mut self, below: usize) -> usize {
        let share = self.dice.random::<f64>().powi(4);
        ((share * below as f64) as usize).min(below - 1)
    }

    fn status(&mut self) -> (u16, Outcome, Option<&'static str>) {
        match self.dice.random_range(0..10_000) {
            0..9_400 => (200, Outcome::Ok, None),
            9_400..9_650 => (429, Outcome::Rejected, Some("the rate limit of the key is reached")),
            9_650..9_750 => (401, Outcome::Rejected, Some("the key is not known")),
            9_750..9_850 => (404, Outcome::Rejected, Some("no route matches")),
            9_850..9_920 => (500, Outcome::Ok, None),
            9_920..9_970 => (502, Outcome::UpstreamError, Some("the upstream could not be reached")),
            9_970..9_990 => (504, Outcome::Timeout, Some("the upstream did not answer in time")),
            _ => (499, Outcome::ClientClosed, Some("the client left")),
        }
    }

    fn path(&mut self) -> (Method, String) {
        match self.dice.random_range(0..1_000) {
            0..700 => (Method::POST, "/v1/chat/completions".to_owned()),
            700..800 => (Method::POST, "/v1/embeddings".to_owned()),
            800..880 => (
                Method::POST,
                format!("/v1/responses?trace={:08x}", self.dice.random::<u32>()),
            ),
            880..950 => (Method::GET, "/v1/models".to_owned()),
            950..990 => (Method::GET, format!("/v1/files/file-{:08x}", self.dice.random::<u32>())),
            990..998 => (
                Method::PUT,
                format!("/v1/batches/{}", self.dice.random_range(0..10_000)),
            ),
            _ => (
                Method::DELETE,
                format!("/v1/files/file-{:08x}", self.dice.random::<u32>()),
            ),
        }
    }

    fn record(&mut self, number: i64, request_time: i64) -> Record {
        let (key, route, model) = (self.skewed(self.keys), self.skewed(self.routes), self.skewed(20));
        let ((status, outcome, error), (method, path)) = (self.status(), self.path());
        let address = self.skewed(5_000);
        let is_stream = status == 200 && self.dice.random_bool(0.4);
        // From 20 ms to some minutes, most around a second.
        let duration = 20_000.0 * 2.0_f64.powf(self.dice.random_range(0.0..7.0) + self.dice.random_range(0.0..7.0));
        let duration = if error.is_some() { 900 } else { duration as i64 };
        let answered = status == 200 || status == 500;
        let body = self
            .dice
            .random_bool(0.02)
            .then(|| format!(r#"{{"model":"model-{model}","messages":[]}}"#));
        let target = format!("https://upstream-{}.example.com", route % 40);
        Record {
            id: (request_time / 1_000) << 20 | (number % 1_000) << 10,
            request_id: format!(
                "00000000-{:04x}-7{:03x}-8{:03x}-{number:012x}",
                number % 0xffff,
                key % 0xfff,
                route
            )
            .into(),
            source_path: Some(format!("team-{}", key % 60).into()),
            key_id: (status != 401).then(|| format!("00000000-0000-4000-8000-{key:012}").into()),
            key_preview: (status != 401).then(|| format!("fg_{key:02}…{key:04}").into()),
            route_id: (status != 404).then(|| format!("00000000-0000-4000-9000-{route:012}").into()),
            route_name: (status != 404).then(|| format!("Route {route}").into()),
            method,
            path_only_len: path.find('?').unwrap_or(path.len()),
            target_url: answered.then(|| format!("{target}{path}")),
            path,
            status_code: Some(status),
            outcome: Some(outcome),
            request_time,
            first_response_time: answered.then_some(request_time + duration / 3),
            response_time: Some(request_time + duration),
            duration_us: Some(duration),
            ttfb_us: answered.then_some(duration / 3),
            gateway_us: Some(180),
            request_size: 400 + number.unsigned_abs() % 3_000,
            response_size: 500 + number.unsigned_abs() % 9_000,
            user_agent: Some("OpenAI/Python 1.99.1".to_owned()),
            ip_address: [10, 1, (address / 250) as u8, (address % 250) as u8].into(),
            is_stream,
            stream_chunks: if is_stream { 80 } else { 0 },
            model: (status != 401 && status != 404).then(|| format!("model-{model}")),
            prompt_tokens: answered.then_some(300),
            completion_tokens: answered.then_some(120),
            error_message: error.map(str::to_owned),
            request_headers: self.headers.clone(),
            response_headers: self.headers.clone(),
            request_body: body.clone(),
            response_body: body,
            attempts: vec![attempt(target, status, duration)],
            match_reason: Some("path `/v1/*`, model in the body".into()),
            replay: None,
        }
    }
}

fn attempt(target: String, status: u16, duration_us: i64) -> Attempt {
    Attempt {
        attempt: 1,
        route_name: None,
        target,
        phase: Some(AttemptPhase::ResponseHead),
        status_code: Some(status),
        error: None,
        ms: duration_us as f64 / 1_000.0,
    }
}
