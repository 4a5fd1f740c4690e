//! Header conditions.

use super::HeaderRule;
use http::HeaderMap;
use rstest::rstest;

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append("x-env", value.parse().expect("a value"));
    }
    headers
}

#[rstest]
#[case("prod", &["prod"], true)]
#[case("prod", &["PROD"], true)]
#[case(" prod ", &["prod"], true)]
#[case("prod", &["production"], false)]
#[case("prod", &[], false)]
#[case("prod", &["test", "prod"], true)]
#[case("regex:^pro", &["PRODUCTION"], true)]
#[case("regex:duct", &["production"], true)]
#[case("regex:^duct", &["production"], false)]
#[case("regex:.", &[], false)]
fn a_header_fits(#[case] wanted: &str, #[case] values: &[&str], #[case] fits: bool) {
    let rule = HeaderRule::compile("X-Env", wanted).expect("a rule");
    assert_eq!(rule.is_match(&headers(values)), fits);
}

#[test]
fn a_value_that_is_no_text_is_compared_as_bytes() {
    let mut headers = HeaderMap::new();
    headers.insert("x-env", http::HeaderValue::from_bytes(b"pr\xffd").expect("a value"));
    assert!(
        HeaderRule::compile("X-Env", "regex:^pr")
            .expect("a rule")
            .is_match(&headers)
    );
    assert!(!HeaderRule::compile("X-Env", "prod").expect("a rule").is_match(&headers));
}

#[rstest]
#[case("regex:(a", "not a valid regular expression: unclosed group")]
#[case("regex:(?=a)", "look-around")]
#[case("regex:(a)\\1", "backreferences are not supported")]
#[case("regex:(a{1000}){1000}", "too large")]
fn an_expression_that_cannot_run_in_linear_time_and_small_space_is_refused(#[case] value: &str, #[case] reason: &str) {
    let why = HeaderRule::compile("X-Env", value).expect_err(value);
    assert!(
        why.contains(reason) && why.contains("X-Env") && !why.contains('\n'),
        "{why}"
    );
}
