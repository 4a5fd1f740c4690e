//! Rotating the encryption key in both databases, beside somebody who writes.

use crate::support::admin::Admin;
use fastgate::db::{DbError, Dialect, settings};
use fastgate::secrets::{self, MasterKey, SecretBox};
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::mpsc;

fn route(name: &str) -> Value {
    json!({"route_name": name, "match_path": "/v1/*", "target_host": "h", "add_headers": {"X-Api-Key": "0123456789abcdef"}})
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn everything_opens_with_the_new_key_and_etags_are_those_that_are_told(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let made = admin.post("/admin/routes", route("r")).await.json(201);
    let path = format!("/admin/routes/{}", made["route_id"].as_str().unwrap());
    admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    let old_etag = admin.get(&path).await.header("etag").to_owned();

    let app = &admin.app;
    let rotated = secrets::rotate(&app.config, &app.db, Some(MasterKey::random().unwrap()))
        .await
        .unwrap();
    assert_eq!((rotated.routes, rotated.changes, rotated.unreadable), (1, 2, 0));
    admin.put(&path, json!({"priority": 5})).await.json(503);
    assert!(app.take_new_key().await.unwrap());
    assert!(!app.take_new_key().await.unwrap(), "it is in force already");

    let found = admin.get(&path).await;
    assert_eq!(found.json(200)["add_headers"]["X-Api-Key"], "012…cdef");
    assert_ne!(found.header("etag"), old_etag);
    // The history knows the state by its new ETag: a later conflict tells what changed since.
    let etag = found.header("etag").to_owned();
    admin.put(&path, json!({"priority": 5})).await.json(200);
    let request = http::Request::put(&path)
        .header("authorization", format!("Bearer {}", crate::support::admin::TOKEN))
        .header("if-match", etag)
        .body(axum::body::Body::from(r#"{"priority": 6}"#))
        .unwrap();
    let conflict = admin.send(request).await.json(409);
    assert_eq!(conflict["changed"][0]["field"], "priority", "{conflict}");
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn who_seals_with_the_old_key_is_waited_for_or_refused(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let (app, db) = (admin.app.clone(), admin.app.db.clone());
    // A change that has looked at the key and has not committed yet.
    let (looked, at_the_key) = mpsc::sync_channel(1);
    let (go_on, told) = mpsc::sync_channel(1);
    let old = app.secrets.clone();
    let writer = tokio::spawn({
        let db = db.clone();
        async move {
            db.write(move |connection| {
                old.check_current(connection)?;
                looked.send(()).unwrap();
                told.recv().unwrap();
                settings::set(connection, "sealed_meanwhile", "yes")
            })
            .await
        }
    });
    tokio::task::spawn_blocking(move || at_the_key.recv().unwrap())
        .await
        .unwrap();
    let rotation = tokio::spawn({
        let app = app.clone();
        async move { secrets::rotate(&app.config, &app.db, None).await.unwrap() }
    });
    // Whether it waits already or is not there yet: it cannot be done before the change is.
    tokio::task::yield_now().await;
    assert!(!rotation.is_finished());
    go_on.send(()).unwrap();
    writer.await.unwrap().unwrap();
    rotation.await.unwrap();

    let old = SecretBox::clone(&app.secrets);
    let late = db.write(move |connection| old.check_current(connection)).await;
    assert!(matches!(late, Err(DbError::KeyRotated)), "{late:?}");
}

#[tokio::test]
async fn a_route_that_cannot_be_opened_stops_the_rotation_and_nothing_is_changed() {
    let admin = Admin::open().await;
    let stored = SecretBox::new([9; 32]).seal_route(&serde_json::from_value(route("foreign")).unwrap());
    let stored = fastgate::db::routes::StoredRoute {
        route_id: "foreign".to_owned(),
        definition: stored,
        created_at: super::noon(),
        updated_at: super::noon(),
    };
    let app = &admin.app;
    app.db
        .write(move |connection| fastgate::db::routes::insert(connection, &stored))
        .await
        .unwrap();
    let error = secrets::rotate(&app.config, &app.db, None)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("foreign"), "{error}");
    assert!(!app.take_new_key().await.unwrap(), "the old key is in force");
    let pending = app.config.database.sqlite_path.with_extension("db.key.new");
    assert!(!pending.exists());
}
