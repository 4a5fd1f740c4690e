//! HTTP/2 in, HTTP/1.1 out: what a frame can carry and a line must not.

use super::frames::{End, Field, ask};
use super::recorder::Recorder;
use crate::support::gateway::TestGateway;
use serde_json::json;

/// A row of the table.
pub struct Modern {
    pub name: &'static str,
    rfc: &'static str,
    fields: &'static [Field],
    body: Option<&'static [u8]>,
    /// What the upstream sees; nothing, if the request is refused.
    forwarded: Option<&'static str>,
}

const METHOD: Field = (b":method", b"GET");
const POST: Field = (b":method", b"POST");
const SCHEME: Field = (b":scheme", b"http");
const PATH: Field = (b":path", b"/a");
const AUTHORITY: Field = (b":authority", b"h");
const FOLLOWER: [Field; 4] = [METHOD, SCHEME, (b":path", b"/after"), AUTHORITY];
const FOLLOWED: &str = "GET /after HTTP/1.1\r\n\r\n";

const fn refused(name: &'static str, rfc: &'static str, fields: &'static [Field]) -> Modern {
    Modern {
        name,
        rfc,
        fields,
        body: None,
        forwarded: None,
    }
}

const fn forwarded(name: &'static str, rfc: &'static str, fields: &'static [Field], form: &'static str) -> Modern {
    Modern {
        forwarded: Some(form),
        ..refused(name, rfc, fields)
    }
}

const fn with_body(modern: Modern, body: &'static [u8]) -> Modern {
    Modern {
        body: Some(body),
        ..modern
    }
}

pub const CASES: &[Modern] = &[
    forwarded(
        "h2: a request",
        "9113 8.3.1",
        &[METHOD, SCHEME, PATH, AUTHORITY],
        "GET /a HTTP/1.1\r\n\r\n",
    ),
    with_body(
        forwarded(
            "h2: a body without a length",
            "9113 8.1",
            &[POST, SCHEME, PATH, AUTHORITY],
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nabc",
        ),
        b"abc",
    ),
    with_body(
        forwarded(
            "h2: a body with its length",
            "9113 8.1.1",
            &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"3")],
            "POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc",
        ),
        b"abc",
    ),
    forwarded(
        "h2: crumbs of a cookie",
        "9113 8.2.3",
        &[
            METHOD,
            SCHEME,
            PATH,
            AUTHORITY,
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
        ],
        "GET /a HTTP/1.1\r\ncookie: a=1; b=2\r\n\r\n",
    ),
    forwarded(
        "h2: a TE of trailers",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"te", b"trailers")],
        "GET /a HTTP/1.1\r\nte: trailers\r\nconnection: te\r\n\r\n",
    ),
    forwarded(
        "h2: a name with an underscore",
        "9110 5.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x_a", b"1")],
        "GET /a HTTP/1.1\r\n\r\n",
    ),
    refused(
        "h2: a line end in a value",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x-a", b"1\r\nx-b: 2")],
    ),
    refused(
        "h2: a line feed in a value",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x-a", b"1\nx-b: 2")],
    ),
    refused(
        "h2: NUL in a value",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x-a", b"1\x002")],
    ),
    refused(
        "h2: a request in a value",
        "9113 10.3",
        &[
            METHOD,
            SCHEME,
            PATH,
            AUTHORITY,
            (b"x-a", b"1\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"),
        ],
    ),
    refused(
        "h2: a line end in a name",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x-a\r\nx-b", b"1")],
    ),
    refused(
        "h2: a colon in a name",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x-a: 1\r\nhost", b"h")],
    ),
    refused(
        "h2: a blank in a name",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"x a", b"1")],
    ),
    refused(
        "h2: capitals in a name",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"X-A", b"1")],
    ),
    refused(
        "h2: an empty name",
        "9113 8.2.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"", b"1")],
    ),
    with_body(
        refused(
            "h2: chunked",
            "9113 8.2.2",
            &[POST, SCHEME, PATH, AUTHORITY, (b"transfer-encoding", b"chunked")],
        ),
        b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    refused(
        "h2: Connection",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"connection", b"close")],
    ),
    refused(
        "h2: Keep-Alive",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"keep-alive", b"timeout=5")],
    ),
    refused(
        "h2: Proxy-Connection",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"proxy-connection", b"keep-alive")],
    ),
    refused(
        "h2: Upgrade",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"upgrade", b"websocket")],
    ),
    refused(
        "h2: a TE of gzip",
        "9113 8.2.2",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"te", b"gzip")],
    ),
    with_body(
        refused(
            "h2: a length below the body",
            "9113 8.1.1",
            &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"1")],
        ),
        b"abc",
    ),
    with_body(
        refused(
            "h2: a length above the body",
            "9113 8.1.1",
            &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"10")],
        ),
        b"abc",
    ),
    with_body(
        refused(
            "h2: a length of zero before a body",
            "9113 8.1.1",
            &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"0")],
        ),
        b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n",
    ),
    with_body(
        refused(
            "h2: two lengths",
            "9113 8.1.1",
            &[
                POST,
                SCHEME,
                PATH,
                AUTHORITY,
                (b"content-length", b"3"),
                (b"content-length", b"4"),
            ],
        ),
        b"abc",
    ),
    with_body(
        refused(
            "h2: a length that is none",
            "9113 8.1.1",
            &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"+3")],
        ),
        b"abc",
    ),
    refused(
        "h2: a length without a body",
        "9113 8.1.1",
        &[POST, SCHEME, PATH, AUTHORITY, (b"content-length", b"3")],
    ),
    refused(
        "h2: a line end in a path",
        "9113 10.3",
        &[
            METHOD,
            SCHEME,
            (b":path", b"/a HTTP/1.1\r\nHost: h\r\n\r\nGET /smuggled"),
            AUTHORITY,
        ],
    ),
    refused(
        "h2: a blank in a path",
        "9113 8.3.1",
        &[METHOD, SCHEME, (b":path", b"/a b"), AUTHORITY],
    ),
    refused(
        "h2: an empty path",
        "9113 8.3.1",
        &[METHOD, SCHEME, (b":path", b""), AUTHORITY],
    ),
    refused(
        "h2: a path without a slash",
        "9113 8.3.1",
        &[METHOD, SCHEME, (b":path", b"a"), AUTHORITY],
    ),
    refused(
        "h2: dots in a path",
        "3986 5.2.4",
        &[METHOD, SCHEME, (b":path", b"/a/../b"), AUTHORITY],
    ),
    refused(
        "h2: a line end in a method",
        "9113 10.3",
        &[
            (b":method", b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\nGET"),
            SCHEME,
            PATH,
            AUTHORITY,
        ],
    ),
    refused(
        "h2: a blank in a method",
        "9113 8.3.1",
        &[(b":method", b"GET /smuggled"), SCHEME, PATH, AUTHORITY],
    ),
    refused(
        "h2: a line end in a scheme",
        "9113 8.3.1",
        &[METHOD, (b":scheme", b"http\r\nx-a: 1"), PATH, AUTHORITY],
    ),
    refused(
        "h2: a line end in an authority",
        "9113 10.3",
        &[METHOD, SCHEME, PATH, (b":authority", b"h\r\nx-a: 1")],
    ),
    refused(
        "h2: a user in an authority",
        "9113 8.3.1",
        &[METHOD, SCHEME, PATH, (b":authority", b"user@h")],
    ),
    refused(
        "h2: a path in an authority",
        "9113 8.3.1",
        &[METHOD, SCHEME, PATH, (b":authority", b"h/evil")],
    ),
    refused(
        "h2: an authority and another Host",
        "9113 8.3.1",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b"host", b"evil")],
    ),
    refused(
        "h2: two equal Hosts",
        "9112 3.2",
        &[METHOD, SCHEME, PATH, (b"host", b"h"), (b"host", b"h")],
    ),
    refused("h2: no authority and no Host", "9113 8.3.1", &[METHOD, SCHEME, PATH]),
    refused("h2: no method", "9113 8.3.1", &[SCHEME, PATH, AUTHORITY]),
    refused("h2: no scheme", "9113 8.3.1", &[METHOD, PATH, AUTHORITY]),
    refused("h2: no path", "9113 8.3.1", &[METHOD, SCHEME, AUTHORITY]),
    refused(
        "h2: two paths",
        "9113 8.3",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b":path", b"/smuggled")],
    ),
    refused("h2: two methods", "9113 8.3", &[POST, METHOD, SCHEME, PATH, AUTHORITY]),
    refused(
        "h2: a path after a field",
        "9113 8.3",
        &[METHOD, SCHEME, AUTHORITY, (b"x-a", b"1"), PATH],
    ),
    refused(
        "h2: a name of the protocol that there is not",
        "9113 8.3",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b":evil", b"1")],
    ),
    refused(
        "h2: a status in a request",
        "9113 8.3",
        &[METHOD, SCHEME, PATH, AUTHORITY, (b":status", b"200")],
    ),
    refused(
        "h2: CONNECT",
        "9113 8.5",
        &[(b":method", b"CONNECT"), (b":authority", b"h:443")],
    ),
];

