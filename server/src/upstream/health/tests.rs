//! When a target is called healthy, when it is probed, and which answers pass.

use super::check::Check;
use super::tally::{Tally, first_wait, pause};
use crate::upstream::own_calls::Reply;
use crate::upstream::targets::Health;
use fastgate_shared::route::HealthCheck;
use http::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};
use std::time::Duration;

/// Passed (`+`) and failed (`-`) probes, and the verdicts after them: healthy (`H`) or unhealthy (`U`).
#[rstest]
#[case::first_alone_decides_well(Health::Unknown, (3, 3), "+", "H")]
#[case::first_alone_decides_badly(Health::Unknown, (3, 3), "-", "U")]
#[case::out_after_three(Health::Healthy, (1, 3), "---", "HHU")]
#[case::not_in_a_row(Health::Healthy, (1, 3), "--+--+-", "HHHHHHH")]
#[case::back_after_two(Health::Unhealthy, (2, 1), "++", "UH")]
#[case::back_in_a_row(Health::Unhealthy, (2, 1), "+-++-", "UUUHU")]
#[case::at_once_both_ways(Health::Healthy, (1, 1), "-+-+", "UHUH")]
fn verdicts_change_after_that_many_in_a_row(
    #[case] known: Health,
    #[case] (healthy_after, unhealthy_after): (u32, u32),
    #[case] probes: &str,
    #[case] verdicts: &str,
) {
    let mut tally = Tally::new(known, healthy_after, unhealthy_after);
    let mut before = known;
    let seen: String = probes
        .chars()
        .map(|probe| {
            let change = tally.heard(probe == '+');
            assert_eq!(
                change,
                (tally.health() != before).then_some(tally.health()),
                "told once"
            );
            before = tally.health();
            if before == Health::Healthy { 'H' } else { 'U' }
        })
        .collect();
    assert_eq!(seen, verdicts);
}

#[rstest]
#[case(10, 0.0, 0, 10_000)]
#[case(10, 0.5, 500, 9_500)]
#[case(10, 1.0, 1_000, 9_000)]
#[case(1, 1.0, 1_000, 900)]
#[case(3_600, 1.0, 1_000, 3_240_000)]
fn probes_come_soon_then_spread_over_a_tenth_of_the_interval(
    #[case] seconds: u64,
    #[case] dice: f64,
    #[case] first_ms: u128,
    #[case] next_ms: u128,
) {
    let interval = Duration::from_secs(seconds);
    assert_eq!(first_wait(interval, dice).as_millis(), first_ms);
    assert_eq!(pause(interval, dice).as_millis(), next_ms);
}

fn check(written: Value) -> Check {
    let written: HealthCheck = serde_json::from_value(written).unwrap();
    Check::compile(&written).unwrap()
}

fn answered(status: u16, body: &str) -> Reply {
    Reply {
        status: Some(StatusCode::from_u16(status).unwrap()),
        body: body.into(),
        ..Reply::default()
    }
}

#[rstest]
#[case::usual(json!({}), 204, "", Ok(()))]
#[case::redirect(json!({}), 302, "", Ok(()))]
#[case::refused(json!({}), 503, "", Err("answered 503; 200-399 passes"))]
#[case::own_status(json!({"expect_status": "401, 5xx"}), 503, "", Ok(()))]
#[case::not_own_status(json!({"expect_status": "401, 5xx"}), 200, "", Err("answered 200; 401, 5xx passes"))]
#[case::text(json!({"expect_body": "ready"}), 200, "{\"state\": \"ready\"}", Ok(()))]
#[case::text_in_its_case(json!({"expect_body": "Ready"}), 200, "ready", Err("the body does not contain what is expected"))]
#[case::no_body(json!({"expect_body": "ready"}), 200, "", Err("the body does not contain what is expected"))]
#[case::expression(json!({"expect_body": "regex:models\":\\s*\\[.+\\]"}), 200, "{\"models\": [1]}", Ok(()))]
#[case::expression_fails(json!({"expect_body": "regex:^ok$"}), 200, "ok?", Err("the body does not contain what is expected"))]
#[case::status_first(json!({"expect_body": "ready"}), 500, "ready", Err("answered 500; 200-399 passes"))]
fn an_answer_passes_by_its_status_and_body(
    #[case] mut written: Value,
    #[case] status: u16,
    #[case] body: &str,
    #[case] verdict: Result<(), &str>,
) {
    written["path"] = "/health".into();
    let check = check(written);
    let request = check.request.as_ref().unwrap();
    assert_eq!(request.judge(answered(status, body)), verdict.map_err(str::to_owned));
}

#[test]
fn without_an_answer_the_reason_is_why() {
    let check = check(json!({"path": "/health"}));
    let reply = Reply {
        error: Some("cannot connect: refused".to_owned()),
        ..Reply::default()
    };
    let request = check.request.as_ref().unwrap();
    assert_eq!(request.judge(reply).unwrap_err(), "cannot connect: refused");
    assert_eq!(request.body_bytes(), 0, "a body that nobody asks about is not read");
}

#[test]
fn an_expression_that_is_none_is_refused_by_its_field() {
    let written = json!({"path": "/", "expect_body": "regex:("});
    let error = Check::compile(&serde_json::from_value(written).unwrap()).unwrap_err();
    assert_eq!(error.field, "health_check.expect_body");
}
