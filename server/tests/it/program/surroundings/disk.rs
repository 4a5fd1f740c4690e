//! The disk takes nothing any more, under load: a quota of the process, and where this machine lets a test mount one, a
//! file system that is full.

use super::{Course, Stand, embedded, flags, rows};
use crate::storage::{audit_log, noon, record};
use crate::support::process::Process;
use fastgate::audit_log::ballast::Ballast;
use fastgate::audit_log::retention;
use fastgate::config;
use fastgate::db::{Db, upkeep};
use std::fs;
use std::io::Write as _;
use std::process::Command;
use tempfile::TempDir;

/// Sets how large the files of a process may become, in bytes.
fn limit_files(process: &Process, bytes: &str) {
    let status = Command::new("prlimit")
        .args(["--pid", &process.id().to_string(), &format!("--fsize={bytes}:")])
        .status()
        .expect("prlimit (Debian: util-linux)");
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_whose_files_may_not_grow_serves_on_and_records_when_they_may() {
    let flags = flags(&[]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    // As a service whose quota is spent: told by an error, not by a signal.
    let gateway = Process::start_after("trap '' XFSZ", tempfile::tempdir().unwrap(), &flags);
    let stand = Stand::of(gateway).await;
    let course = stand
        .through(
            async || limit_files(&stand.gateway, "0"),
            async |()| limit_files(&stand.gateway, "unlimited"),
        )
        .await;
    assert_eq!(course.lost, 0, "the queue held them");
    course.assert_law(rows(&stand.database()).await, "quota spent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_queue_that_is_too_small_for_the_outage_losses_are_counted() {
    let settings = ["audit.queue_bytes=1048576", "audit.spill_bytes=0"];
    let flags = flags(&settings);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let gateway = Process::start_after("trap '' XFSZ", tempfile::tempdir().unwrap(), &flags);
    let stand = Stand::of(gateway).await;
    let large = "x".repeat(20_000);
    let course: Course = stand
        .through(
            async || {
                limit_files(&stand.gateway, "0");
                // Larger records fill the queue at once.
                let client = reqwest::Client::builder().no_proxy().build().unwrap();
                for _ in 0..100 {
                    let call = client.get(format!("{}/none/{large}", stand.gateway.url));
                    assert_eq!(call.send().await.unwrap().status().as_u16(), 401);
                }
            },
            async |()| limit_files(&stand.gateway, "unlimited"),
        )
        .await;
    assert!(
        course.lost > 0,
        "a queue of 1 MiB does not hold 100 records of 20 KB and the load"
    );
    let rows = rows(&stand.database()).await;
    println!(
        "{} answers, {rows} rows, {} lost",
        course.tally.answers.len() + 100,
        course.lost
    );
    assert_eq!(rows + course.lost, course.tally.answers.len() as u64 + 100);
}

/// A file system of its own; gone with the test.
struct Small(TempDir);

impl Small {
    /// None where a test may not mount one.
    fn mount(mebibytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "none"])
            .arg(folder.path());
        let mounted = command.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the gateway may still end.
        drop(Command::new("umount").arg("-l").arg(self.0.path()).status());
    }
}

/// Until there is no byte left.
fn fill(path: &std::path::Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [1 << 20, 4096, 1] {
        let piece = vec![1; size];
        while file.write(&piece).is_ok_and(|written| written > 0) {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_old_records_can_still_be_deleted() {
    let Some(disk) = Small::mount(64) else {
        println!("not run: this machine lets no test mount a file system");
        return;
    };
    let database = embedded(disk.0.path());
    let db = Db::open(&database).unwrap();
    let audit = audit_log(&db).await;
    for number in 0..8_000 {
        audit.ended(record(number));
    }
    audit.flush().await;
    let ballast = Ballast::of(&db).unwrap();
    ballast.keep().unwrap();
    fill(&disk.0.path().join("filler"));
    let limits = config::Audit {
        max_bytes: 1 << 20,
        ..config::Audit::default()
    };
    let alone = retention::enforce(&db, &limits, noon()).await;
    println!("without the ballast: {:?}", alone.map_err(|error| error.cause()));
    let deleted = retention::enforce_in_any_case(&db, &limits, noon(), Some(&ballast)).await;
    let left = db.read(upkeep::count).await.unwrap();
    println!("with it: {:?} deleted, {left} left", deleted.as_ref().ok());
    assert!(deleted.is_ok() && left < 4_000, "{left}");
    // The room comes back, so that records can be written again.
    audit.ended(record(9_000));
    audit.flush().await;
    assert_eq!((audit.lost(), audit.spilled().0), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_waited_for() {
    let Some(disk) = Small::mount(128) else {
        println!("not run: this machine lets no test mount a file system; a spent quota shows the same");
        return;
    };
    let path = format!("database.sqlite_path={}/data/fastgate.db", disk.0.path().display());
    let stand = Stand::start(&[&path]).await;
    let filler = disk.0.path().join("filler");
    let course = stand
        .through(
            async || {
                fill(&filler);
            },
            async |()| fs::remove_file(&filler).unwrap(),
        )
        .await;
    assert_eq!(course.lost, 0, "the queue held them");
    course.assert_law(rows(&embedded(disk.0.path())).await, "disk full");
}
