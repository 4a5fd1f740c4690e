//! The corpus: raw requests that are ambiguous, malformed or hostile, and what must become of each: refused, or forwarded
//! in one clean form. The tables are in `corpus/`, one for each theme; here is what holds for every case.
//!
//! Each case is sent twice, at once and byte by byte, and is followed by a harmless request on the same connection. Then:
//! no answer is a 5xx, each answer is whole, the follower gets its own answer or the connection is closed, the upstream
//! saw what the table says and nothing else, and there is one record for each answer.

mod chunks;
mod downgrade;
mod fields;
pub mod frames;
mod hosts;
mod lengths;
mod methods;
mod pipelines;
pub mod reader;
mod recorder;
mod targets;

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use reader::{Response, responses};
use recorder::Recorder;
use serde_json::json;

/// The harmless request.
const FOLLOWER: &str = "GET /after HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
/// What the upstream sees of it.
const FOLLOWED: &str = "GET /after HTTP/1.1\r\n\r\n";

/// A row of a table.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    /// Where it is written: number and section of the RFC.
    rfc: &'static str,
    sent: &'static [u8],
    expected: Expected,
}

/// What must become of a request.
#[derive(Clone, Copy, Debug)]
enum Expected {
    /// The client hears this status, and its connection is closed: nobody knows where the next request would begin.
    /// Nothing whole reaches the upstream.
    Refused(u16),
    /// The upstream sees exactly this: the head without the fields that the gateway itself sets, then the body without
    /// its framing.
    Forwarded(&'static str),
    /// The gateway answers by itself, with this status, and may go on: where the next request begins is clear.
    Answered(u16),
    /// The client ends in the middle: nothing whole reaches the upstream.
    CutOff,
}

use Expected::{Answered, CutOff, Forwarded, Refused};

const fn case(name: &'static str, rfc: &'static str, sent: &'static [u8], expected: Expected) -> Case {
    Case {
        name,
        rfc,
        sent,
        expected,
    }
}

/// How the bytes come.
#[derive(Clone, Copy, Debug)]
enum Delivery {
    AtOnce,
    ByteByByte,
}

/// Sends every case of a table, and names all that went wrong.
async fn hold(cases: &[Case]) {
    let upstream = Recorder::start().await;
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/**", "target_host": upstream.host(), "auth": "none"}))
        .route(json!({"match_path": "/closed/**", "target_host": upstream.host(), "priority": 1}))
        .start()
        .await;
    let mut wrong = Vec::new();
    for case in cases {
        for delivery in [Delivery::AtOnce, Delivery::ByteByByte] {
            let answers = deliver(&gateway, case, delivery).await;
            let parsed = responses(&answers, case.sent.starts_with(b"HEAD "));
            let seen = upstream.take();
            let verdict = parsed.and_then(|answers| {
                let began = matches!(case.expected, CutOff) && memchr::memmem::find(case.sent, b"\r\n\r\n").is_some();
                let records = if answers.is_empty() {
                    usize::from(began)
                } else {
                    answers.len()
                };
                (0..records).for_each(|_| gateway.count_request());
                judge(case.expected, &answers, &seen)
            });
            if let Err(reason) = verdict {
                wrong.push(format!(
                    "{} (RFC {}, {delivery:?}): {reason}\n  sent     {}\n  expected {:?}\n  heard    {}\n  upstream {seen:?}",
                    case.name,
                    case.rfc,
                    case.sent.escape_ascii(),
                    case.expected,
                    answers.escape_ascii(),
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    gateway.finish().await;
}

/// Sends the case and its follower; returns all that comes until the gateway closes.
async fn deliver(gateway: &TestGateway, case: &Case, delivery: Delivery) -> Vec<u8> {
    let mut bytes = case.sent.to_vec();
    let cut_off = matches!(case.expected, CutOff);
    if !cut_off {
        bytes.extend_from_slice(FOLLOWER.as_bytes());
    }
    let mut raw = Raw::connect(gateway).await;
    let pieces = match delivery {
        Delivery::AtOnce => bytes.chunks(bytes.len()),
        Delivery::ByteByByte => bytes.chunks(1),
    };
    for piece in pieces {
        // Whoever is refused early need not be listened to.
        if raw.try_send(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    if cut_off {
        raw.end().await;
    }
    raw.read_bytes_to_end().await
}

/// Whether this is what was expected; `seen` is what the upstream saw.
fn judge(expected: Expected, answers: &[Response], seen: &recorder::Sightings) -> Result<(), String> {
    if let Some(fault) = answers.iter().find(|answer| answer.status >= 500) {
        return Err(format!("{} for what a client did", fault.status));
    }
    if let Some(oddity) = seen.oddities.first() {
        return Err(format!("the upstream saw what is no clean request: {oddity}"));
    }
    let whole: Vec<&str> = seen.whole.iter().map(String::as_str).collect();
    match expected {
        Refused(status) => {
            let [answer] = answers else {
                return Err(format!("{} answers instead of one", answers.len()));
            };
            // All was read up to the end of the connection, so that it is closed.
            if answer.status != status {
                return Err(format!("refused with {}", answer.status));
            }
            if whole.is_empty() {
                Ok(())
            } else {
                Err("it reached the upstream".to_owned())
            }
        }
        CutOff => match (answers, &whole[..]) {
            ([], []) => Ok(()),
            ([answer], []) if answer.status == 400 => Ok(()),
            _ => Err("half a request was taken for a whole one".to_owned()),
        },
        Forwarded(form) => {
            let (first, others) = answers.split_first().ok_or("no answer")?;
            if whole.first() != Some(&form) {
                return Err("it was forwarded in another form".to_owned());
            }
            let line = form.split("\r\n").next().unwrap_or_default();
            let own = first.status == 200 && (first.body == line.as_bytes() || line.starts_with("HEAD "));
            if !own {
                return Err("it got an answer that is not its own".to_owned());
            }
            follow(others, &whole[1..])
        }
        Answered(status) => {
            let (first, others) = answers.split_first().ok_or("no answer")?;
            if first.status != status {
                return Err(format!("answered with {}", first.status));
            }
            follow(others, &whole)
        }
    }
}

/// What becomes of the follower: its own answer, a refusal, or the end of the connection.
fn follow(others: &[Response], whole: &[&str]) -> Result<(), String> {
    match (others, whole) {
        // All was read up to the end of the connection, so that it is closed.
        ([], []) => Ok(()),
        ([own], [FOLLOWED]) if own.status == 200 && own.body == b"GET /after HTTP/1.1" => Ok(()),
        ([refused], []) if refused.status == 400 && refused.closes => Ok(()),
        _ => Err(format!("{} further answers; the upstream saw {whole:?}", others.len())),
    }
}

#[test]
fn there_are_at_least_a_hundred_cases_and_each_has_a_name_of_its_own() {
    let tables = [
        lengths::CASES,
        chunks::CASES,
        fields::CASES,
        hosts::CASES,
        targets::CASES,
        methods::CASES,
        pipelines::CASES,
    ];
    let mut names: Vec<&str> = tables.concat().iter().map(|case| case.name).collect();
    names.extend(downgrade::CASES.iter().map(|case| case.name));
    let count = names.len();
    assert!(count >= 100, "{count}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases have one name");
}