#[tokio::test]
async fn what_a_frame_can_carry_and_a_line_must_not() {
    let upstream = Recorder::start().await;
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host(), "auth": "none"}))
        .start()
        .await;
    let (mut wrong, mut answers) = (Vec::new(), 0);
    for case in CASES {
        let ends = ask(&gateway, case.fields, case.body, &FOLLOWER).await;
        let seen = upstream.take();
        let answered = |stream| match ends.streams.get(&stream) {
            Some(End::Answer(status)) => Some(*status),
            _ => None,
        };
        answers += ends
            .streams
            .values()
            .filter(|end| matches!(end, End::Answer(_)))
            .count();
        // The two come in any order: streams are independent.
        let mut expected: Vec<&str> = case.forwarded.into_iter().collect();
        if answered(3).is_some() {
            expected.push(FOLLOWED);
        }
        let mut whole: Vec<&str> = seen.whole.iter().map(String::as_str).collect();
        expected.sort_unstable();
        whole.sort_unstable();
        let first = match (case.forwarded, answered(1)) {
            (Some(_), Some(200)) | (None, Some(400)) => true,
            (None, None) => ends.closed || ends.streams.get(&1) == Some(&End::Reset),
            _ => false,
        };
        let second = answered(3) == Some(200) || (answered(3).is_none() && ends.closed);
        if !(first && second && whole == expected && seen.oddities.is_empty()) {
            wrong.push(format!(
                "{} (RFC {}): {ends:?}\n  upstream {seen:?}",
                case.name, case.rfc
            ));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    // A request whose stream is taken back later has a record and no answer.
    let records = gateway.records(answers).await.len();
    assert!(records <= 2 * CASES.len(), "{records}");
    (0..records).for_each(|_| gateway.count_request());
    gateway.finish().await;
}
