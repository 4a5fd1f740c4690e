//! Header fields: lines, names, values, and what ends at the gateway.

use super::{Case, Forwarded, Refused, case, hold};

pub const CASES: &[Case] = &[
    // What is right.
    case("an empty value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A:\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nx-a: \r\n\r\n")),
    case("bytes above ASCII in a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: \xe4\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nx-a: \\xe4\r\n\r\n")),
    case("a tab within a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: a\tb\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nx-a: a\\tb\r\n\r\n")),
    case("a field that is repeated", "9110 5.3", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-A: 2\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nx-a: 1\r\nx-a: 2\r\n\r\n")),
    case("every sign that a name may have", "9110 5.6.2", b"GET /a HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^`|~9z: 1\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n!#$%&'*+-.^`|~9z: 1\r\n\r\n")),
    case("empty lines before a request", "9112 2.2", b"\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    // Lines that are folded, or end oddly. A bare line feed may be taken for a line end (RFC 9112 section 2.2).
    case("a folded line", "9112 5.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n 2\r\n\r\n", Refused(400)),
    case("a line folded with a tab", "9112 5.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\t2\r\n\r\n", Refused(400)),
    case("a folded first line", "9112 2.2", b"GET /a HTTP/1.1\r\n Host: h\r\nHost: h\r\n\r\n", Refused(400)),
    case("a folded Host", "9112 5.2", b"GET /a HTTP/1.1\r\nHost:\r\n h\r\n\r\n", Refused(400)),
    case("a bare line feed between fields", "9112 2.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\nX-B: 2\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nx-a: 1\r\nx-b: 2\r\n\r\n")),
    case("a bare line feed after the request line", "9112 2.2", b"GET /a HTTP/1.1\nHost: h\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("bare line feeds everywhere", "9112 2.2", b"GET /a HTTP/1.1\nHost: h\n\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("a bare line feed at the end of a head", "9112 2.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\n", Forwarded("GET /a HTTP/1.1\r\nx-a: 1\r\n\r\n")),
    case("a bare carriage return in a value", "9112 2.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\rX-B: 2\r\n\r\n", Refused(400)),
    case("a bare carriage return before a line end", "9112 2.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\r\n\r\n", Refused(400)),
    // Names that are none.
    case("a blank before a colon", "9112 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A : 1\r\n\r\n", Refused(400)),
    case("a tab before a colon", "9112 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A\t: 1\r\n\r\n", Refused(400)),
    case("a blank within a name", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX A: 1\r\n\r\n", Refused(400)),
    case("no name", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n", Refused(400)),
    case("no colon", "9112 5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A\r\n\r\n", Refused(400)),
    case("brackets in a name", "9110 5.6.2", b"GET /a HTTP/1.1\r\nHost: h\r\nX(A): 1\r\n\r\n", Refused(400)),
    case("NUL in a name", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX\0A: 1\r\n\r\n", Refused(400)),
    case("bytes above ASCII in a name", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX-\xe4: 1\r\n\r\n", Refused(400)),
    case("a quoted name", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\n\"X-A\": 1\r\n\r\n", Refused(400)),
    // Values that are none.
    case("NUL in a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: a\0b\r\n\r\n", Refused(400)),
    case("a bell in a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: a\x07b\r\n\r\n", Refused(400)),
    case("an escape in a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: \x1b[31m\r\n\r\n", Refused(400)),
    case("a DEL in a value", "9110 5.5", b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: a\x7fb\r\n\r\n", Refused(400)),
    // Fields that end at the gateway.
    case("hop-by-hop fields", "9110 7.6.1", b"GET /a HTTP/1.1\r\nHost: h\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\nte: trailers\r\nconnection: te\r\n\r\n")),
    case("a field that Connection names", "9110 7.6.1", b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: x-a\r\nX-A: 1\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("Connection names Host", "9110 7.6.1", b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: host\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("Connection names what the gateway sets", "9110 7.6.1", b"GET /a HTTP/1.1\r\nHost: h\r\nConnection: x-forwarded-for, x-request-id, via\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("a name with an underscore is dropped", "9110 5.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
    case("a forged sender", "7239 8.1", b"GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n\r\n", Forwarded("GET /a HTTP/1.1\r\n\r\n")),
];

#[tokio::test]
async fn header_fields_are_lines_names_and_values() {
    hold(CASES).await;
}
