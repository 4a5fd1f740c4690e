//! What a request of HTTP/2 says in other words than one of HTTP/1.1, put into the words that the doors and upstreams
//! know.

use super::versions::MAX_HEADERS;
use http::{HeaderMap, HeaderValue, Request, header};

/// What each field costs beside its name and value (RFC 9113 section 6.5.2).
const FIELD_OVERHEAD: usize = 32;

/// `:authority` becomes `Host` (RFC 9113 section 8.3.1), and the crumbs of `Cookie` one field (section 8.2.3). A `Host` that
/// names somebody else stays beside it: two are refused, as in HTTP/1.1.
pub fn settle<B>(request: &mut Request<B>) {
    let host = request.uri().authority().map(|authority| authority.as_str());
    if let Some(host) = host.and_then(|text| HeaderValue::from_str(text).ok()) {
        let headers = request.headers_mut();
        let same = |other: &HeaderValue| other.as_bytes().eq_ignore_ascii_case(host.as_bytes());
        if headers.get_all(header::HOST).iter().all(same) {
            headers.insert(header::HOST, host);
        } else {
            headers.append(header::HOST, host);
        }
    }
    join_cookies(request.headers_mut());
}

/// Whether the fields are more, or larger, than HTTP/1.1 would let pass.
#[must_use]
pub fn is_large(headers: &HeaderMap, limit: usize) -> bool {
    let size = |(name, value): (&http::HeaderName, &HeaderValue)| name.as_str().len() + value.len() + FIELD_OVERHEAD;
    headers.len() > MAX_HEADERS || headers.iter().map(size).sum::<usize>() > limit
}

fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    let (Some(first), Some(_)) = (crumbs.next(), crumbs.next()) else {
        return;
    };
    let mut whole = first.as_bytes().to_vec();
    for crumb in headers.get_all(header::COOKIE).iter().skip(1) {
        whole.extend_from_slice(b"; ");
        whole.extend_from_slice(crumb.as_bytes());
    }
    if let Ok(whole) = HeaderValue::from_bytes(&whole) {
        headers.insert(header::COOKIE, whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::in_other_letters("GATE.example:8443", &["gate.example:8443"])]
    #[case::somebody_else("other.example", &["other.example", "gate.example:8443"])]
    fn the_authority_is_the_host_and_a_field_that_differs_makes_two(#[case] field: &str, #[case] hosts: &[&str]) {
        let mut request = Request::get("https://gate.example:8443/a")
            .header("host", field)
            .body(())
            .unwrap();
        settle(&mut request);
        let found: Vec<_> = request.headers().get_all("host").iter().collect();
        assert_eq!(found, hosts);
    }

    #[test]
    fn without_an_authority_the_host_field_stays() {
        let mut request = Request::get("/a").header("host", "gate.example").body(()).unwrap();
        settle(&mut request);
        assert_eq!(request.headers()["host"], "gate.example");
    }

    #[test]
    fn crumbs_become_one_cookie_in_their_order() {
        let mut request = Request::get("/").body(()).unwrap();
        for crumb in ["a=1", "b=2; c=3", "d=4"] {
            request.headers_mut().append("cookie", HeaderValue::from_static(crumb));
        }
        settle(&mut request);
        let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2; c=3; d=4"]);
    }

    #[test]
    fn fields_are_large_by_number_or_by_size() {
        let mut many = HeaderMap::new();
        for _ in 0..=MAX_HEADERS {
            many.append("x-a", HeaderValue::from_static("1"));
        }
        assert!(is_large(&many, usize::MAX));
        let mut one = HeaderMap::new();
        one.insert("x-a", HeaderValue::from_static("1234"));
        assert!(!is_large(&one, 39));
        assert!(is_large(&one, 38));
    }
}
