//! A response's head as HTTP/1.1 writes it, for the few that the server library does not write: interim responses, and the
//! answer to a request that it could not read.

use super::hop_by_hop;
use http::{HeaderMap, StatusCode, header};

/// Status line and fields, without the blank line that ends a head.
#[must_use]
pub fn begun(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// An upstream's interim response as the client gets it (RFC 9110 section 15.2); `None` for those that go no further: 100
/// answers an expectation that the gateway does not pass on, and 101 is no interim one.
#[must_use]
pub fn interim(status: StatusCode, headers: &HeaderMap) -> Option<Vec<u8>> {
    if status == StatusCode::CONTINUE || status == StatusCode::SWITCHING_PROTOCOLS {
        return None;
    }
    let mut headers = headers.clone();
    hop_by_hop::strip(&mut headers);
    // There is no body whose length it could be (RFC 9110 section 8.6).
    headers.remove(header::CONTENT_LENGTH);
    let mut bytes = begun(status, &headers);
    bytes.extend_from_slice(b"\r\n");
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use rstest::rstest;

    #[test]
    fn an_interim_response_keeps_its_end_to_end_fields() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("link", "</a.css>; rel=preload"),
            ("link", "</b.css>; rel=preload"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let head = interim(StatusCode::EARLY_HINTS, &headers).unwrap();
        assert_eq!(
            String::from_utf8(head).unwrap(),
            "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.css>; rel=preload\r\n\r\n"
        );
    }

    #[rstest]
    #[case(100, false)]
    #[case(101, false)]
    #[case(102, true)]
    #[case(199, true)]
    fn some_go_no_further(#[case] status: u16, #[case] goes_on: bool) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(interim(status, &HeaderMap::new()).is_some(), goes_on);
    }
}
