//! Sessions and settings in both databases.

use super::noon;
use crate::support::database::TestDatabase;
use fastgate::db::sessions::{self, StoredSession};
use fastgate::db::{DbError, Dialect, settings};
use fastgate_shared::admin_token::Role;
use jiff::SignedDuration;
use rstest::rstest;

fn session(number: u8) -> StoredSession {
    StoredSession {
        token_hash: [number; 32],
        created_at: noon() + SignedDuration::from_secs(i64::from(number)),
        last_used_at: noon(),
        expires_at: noon() + SignedDuration::from_hours(1),
        user_agent: None,
        address: "::1".to_owned(),
        role: Role::Operator,
        name: Some("ci".to_owned()),
        token_id: Some("t".to_owned()),
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_session_lives_from_sign_in_to_sign_out(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    sessions::insert(connection, &session(1)).unwrap();
    assert!(sessions::get(connection, &[1; 32]).unwrap() == session(1));
    let later = noon() + SignedDuration::from_mins(5);
    sessions::touch(connection, &[1; 32], later).unwrap();
    assert_eq!(sessions::get(connection, &[1; 32]).unwrap().last_used_at, later);
    sessions::delete(connection, &[1; 32]).unwrap();
    sessions::delete(connection, &[1; 32]).unwrap();
    assert!(matches!(sessions::get(connection, &[1; 32]), Err(DbError::NotFound)));
    assert!(matches!(
        sessions::touch(connection, &[1; 32], later),
        Err(DbError::NotFound)
    ));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn ended_and_idle_sessions_are_purged(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    for number in 1..=3 {
        let mut session = session(number);
        if number == 2 {
            session.last_used_at = noon() - SignedDuration::from_hours(2);
        }
        if number == 3 {
            session.expires_at = noon();
        }
        sessions::insert(connection, &session).unwrap();
    }
    assert_eq!(
        sessions::purge(connection, noon(), noon() - SignedDuration::from_hours(1)).unwrap(),
        2
    );
    assert!(sessions::all(connection).unwrap() == [session(1)]);
    sessions::delete_all(connection).unwrap();
    assert!(sessions::all(connection).unwrap().is_empty());
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn settings_are_remembered(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    assert_eq!(settings::get(connection, "a").unwrap(), None);
    assert_eq!(settings::set_if_absent(connection, "a", "1").unwrap(), "1");
    assert_eq!(settings::set_if_absent(connection, "a", "2").unwrap(), "1");
    settings::set(connection, "a", "3").unwrap();
    settings::set(connection, "a", "4").unwrap();
    assert_eq!(settings::get(connection, "a").unwrap().as_deref(), Some("4"));
    settings::remove(connection, "a").unwrap();
    assert_eq!(settings::get(connection, "a").unwrap(), None);
}
