//! Request lines: methods, versions, and what is no HTTP.

use super::{Answered, Case, Forwarded, Refused, case, hold};

pub const CASES: &[Case] = &[
    case(
        "a method of one's own",
        "9110 9.1",
        b"PURGE /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("PURGE /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a method in small letters",
        "9110 9.1",
        b"get /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("get /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "HEAD",
        "9110 9.3.2",
        b"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("HEAD /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "CONNECT",
        "9110 9.3.6",
        b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
        Answered(400),
    ),
    case(
        "CONNECT with a path",
        "9112 3.2.3",
        b"CONNECT /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "NUL in a method",
        "9112 3.1",
        b"G\0T /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a blank before a method",
        "9112 3",
        b" GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case("no method", "9112 3", b"/a HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
    case(
        "a bracket in a method",
        "9110 9.1",
        b"G(T /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "bytes above ASCII in a method",
        "9110 9.1",
        b"G\xe4T /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "two blanks before the target",
        "9112 3",
        b"GET  /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "two blanks before the version",
        "9112 3",
        b"GET /a  HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "tabs instead of blanks",
        "9112 3",
        b"GET\t/a\tHTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a blank after the version",
        "9112 3",
        b"GET /a HTTP/1.1 \r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case("no version", "9112 3", b"GET /a\r\nHost: h\r\n\r\n", Refused(400)),
    case(
        "a version in small letters",
        "9112 2.3",
        b"GET /a http/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "HTTP/0.9",
        "9112 2.3",
        b"GET /a HTTP/0.9\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "HTTP/1.2",
        "9112 2.3",
        b"GET /a HTTP/1.2\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "HTTP/2.0 on a line",
        "9113 3.4",
        b"GET /a HTTP/2.0\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "HTTP/3.7",
        "9112 2.3",
        b"GET /a HTTP/3.7\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a version with a leading zero",
        "9112 2.3",
        b"GET /a HTTP/01.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a version of one digit",
        "9112 2.3",
        b"GET /a HTTP/1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "another protocol",
        "9112 2.3",
        b"GET /a ICY/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "HTTP/1.0",
        "9112 C.2.2",
        b"GET /a HTTP/1.0\r\nHost: h\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "half a preface of HTTP/2",
        "9113 3.4",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        Refused(400),
    ),
    case(
        "a TLS handshake",
        "9112 3",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n",
        Refused(400),
    ),
    case(
        "a PROXY header from a stranger",
        "9112 3",
        b"PROXY TCP4 6.6.6.6 1.1.1.1 1 2\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "two request lines",
        "9112 3",
        b"GET /a HTTP/1.1\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
];

#[tokio::test]
async fn a_request_line_is_one() {
    hold(CASES).await;
}
