//! Which index leads to what a filter asks for, in both databases: an index that is lost, or a query that no longer fits
//! one, is found here and not by an operator with ten million records.

use super::record;
use crate::support::database::TestDatabase;
use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use fastgate::audit_log::record::Record;
use fastgate::audit_log::rollup::Dimension;
use fastgate::db::logs::{self, LogPage, LogQuery};
use fastgate::db::metrics::grouped::{Grouping, grouped, used};
use fastgate::db::metrics::{self, MetricsRange};
use fastgate::db::{DbConnection, Dialect, audit, upkeep};
use fastgate_shared::audit_log::LogFilter;
use fastgate_shared::metrics::GroupBy;
use rstest::rstest;
use std::sync::{Arc, Mutex};

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// Enough records that planners take an interest, as a busy gateway leaves them.
fn records() -> Vec<Record> {
    let records = (0..3_000).map(|number| {
        let mut record = *record(number);
        record.status_code = Some([200, 200, 200, 404, 502][number as usize % 5]);
        record.key_id = Some(format!("key-{}", number % 40).into());
        record.route_id = Some(format!("route-{}", number % 20).into());
        record.source_path = Some(format!("team-{}", number % 10).into());
        record.model = Some(format!("model-{}", number % 7));
        record.ip_address = [10, 0, (number / 250) as u8, (number % 250) as u8].into();
        record.is_stream = number % 9 == 0;
        record
    });
    records.collect()
}

