//! The record of a request of which only the head is known.

use crate::app::App;
use crate::audit_log::header_text::HeaderText;
use crate::audit_log::record::Record;
use crate::body::replay::ReplayBody;
use crate::proxy::accept::Sender;
use http::{HeaderName, Request, header};

/// Names the source of a request without a key (contract: Audit log).
const X_SOURCE_PATH: HeaderName = HeaderName::from_static("x-source-path");

/// Makes it. `started_us` is the time of the head's arrival, in microseconds since 1970.
pub(super) fn first_record(app: &App, request: &Request<ReplayBody>, sender: &Sender, started_us: i64) -> Record {
    let redactor = &app.audit.redactor;
    let headers = request.headers();
    let text = |name: HeaderName| {
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.map(|value| redactor.text(&value).into_owned())
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = redactor.url(path).into_owned();
    let source_path = text(X_SOURCE_PATH).map(|source| shortened(&source).into());
    Record {
        id: app.audit.next_id(),
        request_id: sender.request_id.to_shared(),
        source_path,
        key_id: None,
        key_preview: None,
        route_id: None,
        route_name: None,
        method: request.method().clone(),
        path_only_len: path.find('?').unwrap_or(path.len()),
        path,
        target_url: None,
        status_code: None,
        outcome: None,
        request_time: started_us,
        first_response_time: None,
        response_time: None,
        duration_us: None,
        ttfb_us: None,
        gateway_us: None,
        request_size: 0,
        response_size: 0,
        user_agent: text(header::USER_AGENT),
        ip_address: sender.client_ip,
        is_stream: false,
        stream_chunks: 0,
        model: None,
        prompt_tokens: None,
        completion_tokens: None,
        error_message: None,
        request_headers: redactor.headers(headers, std::iter::empty()),
        response_headers: HeaderText::default(),
        request_body: None,
        response_body: None,
        attempts: Vec::new(),
        match_reason: None,
        replay: None,
    }
}

/// At most 255 bytes, cut between characters.
pub(super) fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(255)]
}
