//! Bodies larger than memory, between a side that sends and one that does not read.

use super::{Stand, either};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Promised are 8 MiB in the executable as it is released.
const MEMORY: u64 = 8 << 20;
const MIB: u64 = 1 << 20;
const WARM: u64 = 16 * MIB;

fn size() -> u64 {
    either(96 * MIB, 1024 * MIB)
}

/// Waits until a figure does not change for a while.
async fn settled(figure: impl Fn() -> u64) -> u64 {
    let mut last = figure();
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = figure();
        if now == last {
            return now;
        }
        last = now;
    }
}

async fn upload(address: &str, bytes: u64) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("POST /open/sink HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![0; 64 << 10];
    for _ in 0..bytes / piece.len() as u64 {
        stream.write_all(&piece).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_waits_for_an_upstream_that_does_not_read() {
    let stand = Stand::start(&[], json!({"timeout": 600})).await;
    upload(stand.address(), WARM).await;
    let told = stand.stage.told.clone();
    let before = stand.gateway.memory();
    told.bytes.store(0, Ordering::SeqCst);
    told.until.store(size() / 2, Ordering::SeqCst);
    told.holds.store(true, Ordering::SeqCst);
    let address = stand.address().to_owned();
    let sending = tokio::spawn(async move { upload(&address, size()).await });
    let held = loop {
        let held = settled(|| told.bytes.load(Ordering::SeqCst)).await;
        if held >= size() / 2 {
            break held;
        }
    };
    let in_the_middle = stand.gateway.memory();
    assert!(!sending.is_finished(), "{held}: the rest is somewhere");
    told.holds.store(false, Ordering::SeqCst);
    told.goes_on.notify_waiters();
    sending.await.unwrap();
    let most = in_the_middle.max(stand.gateway.memory());
    println!(
        "{} MiB up: {} KiB more in memory",
        size() >> 20,
        most.saturating_sub(before) >> 10
    );
    assert!(most < before + MEMORY, "{before} became {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_waits_for_a_client_that_does_not_read() {
    let stand = Stand::start(&[], json!({"timeout": 600})).await;
    let download = async |bytes: u64, held: bool| {
        let mut stream = TcpStream::connect(stand.address()).await.unwrap();
        let head = format!("GET /open/source/{bytes} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut most = 0;
        let mut buffer = vec![0; 64 << 10];
        let (mut read, mut holds) = (0, held);
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return (read, most),
                some => read += some as u64,
            }
            if holds && read >= bytes / 2 {
                holds = false;
                let sent = settled(|| stand.stage.told.bytes.load(Ordering::SeqCst)).await;
                assert!(sent < bytes, "the upstream could send all of it");
                most = stand.gateway.memory();
            }
        }
    };
    download(WARM, false).await;
    let before = stand.gateway.memory();
    stand.stage.told.bytes.store(0, Ordering::SeqCst);
    let (read, most) = download(size(), true).await;
    assert!(read > size(), "{read}");
    let most = most.max(stand.gateway.memory());
    println!(
        "{} MiB down: {} KiB more in memory",
        size() >> 20,
        most.saturating_sub(before) >> 10
    );
    assert!(most < before + MEMORY, "{before} became {most}");
}
