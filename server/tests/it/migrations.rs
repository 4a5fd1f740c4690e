//! The tables can be made, taken back and made again, and both databases have the same ones.

use crate::support::database::{TestDatabase, empty};
use diesel::connection::SimpleConnection;
use fastgate::audit_log::rollup::histogram::Histogram;
use fastgate::db::metrics::{self, MetricsRange};
use fastgate::db::{Db, DbConnection, Dialect, migrate, settings};
use jiff::Timestamp;
use rstest::rstest;
use std::collections::BTreeSet;
use std::path::Path;

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn go_up_down_and_up_again(#[case] dialect: Dialect) {
    let (config, _folder) = empty(dialect);
    let steps = migrate::run(&config).unwrap();
    assert!(!steps.is_empty());
    assert!(
        migrate::run(&config).unwrap().is_empty(),
        "a second run has nothing to do"
    );
    let db = Db::open(&config).unwrap();
    let mut connection = db.connect().unwrap();
    settings::set(&mut connection, "a", "1").unwrap();
    migrate::revert_all(&mut connection).unwrap();
    assert!(settings::get(&mut connection, "a").is_err(), "the tables are gone");
    assert_eq!(migrate::apply(&mut connection, "here").unwrap(), steps);
    assert_eq!(settings::get(&mut connection, "a").unwrap(), None);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn run_once_when_several_processes_start_at_once(#[case] dialect: Dialect) {
    let (config, _folder) = empty(dialect);
    let ran: Vec<usize> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrate::run(&config).unwrap().len()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(ran.iter().filter(|steps| **steps > 0).count(), 1, "{ran:?}");
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_fresh_database_is_ready(#[case] dialect: Dialect) {
    TestDatabase::new(dialect).db.ping().await.unwrap();
}

/// What was counted by a combination of everything, with these durations in microseconds.
fn combination(dialect: Dialect, [key, route, model]: [&str; 3], class: i32, durations: &[u64]) -> String {
    let mut histogram = Histogram::default();
    durations.iter().for_each(|duration| histogram.add(*duration));
    let hex: String = histogram.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let blob = match dialect {
        Dialect::Sqlite => format!("x'{hex}'"),
        Dialect::Postgres => format!("'\\x{hex}'"),
    };
    let (requests, sum) = (durations.len(), durations.iter().sum::<u64>());
    let errors = if class == 5 { requests } else { 0 };
    format!(
        "INSERT INTO rollups VALUES (86400, 0, 7, '{key}', 'app', '{route}', '{model}', 'http://a:1', {class}, \
         'Name of {route}', {requests}, {errors}, {sum}, 0, 10, 20, 1, 2, {blob}, {blob});"
    )
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn turn_figures_of_combinations_into_figures_of_one_dimension_each(#[case] dialect: Dialect) {
    let (config, _folder) = empty(dialect);
    migrate::run(&config).unwrap();
    let db = Db::open(&config).unwrap();
    let mut connection = db.connect().unwrap();
    let run = |connection: &mut DbConnection, sql: &str| match connection {
        DbConnection::Sqlite(inner) => inner.batch_execute(sql),
        DbConnection::Postgres(inner) => inner.batch_execute(sql),
    };
    while run(&mut connection, "SELECT status_class FROM rollups").is_err() {
        migrate::revert_last(&mut connection).unwrap();
    }
    run(&mut connection, "DROP TABLE rollups").unwrap();
    // As the step before left it, with its columns in this order.
    let blob = if dialect == Dialect::Sqlite { "BLOB" } else { "BYTEA" };
    let table = format!(
        "CREATE TABLE rollups (span INTEGER, start BIGINT, segment BIGINT, key_id TEXT, source_path TEXT, route_id TEXT, \
         model TEXT, upstream TEXT, status_class INTEGER, route_name TEXT, requests BIGINT, errors BIGINT, \
         duration_us BIGINT, ttfb_us BIGINT, bytes_in BIGINT, bytes_out BIGINT, prompt_tokens BIGINT, \
         completion_tokens BIGINT, durations {blob}, ttfbs {blob})"
    );
    run(&mut connection, &table).unwrap();
    for (names, class, durations) in [
        (["k", "r", "m"], 2, &[1_000_u64, 1_000, 1_000][..]),
        (["k", "other", "m"], 2, &[2_000, 2_000]),
        (["k", "r", "m"], 5, &[8_000]),
        (["", "", ""], 0, &[]),
    ] {
        run(&mut connection, &combination(dialect, names, class, durations)).unwrap();
    }
    migrate::apply(&mut connection, "here").unwrap();
    let now = Timestamp::from_second(3_600).unwrap();
    let summary = metrics::summary(&db, MetricsRange::default(), now).await.unwrap();
    assert_eq!((summary.total_requests, summary.total_errors), (6, 1));
    assert!(
        (summary.avg_response_time - 2.5).abs() < 0.001,
        "{}",
        summary.avg_response_time
    );
    let (p50, p95) = (summary.p50_response_time, summary.p95_response_time);
    assert!((0.95..1.05).contains(&p50) && (7.6..8.4).contains(&p95), "{p50} {p95}");
    let routes: Vec<_> = summary
        .top_routes
        .iter()
        .map(|top| (top.name.as_str(), top.count, top.errors))
        .collect();
    assert_eq!(routes, [("Name of r", 4, 1), ("Name of other", 2, 0)]);
    assert_eq!(summary.top_models[0].count, 6);
    assert_eq!(summary.status_distribution["2xx"], 5);
    assert_eq!(summary.status_distribution["5xx"], 1);
}

#[test]
fn have_the_same_steps_for_both_databases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let steps = |dialect: &str| -> BTreeSet<String> {
        let steps = std::fs::read_dir(folder.join(dialect)).unwrap();
        steps
            .map(|step| {
                let step = step.unwrap();
                assert!(step.path().join("up.sql").exists() && step.path().join("down.sql").exists());
                step.file_name().into_string().unwrap()
            })
            .collect()
    };
    assert_eq!(steps("sqlite"), steps("postgres"));
}
