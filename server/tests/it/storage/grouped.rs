//! Figures by group from the roll-ups in both databases.

use super::{audit_log, noon, record};
use crate::support::database::TestDatabase;
use fastgate::db::metrics::MetricsRange;
use fastgate::db::metrics::grouped::{Grouping, grouped, used};
use fastgate::db::{Db, Dialect};
use fastgate_shared::metrics::{BucketSpan, GroupBy, GroupedMetrics};
use jiff::SignedDuration;
use rstest::rstest;

const HOUR: i64 = 3600;

/// The four hours from noon on.
async fn four_hours(db: &Db, by: Option<GroupBy>, groups: usize) -> GroupedMetrics {
    let now = noon() + SignedDuration::from_secs(3 * HOUR);
    let range = MetricsRange {
        start: Some(noon()),
        end: Some(now),
    };
    let grouping = Grouping::new(by, Some(BucketSpan::Hour), groups, range, now).unwrap();
    db.read(move |connection| grouped(connection, grouping)).await.unwrap()
}

/// Requests of three models in three hours: 3 of `a`, 2 of `b`, 1 of none, which failed at another upstream.
async fn six_requests(db: &Db) {
    let audit = audit_log(db).await;
    for (number, model) in [Some("a"), Some("a"), Some("a"), Some("b"), Some("b"), None]
        .into_iter()
        .enumerate()
    {
        let number = i64::try_from(number).unwrap();
        let mut record = record(number % 3 * HOUR + number);
        record.model = model.map(str::to_owned);
        if model.is_none() {
            record.status_code = Some(502);
            record.target_url = Some("https://other:8443".to_owned());
        }
        audit.ended(record);
    }
    audit.flush().await;
}

fn names(figures: &GroupedMetrics) -> Vec<(&str, u64)> {
    let groups = figures.groups.iter();
    groups
        .map(|group| (group.name.as_str(), group.figures.figures.total_requests))
        .collect()
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn groups_add_up_to_the_total_in_each_bucket(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    six_requests(&database.db).await;
    let figures = four_hours(&database.db, Some(GroupBy::Model), 10).await;
    assert_eq!(names(&figures), [("a", 3), ("b", 2), ("(none)", 1)]);
    assert_eq!(figures.groups[2].id, None);
    assert_eq!(figures.total.series.total_requests, [2, 2, 2, 0]);
    assert_eq!(figures.groups[0].series.total_requests, [1, 1, 1, 0]);
    assert_eq!(figures.groups[1].series.total_requests, [1, 1, 0, 0]);
    assert_eq!(figures.groups[2].series.errors, [0, 0, 1, 0]);
    assert_eq!(figures.total.figures.figures.errors, 1);
    assert_eq!(
        (
            figures.total.figures.prompt_tokens,
            figures.total.figures.completion_tokens
        ),
        (30, 36)
    );
    assert_eq!(figures.other, None);
    let starts: Vec<String> = figures.buckets.iter().map(ToString::to_string).collect();
    assert_eq!(starts[0], "2030-06-15T12:00:00Z");
    assert_eq!(
        (starts.len(), figures.end_time.to_string().as_str()),
        (4, "2030-06-15T16:00:00Z")
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn groups_beyond_the_limit_are_added_up(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    six_requests(&database.db).await;
    let figures = four_hours(&database.db, Some(GroupBy::Model), 1).await;
    assert_eq!(names(&figures), [("a", 3)]);
    let other = figures.other.unwrap();
    assert_eq!(
        (other.name.as_str(), other.figures.figures.total_requests),
        ("(other)", 3)
    );
    assert_eq!(other.series.total_requests, [1, 1, 1, 0]);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn each_way_of_grouping_names_its_groups(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    six_requests(&database.db).await;
    for (by, expected) in [
        (GroupBy::Route, &[("Route", 6)][..]),
        // Its key was never stored: what is left of it is its id.
        (GroupBy::Key, &[("key", 6)]),
        (GroupBy::Source, &[("app", 6)]),
        (GroupBy::Upstream, &[("http://upstream", 5), ("https://other:8443", 1)]),
        (GroupBy::Status, &[("2xx", 5), ("5xx", 1)]),
    ] {
        let figures = four_hours(&database.db, Some(by), 10).await;
        assert_eq!(names(&figures), expected, "{by:?}");
        assert_eq!(figures.total.figures.figures.total_requests, 6);
    }
    let plain = four_hours(&database.db, None, 10).await;
    assert_eq!(
        (plain.groups.len(), plain.total.series.total_requests),
        (0, vec![2, 2, 2, 0])
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn different_keys_and_routes_are_counted_in_each_bucket(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let db = &database.db;
    let audit = audit_log(db).await;
    // Two keys in the first hour, one of them twice; one in the third, and a request without any.
    for (second, key) in [
        (1, Some("a")),
        (2, Some("b")),
        (3, Some("a")),
        (2 * HOUR, Some("b")),
        (2 * HOUR + 1, None),
    ] {
        let mut record = record(second);
        record.key_id = key.map(Into::into);
        record.route_id = Some("route".into());
        audit.ended(record);
    }
    audit.flush().await;
    let now = noon() + SignedDuration::from_secs(3 * HOUR);
    let range = MetricsRange {
        start: Some(noon()),
        end: Some(now),
    };
    let grouping = Grouping::new(None, Some(BucketSpan::Hour), 0, range, now).unwrap();
    let found = db.read(move |connection| used(connection, grouping)).await.unwrap();
    assert_eq!(found.keys, [2, 0, 1, 0]);
    assert_eq!(found.routes, [1, 0, 1, 0]);
    assert_eq!(found.buckets.len(), 4);
}
