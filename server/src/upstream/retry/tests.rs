//! The table of what may be tried again (contract: Load sharing and failover).

use super::{RetryRules, Setback, backoff, cool_down};
use crate::upstream::Failure;
use crate::upstream::failure::TlsFault;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use proptest::prelude::*;
use rstest::rstest;
use std::time::{Duration, SystemTime};

const GET: (Method, bool) = (Method::GET, false);
const POST: (Method, bool) = (Method::POST, false);
const POST_ALLOWED: (Method, bool) = (Method::POST, true);

fn allowed((method, retry_non_idempotent): (Method, bool), setback: Setback) -> bool {
    RetryRules::new(&method, retry_non_idempotent).allow(setback)
}

#[rstest]
#[case(Failure::Dns, true, true, true)]
#[case(Failure::Connect, true, true, true)]
#[case(Failure::Tls(TlsFault::Other), true, true, true)]
#[case(Failure::ConnectTimeout, true, true, true)]
#[case(Failure::ConnectionLost, true, false, true)]
#[case(Failure::ResponseTimeout, true, false, false)]
#[case(Failure::Malformed, false, false, false)]
#[case(Failure::Truncated, false, false, false)]
#[case(Failure::IdleTimeout, false, false, false)]
fn a_failure_may_be_repeated(
    #[case] failure: Failure,
    #[case] get: bool,
    #[case] post: bool,
    #[case] post_allowed: bool,
) {
    let setback = Setback::Failed(failure);
    assert_eq!(allowed(GET, setback), get);
    assert_eq!(allowed(POST, setback), post);
    assert_eq!(allowed(POST_ALLOWED, setback), post_allowed);
}

#[rstest]
#[case(429, true, true)]
#[case(503, true, true)]
#[case(502, true, false)]
#[case(504, true, false)]
#[case(500, false, false)]
#[case(501, false, false)]
#[case(404, false, false)]
fn a_status_may_be_repeated(#[case] status: u16, #[case] get: bool, #[case] post: bool) {
    let setback = Setback::Status(StatusCode::from_u16(status).unwrap());
    assert_eq!(allowed(GET, setback), get);
    assert_eq!(allowed(POST, setback), post);
    assert_eq!(allowed(POST_ALLOWED, setback), post);
}

#[rstest]
#[case("GET", true)]
#[case("HEAD", true)]
#[case("OPTIONS", true)]
#[case("TRACE", true)]
#[case("PUT", true)]
#[case("DELETE", true)]
#[case("POST", false)]
#[case("PATCH", false)]
#[case("PROPFIND", false)]
fn methods_are_idempotent_as_http_defines_them(#[case] method: Method, #[case] idempotent: bool) {
    assert_eq!(RetryRules::new(&method, false).idempotent, idempotent);
}

proptest! {
    #[test]
    fn the_wait_is_never_longer_than_a_second_and_grows_at_most_twofold(nth in 0_u32..100, dice in 0.0_f64..1.0) {
        let wait = backoff(nth, dice);
        prop_assert!(wait <= Duration::from_secs(1));
        prop_assert!(wait <= Duration::from_millis(50).saturating_mul(1 << nth.saturating_sub(1).min(10)));
    }
}

#[rstest]
#[case(429, "7", Some(7))]
#[case(503, " 0 ", Some(0))]
#[case(503, "3600", Some(60))]
#[case(503, "99999999999999999999999", Some(60))]
#[case(429, "Thu, 01 Jan 1970 00:00:10 GMT", Some(10))]
#[case(503, "Thu, 01 Jan 1970 01:00:00 GMT", Some(60))]
#[case(503, "Wed, 31 Dec 1969 23:00:00 GMT", None)]
#[case(429, "soon", None)]
#[case(429, "-5", None)]
#[case(429, "", None)]
#[case(500, "7", None)]
#[case(200, "7", None)]
fn a_target_may_ask_to_be_left_alone(#[case] status: u16, #[case] value: &str, #[case] seconds: Option<u64>) {
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_str(value).unwrap());
    let status = StatusCode::from_u16(status).unwrap();
    let asked = cool_down(status, &headers, SystemTime::UNIX_EPOCH);
    assert_eq!(asked, seconds.map(Duration::from_secs));
    assert_eq!(cool_down(status, &HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
}
