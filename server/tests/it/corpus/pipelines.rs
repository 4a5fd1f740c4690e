//! What follows on the same connection: bodies that look like requests, bodies that nobody reads, ends in the middle.

use super::{Answered, Case, CutOff, Forwarded, case, hold};

pub const CASES: &[Case] = &[
    case("a request after an empty one", "9112 9.3.2", b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n")),
    case("a GET whose body is a request", "9112 9.3", b"GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\ncontent-length: 35\r\n\r\nGET /smuggled HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")),
    case("a HEAD whose body is a request", "9112 9.3", b"HEAD /a HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Forwarded("HEAD /a HTTP/1.1\r\ncontent-length: 35\r\n\r\nGET /smuggled HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")),
    case("a refused request whose body is a request", "9112 9.3", b"POST /closed/a HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Answered(401)),
    case("a refused request whose chunks are a request", "9112 9.3", b"POST /closed/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n23\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n\r\n0\r\n\r\n", Answered(401)),
    case("an ambiguous path whose body is a request", "9112 9.3", b"POST /a/../b HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Answered(400)),
    case("a bad host whose body is a request", "9112 9.3", b"POST /a HTTP/1.1\r\nHost: h/x\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Answered(400)),
    case("an expectation whose body comes at once", "9110 10.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", Forwarded("POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc")),
    case("another expectation", "9110 10.1.1", b"POST /a HTTP/1.1\r\nHost: h\r\nExpect: a-miracle\r\nContent-Length: 3\r\n\r\nabc", Answered(417)),
    case("an upgrade to HTTP/2", "9113 3.1", b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("an upgrade with a body", "9110 7.8", b"POST /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", Forwarded("POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc")),
    case("a client that wants to close", "9112 9.6", b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("nonsense after a whole request", "9112 3", b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n\0\0\0\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("a length that is too short", "9112 9.3", b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nabc\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ncontent-length: 1\r\n\r\na")),
    case("bytes after the last chunk", "9112 9.3", b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nabc\r\n\r\n", Forwarded("POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")),
    case("a preflight whose body is a request", "9112 9.3", b"OPTIONS /a HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", Forwarded("OPTIONS /a HTTP/1.1\r\ncontent-length: 35\r\n\r\nGET /smuggled HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n")),
    case("half a head", "9112 3", b"GET /a HTTP/1.1\r\nHost: h\r\n", CutOff),
    case("half a request line", "9112 3", b"GET /a", CutOff),
];

#[tokio::test]
async fn what_follows_is_never_mistaken() {
    hold(CASES).await;
}
