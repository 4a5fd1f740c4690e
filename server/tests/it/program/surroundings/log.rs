//! The folder of the log file goes away, and something else takes its place, under load.

use super::{Stand, rows};
use std::fs;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_file_that_cannot_be_written_costs_neither_a_request_nor_a_record() {
    let stand = Stand::start(&[]).await;
    let logs = stand.gateway.folder.path().join("logs");
    let file = logs.join("fastgate.log");
    assert!(file.exists());
    let course = stand
        .through(
            async || {
                fs::remove_dir_all(&logs).unwrap();
                fs::write(&logs, "in the way").unwrap();
            },
            async |()| fs::remove_file(&logs).unwrap(),
        )
        .await;
    assert_eq!(course.lost, 0);
    course.assert_law(rows(&stand.database()).await, "log folder gone");
    let since = Instant::now();
    while !fs::metadata(&file).is_ok_and(|file| file.len() > 0) {
        // A line makes it anew.
        drop(stand.gateway.get("/open/x").await);
        assert!(since.elapsed() < Duration::from_secs(20), "the file comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
