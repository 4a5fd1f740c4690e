//! The one line of the operator's log for a request (contract: Program).

use crate::audit_log::record::Record;
use crate::client::address_text;
use crate::proxy::error::Source;
use fastgate_shared::audit_log::Outcome;

/// Writes it, at the level of what went wrong.
#[inline(never)] // Counted by itself: bench/instructions.mjs.
pub(super) fn log_line(record: &Record) {
    let status = record.status_code.unwrap_or_default();
    let ms = record.duration_us.unwrap_or_default() as f64 / 1000.0;
    let error = record.error_message.as_deref();
    let outcome = record.outcome.map(Outcome::as_str);
    let address = address_text(record.ip_address);
    macro_rules! line {
        ($level:ident, $message:literal) => {
            tracing::$level!(
                request_id = &*record.request_id,
                method = record.method.as_str(),
                path = record.path.as_str(),
                status_code = status,
                response_time_ms = ms,
                route = record.route_name.as_deref(),
                key_id = record.key_id.as_deref(),
                client_ip = &*address,
                outcome,
                error,
                $message
            )
        };
    }
    let level = log_source(record);
    // An upstream was asked, whether or not it answered before the client left.
    let was_forwarded = record.target_url.is_some();
    match (was_forwarded, level) {
        (true, Some(Source::Upstream | Source::Gateway)) => line!(error, "Request forwarded"),
        (true, _) => line!(info, "Request forwarded"),
        (false, Some(Source::Upstream | Source::Gateway)) => line!(error, "Request failed"),
        (false, _) if record.outcome == Some(Outcome::Ok) => line!(info, "Request answered"),
        (false, _) if record.outcome == Some(Outcome::ClientClosed) => line!(info, "Request abandoned"),
        (false, _) => line!(warn, "Request refused"),
    }
}

fn log_source(record: &Record) -> Option<Source> {
    match record.outcome {
        Some(Outcome::UpstreamError | Outcome::Timeout | Outcome::Interrupted) => Some(Source::Upstream),
        Some(Outcome::Rejected) => Some(Source::Client),
        _ if record.status_code.is_some_and(|status| status >= 500) => Some(Source::Upstream),
        _ => None,
    }
}
