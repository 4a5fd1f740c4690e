//! A recorded request as a curl command.

use fastgate_shared::audit_log::LogRecord;

use crate::components::call_code::{CallCode, curl};
use crate::components::snippets::KEY_STAND_IN;

/// Fields that curl or the connection set.
const LEFT_OUT: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "transfer-encoding",
    "user-agent",
];

/// The command. Where the record has no credential any more, something stands in for it.
pub fn command(record: &LogRecord, origin: &str) -> String {
    let item = &record.item;
    let fields = record.request_headers.iter();
    let kept = fields.filter(|(name, _)| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str()));
    curl(&CallCode {
        method: item.method.clone(),
        url: format!("{origin}{}", item.path),
        headers: kept.cloned().map(stood_in).collect(),
        body: record.request_body.clone().unwrap_or_default(),
    })
}

fn stood_in((name, value): (String, String)) -> (String, String) {
    let value = match (value.as_str(), name.eq_ignore_ascii_case("authorization")) {
        ("[redacted]", true) => format!("Bearer {KEY_STAND_IN}"),
        ("[redacted]", false) => KEY_STAND_IN.to_owned(),
        _ => value,
    };
    (name, value)
}
