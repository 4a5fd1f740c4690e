//! What may be asked for, and what counts as agreed.

use super::{asked, is_agreed};
use http::{HeaderMap, HeaderName, HeaderValue};
use rstest::rstest;

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    lines
        .iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

#[rstest]
#[case::web_socket(&[("connection", "Upgrade"), ("upgrade", "websocket")], Some("websocket"))]
#[case::among_other_options(&[("connection", "keep-alive, upgrade"), ("upgrade", "WebSocket")], Some("WebSocket"))]
#[case::in_a_second_line(&[("connection", "keep-alive"), ("connection", "upgrade"), ("upgrade", "a/1, b")], Some("a/1, b"))]
#[case::without_the_option(&[("connection", "keep-alive"), ("upgrade", "websocket")], None)]
#[case::without_a_protocol(&[("connection", "upgrade")], None)]
#[case::empty(&[("connection", "upgrade"), ("upgrade", " , ")], None)]
#[case::http_2_in_clear(&[("connection", "Upgrade, HTTP2-Settings"), ("upgrade", "h2c")], None)]
#[case::http_2_in_clear_in_capitals(&[("connection", "upgrade"), ("upgrade", "H2C, HTTP/2.0, TLS/1.2")], None)]
#[case::beside_another(&[("connection", "upgrade"), ("upgrade", "h2c, websocket")], Some("websocket"))]
fn what_is_asked_for_is_passed_on_without_http_and_tls(#[case] lines: &[(&str, &str)], #[case] expected: Option<&str>) {
    assert_eq!(
        asked(&headers(lines)).as_ref().map(|value| value.to_str().unwrap()),
        expected
    );
}

#[rstest]
#[case::the_same("websocket", &["websocket"], true)]
#[case::in_another_case("websocket", &["WebSocket"], true)]
#[case::one_of_several("a/1, b/2", &["b/2"], true)]
#[case::two_layers("a/1, b/2", &["a/1, b/2"], true)]
#[case::none_named("websocket", &[], false)]
#[case::another("websocket", &["h2c"], false)]
#[case::one_more("websocket", &["websocket, h2c"], false)]
#[case::one_more_in_a_second_line("websocket", &["websocket", "h2c"], false)]
fn an_answer_agrees_to_what_was_asked_for_only(#[case] asked: &str, #[case] answer: &[&str], #[case] expected: bool) {
    let lines: Vec<(&str, &str)> = answer.iter().map(|value| ("upgrade", *value)).collect();
    assert_eq!(
        is_agreed(&HeaderValue::from_str(asked).unwrap(), &headers(&lines)),
        expected
    );
}
