//! API keys in both databases.

use super::noon;
use crate::support::database::TestDatabase;
use fastgate::db::keys::{self, KeyFilter, PreviousSecret, StoredKey};
use fastgate::db::{DbError, Dialect};
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::page::Page;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

fn key(number: u8, source_path: &str) -> StoredKey {
    StoredKey {
        key: ApiKey {
            key_id: format!("key-{number}"),
            key_preview: "fg_Ab…9xYz".to_owned(),
            definition: ApiKeyDefinition {
                source_path: source_path.to_owned(),
                name: Some("näme".to_owned()),
                permissions: vec!["chat".to_owned(), "model:qwen*".to_owned()],
                rate_limit: Some(1_000_000),
                max_concurrency: Some(1_000),
                expires_at: Some(noon()),
                is_active: true,
            },
            usage_count: 0,
            last_used_at: None,
            previous_valid_until: None,
            created_at: noon() + SignedDuration::from_secs(i64::from(number)),
        },
        hash: [number; 32],
        previous: None,
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_key_comes_back_as_it_was_stored(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    let mut stored = key(1, "app");
    stored.previous = Some(PreviousSecret {
        hash: [9; 32],
        valid_until: noon(),
    });
    stored.key.previous_valid_until = Some(noon());
    keys::insert(connection, &stored).unwrap();
    assert!(keys::get(connection, "key-1").unwrap() == stored);
    assert!(keys::all(connection).unwrap() == [stored]);
    assert!(matches!(keys::get(connection, "key-2"), Err(DbError::NotFound)));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_secret_exists_once(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    keys::insert(connection, &key(1, "app")).unwrap();
    let mut twin = key(2, "app");
    twin.hash = [1; 32];
    assert!(matches!(keys::insert(connection, &twin), Err(DbError::Conflict)));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn lists_are_filtered_paged_and_counted_newest_first(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    for number in 0..5 {
        let mut key = key(number, if number % 2 == 0 { "even" } else { "Odd" });
        key.key.definition.is_active = number != 4;
        keys::insert(connection, &key).unwrap();
    }
    let mut ids = |source_path: Option<&str>, is_active, page| {
        let filter = KeyFilter {
            source_path: source_path.map(str::to_owned),
            is_active,
        };
        let (keys, total) = keys::list(connection, &filter, page).unwrap();
        (
            keys.into_iter().map(|key| key.key.key_id).collect::<Vec<_>>().join(" "),
            total,
        )
    };
    let all = Page::default();
    assert_eq!(ids(None, None, all), ("key-4 key-3 key-2 key-1 key-0".to_owned(), 5));
    assert_eq!(ids(Some("even"), None, all), ("key-4 key-2 key-0".to_owned(), 3));
    assert_eq!(ids(Some("even"), Some(true), all), ("key-2 key-0".to_owned(), 2));
    assert_eq!(ids(None, Some(false), all), ("key-4".to_owned(), 1));
    assert_eq!(
        ids(None, None, Page { skip: 1, limit: 2 }),
        ("key-3 key-2".to_owned(), 5)
    );
    assert_eq!(keys::sources(connection).unwrap(), ["Odd", "even"]);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn an_update_changes_the_definition_only(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    keys::insert(connection, &key(1, "app")).unwrap();
    let definition = ApiKeyDefinition {
        source_path: "other".to_owned(),
        ..ApiKeyDefinition::default()
    };
    keys::update(connection, "key-1", &definition).unwrap();
    let updated = keys::get(connection, "key-1").unwrap();
    assert_eq!(updated.key.definition, definition);
    assert_eq!(updated.hash, [1; 32]);
    assert!(matches!(
        keys::update(connection, "key-2", &definition),
        Err(DbError::NotFound)
    ));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_rotated_secret_works_on_only_if_it_was_given_time(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    keys::insert(connection, &key(1, "app")).unwrap();
    keys::rotate(connection, "key-1", &[2; 32], "fg_2", Some(noon())).unwrap();
    let rotated = keys::get(connection, "key-1").unwrap();
    assert_eq!((rotated.hash, rotated.key.key_preview.as_str()), ([2; 32], "fg_2"));
    let previous = rotated.previous.unwrap();
    assert_eq!((previous.hash, previous.valid_until), ([1; 32], noon()));
    keys::rotate(connection, "key-1", &[3; 32], "fg_3", None).unwrap();
    assert!(keys::get(connection, "key-1").unwrap().previous.is_none());
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_deleted_key_is_gone(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    keys::insert(connection, &key(1, "app")).unwrap();
    keys::delete(connection, "key-1").unwrap();
    assert!(matches!(keys::delete(connection, "key-1"), Err(DbError::NotFound)));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn expired_and_disabled_keys_do_not_count_as_active(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    let changes: [fn(&mut ApiKeyDefinition); 4] = [
        |key| key.expires_at = None,
        |key| key.expires_at = Some(Timestamp::MAX),
        |key| key.expires_at = Some(noon()),
        |key| key.is_active = false,
    ];
    for (number, change) in (0..).zip(changes) {
        let mut key = key(number, "app");
        change(&mut key.key.definition);
        keys::insert(connection, &key).unwrap();
    }
    assert_eq!(keys::count_active(connection, noon()).unwrap(), 2);
}
