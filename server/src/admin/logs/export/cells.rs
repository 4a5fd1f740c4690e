//! A record as cells of a table or as an object with chosen members.

use fastgate_shared::audit_log::LogRecord;
use serde_json::{Map, Value};

/// What spreadsheets take for the beginning of a formula (OWASP: CSV injection).
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The chosen values, in order.
pub fn values(record: &LogRecord, fields: &[&str]) -> Vec<Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(record) else {
        // A record has only texts, numbers, flags and lists of them: all of them have a JSON form.
        return vec![Value::Null; fields.len()];
    };
    fields
        .iter()
        .map(|field| members.remove(*field).unwrap_or_default())
        .collect()
}

/// The chosen members.
pub fn object(record: &LogRecord, fields: &[&str]) -> Map<String, Value> {
    let names = fields.iter().map(ToString::to_string);
    names.zip(values(record, fields)).collect()
}

/// A cell as text: nothing for null, lists as JSON; never a formula.
pub fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => neutral(text),
        Value::Array(list) if list.is_empty() => String::new(),
        other => neutral(other.to_string()),
    }
}

/// A text that no spreadsheet runs.
pub fn neutral(text: String) -> String {
    if text.starts_with(FORMULA_STARTS) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use fastgate_shared::audit_log::LogItem;
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    /// A record that says little.
    pub fn record() -> LogRecord {
        LogRecord {
            item: LogItem {
                id: "1".to_owned(),
                request_id: "r".to_owned(),
                source_path: None,
                key_id: None,
                key_preview: None,
                route_id: None,
                route_name: None,
                method: "GET".to_owned(),
                path: "/a".to_owned(),
                target_url: None,
                status_code: Some(200),
                outcome: None,
                request_time: Timestamp::UNIX_EPOCH,
                first_response_time: None,
                response_time: None,
                created_at: Timestamp::UNIX_EPOCH,
                response_time_ms: Some(1.5),
                ttfb_ms: None,
                gateway_ms: None,
                request_size: 0,
                response_size: 0,
                user_agent: Some("=cmd|' /C calc'!A0".to_owned()),
                ip_address: "127.0.0.1".to_owned(),
                is_stream: false,
                stream_chunks: 0,
                model: None,
                prompt_tokens: None,
                completion_tokens: None,
                error_message: None,
            },
            request_headers: Vec::new(),
            request_body: None,
            response_headers: Vec::new(),
            response_body: None,
            attempts: Vec::new(),
            match_reason: None,
            replay: None,
        }
    }

    #[rstest]
    #[case(json!("=1+1"), "'=1+1")]
    #[case(json!("+1"), "'+1")]
    #[case(json!("-1"), "'-1")]
    #[case(json!("@a"), "'@a")]
    #[case(json!("\t=1"), "'\t=1")]
    #[case(json!("\r=1"), "'\r=1")]
    #[case(json!("a=1"), "a=1")]
    #[case(json!(-5), "-5")]
    #[case(json!(null), "")]
    #[case(json!([]), "")]
    #[case(json!([["a", "b"]]), "[[\"a\",\"b\"]]")]
    fn a_cell_is_never_a_formula(#[case] value: Value, #[case] expected: &str) {
        assert_eq!(text(value), expected);
    }

    #[test]
    fn values_come_in_the_order_that_was_asked_for() {
        let values = values(&record(), &["status_code", "method", "response_time_ms"]);
        assert_eq!(values, [json!(200), json!("GET"), json!(1.5)]);
    }
}
