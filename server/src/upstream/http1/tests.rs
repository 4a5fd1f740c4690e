//! Requests and connections, with an upstream of bytes on the other end.

mod early;

use crate::body::replay::{AttemptBody, ReplayBody};
use crate::upstream::client::{ClientSettings, UpstreamClient};
use crate::upstream::interim::Interim;
use crate::upstream::resolve::SystemLookup;
use crate::upstream::{Failure, UpstreamBody, UpstreamHost};
use bytes::Bytes;
use fastgate_shared::route::{Protocol, RouteDefinition};
use http::{Method, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use rstest::rstest;
use serde_json::json;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One that asks, and where connections arrive.
struct Wire {
    client: UpstreamClient,
    host: Arc<UpstreamHost>,
    listener: TcpListener,
}

impl Wire {
    async fn new(pool_idle: Duration, pool_max_idle_per_host: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = ClientSettings {
            workers: 1,
            connect_timeout: Duration::from_secs(5),
            dns_timeout: Duration::from_secs(5),
            pool_idle,
            pool_max_idle_per_host,
            max_response_headers: 64,
            allowed_networks: Vec::new(),
        };
        let client = UpstreamClient::new(settings, Arc::new(SystemLookup));
        let authority = listener.local_addr().unwrap().to_string();
        let route = json!({"route_name": "one", "match_path": "/*", "target_host": authority});
        let route: RouteDefinition = serde_json::from_value(route).unwrap();
        let authority = authority.parse().unwrap();
        let hosts = client.hosts(&route, [(Protocol::Http, &authority)].into_iter());
        let host = hosts.unwrap().swap_remove(0);
        Self { client, host, listener }
    }

    async fn patient() -> Self {
        Self::new(Duration::from_secs(60), 8).await
    }

    async fn accept(&self) -> Far {
        Far(self.listener.accept().await.unwrap().0)
    }

    async fn ask(&self, method: Method, body: AttemptBody) -> Result<Response<UpstreamBody>, Failure> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = "/".parse().unwrap();
        if let Some(length @ 1..) = request.body().size_hint().exact() {
            request.headers_mut().insert("content-length", length.into());
        }
        let mut interim = Interim::new(None, Instant::now());
        self.host.send(request, &mut interim).await
    }

    /// A GET whose answer is read to its end.
    async fn get(&self) -> Result<Bytes, Failure> {
        let response = self.ask(Method::GET, AttemptBody::Empty).await?;
        response
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
    }

    /// Waits until so many connections are open.
    async fn is_open(&self, connections: u64) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while self.client.connections().open() != connections {
                tokio::task::yield_now().await;
            }
        });
        let open = waited.await.map_err(|_| self.client.connections().open());
        assert_eq!(open, Ok(()), "not {connections}");
    }
}

/// The other end of a connection.
struct Far(TcpStream);

impl Far {
    async fn say(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Reads until what came ends so.
    async fn hear(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            assert_ne!(
                self.0.read_buf(&mut heard).await.unwrap(),
                0,
                "{}",
                heard.escape_ascii()
            );
        }
        String::from_utf8(heard).unwrap()
    }

    /// Reads until so many "x" have come.
    async fn hear_of(&mut self, size: usize) {
        let mut heard = vec![0; 1 << 16];
        let mut count = 0;
        while count < size {
            let read = self.0.read(&mut heard).await.unwrap();
            assert_ne!(read, 0);
            count += heard[..read].iter().filter(|byte| **byte == b'x').count();
        }
    }

    async fn answer(&mut self, bytes: &str) {
        self.hear("\r\n\r\n").await;
        self.say(bytes).await;
    }

    /// Whether the connection has been closed at the gateway's end.
    async fn is_left(&mut self) -> bool {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_to_end(&mut rest));
        read.await.is_ok()
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_the_last_one_first() {
    let wire = Wire::patient().await;
    let (first, mut far) = tokio::join!(wire.get(), async {
        let mut far = wire.accept().await;
        far.answer(OK).await;
        far
    });
    assert_eq!(first.unwrap(), "ok");
    for _ in 0..3 {
        let (next, ()) = tokio::join!(wire.get(), far.answer(OK));
        assert_eq!(next.unwrap(), "ok");
    }
    assert_eq!(
        (wire.client.connections().opened(), wire.client.connections().open()),
        (1, 1)
    );
}

#[rstest]
#[case::head(Method::HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
#[case::no_content(Method::GET, "HTTP/1.1 204 No Content\r\n\r\n")]
#[case::nothing(Method::GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
#[case::chunks_that_nobody_reads(
    Method::GET,
    "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
)]
#[tokio::test]
async fn an_answer_of_which_nothing_is_to_come_leaves_its_connection(#[case] method: Method, #[case] bytes: &str) {
    let wire = Wire::patient().await;
    let (answer, mut far) = tokio::join!(wire.ask(method, AttemptBody::Empty), async {
        let mut far = wire.accept().await;
        far.answer(bytes).await;
        far
    });
    drop(answer.unwrap());
    let (next, ()) = tokio::join!(wire.get(), far.answer(OK));
    assert_eq!(next.unwrap(), "ok");
    assert_eq!(wire.client.connections().opened(), 1);
}

