//! Forgetting by age and by size in both databases.

use super::{audit_log, noon, record};
use crate::support::database::TestDatabase;
use diesel::{RunQueryDsl, sql_query};
use fastgate::audit_log::retention;
use fastgate::config;
use fastgate::db::logs::{self, LogPage, LogQuery};
use fastgate::db::metrics::{self, MetricsRange};
use fastgate::db::{Db, DbConnection, Dialect, migrate, storage, upkeep};
use jiff::SignedDuration;
use rstest::rstest;

async fn fill(db: &Db, records: i64, seconds_apart: i64) {
    let audit = audit_log(db).await;
    for number in 0..records {
        audit.ended(record(number * seconds_apart));
    }
    // What a busy machine needs over a second to store is flushed when it is in the spill file; it is in the database soon after.
    let stored = async || {
        db.read(|connection| logs::page(connection, &LogQuery::default(), &LogPage::default()))
            .await
            .unwrap()
            .total
    };
    audit.flush().await;
    while i64::try_from(stored().await).unwrap() < records {
        tokio::task::yield_now().await;
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn old_records_go_and_their_statistics_stay(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    fill(&database.db, 1_200, 60).await;
    let limits = config::Audit {
        max_age_days: 1,
        ..config::Audit::default()
    };
    // The first 600 minutes are older than a day.
    let now = noon() + SignedDuration::from_hours(24 + 10);
    assert_eq!(retention::enforce(&database.db, &limits, now).await.unwrap(), 600);
    assert_eq!(retention::enforce(&database.db, &limits, now).await.unwrap(), 0);
    let page = database
        .db
        .read(|connection| logs::page(connection, &LogQuery::default(), &LogPage::default()))
        .await
        .unwrap();
    assert_eq!(page.total, 600);
    let total = |range| {
        let db = database.db.clone();
        async move { metrics::summary(&db, range, now).await.unwrap().total_requests }
    };
    assert_eq!(total(MetricsRange::default()).await, 1_200);
    // Years later the minutes are forgotten, and the days still tell.
    let later = now + SignedDuration::from_hours(24 * 500);
    retention::enforce(&database.db, &limits, later).await.unwrap();
    assert_eq!(total(MetricsRange::default()).await, 1_200);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn how_many_records_are_left_is_known_without_counting_them(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    // Two hours and a half apart: more than one day, in minutes, hours and days.
    fill(&database.db, 40, 9_000).await;
    let now = noon() + SignedDuration::from_hours(24 * 5);
    let told = async |exact: u64| {
        let counted = move |connection: &mut DbConnection| {
            let first = logs::page(
                connection,
                &LogQuery::default(),
                &LogPage::parse(Some("asc"), None, None).unwrap(),
            )?;
            storage::records(connection, first.items[0].request_time, now, exact)
        };
        database.db.read(counted).await.unwrap()
    };
    // Counted one by one, and from the roll-ups.
    assert_eq!((told(100).await, told(5).await), (40, 40));
    let limits = config::Audit {
        max_age_days: 3,
        ..config::Audit::default()
    };
    let gone = retention::enforce(&database.db, &limits, now).await.unwrap() as u64;
    assert!(gone > 10, "{gone}");
    assert_eq!((told(100).await, told(5).await), (40 - gone, 40 - gone));
    // What the roll-ups do not know of is not overlooked.
    let forget = |connection: &mut DbConnection| upkeep::delete_rollups(connection, 86_400, i64::MAX, 1_000);
    database.db.write(forget).await.unwrap();
    assert_eq!(told(100).await, 40 - gone);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn too_many_records_go_oldest_first(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    fill(&database.db, 3_000, 1).await;
    // A server learns of its size a little later.
    let used = loop {
        let used = database.db.read(upkeep::used_bytes).await.unwrap();
        if used > 500_000 {
            break used;
        }
        tokio::task::yield_now().await;
    };
    let limits = config::Audit {
        max_bytes: used / 2,
        max_age_days: 36_500,
        ..config::Audit::default()
    };
    let deleted = retention::enforce(&database.db, &limits, noon()).await.unwrap();
    assert!((1_000..=2_500).contains(&deleted), "{deleted}");
    let newest = database
        .db
        .read(|connection| logs::page(connection, &LogQuery::default(), &LogPage::default()))
        .await
        .unwrap();
    assert_eq!(newest.total, 3_000 - deleted as u64);
    assert_eq!(newest.items[0].request_id, "request-2999");
    if dialect == Dialect::Sqlite {
        assert!(database.db.read(upkeep::used_bytes).await.unwrap() <= used * 6 / 10);
        let size = || std::fs::metadata(&database.config.sqlite_path).unwrap().len();
        // What was freed leaves the file with the next checkpoint.
        let mut connection = database.db.connect().unwrap();
        upkeep::checkpoint(&mut connection).unwrap();
        assert!(size() <= used * 7 / 10, "{} of {used}", size());
    }
}

/// How many tables of statistics there are.
fn statistics(connection: &mut DbConnection) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Tables {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        tables: i64,
    }
    let DbConnection::Sqlite(inner) = connection else {
        unreachable!("SQLite's own tables")
    };
    let sql = "SELECT COUNT(*) AS tables FROM sqlite_master WHERE name LIKE 'sqlite!_stat%' ESCAPE '!'";
    let found: Tables = sql_query(sql).get_result(inner).unwrap();
    found.tables
}

#[tokio::test]
async fn what_earlier_versions_told_the_planner_of_sqlite_is_forgotten_at_the_start() {
    let database = TestDatabase::new(Dialect::Sqlite);
    fill(&database.db, 10, 1).await;
    let mut connection = database.db.connect().unwrap();
    let DbConnection::Sqlite(inner) = &mut connection else {
        unreachable!("it is SQLite")
    };
    sql_query("ANALYZE").execute(inner).unwrap();
    assert!(statistics(&mut connection) > 0);
    migrate::run(&database.config).unwrap();
    assert_eq!(statistics(&mut connection), 0);
}
