//! Administrators' errors while the database is locked, away, damaged or without its tables.

use super::keeps_quiet;
use crate::support::admin::{Admin, Answer};
use crate::support::database::WriteLock;
use crate::support::postgres::Own;
use diesel::connection::SimpleConnection as _;
use fastgate::db::{DbConnection, Dialect};
use futures_util::future::join_all;
use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// What stays inside of these gateways.
const SECRET: &str = "sk-of-the-upstream-0123456789";
const UPSTREAM: &str = "inner.example:8443";

/// What happens to the database.
enum Trouble {
    Away,
    Damaged,
    WithoutTables,
}

fn a_route() -> Value {
    json!({"route_name": "r", "match_path": "/v1/*", "target_host": UPSTREAM, "add_headers": {"X-Inner-Token": SECRET}})
}

fn path_of(admin: &Admin) -> PathBuf {
    admin.app.config.database.sqlite_path.clone()
}

fn execute(admin: &Admin, sql: &str) {
    match admin.app.db.connect().unwrap() {
        DbConnection::Sqlite(mut inner) => inner.batch_execute(sql),
        DbConnection::Postgres(mut inner) => inner.batch_execute(sql),
    }
    .unwrap();
}

/// The tables go by other names from now on.
fn rename_tables(admin: &Admin) {
    for table in [
        "api_keys",
        "routes",
        "sessions",
        "admin_tokens",
        "changes",
        "audit_records",
        "rollups",
    ] {
        execute(admin, &format!("ALTER TABLE {table} RENAME TO no_more_{table}"));
    }
}

/// Nothing of the file is what it was, and nothing of it is in the log beside it.
fn damage(admin: &Admin) {
    execute(admin, "PRAGMA wal_checkpoint(TRUNCATE)");
    let path = path_of(admin);
    let length = usize::try_from(fs::metadata(&path).unwrap().len()).unwrap();
    fs::write(path, vec![0x5a; length]).unwrap();
}

/// Every call of the document that only reads, with its path's parameters filled in, and what writes.
fn calls() -> Vec<(&'static str, String, Value)> {
    let document = serde_json::to_value(fastgate::admin::openapi()).unwrap();
    let parameter = regex::Regex::new(r"\{\w+\}").unwrap();
    let paths = document["paths"].as_object().unwrap();
    let reads = paths.iter().filter(|(_, item)| item.get("get").is_some());
    let mut calls: Vec<_> = reads
        // A stream of what happens has no end.
        .filter(|(path, _)| !path.ends_with("/stream"))
        .map(|(path, _)| ("GET", parameter.replace_all(path, "0").into_owned(), Value::Null))
        .collect();
    let mut write = |path: &str, body: Value| calls.push(("POST", path.to_owned(), body));
    write("/admin/keys", json!({"source_path": "a"}));
    write("/admin/routes", a_route());
    calls
}

/// Asks for all of this at once, for a database that is away lets each wait for seconds; returns how many failed because of it.
async fn read_answers(admin: &Admin, calls: Vec<(&'static str, String, Value)>) -> usize {
    let answers = calls.into_iter().map(|(method, path, body)| async move {
        let answer = admin.call(method, &path, body).await;
        (format!("{method} {path}"), answer)
    });
    let mut failed = 0;
    let mut wrong = Vec::new();
    for (asked, Answer { status, headers, body }) in join_all(answers).await {
        failed += usize::from(status.is_server_error());
        if status.is_success() {
            continue;
        }
        let whole = [format!("{headers:?}\r\n").into_bytes(), body].concat();
        if let Err(told) = keeps_quiet(&whole, &["inner.example", "8443", SECRET, "x-inner-token"]) {
            wrong.push(format!("{asked} {status}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    failed
}

#[rstest]
#[case::away(Dialect::Sqlite, Trouble::Away)]
#[case::damaged(Dialect::Sqlite, Trouble::Damaged)]
#[case::without_tables(Dialect::Sqlite, Trouble::WithoutTables)]
#[case::server_without_tables(Dialect::Postgres, Trouble::WithoutTables)]
#[tokio::test]
async fn administrators_hear_that_the_database_fails_and_no_more(#[case] dialect: Dialect, #[case] trouble: Trouble) {
    let admin = Admin::on(dialect, |_| ()).await;
    admin.post("/admin/routes", a_route()).await.json(201);
    match trouble {
        Trouble::Away => fs::rename(path_of(&admin), path_of(&admin).with_extension("away")).unwrap(),
        Trouble::Damaged => damage(&admin),
        Trouble::WithoutTables => rename_tables(&admin),
    }
    let failed = read_answers(&admin, calls()).await;
    assert!(failed >= 8, "{failed} calls failed");
}

#[tokio::test]
async fn administrators_hear_that_the_database_is_locked_and_no_more() {
    let admin = Admin::open().await;
    let lock = WriteLock::of(&admin.app.config.database);
    // Each waits for as long as SQLite does.
    let write = vec![("POST", "/admin/keys".to_owned(), json!({"source_path": "a"}))];
    assert_eq!(read_answers(&admin, write).await, 1);
    drop(lock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_hear_that_the_databases_server_is_gone_and_no_more() {
    let server = Own::start();
    let url = server.url();
    let admin = Admin::with(|config| config.database.url = Some(url.clone().into())).await;
    admin.post("/admin/routes", a_route()).await.json(201);
    server.signal("QUIT");
    // A connection is waited for as long as a pool does: one call that reads, one that writes.
    let read = ("GET", "/admin/logs".to_owned(), Value::Null);
    let write = ("POST", "/admin/keys".to_owned(), json!({"source_path": "a"}));
    assert_eq!(read_answers(&admin, vec![read, write]).await, 2);
}
