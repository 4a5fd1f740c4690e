//! `fastgate backup`, the way back from one, and the copy that is made before an update.

use crate::support::process::{Process, fastgate};
use fastgate::config::Database;
use fastgate::db::{Db, DbConnection, migrate};
use rstest::rstest;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::tempdir;

const TOKEN: &str = "fga_the-token-of-all-tests";

fn backup(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = fastgate(folder).arg("backup").args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

async fn make_key(gateway: &Process, source: &str) {
    let (status, text) = gateway
        .call("POST", "/admin/keys", TOKEN, &json!({"source_path": source}))
        .await;
    assert_eq!(status, 201, "{text}");
}

async fn sources(gateway: &Process) -> Value {
    serde_json::from_str(&gateway.get_as("/admin/keys/sources", TOKEN).await.1).unwrap()
}

#[tokio::test]
async fn a_running_gateway_is_backed_up_and_restored() {
    let variables = [("FASTGATE_SECURITY__ADMIN_TOKEN", TOKEN)];
    let gateway = Process::start_with(tempdir().unwrap(), &[], &variables);
    make_key(&gateway, "before").await;
    let (code, out, said) = backup(gateway.folder.path(), &["copy.db"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        out.contains("copy.db: ") && said.contains("fastgate.db.key"),
        "{out} {said}"
    );
    let copy = gateway.folder.path().join("copy.db");
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    make_key(&gateway, "after").await;
    let (code, _, said) = backup(gateway.folder.path(), &["copy.db"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("copy.db exists"), "{said}");
    gateway.signal("TERM");
    let (_, _, folder) = gateway.end();

    let data = folder.path().join("data");
    for name in ["fastgate.db", "fastgate.db-wal", "fastgate.db-shm"] {
        let _ = fs::remove_file(data.join(name));
    }
    fs::rename(&copy, data.join("fastgate.db")).unwrap();
    let gateway = Process::start_with(folder, &[], &variables);
    assert_eq!(sources(&gateway).await, json!(["before"]));
}

#[rstest]
#[case(&["copy.db"], "there is no database at data/fastgate.db")]
#[case(&["copy.db", "--database-url", "postgres://u:p@127.0.0.1:1/x"], "pg_dump")]
fn what_cannot_be_backed_up_is_said(#[case] args: &[&str], #[case] why: &str) {
    let folder = tempdir().unwrap();
    let (code, _, said) = backup(folder.path(), args);
    assert_eq!(code, Some(1));
    assert!(said.contains(why), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
}

/// The copies from before updates, by name.
fn copies(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.contains(".before-") && name.ends_with(|end: char| end.is_ascii_digit()))
        .collect();
    names.sort();
    names
}

/// As a database of an older version: without its last step.
fn older(config: &Database) -> String {
    let last = migrate::run(config).unwrap().pop().unwrap();
    let db = Db::open(config).unwrap();
    migrate::revert_last(&mut db.connect().unwrap()).unwrap();
    last
}

#[test]
fn a_database_is_copied_before_its_tables_are_changed() {
    let folder = tempdir().unwrap();
    let config = Database {
        sqlite_path: folder.path().join("gate.db"),
        migration_backups: 2,
        ..Database::default()
    };
    let last = older(&config);
    assert_eq!(copies(folder.path()), Vec::<String>::new(), "a new one need not be");
    for old in ["20200101000000", "20210101000000"] {
        fs::write(folder.path().join(format!("gate.db.before-{old}")), "an older copy").unwrap();
    }
    assert_eq!(migrate::run(&config).unwrap(), std::slice::from_ref(&last));
    let expected = ["20210101000000", &last].map(|version| format!("gate.db.before-{version}"));
    assert_eq!(copies(folder.path()), expected, "the oldest went");
    assert!(migrate::run(&config).unwrap().is_empty());
    // The copy is a database of the older version.
    let copy = Database {
        sqlite_path: folder.path().join(&expected[1]),
        migration_backups: 0,
        ..Database::default()
    };
    assert_eq!(migrate::run(&copy).unwrap(), [last]);
    let connection = Db::open(&copy).unwrap().connect().unwrap();
    assert!(matches!(connection, DbConnection::Sqlite(_)));
    assert_eq!(copies(folder.path()).len(), 2);
}

#[test]
fn without_a_copy_nothing_is_changed() {
    let folder = tempdir().unwrap();
    // A name that leaves no room for the copy's.
    let mut config = Database {
        sqlite_path: folder.path().join("d".repeat(240)),
        ..Database::default()
    };
    let last = older(&config);
    let error = migrate::run(&config).unwrap_err().to_string();
    assert!(error.contains("database.migration_backups"), "{error}");
    config.migration_backups = 0;
    assert_eq!(migrate::run(&config).unwrap(), [last]);
}
