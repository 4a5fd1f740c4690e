//! A recorded request as a curl command.

use fastgate_shared::audit_log::LogRecord;

use crate::components::call_code::{CallCode, curl};

/// Fields that curl or the connection set.
const LEFT_OUT: [&str; 6] = [
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "transfer-encoding",
    "user-agent",
];

/// The command; credentials in it are redacted as in the record.
pub fn command(record: &LogRecord, origin: &str) -> String {
    let item = &record.item;
    let fields = record.request_headers.iter();
    let kept = fields.filter(|(name, _)| !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str()));
    curl(&CallCode {
        method: item.method.clone(),
        url: format!("{origin}{}", item.path),
        headers: kept.cloned().collect(),
        body: record.request_body.clone().unwrap_or_default(),
    })
}
