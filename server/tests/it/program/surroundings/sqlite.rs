//! The embedded database is locked, deleted or damaged under load.

use super::ends::integrity;
use super::{Stand, TOKEN, again, clients, embedded, fault_lasts, flags, rows};
use crate::support::database::WriteLock;
use crate::support::load::Load;
use crate::support::process::fastgate;
use assert_cmd::assert::OutputAssertExt as _;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_locked_records_wait_on_disk() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let spill = database.sqlite_path.with_extension("db.spill");
    let mut spilled = false;
    let course = stand
        .through(
            async || WriteLock::of(&database),
            async |lock| {
                spilled = spill.exists();
                drop(lock);
            },
        )
        .await;
    assert!(spilled, "records wait in the file");
    assert_eq!(course.lost, 0);
    course.assert_law(rows(&database).await, "database locked");
    assert!(!spill.exists());
    assert_eq!(integrity(&database.sqlite_path), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_the_database_is_locked_it_finds_the_records_at_the_next_start() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let lock = WriteLock::of(&database);
    let load = Load::start(&stand.gateway.url, clients());
    tokio::time::sleep(fault_lasts()).await;
    let tally = load.stop().await;
    // Everything that was answered is on its way into the file.
    while stand.gateway.figure("fastgate_audit_spill_records").await < tally.answers.len() as u64 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stand.gateway.signal("KILL");
    let (_, _, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
    drop(lock);
    let spill = database.sqlite_path.with_extension("db.spill");
    assert!(spill.exists());
    let gateway = again(folder);
    assert!(gateway.greeting.contains("brought in"), "{}", gateway.greeting);
    assert!(!spill.exists());
    tally.assert_flawless();
    assert_eq!(rows(&database).await, tally.answers.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_while_the_database_is_locked_it_ends_and_leaves_the_records_on_disk() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let lock = WriteLock::of(&database);
    let load = Load::start(&stand.gateway.url, clients());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let tally = load.stop().await;
    stand.gateway.signal("TERM");
    let (code, text, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
    assert_eq!(code, Some(0), "{text}");
    drop(lock);
    let _gateway = again(folder);
    tally.assert_flawless();
    assert_eq!(rows(&database).await, tally.answers.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_moved_away_and_put_back_costs_nothing() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let (path, away) = (&database.sqlite_path, database.sqlite_path.with_extension("away"));
    let course = stand
        .through(
            async || fs::rename(path, &away).unwrap(),
            async |()| fs::rename(&away, path).unwrap(),
        )
        .await;
    assert_eq!(course.lost, 0);
    course.assert_law(rows(&database).await, "database moved away");
}

/// Copies the three files of a database that nobody writes just now.
fn back_up(database: &Path, to: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            std::path::PathBuf::from(name)
        };
        if beside(database).exists() {
            fs::copy(beside(database), beside(to)).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_its_file_was_deleted_it_serves_on_keeps_the_records_and_never_starts_empty() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let path = &database.sqlite_path;
    let backup = stand.gateway.folder.path().join("backup.db");
    back_up(path, &backup);
    for suffix in ["db", "db-wal", "db-shm"] {
        fs::remove_file(path.with_extension(suffix)).unwrap();
    }
    let load = Load::start(&stand.gateway.url, clients());
    tokio::time::sleep(fault_lasts()).await;
    let tally = load.stop().await;
    assert!(!path.exists(), "no empty file took its place");
    let (status, _) = stand.gateway.get("/health/ready").await;
    assert_eq!(status, 503);
    stand.gateway.signal("TERM");
    let (code, text, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
    assert_eq!(code, Some(0), "{text}");
    tally.assert_flawless();

    let flags = flags(&[]);
    let refused = fastgate(folder.path())
        .args(["--port", "0"])
        .args(&flags)
        .assert()
        .failure();
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("is gone") && said.contains("fastgate.db"), "{said}");
    assert!(!path.exists());

    back_up(&backup, path);
    let gateway = again(folder);
    assert!(gateway.greeting.contains("brought in"), "{}", gateway.greeting);
    assert_eq!(rows(&database).await, tally.answers.len() as u64);
    let (status, routes) = gateway.get_as("/admin/routes", TOKEN).await;
    assert!(status == 200 && routes.contains("open"), "{routes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_under_load_costs_no_request_and_does_not_start_again() {
    let stand = Stand::start(&[]).await;
    let database = stand.database();
    let path = &database.sqlite_path;
    let backup = stand.gateway.folder.path().join("backup.db");
    back_up(path, &backup);
    let load = Load::start(&stand.gateway.url, clients());
    let mut file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(&vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    drop(file);
    tokio::time::sleep(fault_lasts()).await;
    let tally = load.stop().await;
    tally.assert_flawless();
    stand.gateway.signal("KILL");
    let (_, _, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();

    let flags = flags(&[]);
    // What the log of SQLite still holds may mend some of it, never all.
    let refused = fastgate(folder.path())
        .args(["--port", "0"])
        .args(&flags)
        .assert()
        .failure()
        .code(1);
    let said = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(said.contains("damaged"), "{said}");
    for suffix in ["db-wal", "db-shm"] {
        drop(fs::remove_file(path.with_extension(suffix)));
    }
    back_up(&backup, path);
    let gateway = again(folder);
    let (status, routes) = gateway.get_as("/admin/routes", TOKEN).await;
    assert!(status == 200 && routes.contains("open"), "{routes}");
    assert!(rows(&embedded(gateway.folder.path())).await <= tally.answers.len() as u64);
}
