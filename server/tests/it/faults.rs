//! What upstreams do wrong, and what becomes of it: tables of faults, and what holds for each. A client hears a clear
//! error, or an answer that visibly breaks off; never garbage, never a whole answer that is not one. The next request on
//! its connection gets its own answer. A POST reaches an upstream once. The connection to the upstream is not used again,
//! the record says how it ended, and the error tells nothing of what is inside (`discretion`).

mod http1;
mod http2;

use crate::corpus::reader::responses;
use crate::discretion::keeps_quiet;
use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use fastgate_shared::audit_log::LogRecord;
use serde_json::{Value, json};

/// What must stay on the upstream's side wherever a table has it.
const POISON: &str = "evil";

/// What these upstreams are sent, and in which field: no error tells it.
const SECRET: &str = "sk-of-the-upstream-0123456789";
const FIELD: &str = "X-Inner-Token";

/// A row of a table.
#[derive(Clone, Copy)]
struct Fault<D> {
    name: &'static str,
    /// Where it is written: number and section of the RFC.
    rfc: &'static str,
    method: &'static str,
    does: D,
    hears: Hears,
    /// Of the record.
    outcome: &'static str,
    /// Whether the connection to the upstream may serve further requests.
    reusable: bool,
}

/// What the client hears.
#[derive(Clone, Copy, Debug)]
enum Hears {
    /// An error of the gateway: status and code.
    Error(u16, &'static str),
    /// A whole answer: status and body.
    Whole(u16, &'static str),
    /// A status and the beginning of a body, and then no clean end.
    Broken(u16, &'static str),
    /// The answer to another attempt.
    Again,
}

use Hears::{Again, Broken, Error, Whole};

const fn fault<D: Copy>(
    name: &'static str,
    rfc: &'static str,
    does: D,
    hears: Hears,
    outcome: &'static str,
) -> Fault<D> {
    Fault {
        name,
        rfc,
        method: "POST",
        does,
        hears,
        outcome,
        reusable: false,
    }
}

impl<D: Copy> Fault<D> {
    const fn asked_by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    const fn reusable(self) -> Self {
        Self { reusable: true, ..self }
    }
}

/// A gateway whose patience with upstreams is a second.
async fn impatient(host: String, protocol: &str) -> TestGateway {
    TestGateway::builder()
        .route(json!({
            "target_host": host, "target_protocol": protocol, "auth": "none", "timeout": 1, "add_headers": {FIELD: SECRET},
        }))
        .start()
        .await
}

/// Asks on a fresh connection, and once more on the same; returns all that came.
async fn ask(gateway: &TestGateway, method: &str) -> Vec<u8> {
    let body = if method == "POST" { "{\"a\":1}" } else { "" };
    let mut raw = Raw::connect(gateway).await;
    gateway.count_request();
    let length = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", body.len())
    };
    raw.send(format!("{method} /fault HTTP/1.1\r\nHost: h\r\n{length}\r\n{body}"))
        .await;
    // The first answer, or its broken end, before the second question: a pipelined one would not be asked again.
    let mut seen = Vec::new();
    while responses(&seen, method == "HEAD").is_ok_and(|all| all.is_empty())
        || responses(&seen, method == "HEAD").is_err()
    {
        if !raw.read_more(&mut seen).await {
            return seen;
        }
    }
    if raw
        .try_send("GET /after HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await
        .is_ok()
    {
        let more = raw.read_bytes_to_end().await;
        if !more.is_empty() {
            gateway.count_request();
        }
        seen.extend(more);
    }
    seen
}

/// Whether the client heard what it should, and the record agrees.
fn judge<D>(fault: &Fault<D>, heard: &[u8], record: &LogRecord) -> Result<(), String> {
    let text = String::from_utf8_lossy(heard);
    if text.contains(POISON) {
        return Err("what the upstream smuggled in reached the client".to_owned());
    }
    let outcome = record.item.outcome.map_or("none", |outcome| outcome.as_str());
    if outcome != fault.outcome || (outcome != "ok") != record.item.error_message.is_some() {
        return Err(format!("the record says {outcome}, {:?}", record.item.error_message));
    }
    let status = match fault.hears {
        // It broke before anything was sent: the end is all that the client hears.
        Broken(status, _) if text.is_empty() => status,
        Broken(status, body) => {
            let (head, rest) = text.split_once("\r\n\r\n").ok_or("no head")?;
            if !head.starts_with(&format!("HTTP/1.1 {status} ")) || responses(heard, false).is_ok() {
                return Err("it is no answer that visibly breaks off".to_owned());
            }
            if !rest.contains(body) {
                return Err("what had come is missing".to_owned());
            }
            status
        }
        Error(..) | Whole(..) | Again => {
            let answers = responses(heard, fault.method == "HEAD")?;
            let (first, others) = answers.split_first().ok_or("no answer")?;
            match fault.hears {
                Error(status, code) => {
                    let body: Value = serde_json::from_slice(&first.body).map_err(|error| error.to_string())?;
                    if first.status != status || body["error"]["code"] != code {
                        return Err(format!("{} {body}", first.status));
                    }
                    // What comes behind it is the upstream's answer to the next request, which may say all of it.
                    let end = memchr::memmem::find(heard, &first.body).map_or(heard.len(), |at| at + first.body.len());
                    keeps_quiet(&heard[..end], &["127.0.0.1", SECRET, FIELD])?;
                }
                Whole(status, body) if first.status != status || first.body != body.as_bytes() => {
                    return Err(format!("{} {}", first.status, first.body.escape_ascii()));
                }
                Again if first.status != 200 || !first.body.escape_ascii().to_string().contains("/fault") => {
                    return Err(format!("{} {}", first.status, first.body.escape_ascii()));
                }
                _ => {}
            }
            match others {
                [] if first.closes => {}
                [own] if own.status == 200 && own.body.escape_ascii().to_string().contains("/after") => {}
                _ => return Err("the next request did not get its own answer".to_owned()),
            }
            first.status
        }
    };
    if record.item.status_code == Some(status) {
        Ok(())
    } else {
        Err(format!("the record has status {:?}", record.item.status_code))
    }
}

/// Names all that went wrong.
#[track_caller]
fn report<D>(wrong: Vec<(&Fault<D>, String, Vec<u8>)>) {
    let lines: Vec<String> = wrong
        .into_iter()
        .map(|(fault, reason, heard)| {
            let heard = heard.escape_ascii();
            format!(
                "{} (RFC {}): {reason}\n  expected {:?}, {}\n  heard    {heard}",
                fault.name, fault.rfc, fault.hears, fault.outcome
            )
        })
        .collect();
    assert!(lines.is_empty(), "{} wrong:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn there_are_at_least_thirty_faults_and_each_has_a_name_of_its_own() {
    let mut names: Vec<&str> = http1::FAULTS.iter().map(|fault| fault.name).collect();
    names.extend(http2::FAULTS.iter().map(|fault| fault.name));
    let count = names.len();
    assert!(count >= 30, "{count}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two faults have one name");
}