/// The texts of the statements that this work takes, each once.
fn watched(connection: &mut DbConnection, work: impl FnOnce(&mut DbConnection)) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    let watch = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            notes.lock().unwrap().push(query.to_string());
        }
    };
    match connection {
        DbConnection::Sqlite(inner) => inner.set_instrumentation(watch),
        DbConnection::Postgres(inner) => inner.set_instrumentation(watch),
    }
    work(connection);
    match connection {
        DbConnection::Sqlite(inner) => inner.set_instrumentation(|_: InstrumentationEvent<'_>| {}),
        DbConnection::Postgres(inner) => inner.set_instrumentation(|_: InstrumentationEvent<'_>| {}),
    }
    let seen = seen.lock().unwrap();
    let texts = seen
        .iter()
        .map(|text| text.split(" -- binds:").next().unwrap().to_owned());
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}

/// The texts of the queries that a page takes.
fn queries(connection: &mut DbConnection, filter: &LogFilter, cursor: Option<&str>) -> Vec<String> {
    let query = LogQuery::parse(filter).unwrap();
    let page = LogPage::parse(None, Some("20"), cursor).unwrap();
    let mut texts = watched(connection, |connection| {
        drop(logs::page(connection, &query, &page).unwrap())
    });
    texts.retain(|text| text.contains("audit_records"));
    texts
}

/// How the database goes about it, without the values: as it plans a statement that it keeps.
fn plan(connection: &mut DbConnection, sql: &str) -> String {
    match connection {
        DbConnection::Sqlite(inner) => {
            let steps: Vec<SqliteStep> = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(inner).unwrap();
            steps.into_iter().map(|step| step.detail + "\n").collect()
        }
        DbConnection::Postgres(inner) => {
            let values = (1..).take_while(|at| sql.contains(&format!("${at}"))).map(|_| "NULL");
            let values = values.collect::<Vec<_>>().join(", ");
            let values = if values.is_empty() {
                values
            } else {
                format!("({values})")
            };
            inner.batch_execute(&format!("PREPARE asked AS {sql}")).unwrap();
            let steps: Vec<PostgresStep> = sql_query(format!("EXPLAIN EXECUTE asked{values}")).load(inner).unwrap();
            inner.batch_execute("DEALLOCATE asked").unwrap();
            steps.into_iter().map(|step| step.line + "\n").collect()
        }
    }
}

fn with(change: impl FnOnce(&mut LogFilter)) -> LogFilter {
    let mut filter = LogFilter::default();
    change(&mut filter);
    filter
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// Each filter, and the index that has to lead; none where the records themselves are gone through in their order.
fn filters() -> Vec<(&'static str, LogFilter, Option<&'static str>)> {
    let by = |name| Some(name);
    vec![
        ("no filter", LogFilter::default(), None),
        (
            "start_time",
            with(|f| f.start_time = text("2030-06-15T12:40:00Z")),
            None,
        ),
        ("end_time", with(|f| f.end_time = text("2030-06-15T12:40:00Z")), None),
        (
            "a status",
            with(|f| f.status_code = text("404")),
            by("audit_records_by_status"),
        ),
        (
            "a class",
            with(|f| f.status_code = text("5xx")),
            by("audit_records_by_status"),
        ),
        ("method", with(|f| f.method = text("DELETE")), None),
        ("path", with(|f| f.path = text("files")), None),
        ("path pattern", with(|f| f.path = text("/v1/*s")), None),
        (
            "route_id",
            with(|f| f.route_id = text("route-3")),
            by("audit_records_by_route"),
        ),
        ("key_id", with(|f| f.key_id = text("key-3")), by("audit_records_by_key")),
        (
            "source_path",
            with(|f| f.source_path = text("team-3")),
            by("audit_records_by_source"),
        ),
        (
            "model",
            with(|f| f.model = text("model-3")),
            by("audit_records_by_model"),
        ),
        (
            "is_stream",
            with(|f| f.is_stream = text("true")),
            by("audit_records_streamed"),
        ),
        ("no stream", with(|f| f.is_stream = text("false")), None),
        ("min_ms", with(|f| f.min_ms = text("5000")), None),
        (
            "has_error",
            with(|f| f.has_error = text("true")),
            by("audit_records_with_error"),
        ),
        ("no error", with(|f| f.has_error = text("false")), None),
        (
            "request_id",
            with(|f| f.request_id = text("request-77")),
            by("audit_records_by_request"),
        ),
        (
            "ip_address",
            with(|f| f.ip_address = text("10.0.1.7")),
            by("audit_records_by_address"),
        ),
    ]
}

/// Several at once: one of them leads, the others are looked at on the way.
fn combinations() -> Vec<(&'static str, LogFilter, Option<&'static str>)> {
    let by = |name| Some(name);
    vec![
        (
            "key_id, status and path",
            with(|f| {
                (f.key_id, f.status_code, f.path) = (text("key-3"), text("404"), text("files"));
            }),
            by("audit_records_by_key"),
        ),
        (
            "key_id, model and path",
            with(|f| (f.key_id, f.model, f.path) = (text("key-3"), text("model-3"), text("files"))),
            by("audit_records_by_key"),
        ),
        (
            "source_path, route_id and model",
            with(|f| {
                (f.source_path, f.route_id, f.model) = (text("team-3"), text("route-3"), text("model-3"));
            }),
            by("audit_records_by_source"),
        ),
        (
            "a status and path",
            with(|f| (f.status_code, f.path) = (text("404"), text("files"))),
            by("audit_records_by_status"),
        ),
        (
            "a class of errors and path",
            with(|f| (f.status_code, f.path) = (text("4xx"), text("files"))),
            by("audit_records_with_error"),
        ),
        (
            "a class of successes and path",
            with(|f| (f.status_code, f.path) = (text("2xx"), text("files"))),
            None,
        ),
        (
            "route_id and a range of time",
            with(|f| (f.route_id, f.start_time) = (text("route-3"), text("2030-06-15T12:40:00Z"))),
            by("audit_records_by_route"),
        ),
        (
            "model and min_ms",
            with(|f| (f.model, f.min_ms) = (text("model-3"), text("100000"))),
            by("audit_records_by_model"),
        ),
    ]
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn every_filter_is_led_by_its_index_and_nothing_is_sorted(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let (failures, plans) = database
        .db
        .read(move |connection| {
            let records = records();
            let records: Vec<&Record> = records.iter().collect();
            audit::insert_ended(connection, 1, &records, &[])?;
            if let DbConnection::Postgres(inner) = connection {
                // What it would do with millions; it would sort a few thousand in memory.
                let settings = "ANALYZE audit_records; SET plan_cache_mode = force_generic_plan;
                    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;";
                inner.batch_execute(settings).unwrap();
            }
            let (mut failures, mut plans) = (Vec::new(), 0);
            let middle = logs::page(
                connection,
                &LogQuery::default(),
                &LogPage::parse(None, Some("900"), None).unwrap(),
            )?;
            for (name, filter, index) in filters().into_iter().chain(combinations()) {
                for cursor in [None, middle.next_cursor.as_deref()] {
                    for sql in queries(connection, &filter, cursor) {
                        plans += 1;
                        let plan = plan(connection, &sql);
                        let sorts = plan.contains("TEMP B-TREE") || plan.contains("Sort");
                        let own_order = ["INTEGER PRIMARY KEY", "audit_records_pkey", "SCAN audit_records\n"];
                        let led = match index {
                            Some(index) => plan.contains(index) || own_order[..2].iter().any(|way| plan.contains(way)),
                            None => own_order.iter().any(|way| plan.contains(way)),
                        };
                        if sorts || !led {
                            failures.push(format!("{name}: {sql}\n{plan}"));
                        }
                    }
                }
            }
            if let DbConnection::Postgres(inner) = connection {
                // Of a few thousand it would rather go through all in their order.
                inner
                    .batch_execute("ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey")
                    .unwrap();
            }
            for (name, filter, index) in filters().into_iter().chain(combinations()) {
                let Some(index) = index else { continue };
                let texts = queries(connection, &filter, None);
                if !texts.iter().any(|sql| plan(connection, sql).contains(index)) {
                    failures.push(format!("{name}: {index} does not lead"));
                }
            }
            Ok((failures, plans))
        })
        .await
        .unwrap();
    assert_eq!(failures, Vec::<String>::new(), "{}", failures.join("\n"));
    assert!(plans > 60, "only {plans} queries were looked at");
}

/// What deleting and the figures take.
fn upkeep_and_figures(connection: &mut DbConnection) -> Vec<String> {
    let now = super::noon();
    let range = MetricsRange::parse(Some("2030-01-01"), Some("2030-06-15T12:40:00Z")).unwrap();
    watched(connection, |connection| {
        for range in [MetricsRange::default(), range] {
            metrics::figures(connection, range, now).unwrap();
            metrics::busiest(connection, Dimension::Key, range, now).unwrap();
            metrics::busiest(connection, Dimension::Route, range, now).unwrap();
        }
        metrics::hourly(connection, 24, now).unwrap();
        metrics::daily(connection, 30, now).unwrap();
        for by in GroupBy::ALL.into_iter().map(Some).chain([None]) {
            let grouping = Grouping::new(by, None, 10, MetricsRange::default(), now).unwrap();
            grouped(connection, grouping).unwrap();
        }
        used(
            connection,
            Grouping::new(None, None, 0, MetricsRange::default(), now).unwrap(),
        )
        .unwrap();
        upkeep::delete_oldest(connection, 1 << 40, 100).unwrap();
        upkeep::delete_rollups(connection, 60, 1_000, 100).unwrap();
    })
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn deleting_and_figures_go_by_keys_and_never_through_a_whole_table(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = super::audit_log(&database.db).await;
    for record in records() {
        audit.ended(Box::new(record));
    }
    audit.flush().await;
    let plans = database
        .db
        .read(|connection| {
            if let DbConnection::Postgres(inner) = connection {
                // What it would do with millions.
                let settings = "ANALYZE; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;";
                inner.batch_execute(settings).unwrap();
            }
            let texts = upkeep_and_figures(connection);
            let large = |text: &String| text.contains("rollups") || text.contains("audit_");
            let texts = texts.into_iter().filter(large);
            Ok(texts.map(|sql| (plan(connection, &sql), sql)).collect::<Vec<_>>())
        })
        .await
        .unwrap();
    assert!(plans.len() >= 8, "only {} statements were looked at", plans.len());
    for (plan, sql) in plans {
        let whole = ["rollups", "path_rollups", "audit_records", "audit_details"]
            .iter()
            .any(|table| plan.contains(&format!("SCAN {table}")) || plan.contains(&format!("Seq Scan on {table}")));
        assert!(!whole, "{sql}\n{plan}");
    }
}
