//! Pages, filters and exports of the log in both databases.

use super::{audit_log, noon, record};
use crate::support::database::TestDatabase;
use fastgate::audit_log::record::Record;
use fastgate::db::logs::{self, LogPage, LogQuery, Order};
use fastgate::db::{Db, Dialect};
use fastgate_shared::audit_log::{LogFilter, LogItem, Outcome};
use fastgate_shared::page::CursorPage;
use futures_util::TryStreamExt;
use jiff::SignedDuration;
use rstest::rstest;

async fn page(db: &Db, filter: LogFilter, order: &str, limit: &str, cursor: Option<String>) -> CursorPage<LogItem> {
    let query = LogQuery::parse(&filter).unwrap();
    let page = LogPage::parse(Some(order), Some(limit), cursor.as_deref()).unwrap();
    db.read(move |connection| logs::page(connection, &query, &page))
        .await
        .unwrap()
}

fn numbers(items: &[LogItem]) -> Vec<i64> {
    items
        .iter()
        .map(|item| item.request_id.trim_start_matches("request-").parse().unwrap())
        .collect()
}

/// Twenty requests with all kinds of ends.
fn variety() -> Vec<Record> {
    let mut records: Vec<Record> = (0..20).map(|number| *record(number)).collect();
    for (number, record) in records.iter_mut().enumerate() {
        record.status_code = [Some(200), Some(404), Some(429), Some(502), Some(201), None][number % 6];
        record.is_stream = number % 4 == 0;
        record.duration_us = Some(number as i64 * 1_500);
        record.model = (number % 3 == 0).then(|| format!("model-{number}"));
        record.key_id = (number % 2 == 0).then(|| "key".into());
        if number % 7 == 0 {
            record.path = "/v2/100%_done?token=1".to_owned();
            record.route_id = Some("other".into());
            record.method = http::Method::GET;
            record.ip_address = "::1".parse().unwrap();
        }
        if number == 4 {
            record.error_message = Some("the upstream broke off".to_owned());
            record.outcome = Some(Outcome::UpstreamError);
        }
        if number == 19 {
            record.outcome = None;
            record.status_code = None;
            record.duration_us = None;
        }
    }
    records
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn every_filter_finds_what_its_rule_says(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    let items: Vec<LogItem> = variety().iter().map(|record| record.item()).collect();
    for record in variety() {
        audit.ended(Box::new(record));
    }
    audit.flush().await;
    let texts = [
        ("start_time", "2030-06-15T12:30:05Z"),
        ("end_time", "2030-06-15T12:30:05"),
        ("start_time", "2030-06-15"),
        ("end_time", "2030-06-14"),
        ("status_code", "200"),
        ("status_code", "4xx"),
        ("status_code", "201-499"),
        ("status_code", "300-399"),
        ("method", "get"),
        ("path", "chat"),
        ("path", "CHAT"),
        ("path", "100%_"),
        ("path", "x=1"),
        ("path", "/v2/*"),
        ("path", "*done"),
        ("path", "*/chat/*"),
        ("route_id", "other"),
        ("key_id", "key"),
        ("source_path", "app"),
        ("model", "model-3"),
        ("is_stream", "true"),
        ("is_stream", "false"),
        ("min_ms", "15"),
        ("has_error", "true"),
        ("has_error", "false"),
        ("request_id", "request-7"),
        ("ip_address", "0:0:0:0:0:0:0:1"),
    ];
    for (field, text) in texts {
        // Alone, and together with another condition, which takes another way through the indices.
        for other in [None, Some(("key_id", "key")), Some(("status_code", "2xx"))] {
            let mut object = serde_json::Map::new();
            for (field, text) in other.into_iter().chain([(field, text)]) {
                object.insert(field.to_owned(), text.into());
            }
            let filter: LogFilter = serde_json::from_value(object.clone().into()).unwrap();
            let query = LogQuery::parse(&filter).unwrap();
            let mut expected: Vec<LogItem> = items.iter().filter(|item| query.matches(item)).cloned().collect();
            let found = page(&database.db, filter.clone(), "asc", "1000", None).await;
            assert_eq!(numbers(&found.items), numbers(&expected), "{object:?}");
            assert_eq!(found.total, expected.len() as u64);
            expected.reverse();
            let found = page(&database.db, filter, "desc", "3", None).await;
            assert_eq!(
                found.items,
                expected.iter().take(3).cloned().collect::<Vec<_>>(),
                "{object:?}"
            );
            assert_eq!(found.total, expected.len() as u64);
        }
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn pages_follow_each_other_without_gaps(#[case] dialect: Dialect, #[values("asc", "desc")] order: &str) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for record in variety() {
        audit.ended(Box::new(record));
    }
    audit.flush().await;
    for status_code in [None, Some("200-499".to_owned())] {
        let filter = LogFilter {
            status_code,
            ..LogFilter::default()
        };
        let all = page(&database.db, filter.clone(), order, "1000", None).await;
        assert_eq!(all.next_cursor, None);
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let next = page(&database.db, filter.clone(), order, "3", cursor).await;
            assert_eq!((next.total, next.total_is_lower_bound), (all.total, false));
            seen.extend(next.items);
            cursor = next.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all.items);
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn above_ten_thousand_the_total_is_a_lower_bound(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for number in 0..10_001 {
        audit.ended(record(number));
    }
    audit.flush().await;
    let all = page(&database.db, LogFilter::default(), "desc", "1", None).await;
    assert_eq!((all.total, all.total_is_lower_bound), (10_000, true));
    let filter = LogFilter {
        start_time: Some("2030-06-15T12:30:01Z".to_owned()),
        ..LogFilter::default()
    };
    let but_one = page(&database.db, filter, "desc", "1", None).await;
    assert_eq!((but_one.total, but_one.total_is_lower_bound), (10_000, false));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn records_made_after_the_clock_was_set_back_are_found_by_their_time(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    let mut late = record(1);
    // The number is a day ahead of the time.
    late.request_time -= SignedDuration::from_hours(24).as_micros() as i64;
    audit.ended(late);
    audit.flush().await;
    let day = (noon() - SignedDuration::from_hours(24))
        .strftime("%Y-%m-%d")
        .to_string();
    let filter = LogFilter {
        start_time: Some(day.clone()),
        end_time: Some(day),
        ..LogFilter::default()
    };
    assert_eq!(page(&database.db, filter, "desc", "10", None).await.total, 1);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn an_export_streams_all_records_in_chunks(#[case] dialect: Dialect, #[values(true, false)] details: bool) {
    let database = TestDatabase::new(dialect);
    let audit = audit_log(&database.db).await;
    for number in 0..1_000 {
        audit.ended(record(number));
    }
    audit.flush().await;
    let query = LogQuery::parse(&LogFilter::default()).unwrap();
    let chunks: Vec<_> = logs::export(database.db.clone(), query, Order::Asc, details)
        .try_collect()
        .await
        .unwrap();
    assert!(chunks.iter().all(|chunk| chunk.len() <= 500));
    let records: Vec<_> = chunks.into_iter().flatten().collect();
    assert_eq!(records.len(), 1_000);
    assert!(
        records
            .iter()
            .zip(0..)
            .all(|(record, number)| record.item.request_id == format!("request-{number}"))
    );
    assert_eq!(records[0].request_headers.len(), if details { 3 } else { 0 });
}
