//! The wall clock jumps under load, by two hours forth and back. Only the wall clock: the monotonic one does not.

use super::{Stand, flags, recorded, rows};
use crate::support::process::Process;
use std::fs;
use std::path::{Path, PathBuf};

/// The library that tells a process another time.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    let mut found = folders.map(|folder| folder.join("faketime/libfaketime.so.1"));
    found
        .find(|path| path.exists())
        .expect("libfaketime; run the tests by the README's command (`make test`), which installs it (Debian: apt-get install libfaketime)")
}

fn tell(file: &Path, time: &str) {
    fs::write(file, time).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_costs_no_request_and_the_log_keeps_its_order() {
    let flags = flags(&[]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let folder = tempfile::tempdir().unwrap();
    let time = folder.path().join("time");
    tell(&time, "+0");
    let before = format!(
        "export LD_PRELOAD='{}' FAKETIME_TIMESTAMP_FILE='{}' FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1",
        library().display(),
        time.display()
    );
    let stand = Stand::of(Process::start_after(&before, folder, &flags)).await;
    let course = stand
        .through(async || tell(&time, "+2h"), async |()| tell(&time, "-2h"))
        .await;
    assert_eq!(course.lost, 0);
    course.assert_law(rows(&stand.database()).await, "clock jumps");
    // Each client asks one after the other: its numbers rise in the log.
    let mut last = std::collections::HashMap::new();
    for id in recorded(&stand.database()).await {
        let mut parts = id.split('-').skip(1).map(|part| part.parse::<u64>().unwrap());
        let (client, number) = (parts.next().unwrap(), parts.next().unwrap());
        let before = last.insert(client, number).unwrap_or(0);
        assert!(before < number, "client {client}: {number} after {before}");
    }
}
