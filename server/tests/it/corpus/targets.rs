//! Request targets: what could mean two resources is refused, all else is forwarded as it was written.

use super::{Answered, Case, Forwarded, Refused, case, hold};

pub const CASES: &[Case] = &[
    // Spellings that mean one thing: as the client wrote them.
    case(
        "a query",
        "3986 3.4",
        b"GET /a?b=c&d HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a?b=c&d HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an empty query",
        "3986 3.4",
        b"GET /a? HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a? HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a query with dots and slashes",
        "3986 3.4",
        b"GET /a?b=../../c HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a?b=../../c HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a query with NUL, encoded",
        "3986 2.1",
        b"GET /a?b=%00 HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a?b=%00 HTTP/1.1\r\n\r\n"),
    ),
    case(
        "two slashes",
        "3986 3.3",
        b"GET //a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET //a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "three dots",
        "3986 3.3",
        b"GET /a/... HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a/... HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a parameter of a path",
        "3986 3.3",
        b"GET /a;b=c HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a;b=c HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an encoded letter",
        "3986 2.3",
        b"GET /%61 HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /%61 HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an encoded question mark",
        "3986 2.2",
        b"GET /a%3Fb HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a%3Fb HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an encoded blank",
        "3986 2.1",
        b"GET /a%20b HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a%20b HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a percent sign, encoded twice",
        "3986 2.4",
        b"GET /%252e%252e/b HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /%252e%252e/b HTTP/1.1\r\n\r\n"),
    ),
    // Paths that could mean two resources.
    case(
        "a dot segment",
        "3986 5.2.4",
        b"GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a dot segment at the end",
        "3986 5.2.4",
        b"GET /a/.. HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a single dot",
        "3986 5.2.4",
        b"GET /a/./b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "encoded dots",
        "3986 6.2.2.2",
        b"GET /%2e%2e/b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "encoded dots in capitals",
        "3986 6.2.2.2",
        b"GET /%2E%2E/b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "half-encoded dots",
        "3986 6.2.2.2",
        b"GET /.%2e/b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "dots before a parameter",
        "3986 3.3",
        b"GET /a/..;x/b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an encoded slash",
        "3986 2.2",
        b"GET /a%2fb HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a backslash",
        "3986 3.3",
        b"GET /a\\b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an encoded backslash",
        "3986 2.2",
        b"GET /a%5cb HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "dots before a backslash",
        "3986 3.3",
        b"GET /a/..\\b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an encoded NUL",
        "3986 2.1",
        b"GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "half a percent sign",
        "3986 2.1",
        b"GET /a%4 HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a percent sign that encodes nothing",
        "3986 2.1",
        b"GET /a%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an overlong slash",
        "3629 3",
        b"GET /a%c0%afb HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a%c0%afb HTTP/1.1\r\n\r\n"),
    ),
    // Targets that are none.
    case(
        "a fragment",
        "9112 3.2.1",
        b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "no slash",
        "9112 3.2.1",
        b"GET a HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a blank in a target",
        "9112 3.2",
        b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a tab in a target",
        "9112 3.2",
        b"GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "NUL in a target",
        "9112 3.2",
        b"GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "a bare carriage return in a target",
        "9112 2.2",
        b"GET /a\rb HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "an asterisk for GET",
        "9112 3.2.4",
        b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an absolute target without a host",
        "9112 3.2.2",
        b"GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
        Refused(400),
    ),
    case(
        "an absolute target with a user",
        "9110 4.2.4",
        b"GET http://user:pass@h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an absolute target of another scheme",
        "9112 3.2.2",
        b"GET ftp://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a name and a port for GET",
        "9112 3.2.3",
        b"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "an absolute target with dot segments",
        "3986 5.2.4",
        b"GET http://h/a/../b HTTP/1.1\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case("no target", "9112 3", b"GET HTTP/1.1\r\nHost: h\r\n\r\n", Refused(400)),
];

#[tokio::test]
async fn a_target_means_one_resource() {
    hold(CASES).await;
}
