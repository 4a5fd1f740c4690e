//! What is read of a body, and that nothing in it is an error.

use super::PeekedBody;
use http::HeaderValue;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;
use std::borrow::Cow;

#[rstest]
#[case(r#"{"model":"m"}"#, Some("m"))]
#[case(r#"  {"messages":[{"model":"no"}],"model":"m"} "#, Some("m"))]
#[case(r#"{"model":"a\"b"}"#, Some("a\"b"))]
#[case(r#"{"model":null}"#, None)]
#[case(r#"{"model":5}"#, None)]
#[case(r#"{"model":"a","model":"b"}"#, None)]
#[case(r#"{"mode\u006c":"a","model":"b"}"#, None)]
#[case(r#"{"model":"m""#, None)]
#[case(r#"{"model":"m"}x"#, None)]
#[case(r#"["m"]"#, None)]
#[case(r#""m""#, None)]
#[case("{}", None)]
#[case("", None)]
#[case("\u{feff}{\"model\":\"m\"}", None)]
fn the_model_is_read_where_it_is_plain(#[case] body: &str, #[case] model: Option<&str>) {
    assert_eq!(PeekedBody::new(None, body.as_bytes()).model(), model);
}

#[test]
fn a_model_without_escapes_is_borrowed_from_the_body() {
    let body = PeekedBody::new(None, br#"{"model":"m"}"#);
    body.model();
    assert!(matches!(body.model.get(), Some(Some(Cow::Borrowed("m")))));
}

#[test]
fn an_encoded_body_is_never_read() {
    let gzip = HeaderValue::from_static("gzip");
    let body = PeekedBody::new(Some(&gzip), br#"{"model":"m"}"#);
    assert_eq!(body.model(), None);
    assert_eq!(body.value(), None);
    assert_eq!(body.unreadable_because(), Some("the body has a Content-Encoding"));
}

#[rstest]
#[case(r#"{"a":1,"a":1}"#)]
#[case(r#"{"a":[{"b":1,"b":2}]}"#)]
#[case(r#"{"a":1e999}"#)]
#[case(r#"{"a":"\ud800"}"#)]
#[case("{} {}")]
#[case("{'a':1}")]
#[case("NaN")]
fn what_readers_could_understand_differently_has_no_value(#[case] body: &str) {
    let body = PeekedBody::new(None, body.as_bytes());
    assert_eq!(body.value(), None);
    assert!(body.unreadable_because().is_some());
}

#[test]
fn deep_nesting_has_no_value() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(PeekedBody::new(None, nested(100).as_bytes()).value().is_some());
    assert_eq!(PeekedBody::new(None, nested(100_000).as_bytes()).value(), None);
    let fields = format!("{{\"model\":\"m\",\"deep\":{}}}", nested(100_000));
    assert_eq!(PeekedBody::new(None, fields.as_bytes()).value(), None);
}

#[test]
fn a_flood_of_values_has_no_value() {
    let flood = format!("[0{}]", ",0".repeat(super::MAX_VALUES as usize));
    assert_eq!(PeekedBody::new(None, flood.as_bytes()).value(), None);
}

#[test]
fn bytes_that_are_no_text_have_no_value() {
    assert_eq!(PeekedBody::new(None, b"{\"a\":\"\xff\"}").value(), None);
}

proptest! {
    #[test]
    fn a_value_is_read_as_any_reader_does(text in "[\\[\\]{}:,\"a-c0-9.truefalsn\\\\ -]{0,24}") {
        let body = PeekedBody::new(None, text.as_bytes());
        if let Some(value) = body.value() {
            prop_assert_eq!(Some(value.clone()), serde_json::from_str(&text).ok());
        }
    }

    #[test]
    fn model_and_value_agree(model in "\\PC{0,8}", other in any::<i32>()) {
        let text = json!({"model": model, "other": {"model": other}}).to_string();
        let body = PeekedBody::new(None, text.as_bytes());
        prop_assert_eq!(body.model(), Some(model.as_str()));
        prop_assert_eq!(body.value().and_then(|value| value["model"].as_str()), Some(model.as_str()));
    }
}
