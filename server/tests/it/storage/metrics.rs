//! Figures from the roll-ups in both databases.

use super::{audit_log, noon, record};
use crate::support::database::TestDatabase;
use fastgate::db::metrics::{self, MetricsRange};
use fastgate::db::{Db, Dialect};
use fastgate_shared::metrics::MetricsSummary;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

const HOUR: i64 = 3600;

async fn summary(db: &Db, range: MetricsRange, now: Timestamp) -> MetricsSummary {
    metrics::summary(db, range, now).await.unwrap()
}

fn seconds_after_noon(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn without_requests_all_is_well(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let empty = summary(&database.db, MetricsRange::default(), noon()).await;
    assert_eq!(
        (empty.total_requests, empty.success_rate, empty.p95_response_time),
        (0, 100.0, 0.0)
    );
    let hours = database
        .db
        .read(|connection| metrics::hourly(connection, 24, noon()))
        .await
        .unwrap();
    assert_eq!(hours.len(), 24);
    assert_eq!(
        (hours[0].hour.as_str(), hours[23].hour.as_str()),
        ("2030-06-14T13:00:00Z", "2030-06-15T12:00:00Z")
    );
    assert!(hours.iter().all(|hour| hour.figures.success_rate == 100.0));
    let days = database
        .db
        .read(|connection| metrics::daily(connection, 7, noon()))
        .await
        .unwrap();
    assert_eq!(days.len(), 7);
    assert_eq!(
        (days[0].day.as_str(), days[6].day.as_str()),
        ("2030-06-09", "2030-06-15")
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn the_summary_adds_up_what_was_recorded(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for number in 0..100 {
        let mut record = record(number);
        record.duration_us = Some((number + 1) * 1_000);
        if number % 10 == 0 {
            record.status_code = Some(503);
            record.route_id = Some("backup".into());
            record.route_name = Some("Backup".into());
            record.model = None;
            record.path = "/v2".to_owned();
            record.path_only_len = 3;
        }
        audit.ended(record);
    }
    audit.flush().await;
    let found = summary(&database.db, MetricsRange::default(), seconds_after_noon(100)).await;
    assert_eq!(
        (found.total_requests, found.total_errors, found.success_rate),
        (100, 10, 90.0)
    );
    assert_eq!((found.avg_response_time, found.avg_ttfb), (50.5, 40.0));
    for (told, exact) in [
        (found.p50_response_time, 50.0),
        (found.p95_response_time, 95.0),
        (found.p99_response_time, 99.0),
    ] {
        assert!((told - exact).abs() < exact * 0.05, "{told} is not {exact}");
    }
    assert_eq!(found.last_hour_requests, 100);
    assert_eq!(
        found
            .status_distribution
            .iter()
            .map(|(class, count)| (class.as_str(), *count))
            .collect::<Vec<_>>(),
        [("2xx", 90), ("5xx", 10)]
    );
    let tops = |entries: &[fastgate_shared::metrics::TopEntry]| {
        entries
            .iter()
            .map(|entry| (entry.name.clone(), entry.count, entry.errors))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        tops(&found.top_routes),
        [("Route".to_owned(), 90, 0), ("Backup".to_owned(), 10, 10)]
    );
    assert_eq!(found.top_routes[0].id.as_deref(), Some("route"));
    assert_eq!(tops(&found.top_keys), [("key".to_owned(), 100, 10)]);
    assert_eq!((found.keys_used, found.routes_used), (1, 2));
    assert_eq!(tops(&found.top_models), [("qwen3".to_owned(), 90, 0)]);
    assert_eq!(tops(&found.top_source_paths), [("app".to_owned(), 100, 10)]);
    assert_eq!(
        tops(&found.top_paths),
        [("/v1/chat/completions".to_owned(), 90, 0), ("/v2".to_owned(), 10, 10)]
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_range_counts_its_minutes_only(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    // One request in each half hour of three days.
    for half_hour in 0..144 {
        audit.ended(record(half_hour * HOUR / 2));
    }
    audit.flush().await;
    for (from, to) in [(0, 0), (10, 40), (1, 143), (0, 143), (47, 49), (70, 121)] {
        let range = MetricsRange {
            start: Some(seconds_after_noon(from * HOUR / 2)),
            end: Some(seconds_after_noon(to * HOUR / 2)),
        };
        let found = summary(&database.db, range, seconds_after_noon(72 * HOUR)).await;
        assert_eq!(found.total_requests, to as u64 - from as u64 + 1);
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn series_put_requests_where_they_ended_across_restarts(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    for number in [0, 1, HOUR, 2 * HOUR, 26 * HOUR] {
        // A writer of its own for each: their segments of the same hour and day are added up.
        let audit = audit_log(&database.db).await;
        audit.ended(record(number));
        audit.flush().await;
    }
    let now = seconds_after_noon(26 * HOUR + 60);
    let hours = database
        .db
        .read(move |connection| metrics::hourly(connection, 27, now))
        .await
        .unwrap();
    let counts: Vec<_> = hours.iter().map(|hour| hour.figures.total_requests).collect();
    assert_eq!(
        (&counts[..4], counts[26], counts.iter().sum::<u64>()),
        (&[2, 1, 1, 0][..], 1, 5)
    );
    assert_eq!((hours[0].figures.bytes_in, hours[0].figures.bytes_out), (20, 2_000));
    let days = database
        .db
        .read(move |connection| metrics::daily(connection, 2, now))
        .await
        .unwrap();
    assert_eq!(
        days.iter().map(|day| day.figures.total_requests).collect::<Vec<_>>(),
        [4, 1]
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn the_last_minute_slides(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for number in 0..60 {
        audit.ended(record(number));
    }
    audit.flush().await;
    let per_minute = async |seconds| {
        summary(&database.db, MetricsRange::default(), seconds_after_noon(seconds))
            .await
            .requests_per_minute
    };
    assert_eq!(per_minute(59).await, 60.0);
    assert_eq!(per_minute(90).await, 30.0);
    assert_eq!(per_minute(121).await, 0.0);
}
