//! Routes in both databases.

use super::noon;
use crate::support::database::TestDatabase;
use fastgate::db::routes::{self, StoredRoute};
use fastgate::db::{DbError, Dialect};
use fastgate::secrets::SecretBox;
use fastgate_shared::route::RouteDefinition;
use jiff::SignedDuration;
use rstest::rstest;
use serde_json::json;

fn definition(priority: u16) -> RouteDefinition {
    serde_json::from_value(json!({
        "route_name": "Chat", "priority": priority, "match_path": "/v1/*", "target_host": "localhost:1",
        "match_body_schema": {"model": "qwen3"}, "add_headers": {"Authorization": "Bearer sk-0123456789abcdef"},
    }))
    .unwrap()
}

fn route(number: i64, priority: u16) -> StoredRoute {
    StoredRoute {
        route_id: format!("route-{number}"),
        definition: SecretBox::new([1; 32]).seal_route(&definition(priority)),
        created_at: noon() + SignedDuration::from_secs(number),
        updated_at: noon(),
    }
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn a_route_comes_back_as_it_was_stored(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    let stored = route(1, 40);
    routes::insert(connection, &stored).unwrap();
    let found = routes::get(connection, "route-1").unwrap();
    assert!(found == stored);
    assert!(SecretBox::new([1; 32]).open_route(&found.definition).unwrap() == definition(40));
    assert!(matches!(routes::insert(connection, &stored), Err(DbError::Conflict)));
    assert!(matches!(routes::get(connection, "route-2"), Err(DbError::NotFound)));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn lower_numbers_come_first_then_the_older(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    for (number, priority) in [(1, 80), (3, 40), (2, 40)] {
        routes::insert(connection, &route(number, priority)).unwrap();
    }
    let ids: Vec<_> = routes::all(connection)
        .unwrap()
        .into_iter()
        .map(|route| route.route_id)
        .collect();
    assert_eq!(ids, ["route-2", "route-3", "route-1"]);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn an_update_replaces_the_definition_and_a_delete_the_route(#[case] dialect: Dialect) {
    let database = TestDatabase::new(dialect);
    let connection = &mut database.db.connect().unwrap();
    routes::insert(connection, &route(1, 40)).unwrap();
    assert_eq!(routes::count_active(connection).unwrap(), 1);
    let mut changed = route(1, 60);
    let mut inactive = definition(60);
    inactive.is_active = false;
    changed.definition = SecretBox::new([1; 32]).seal_route(&inactive);
    changed.updated_at = noon() + SignedDuration::from_hours(1);
    routes::update(connection, &changed).unwrap();
    assert!(routes::get(connection, "route-1").unwrap() == changed);
    assert_eq!(routes::count_active(connection).unwrap(), 0);
    routes::delete(connection, "route-1").unwrap();
    assert!(matches!(routes::delete(connection, "route-1"), Err(DbError::NotFound)));
    assert!(matches!(routes::update(connection, &changed), Err(DbError::NotFound)));
}
