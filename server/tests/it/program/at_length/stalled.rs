//! The queue of audit records while nobody writes them: as large as it may be, and what it does not hold is counted.

use super::{TOKEN, at_length, either, start};
use crate::support::database::WriteLock;
use fastgate::config::Database;
use fastgate::db::{Db, upkeep};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Requests that are refused, each with a long path, so that their records are large; as fast as they are answered.
async fn refusals(address: &str, lasts: Duration) -> u64 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(6_000));
    let begun = Instant::now();
    let mut answers = 0;
    while begun.elapsed() < lasts {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
        }
        assert!(
            heard.starts_with(b"HTTP/1.1 401"),
            "{}",
            String::from_utf8_lossy(&heard)
        );
        answers += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_writer_stalled_the_queue_is_bounded_and_losses_are_seen_everywhere() {
    // At length the queue as it is by default: 64 MiB, and no file beside it.
    let (queue, lasts) = either((2 << 20, 3), (64 << 20, 60));
    let settings = [format!("audit.queue_bytes={queue}"), "audit.spill_bytes=0".to_owned()];
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let gateway = start(&settings);
    let address = gateway.url.trim_start_matches("http://").to_owned();
    refusals(&address, Duration::from_millis(300)).await;
    let before = gateway.memory();
    let database = Database {
        sqlite_path: gateway.folder.path().join("data/fastgate.db"),
        ..Database::default()
    };
    let lock = WriteLock::of(&database);
    let answers: u64 = futures_util::future::join_all((0..4).map(|_| refusals(&address, Duration::from_secs(lasts))))
        .await
        .into_iter()
        .sum();
    let (most, waiting) = (gateway.memory(), gateway.figure("fastgate_audit_queue_bytes").await);
    let lost = gateway.figure("fastgate_audit_records_lost_total").await;
    drop(lock);
    println!(
        "{answers} answers in {lasts} s with the writer stalled: {} MiB waited in a queue of {} MiB, memory rose by {} MiB, {lost} lost",
        waiting >> 20,
        queue >> 20,
        most.saturating_sub(before) >> 20
    );
    assert!(waiting <= queue, "{waiting}");
    assert!(most < before + 2 * queue + (16 << 20), "{before} became {most}");
    assert!(lost > 0 || at_length(), "2 MiB do not hold this");
    // In the figures of the dashboard and in the log as well.
    let (_, metrics) = gateway.get_as("/admin/metrics", TOKEN).await;
    let told = serde_json::from_str::<serde_json::Value>(&metrics).unwrap()["audit_records_lost"].as_u64();
    assert!(told >= Some(lost), "{metrics}");
    if lost > 0 {
        gateway.line_with("lost");
    }
    while gateway.figure("fastgate_audit_queue_records").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let lost = gateway.figure("fastgate_audit_records_lost_total").await;
    let db = Db::open(&database).unwrap();
    let rows = db.read(upkeep::count).await.unwrap();
    assert!(
        rows + lost >= answers,
        "{rows} rows and {lost} lost of {answers} answers"
    );
}
