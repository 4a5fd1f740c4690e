//! Two in-memory connections with a pipe between them; time stands still unless nothing else can happen.

use super::{PipeEnd, Silence, Way, pipe};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// The far ends of client and upstream, and what becomes of the pipe with the bytes up and down.
fn between(room: usize) -> (DuplexStream, DuplexStream, JoinHandle<(PipeEnd, u64, u64)>) {
    let (client, mut near_client) = duplex(room);
    let (upstream, mut near_upstream) = duplex(room);
    let silence = Silence {
        open: SECOND * 100,
        half_closed: SECOND * 10,
    };
    let carried = tokio::spawn(async move {
        let (mut up, mut down) = (0, 0);
        let end = pipe(&mut near_client, &mut near_upstream, silence, |way, bytes| match way {
            Way::Up => up += bytes,
            Way::Down => down += bytes,
        })
        .await;
        (end, up, down)
    });
    (client, upstream, carried)
}

#[tokio::test(start_paused = true)]
async fn each_sides_end_is_passed_on_by_itself() {
    let (mut client, mut upstream, carried) = between(64);
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    let mut heard = String::new();
    upstream.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "question");
    upstream.write_all(b"a longer answer").await.unwrap();
    upstream.shutdown().await.unwrap();
    heard.clear();
    client.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "a longer answer");
    assert_eq!(carried.await.unwrap(), (PipeEnd::Finished, 8, 15));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_stops_the_writer() {
    let (mut client, upstream, carried) = between(64);
    let pushed = async {
        let mut pushed = 0;
        while client.write_all(&[0; 64]).await.is_ok() {
            pushed += 64;
        }
        pushed
    };
    // With nobody reading, the writer gets no further than the buffers on the way.
    assert!(tokio::time::timeout(SECOND, pushed).await.is_err());
    drop(upstream);
    assert_eq!(carried.await.unwrap().0, PipeEnd::Finished);
}

#[tokio::test(start_paused = true)]
async fn many_bytes_arrive_in_order_both_ways() {
    let (client, upstream, carried) = between(100);
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let exchange = |stream: DuplexStream, bytes: Vec<u8>| async move {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let sent = bytes.clone();
        let writing = tokio::spawn(async move {
            writer.write_all(&sent).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut heard = Vec::new();
        reader.read_to_end(&mut heard).await.unwrap();
        writing.await.unwrap();
        assert!(heard == bytes);
    };
    tokio::join!(exchange(client, bytes.clone()), exchange(upstream, bytes));
    assert_eq!(carried.await.unwrap(), (PipeEnd::Finished, 200_000, 200_000));
}

#[tokio::test(start_paused = true)]
async fn silence_of_both_ends_it_and_a_byte_from_either_begins_it_anew() {
    let (mut client, mut upstream, carried) = between(64);
    let started = Instant::now();
    for _ in 0..3 {
        tokio::time::sleep(SECOND * 90).await;
        upstream.write_all(b".").await.unwrap();
        client.read_u8().await.unwrap();
    }
    assert_eq!(carried.await.unwrap(), (PipeEnd::Silent, 0, 3));
    assert_eq!(started.elapsed().as_secs(), 370);
}

#[tokio::test(start_paused = true)]
async fn once_one_side_has_ended_the_other_may_be_silent_for_less_time() {
    let (mut client, mut upstream, carried) = between(64);
    client.shutdown().await.unwrap();
    let started = Instant::now();
    tokio::time::sleep(SECOND * 9).await;
    upstream.write_all(b".").await.unwrap();
    assert_eq!(carried.await.unwrap(), (PipeEnd::Silent, 0, 1));
    assert_eq!(started.elapsed().as_secs(), 19);
}