#[rstest]
#[case::more_than_asked_for("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok?")]
#[case::one_that_says_it_closes("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")]
#[case::of_http_1_0("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok")]
#[tokio::test]
async fn an_answer_after_which_nothing_is_certain_takes_its_connection_along(#[case] bytes: &str) {
    let wire = Wire::patient().await;
    let (answer, mut far) = tokio::join!(wire.get(), async {
        let mut far = wire.accept().await;
        far.answer(bytes).await;
        far
    });
    assert_eq!(answer.unwrap(), "ok");
    assert_eq!(wire.client.connections().open(), 0);
    assert!(far.is_left().await);
}

#[rstest]
#[case::closes(None)]
#[case::says_something(Some("HTTP/1.1 408 Timeout\r\n\r\n"))]
#[tokio::test]
async fn an_idle_connection_that_is_disturbed_is_closed_at_once(#[case] says: Option<&str>) {
    let wire = Wire::patient().await;
    let (answer, mut far) = tokio::join!(wire.get(), async {
        let mut far = wire.accept().await;
        far.answer(OK).await;
        far
    });
    assert_eq!(answer.unwrap(), "ok");
    wire.is_open(1).await;
    match says {
        Some(bytes) => far.say(bytes).await,
        None => far.0.shutdown().await.unwrap(),
    }
    wire.is_open(0).await;
    let (next, ()) = tokio::join!(wire.get(), async { wire.accept().await.answer(OK).await });
    assert_eq!(next.unwrap(), "ok");
}

#[tokio::test]
async fn connections_that_nobody_needs_are_closed_in_time_and_there_are_no_more_than_allowed() {
    let wire = Wire::new(Duration::from_millis(100), 2).await;
    for round in 1..3 {
        let asked = Instant::now();
        let far = async {
            let mut far = [wire.accept().await, wire.accept().await, wire.accept().await];
            for far in &mut far {
                far.answer(OK).await;
            }
            far
        };
        let (one, two, three, _far) = tokio::join!(wire.get(), wire.get(), wire.get(), far);
        assert_eq!([one, two, three].map(Result::unwrap), ["ok", "ok", "ok"]);
        assert!(wire.client.connections().open() <= 2);
        wire.is_open(0).await;
        assert!(asked.elapsed() >= Duration::from_millis(100));
        assert_eq!(wire.client.connections().opened(), 3 * round);
    }
}

#[tokio::test]
async fn a_request_that_waits_for_a_connection_takes_one_that_becomes_free() {
    let wire = Wire::patient().await;
    let (first, mut far) = tokio::join!(wire.ask(Method::GET, AttemptBody::Empty), async {
        let mut far = wire.accept().await;
        far.answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await;
        far
    });
    let first = first.unwrap().into_body();
    // What is put back while another connection is opened, is used.
    let mut second = Box::pin(wire.get());
    assert!(futures_util::poll!(&mut second).is_pending());
    let (first, ()) = tokio::join!(first.collect(), far.say("ok"));
    assert_eq!(first.unwrap().to_bytes(), "ok");
    let served = async {
        let mut other = wire.accept().await;
        tokio::select! {
            () = far.answer(OK) => {}
            () = other.answer(OK) => {}
        }
        other
    };
    let (second, _other) = tokio::join!(second, served);
    assert_eq!(second.unwrap(), "ok");
    wire.is_open(2).await;
}

#[tokio::test]
async fn who_stops_waiting_closes_the_connection() {
    let wire = Wire::patient().await;
    let asking = wire.ask(Method::GET, AttemptBody::Empty);
    let mut far = tokio::select! {
        _ = asking => panic!("nobody has answered"),
        far = async { let mut far = wire.accept().await; far.hear("\r\n\r\n").await; far } => far,
    };
    assert_eq!(wire.client.connections().open(), 0);
    assert!(far.is_left().await);
    let (answer, mut far) = tokio::join!(wire.ask(Method::GET, AttemptBody::Empty), async {
        let mut far = wire.accept().await;
        far.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok").await;
        far
    });
    drop(answer.unwrap());
    assert!(far.is_left().await);
}

