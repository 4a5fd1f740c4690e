//! A process that has no file descriptor left: what is open is served on, and what comes is taken when there are some again.

use crate::support::process::Process;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The status line of a request on a connection that stays open.
fn ask(connection: &mut BufReader<TcpStream>) -> String {
    let request = b"GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n";
    connection.get_mut().write_all(request).unwrap();
    let mut lines = connection.lines().map(Result::unwrap);
    let status = lines.next().unwrap();
    let mut length = 0;
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    std::io::Read::read_exact(connection, &mut body).unwrap();
    status
}

#[tokio::test]
async fn without_descriptors_it_neither_spins_nor_exits() {
    let gateway = Process::start_with_descriptors(96, &[]);
    let address = gateway.url.strip_prefix("http://").unwrap();
    let mut open = BufReader::new(TcpStream::connect(address).unwrap());
    open.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let answer = ask(&mut open);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let many: Vec<TcpStream> = (0..150).map(|_| TcpStream::connect(address).unwrap()).collect();
    gateway.line_with("Cannot accept connections");
    let (before, since) = (gateway.processor_time(), Instant::now());
    // The time that passes is what is tested.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let used = gateway.processor_time() - before;
    assert!(used < since.elapsed() / 2, "it spins: {used:?} in a second");
    assert_eq!(ask(&mut open), answer, "what is open is served on");

    drop(many);
    gateway.line_with("Connections are accepted again");
    assert_eq!(gateway.get("/health/live").await.0, 200);
    gateway.signal("TERM");
    let (code, rest, _) = gateway.end();
    assert_eq!(code, Some(0), "{rest}");
}
