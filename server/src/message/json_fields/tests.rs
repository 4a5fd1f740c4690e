//! Fields that are set in a body, and everything else that must stay as it was.

use super::BodyPlan;
use crate::message::Values;
use crate::routing::Captures;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use std::sync::Arc;

fn apply(fields: Value, body: &str) -> Option<String> {
    let captures: Captures = [(Arc::from("id"), "a\"b".to_owned())].into_iter().collect();
    let values = Values {
        captures: &captures,
        request_id: "r-1",
        client_ip: [10, 0, 0, 1].into(),
        source_path: "",
        key_id: "",
    };
    let plan = BodyPlan::compile(fields.as_object().unwrap());
    let changed = plan.apply(body.as_bytes(), &values)?;
    Some(String::from_utf8(changed).unwrap())
}

#[rstest]
#[case::added(r#"{"a":1}"#, r#"{"a":1,"n":2048}"#)]
#[case::to_an_empty_object("{}", r#"{"n":2048}"#)]
#[case::replaced(r#"{"n":1,"a":2}"#, r#"{"a":2,"n":2048}"#)]
#[case::replaced_each_time_it_occurs(r#"{"n":1,"a":2,"n":3}"#, r#"{"a":2,"n":2048}"#)]
#[case::replaced_under_an_escaped_name(r#"{"\u006e":1}"#, r#"{"n":2048}"#)]
#[case::only_at_the_top(r#"{"a":{"n":1}}"#, r#"{"a":{"n":1},"n":2048}"#)]
#[case::numbers_keep_their_spelling(
    r#"{"a":1.0,"b":1e400,"c":12345678901234567890123,"d":-0}"#,
    r#"{"a":1.0,"b":1e400,"c":12345678901234567890123,"d":-0,"n":2048}"#
)]
#[case::order_and_duplicates_stay(r#"{"z":1,"a":2,"z":3}"#, r#"{"z":1,"a":2,"z":3,"n":2048}"#)]
#[case::values_keep_their_bytes(r#"{"a": [ 1,  2 ], "s":"\u00e9\/" }"#, r#"{"a":[ 1,  2 ],"s":"\u00e9\/","n":2048}"#)]
fn a_field_is_set_and_the_rest_stays(#[case] body: &str, #[case] expected: &str) {
    assert_eq!(apply(json!({"n": 2048}), body).as_deref(), Some(expected));
}

#[rstest]
#[case("")]
#[case("[1]")]
#[case("\"text\"")]
#[case("{\"a\":1")]
#[case("{\"a\":1} x")]
#[case("a=1&b=2")]
fn what_is_no_json_object_is_left_alone(#[case] body: &str) {
    assert_eq!(apply(json!({"n": 1}), body), None);
}

#[test]
fn filled_in_text_cannot_leave_its_quotes() {
    let changed = apply(json!({"user": "{id}-${request_id}"}), "{}").unwrap();
    assert_eq!(changed, r#"{"user":"a\"b-r-1"}"#);
}

#[test]
fn values_of_any_type_can_be_set() {
    let fields = json!({"a": null, "b": [1, {"c": true}], "d": 0.7});
    assert_eq!(apply(fields, "{}").unwrap(), r#"{"a":null,"b":[1,{"c":true}],"d":0.7}"#);
}

proptest! {
    #[test]
    fn every_other_field_reads_as_before(names in prop::collection::vec("[a-z\"\\\\é]{0,4}", 0..6)) {
        let object: serde_json::Map<String, Value> =
            names.iter().enumerate().map(|(at, name)| (name.clone(), json!([at, name]))).collect();
        let changed = apply(json!({"set here": 1}), &Value::Object(object.clone()).to_string()).unwrap();
        let mut expected = object;
        expected.insert("set here".to_owned(), json!(1));
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), Value::Object(expected));
    }
}

#[test]
fn a_placeholder_is_filled_at_any_depth() {
    let fields = json!({"metadata": {"who": ["${request_id}", {"of": "{id}"}], "n": [1, "x"]}});
    let expected = r#"{"a":1,"metadata":{"n":[1,"x"],"who":["r-1",{"of":"a\"b"}]}}"#;
    assert_eq!(apply(fields, r#"{"a":1}"#).as_deref(), Some(expected));
}