#[tokio::test]
async fn a_request_of_which_nothing_could_leave_goes_to_another_connection() {
    let wire = Wire::patient().await;
    let (answer, far) = tokio::join!(wire.get(), async {
        let mut far = wire.accept().await;
        far.answer(OK).await;
        far
    });
    assert_eq!(answer.unwrap(), "ok");
    far.0.set_zero_linger().unwrap();
    // Nobody has heard of it when the next request is written.
    drop(far);
    let body = ReplayBody::whole(Bytes::from("abc"), 0).attempt();
    let (answer, heard) = tokio::join!(wire.ask(Method::POST, body), async {
        let mut far = wire.accept().await;
        let heard = far.hear("abc").await;
        far.say(OK).await;
        heard
    });
    assert_eq!(answer.unwrap().status(), 200);
    assert!(heard.starts_with("POST / HTTP/1.1\r\nhost: "), "{heard}");
}

#[rstest]
#[case::short("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")]
#[case::no_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nxyz")]
#[tokio::test]
async fn a_break_is_told_only_after_what_came_with_it_could_be_sent_on(#[case] bytes: &str) {
    let wire = Wire::patient().await;
    let (answer, _far) = tokio::join!(wire.ask(Method::GET, AttemptBody::Empty), async {
        let mut far = wire.accept().await;
        far.answer(bytes).await;
        far.0.shutdown().await.unwrap();
        far
    });
    let mut body = answer.unwrap().into_body();
    let mut turns = Vec::new();
    std::future::poll_fn(|cx| {
        loop {
            let polled = std::pin::Pin::new(&mut body).poll_frame(cx);
            let turn = polled.map(|frame| frame.map(|frame| frame.map(|frame| frame.into_data().unwrap())));
            let is_pending = turn.is_pending();
            let is_break = matches!(turn, Poll::Ready(Some(Err(_))));
            turns.push(turn);
            if is_pending {
                return Poll::Pending;
            }
            if is_break {
                return Poll::Ready(());
            }
        }
    })
    .await;
    assert_eq!(turns[0], Poll::Ready(Some(Ok(Bytes::from("ok")))));
    assert!(
        turns[1..turns.len() - 1].iter().all(Poll::is_pending) && turns.len() > 2,
        "{turns:?}"
    );
    assert_eq!(turns.last(), Some(&Poll::Ready(Some(Err(Failure::Truncated)))));
    assert!(!body.is_end_stream() || turns.len() > 2);
}

#[tokio::test]
async fn an_upstream_that_answers_first_still_gets_the_rest_and_its_connection_is_used_again() {
    let wire = Wire::patient().await;
    let size = 8 << 20;
    let large = ReplayBody::whole(Bytes::from(vec![b'x'; size]), 0).attempt();
    let (answer, mut far) = tokio::join!(
        async { wire.ask(Method::POST, large).await.unwrap().into_body().collect().await },
        async {
            let mut far = wire.accept().await;
            far.say(OK).await;
            far
        }
    );
    assert_eq!(answer.unwrap().to_bytes(), "ok");
    far.hear_of(size).await;
    let (next, ()) = tokio::join!(wire.get(), far.answer(OK));
    assert_eq!(next.unwrap(), "ok");
    assert_eq!(wire.client.connections().opened(), 1);
}

#[tokio::test]
async fn a_request_goes_on_while_nobody_reads_the_answer_that_has_begun() {
    let wire = Wire::patient().await;
    let size = 8 << 20;
    let large = ReplayBody::whole(Bytes::from(vec![b'x'; size]), 0).attempt();
    let (answer, mut far) = tokio::join!(wire.ask(Method::POST, large), async {
        let mut far = wire.accept().await;
        far.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n").await;
        far
    });
    // Relayed, it is asked for its body once; before that another upstream may get the request instead.
    let mut answer = answer.unwrap().into_body();
    assert!(futures_util::poll!(answer.frame()).is_pending());
    far.hear_of(size).await;
    let (answer, ()) = tokio::join!(answer.collect(), far.say("ok"));
    assert_eq!(answer.unwrap().to_bytes(), "ok");
    let (next, ()) = tokio::join!(wire.get(), far.answer(OK));
    assert_eq!(next.unwrap(), "ok");
    assert_eq!(wire.client.connections().opened(), 1);
}

#[tokio::test]
async fn an_upstream_that_answers_without_reading_and_leaves_is_heard() {
    let wire = Wire::patient().await;
    let large = ReplayBody::whole(Bytes::from(vec![b'x'; 8 << 20]), 0).attempt();
    let (answer, ()) = tokio::join!(
        async { wire.ask(Method::POST, large).await.unwrap().into_body().collect().await },
        async {
            let mut far = wire.accept().await;
            far.say("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").await;
            far.0.shutdown().await.unwrap();
        }
    );
    assert_eq!(answer.unwrap().to_bytes(), "no");
    wire.is_open(0).await;
}

#[tokio::test]
async fn a_large_answer_comes_whole() {
    let wire = Wire::patient().await;
    let text = "0123456789".repeat(100_000);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    let (heard, ()) = tokio::join!(wire.get(), async { wire.accept().await.answer(&answer).await });
    assert_eq!(heard.unwrap(), text);
}
