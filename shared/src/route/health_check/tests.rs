//! Which health checks can work, and what their fields mean.

use super::{HealthCheck, statuses};
use crate::problem::field_errors;
use garde::Validate as _;
use rstest::rstest;
use serde_json::{Value, json};

fn read(check: Value) -> HealthCheck {
    serde_json::from_value(check).unwrap()
}

#[test]
fn nothing_said_is_a_connection_every_ten_seconds() {
    let check = read(json!({}));
    assert_eq!(check, HealthCheck::default());
    assert!(check.validate().is_ok());
    insta::assert_json_snapshot!(check, @r#"
    {
      "path": null,
      "interval_seconds": 10,
      "timeout_seconds": null,
      "healthy_after": 2,
      "unhealthy_after": 3
    }
    "#);
}

#[rstest]
#[case::usual(json!({}), 5)]
#[case::short_interval(json!({"interval_seconds": 2}), 2)]
#[case::own(json!({"timeout_seconds": 8}), 8)]
fn a_probe_has_ended_when_the_next_begins(#[case] check: Value, #[case] seconds: u32) {
    assert_eq!(read(check).timeout(), seconds);
}

#[rstest]
#[case::interval(json!({"interval_seconds": 0}), &["interval_seconds"])]
#[case::long_interval(json!({"interval_seconds": 3601}), &["interval_seconds"])]
#[case::timeout(json!({"timeout_seconds": 0}), &["timeout_seconds"])]
#[case::timeout_above_interval(json!({"interval_seconds": 3, "timeout_seconds": 4}), &["timeout_seconds"])]
#[case::thresholds(json!({"healthy_after": 0, "unhealthy_after": 101}), &["healthy_after", "unhealthy_after"])]
#[case::relative_path(json!({"path": "health"}), &["path"])]
#[case::empty_path(json!({"path": ""}), &["path"])]
#[case::path_with_space(json!({"path": "/a b"}), &["path"])]
#[case::path_with_credential(json!({"path": "/health?key=abc"}), &["path"])]
#[case::status_of_no_request(json!({"expect_status": "200"}), &["expect_status"])]
#[case::body_of_no_request(json!({"expect_body": "ok"}), &["expect_body"])]
#[case::empty_body(json!({"path": "/", "expect_body": ""}), &["expect_body"])]
#[case::status(json!({"path": "/", "expect_status": "200,abc"}), &["expect_status"])]
fn what_cannot_work_is_refused_by_name(#[case] check: Value, #[case] fields: &[&str]) {
    let report = read(check).validate().unwrap_err();
    let mut refused: Vec<String> = field_errors(&report).into_iter().map(|error| error.field).collect();
    refused.dedup();
    assert_eq!(refused, fields);
}

#[rstest]
#[case("200", &[200], &[199, 201, 204])]
#[case("2xx", &[200, 299], &[300])]
#[case("200-299, 401", &[204, 401], &[400, 402])]
#[case("3XX,503", &[301, 503], &[200])]
fn statuses_are_single_ones_classes_and_ranges(#[case] text: &str, #[case] pass: &[u16], #[case] fail: &[u16]) {
    let ranges = statuses(text).unwrap();
    let passes = |status: &u16| ranges.iter().any(|range| range.contains(status));
    assert!(pass.iter().all(passes), "{text}");
    assert!(!fail.iter().any(passes), "{text}");
}

#[rstest]
#[case("")]
#[case("99")]
#[case("100")]
#[case("1xx")]
#[case("6xx")]
#[case("300-200")]
#[case("200;201")]
#[case("200,")]
fn other_texts_are_no_statuses(#[case] text: &str) {
    assert!(statuses(text).unwrap_err().contains("allowed is 200, 2xx"));
}

#[test]
fn a_status_may_be_written_as_a_number() {
    assert_eq!(
        read(json!({"path": "/", "expect_status": 204}))
            .expect_status
            .as_deref(),
        Some("204")
    );
}
