//! Placeholders in the values of a route.

use super::{Template, Values};
use crate::routing::Captures;
use rstest::rstest;
use std::borrow::Cow;
use std::sync::Arc;

fn filled(template: &str) -> String {
    let captures: Captures = [(Arc::from("id"), "a%20b".to_owned())].into_iter().collect();
    let values = Values {
        captures: &captures,
        request_id: "r-1",
        client_ip: [10, 0, 0, 1].into(),
        source_path: "team",
        key_id: "k-1",
    };
    Template::parse(template).fill(&values, |text| Cow::Owned(format!("<{text}>")))
}

#[rstest]
#[case("", "")]
#[case("plain", "plain")]
#[case("{id}", "a%20b")]
#[case("x{id}y{id}", "xa%20bya%20b")]
#[case("${request_id}", "<r-1>")]
#[case("${client_ip}/${source_path}/${key_id}", "<10.0.0.1>/<team>/<k-1>")]
#[case("$${key_id}$", "$<k-1>$")]
#[case(r#"{"a":1}"#, r#"{"a":1}"#)]
#[case("{ id }", "{ id }")]
#[case("{{id}}", "{a%20b}")]
#[case("{", "{")]
#[case("${unknown}", "${unknown}")]
fn placeholders_are_filled_and_other_braces_stay(#[case] template: &str, #[case] expected: &str) {
    assert_eq!(filled(template), expected);
}

#[rstest]
#[case("plain", true)]
#[case("", true)]
#[case("{id}", false)]
#[case("a ${key_id}", false)]
fn only_a_value_without_placeholders_is_literal(#[case] template: &str, #[case] literal: bool) {
    assert_eq!(Template::parse(template).literal().is_some(), literal);
}
