//! What is a schema and what the short form, and what each matches.

use super::{BodyRule, is_schema, json_equal};
use crate::body::peek::PeekedBody;
use rstest::rstest;
use serde_json::{Value, json};

fn fits(rule: &Value, body: &str) -> bool {
    let rule = BodyRule::compile(rule).expect("a rule").expect("a condition");
    rule.is_match(&PeekedBody::new(None, body.as_bytes()))
}

#[rstest]
#[case(json!({"type": "object"}), true)]
#[case(json!({"type": ["object", "null"]}), true)]
#[case(json!({"type": "chat"}), false)]
#[case(json!({"type": 5}), false)]
#[case(json!({"properties": {"stream": {"const": true}}}), true)]
#[case(json!({"properties": "all"}), false)]
#[case(json!({"required": ["model"]}), true)]
#[case(json!({"required": true}), false)]
#[case(json!({"const": 5}), true)]
#[case(json!({"enum": [1]}), true)]
#[case(json!({"not": {}}), true)]
#[case(json!({"not": "a"}), false)]
#[case(json!({"anyOf": [{}]}), true)]
#[case(json!({"anyOf": []}), false)]
#[case(json!({"minProperties": 1}), true)]
#[case(json!({"minProperties": -1}), false)]
#[case(json!({"maximum": 1.5}), true)]
#[case(json!({"dependentRequired": {"a": ["b"]}}), true)]
#[case(json!({"$ref": "#/$defs/a", "$defs": {"a": true}}), true)]
#[case(json!({"title": "x"}), false)]
#[case(json!({"description": "x", "default": 1, "format": "date"}), false)]
#[case(json!({"model": "qwen3"}), false)]
#[case(json!({"max_tokens": 5}), false)]
fn a_keyword_with_a_legal_value_makes_a_schema(#[case] definition: Value, #[case] schema: bool) {
    assert_eq!(is_schema(definition.as_object().expect("an object")), schema);
}

#[rstest]
#[case(json!({"model": "m"}), r#"{"model":"m","x":1}"#, true)]
#[case(json!({"model": "m"}), r#"{"model":"\u006d"}"#, true)]
#[case(json!({"model": "m"}), r#"{"model":"M"}"#, false)]
#[case(json!({"model": "m"}), r#"{"model":5}"#, false)]
#[case(json!({"model": "m"}), r#"{"model":"x","model":"m"}"#, false)]
#[case(json!({"model": "m"}), r#"[{"model":"m"}]"#, false)]
#[case(json!({"model": "m"}), r#"{"model":"m"} trailing"#, false)]
#[case(json!({"model": "m", "stream": true}), r#"{"model":"m","stream":true}"#, true)]
#[case(json!({"model": "m", "stream": true}), r#"{"model":"m"}"#, false)]
#[case(json!({"n": 1}), r#"{"n":1.0}"#, true)]
#[case(json!({"n": null}), r#"{"n":null}"#, true)]
#[case(json!({"n": null}), "{}", false)]
#[case(json!({"metadata.user": "u"}), r#"{"metadata":{"user":"u"}}"#, true)]
#[case(json!({"metadata.user": "u"}), r#"{"metadata.user":"u"}"#, true)]
#[case(json!({"metadata.user": "u"}), r#"{"metadata":"user"}"#, false)]
#[case(json!({"a": {"b": [1, 2]}}), r#"{"a":{"b":[1.0,2]}}"#, true)]
#[case(json!({"type": "chat"}), r#"{"type":"chat"}"#, true)]
#[case(json!({"stream": true}), "stream=true", false)]
#[case(json!({"stream": true}), "", false)]
fn the_short_form_compares_fields(#[case] rule: Value, #[case] body: &str, #[case] expected: bool) {
    assert_eq!(fits(&rule, body), expected);
}

#[rstest]
#[case(r#"{"model":"m","stream":true}"#, true)]
#[case(r#"{"model":"m"}"#, true)]
#[case(r#"{"model":"m","stream":false}"#, false)]
#[case(r#"{"stream":true}"#, false)]
#[case(r#"{"model":7}"#, false)]
fn a_schema_judges_the_whole_body(#[case] body: &str, #[case] expected: bool) {
    let schema = json!({"type": "object", "required": ["model"],
        "properties": {"model": {"type": "string"}, "stream": {"const": true}}});
    assert_eq!(fits(&schema, body), expected);
}

#[test]
fn nothing_to_match_is_no_rule() {
    assert!(BodyRule::compile(&json!(null)).expect("none").is_none());
    assert!(BodyRule::compile(&json!({})).expect("none").is_none());
}

#[rstest]
#[case(json!("a"), "must be an object")]
#[case(json!({"type": "object", "properties": {"a": {"type": "bool"}}}), "at /properties/a/type")]
#[case(json!({"type": "object", "required": "model"}), "at /required")]
#[case(json!({"$ref": "https://example.com/schema.json"}), "only lead to a place within the schema")]
#[case(json!({"items": {"$ref": "file:///etc/passwd"}}), "only lead to a place within the schema")]
#[case(json!({"$ref": "#/$defs/none"}), "does not exist")]
#[case(json!({"$schema": "https://example.com/own"}), "Unknown meta-schema")]
#[case(json!({"properties": {"a": {"pattern": "(?=a)"}}}), "linear time")]
#[case(json!({"properties": {"a": {"pattern": "(a{1000}){1000}"}}}), "linear time")]
fn a_schema_that_cannot_be_used_is_refused(#[case] definition: Value, #[case] reason: &str) {
    let why = BodyRule::compile(&definition).expect_err("refused");
    assert!(why.contains(reason) && !why.contains('\n'), "{why}");
}

#[test]
fn a_schema_over_the_size_limit_is_refused() {
    let large = json!({"enum": ["x".repeat(70_000)]});
    assert!(BodyRule::compile(&large).expect_err("refused").contains("65536"));
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"properties": {"child": {"$ref": "#"}}}),
    ] {
        let _ = fits(&schema, r#"{"child":{"child":{}}}"#);
    }
}

#[rstest]
#[case(json!(1), json!(1.0), true)]
#[case(json!(-0.0), json!(0), true)]
#[case(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), false)]
#[case(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0), false)]
#[case(json!(u64::MAX), json!(-1), false)]
#[case(json!(1e300), json!(1e300), true)]
#[case(json!(true), json!(1), false)]
#[case(json!("1"), json!(1), false)]
#[case(json!([1, 2]), json!([2, 1]), false)]
#[case(json!({"a": 1, "b": 2}), json!({"b": 2.0, "a": 1}), true)]
fn json_is_equal_by_value(#[case] left: Value, #[case] right: Value, #[case] equal: bool) {
    assert_eq!(json_equal(&left, &right), equal);
    assert_eq!(json_equal(&right, &left), equal);
}

#[rstest]
#[case(json!({"model": "m"}), r#"{"model":"x"}"#, "body field `model` is not \"m\"")]
#[case(json!({"a.b": 1}), r#"{"a":{}}"#, "body field `a.b` is missing")]
#[case(json!({"type": "array"}), "{}", "the body breaks the schema: the value is not of type \"array\"")]
#[case(json!({"model": "m"}), "", "there is no body")]
#[case(json!({"model": "m"}), "x", "the body is not JSON, or has a field twice")]
fn a_body_that_does_not_fit_is_explained(#[case] rule: Value, #[case] body: &str, #[case] reason: &str) {
    let rule = BodyRule::compile(&rule).expect("a rule").expect("a condition");
    assert_eq!(rule.explain(&PeekedBody::new(None, body.as_bytes())), reason);
}
