//! `Host`: exactly one, and it is one.

use super::{Answered, Case, Forwarded, Refused, case, hold};

pub const CASES: &[Case] = &[
    case(
        "a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a host and a port",
        "9110 4.2",
        b"GET /a HTTP/1.1\r\nHost: h:8080\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an IPv6 address",
        "3986 3.2.2",
        b"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "a host with an empty port",
        "3986 3.2.3",
        b"GET /a HTTP/1.1\r\nHost: h:\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case("no Host", "9112 3.2", b"GET /a HTTP/1.1\r\n\r\n", Answered(400)),
    case(
        "an empty Host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost:\r\n\r\n",
        Answered(400),
    ),
    case(
        "two equal Hosts",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
    case(
        "two Hosts that differ",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h\r\nHost: evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "two Hosts, far apart",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nhost: evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a list of hosts",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h, evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a blank within a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a path in a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h/evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a query in a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h?evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a fragment in a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: h#evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a backslash in a host",
        "3986 3.2.2",
        b"GET /a HTTP/1.1\r\nHost: h\\evil\r\n\r\n",
        Answered(400),
    ),
    case(
        "a user in a host",
        "9110 4.2.4",
        b"GET /a HTTP/1.1\r\nHost: user@h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a URL as a host",
        "9112 3.2",
        b"GET /a HTTP/1.1\r\nHost: http://h\r\n\r\n",
        Answered(400),
    ),
    case(
        "a port that is no number",
        "3986 3.2.3",
        b"GET /a HTTP/1.1\r\nHost: h:http\r\n\r\n",
        Answered(400),
    ),
    case(
        "a port above all",
        "3986 3.2.3",
        b"GET /a HTTP/1.1\r\nHost: h:70000\r\n\r\n",
        Answered(400),
    ),
    case(
        "two ports",
        "3986 3.2.3",
        b"GET /a HTTP/1.1\r\nHost: h:80:81\r\n\r\n",
        Answered(400),
    ),
    case(
        "half a bracket",
        "3986 3.2.2",
        b"GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n",
        Answered(400),
    ),
    case(
        "a name in brackets",
        "3986 3.2.2",
        b"GET /a HTTP/1.1\r\nHost: [h]\r\n\r\n",
        Answered(400),
    ),
    case(
        "bytes above ASCII in a host",
        "3986 3.2.2",
        b"GET /a HTTP/1.1\r\nHost: h\xe4\r\n\r\n",
        Answered(400),
    ),
    case(
        "NUL in a host",
        "9110 5.5",
        b"GET /a HTTP/1.1\r\nHost: h\0\r\n\r\n",
        Refused(400),
    ),
    case(
        "a broken percent sign in a host",
        "3986 2.1",
        b"GET /a HTTP/1.1\r\nHost: h%zz\r\n\r\n",
        Answered(400),
    ),
    case(
        "an absolute target and its Host",
        "9112 3.2.2",
        b"GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an absolute target and another Host",
        "9112 3.2.2",
        b"GET http://h/a HTTP/1.1\r\nHost: other\r\n\r\n",
        Forwarded("GET /a HTTP/1.1\r\n\r\n"),
    ),
    case(
        "an absolute target without a Host",
        "9112 3.2",
        b"GET http://h/a HTTP/1.1\r\n\r\n",
        Answered(400),
    ),
    case(
        "an absolute target and two Hosts",
        "9112 3.2",
        b"GET http://h/a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        Answered(400),
    ),
];

#[tokio::test]
async fn a_request_has_one_host() {
    hold(CASES).await;
}
