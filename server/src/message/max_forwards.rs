//! `Max-Forwards` (RFC 9110 section 7.6.2): how many more servers a TRACE or OPTIONS may pass.

use http::Method;
use http::header::{HeaderMap, HeaderValue, MAX_FORWARDS};

/// Whether the gateway is the last server that the request may reach.
#[must_use]
pub fn ends_here(method: &Method, headers: &HeaderMap) -> bool {
    left(method, headers) == Some(0)
}

/// Counts the gateway.
pub fn count(method: &Method, headers: &mut HeaderMap) {
    if let Some(left) = left(method, headers) {
        headers.insert(MAX_FORWARDS, HeaderValue::from(left.saturating_sub(1)));
    }
}

/// The number, for the two methods that it is for; on others, and where it is no number, the field means nothing.
fn left(method: &Method, headers: &HeaderMap) -> Option<u64> {
    if method != Method::TRACE && method != Method::OPTIONS {
        return None;
    }
    let text = headers.get(MAX_FORWARDS)?.to_str().ok()?;
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{count, ends_here};
    use http::{HeaderMap, HeaderValue, Method};
    use rstest::rstest;

    #[rstest]
    #[case(Method::TRACE, "0", true, "0")]
    #[case(Method::OPTIONS, "1", false, "0")]
    #[case(Method::OPTIONS, "10", false, "9")]
    #[case(Method::TRACE, "99999999999999999999", false, "18446744073709551614")]
    #[case(Method::TRACE, "-1", false, "-1")]
    #[case(Method::TRACE, "", false, "")]
    #[case(Method::GET, "0", false, "0")]
    fn the_number_counts_for_trace_and_options_only(
        #[case] method: Method,
        #[case] text: &'static str,
        #[case] ends: bool,
        #[case] then: &str,
    ) {
        let mut headers = HeaderMap::from_iter([(http::header::MAX_FORWARDS, HeaderValue::from_static(text))]);
        assert_eq!(ends_here(&method, &headers), ends);
        count(&method, &mut headers);
        assert_eq!(headers[http::header::MAX_FORWARDS], then);
    }
}
