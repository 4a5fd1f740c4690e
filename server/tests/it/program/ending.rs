//! What becomes of requests in flight when the process is told to end: they may finish, or are cut off, and each leaves
//! its record.

use crate::support::process::Process;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const TOKEN: &str = "the-token-of-these-tests";

/// A gateway with an open route to an upstream that the test plays itself.
async fn gateway_and_upstream(settings: &[&str]) -> (Process, TcpListener) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let token = format!("security.admin_token={TOKEN}");
    let mut flags = vec!["--set", &token];
    flags.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let gateway = Process::start(&flags);
    let route = json!({
        "route_name": "open", "match_path": "/open/*", "auth": "none",
        "target_host": upstream.local_addr().unwrap().to_string(),
    });
    let created = client()
        .post(format!("{}/admin/routes", gateway.url))
        .bearer_auth(TOKEN)
        .body(route.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(created.status().as_u16(), 201, "{}", created.text().await.unwrap());
    (gateway, upstream)
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Takes a request and answers with the head of a response of ten bytes and the first five.
async fn answer_half(upstream: &TcpListener) -> TcpStream {
    let (mut stream, _) = upstream.accept().await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst")
        .await
        .unwrap();
    stream
}

/// The records that a gateway finds in the folder of one that has ended.
async fn records(folder: tempfile::TempDir) -> Vec<Value> {
    let token = format!("security.admin_token={TOKEN}");
    let again = Process::start_in(folder, &["--set", &token]);
    let (status, text) = again.get_as("/admin/logs", TOKEN).await;
    assert_eq!(status, 200, "{text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_request_in_flight_ends_in_peace_and_no_new_one_is_taken() {
    let (gateway, upstream) = gateway_and_upstream(&[]).await;
    let request = client().get(format!("{}/open/x", gateway.url)).send();
    let (response, mut stream) = tokio::join!(request, answer_half(&upstream));
    let mut response = response.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");

    gateway.signal("TERM");
    gateway.line_with("not ready any more");
    while TcpStream::connect(gateway.url.trim_start_matches("http://"))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"other").await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "other");
    assert_eq!(response.chunk().await.unwrap(), None);

    let (code, text, folder) = gateway.end();
    assert_eq!(code, Some(0), "{text}");
    let records = records(folder).await;
    assert_eq!(records.len(), 1);
    assert_eq!(
        (&records[0]["outcome"], &records[0]["response_size"]),
        (&json!("ok"), &json!(10))
    );
}

#[tokio::test]
async fn a_request_that_outlasts_the_drain_is_cut_off_and_recorded() {
    let (gateway, upstream) = gateway_and_upstream(&["server.drain_seconds=0"]).await;
    let request = client().get(format!("{}/open/x", gateway.url)).send();
    let (response, _stream) = tokio::join!(request, answer_half(&upstream));
    let mut response = response.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "first");

    gateway.signal("TERM");
    gateway.line_with("cut off");
    assert!(
        response.chunk().await.is_err(),
        "the client can tell that the end is missing"
    );
    let (code, text, folder) = gateway.end();
    assert_eq!(code, Some(0), "{text}");
    let records = records(folder).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["status_code"], 200);
    assert_ne!(records[0]["outcome"], "ok");
}

/// Reads up to the end of a head.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn an_open_tunnel_holds_up_the_end_no_longer_than_the_drain() {
    let (gateway, upstream) = gateway_and_upstream(&["server.drain_seconds=1"]).await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let mut client = TcpStream::connect(address).await.unwrap();
    let asking = "GET /open/x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n";
    client.write_all(asking.as_bytes()).await.unwrap();
    let (mut stream, _) = upstream.accept().await.unwrap();
    head(&mut stream).await;
    let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n";
    stream.write_all(agreed.as_bytes()).await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));

    gateway.signal("TERM");
    gateway.line_with("not ready any more");
    client.write_all(b"up").await.unwrap();
    assert_eq!(stream.read_u16().await.unwrap().to_be_bytes(), *b"up");
    gateway.line_with("cut off");
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = client.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
    let (code, text, folder) = gateway.end();
    assert_eq!(code, Some(0), "{text}");
    let records = records(folder).await;
    assert_eq!(
        (
            &records[0]["status_code"],
            &records[0]["outcome"],
            &records[0]["request_size"]
        ),
        (&json!(101), &json!("interrupted"), &json!(2))
    );
}
