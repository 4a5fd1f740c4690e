//! Paging through the log while records come in: nothing that was there is skipped, and nothing comes twice. Records come with the
//! numbers of their requests' starts, so also below those that were read already.

use super::{audit_log, record};
use crate::support::database::TestDatabase;
use fastgate::db::Dialect;
use fastgate::db::logs::{self, LogPage, LogQuery};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rstest::rstest;
use std::collections::BTreeSet;

const RECORDS: i64 = 200;

#[rstest]
#[case::newest_first(Dialect::Sqlite, "desc")]
#[case::oldest_first(Dialect::Sqlite, "asc")]
#[case::newest_first_of_postgres(Dialect::Postgres, "desc")]
#[case::oldest_first_of_postgres(Dialect::Postgres, "asc")]
#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_records_come_in(#[case] dialect: Dialect, #[case] order: &str) {
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(seed);
        let database = TestDatabase::new(dialect);
        let audit = audit_log(&database.db).await;
        let mut numbers: Vec<i64> = (0..RECORDS).collect();
        numbers.shuffle(&mut random);
        let mut to_come = numbers.split_off(RECORDS as usize / 2);
        for number in &numbers {
            audit.ended(record(*number));
        }
        audit.flush().await;
        let there: BTreeSet<String> = numbers.iter().map(|number| format!("request-{number}")).collect();

        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let limit = random.random_range(1..30).to_string();
            let page = LogPage::parse(Some(order), Some(&limit), cursor.as_deref()).unwrap();
            let read = move |connection: &mut _| logs::page(connection, &LogQuery::default(), &page);
            let found = database.db.read(read).await.unwrap();
            seen.extend(found.items.into_iter().map(|item| item.request_id));
            cursor = found.next_cursor;
            if cursor.is_none() {
                break;
            }
            for _ in 0..random.random_range(0..8) {
                if let Some(number) = to_come.pop() {
                    audit.ended(record(number));
                }
            }
            audit.flush().await;
        }
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(distinct.len(), seen.len(), "seed {seed}: a record came twice");
        let skipped: Vec<_> = there.difference(&distinct).collect();
        assert!(skipped.is_empty(), "seed {seed}: {skipped:?} were skipped");
    }
}
