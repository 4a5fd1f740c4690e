//! The end of a request: its record is completed, counted, logged, and leaves.

use super::log_line::log_line;
use super::{Exchange, micros, shortened};
use crate::audit_log::record::Record;
use crate::audit_log::redact::forget;
use crate::body::capture::Capture;
use crate::body::peek::PeekedBody;
use crate::body::usage::Usage;
use crate::config::Capture as CaptureMode;
use crate::proxy::error::ProxyError;
use crate::telemetry::figures;
use fastgate_shared::audit_log::Outcome;
use std::time::Duration;

/// How the response's body ended.
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// What went wrong after the head was sent.
    pub error: Option<String>,
    /// The prefix of the response that was kept.
    pub response: Capture,
    /// What was read in it.
    pub usage: Usage,
}

impl Exchange {
    /// The response ended: the record is complete and leaves. `None` when it has left before.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn end(&mut self, end: End) -> Option<Box<Record>> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        self.places.clear();
        let mut record = self.app.audit.live.leave(&self.in_flight)?;
        self.complete(&mut record, end);
        self.app.audit.live.tell_end(&record);
        self.count(&record);
        log_line(&record);
        Some(record)
    }

    fn complete(&self, record: &mut Record, end: End) {
        let elapsed = self.in_flight.started().elapsed();
        record.duration_us = Some(micros(elapsed));
        record.response_time = Some(self.started_us + micros(elapsed));
        record.outcome = Some(end.outcome);
        // A client that left before it was answered: nginx's 499, which every log reader knows.
        record.status_code = record.status_code.or(Some(499));
        record.error_message = end.error.or(record.error_message.take());
        record.model = end.usage.model.or(record.model.take()).or_else(|| self.asked_model());
        record.prompt_tokens = end.usage.prompt_tokens;
        record.completion_tokens = end.usage.completion_tokens;
        record.request_size += self.body.received();
        let redactor = &self.app.audit.redactor;
        if self.keeps_bodies(record) {
            let request = self.body.captured();
            let request = request.map(|text| redactor.body(&text, self.request_is_form));
            record.request_body = request.map(|text| forget(text, self.credentials()));
            let response = end.response.text().map(|text| redactor.body(&text, false));
            record.response_body = response.map(|text| forget(text, self.credentials()));
        }
    }

    /// The model that the request's body names, as far as the body was kept: an answer that is an error names none.
    pub(super) fn asked_model(&self) -> Option<String> {
        let body = self.body.captured()?;
        let peeked = PeekedBody::new(None, body.as_bytes());
        peeked.model().map(|model| shortened(model).to_owned())
    }

    fn count(&self, record: &Record) {
        let figures = self.route.as_ref().map_or(&figures().unrouted, |route| &route.figures);
        let micros = |us: Option<i64>| us.map(|us| Duration::from_micros(us.unsigned_abs()));
        let status = record.status_code.unwrap_or_default();
        figures.ended(status, micros(record.duration_us).unwrap_or_default());
        if let Some(ttfb) = micros(record.ttfb_us) {
            figures.first_byte(ttfb);
        }
    }

    fn keeps_bodies(&self, record: &Record) -> bool {
        match self.app.config.audit.capture {
            CaptureMode::None => false,
            CaptureMode::All => true,
            CaptureMode::Errors => record.is_error(),
        }
    }
}

impl Drop for Exchange {
    /// The client left, or the connection's task ended: whatever was learned so far is recorded.
    fn drop(&mut self) {
        let (mut outcome, why) = self.broken_off();
        if std::thread::panicking() {
            // The listener answers in place of the handler that broke down.
            let error = ProxyError::Internal;
            outcome = error.outcome();
            self.refused(&error);
            self.in_flight
                .update(|record| record.status_code = record.status_code.or(Some(error.status().as_u16())));
        }
        let end = End {
            outcome,
            error: why,
            response: Capture::default(),
            usage: Usage::default(),
        };
        if let Some(record) = self.end(end) {
            self.app.audit.ended(record);
        }
    }
}
