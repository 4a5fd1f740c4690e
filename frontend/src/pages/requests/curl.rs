//! A recorded request as a curl command.

use fastgate_shared::audit_log::LogRecord;

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
    let mut command = format!("curl -X {} {}", item.method, quoted(&format!("{origin}{}", item.path)));
    for (name, value) in &record.request_headers {
        if !LEFT_OUT.contains(&name.to_ascii_lowercase().as_str()) {
            command.push_str(&format!(" \\\n  -H {}", quoted(&format!("{name}: {value}"))));
        }
    }
    if let Some(body) = &record.request_body {
        command.push_str(&format!(" \\\n  --data-raw {}", quoted(body)));
    }
    command
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
