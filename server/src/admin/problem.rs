//! The errors of the admin door, RFC 9457: the one table from a room's error to a status, and their shape.
//!
//! A handler returns `Result<_, Problem>`. The document is written by [`super::envelope`], which knows the request id.

use crate::app::ChangeError;
use crate::db::DbError;
use crate::history::HistoryError;
use crate::secrets::OpenSecretError;
use axum::response::{IntoResponse, Response};
use fastgate_shared::admin_token::Role;
use fastgate_shared::changes::{Conflict, Deletion};
use fastgate_shared::problem::FieldError;
use http::{HeaderName, HeaderValue, StatusCode, header};
use problem_details::ProblemDetails;
use serde::Serialize;
use std::time::Duration;

/// A refusal, on its way to becoming a problem document.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    conflict: Option<Box<Conflict>>,
    deletion: Option<Box<Deletion>>,
}

/// The members that this API adds to RFC 9457's.
#[derive(Serialize)]
struct Extension {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<Box<Deletion>>,
    #[serde(flatten)]
    conflict: Option<Box<Conflict>>,
}

impl Problem {
    /// A problem with a status and a sentence that says what happened and what to do.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            conflict: None,
            deletion: None,
        }
    }

    /// 401: nobody, or nobody known, asks.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"M-FastGate admin\""),
        )
    }

    /// 404: there is no such thing.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("There is no {what} `{}`.", shorten(&id.escape_debug().to_string())),
        )
    }

    /// 403: the role does not go that far.
    #[must_use]
    pub fn role(needed: Role, role: Role) -> Self {
        let what = match needed {
            Role::Admin => "keys, tokens, sessions and upstream credentials",
            Role::Operator | Role::Viewer => "whatever changes or sends something",
        };
        Self::new(
            StatusCode::FORBIDDEN,
            format!("This needs the role `{needed}`, as {what} do; yours is `{role}`."),
        )
    }

    /// 429: too many wrong tokens came from there.
    #[must_use]
    pub fn throttled(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many wrong tokens came from this address; none is heard for {seconds} s."),
        )
        .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 409: somebody else changed the object meanwhile.
    pub fn changed_meanwhile(detail: impl Into<String>, conflict: Conflict) -> Self {
        Self {
            conflict: Some(Box::new(conflict)),
            ..Self::new(StatusCode::CONFLICT, detail)
        }
    }

    /// Says of a 404 who deleted the object.
    #[must_use]
    pub fn deleted(mut self, deletion: Deletion) -> Self {
        self.deletion = Some(Box::new(deletion));
        self
    }

    /// Names the field that is to blame, in a problem of another kind than 422.
    #[must_use]
    pub fn because_of(mut self, field: &str, message: &str) -> Self {
        self.errors.push(FieldError::new(field, message));
        self
    }

    /// 422 about these fields.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => format!("`{}` {}.", one.field, one.message.trim_end_matches('.')),
            many => format!("{} values were refused; see `errors`.", many.len()),
        };
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// 422 about one field.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// 500: the gateway's own fault. The cause goes to the log and never to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "an admin request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The gateway failed to answer; its log says why under this request id.",
        )
    }

    /// 503: a room that is needed is away. The cause goes to the log.
    pub fn unavailable(detail: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "an admin request could not be served");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// Whether the credential is what was refused (401, 403).
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }

    /// The fields that were refused; none when the problem is another one.
    #[must_use]
    pub fn refused_fields(&self) -> &[FieldError] {
        &self.errors
    }

    /// Adds a header field to the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The document, once the request id is known.
    #[must_use]
    pub fn render(self, request_id: &str) -> Response {
        let document = ProblemDetails::new()
            .with_status(self.status)
            .with_title(self.status.canonical_reason().unwrap_or("Error"))
            .with_detail(self.detail)
            .with_extensions(Extension {
                errors: self.errors,
                request_id: request_id.to_owned(),
                deletion: self.deletion,
                conflict: self.conflict,
            });
        let mut response = document.into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl Problem {
    /// A room's error about the thing with this id: 404 names it.
    pub fn about(what: &str, id: &str, error: ChangeError) -> Self {
        match error {
            ChangeError::Db(DbError::NotFound) => Self::not_found(what, id),
            other => other.into(),
        }
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match error {
            DbError::NotFound => Self::new(StatusCode::NOT_FOUND, "There is no such thing."),
            DbError::Conflict => Self::new(StatusCode::CONFLICT, "Another entry has the same unique value."),
            DbError::Unavailable(_) => Self::unavailable(
                "The database is unavailable; proxying goes on, try again soon.",
                error.cause(),
            ),
            DbError::KeyRotated => Self::unavailable(
                "The encryption key was rotated; proxying goes on, changes do after a SIGHUP or a restart of the gateway.",
                error.cause(),
            ),
            DbError::Internal(_) => Self::internal(error.cause()),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Secret(error) => error.into(),
            HistoryError::Document(_) => Self::internal(error),
        }
    }
}

impl From<OpenSecretError> for Problem {
    fn from(error: OpenSecretError) -> Self {
        Self::unavailable(
            "A stored credential cannot be decrypted: the encryption key was rotated (a SIGHUP or a restart takes the new one), or the value is damaged.",
            error,
        )
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Db(error) => error.into(),
            ChangeError::Refused(errors) => Self::fields(errors),
            ChangeError::Secret(error) => error.into(),
            ChangeError::History(error) => error.into(),
            ChangeError::NotAllowed { needed, role } => Self::role(needed, role),
            ChangeError::BrokeOff => Self::internal(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A client's text, cut so that an error document stays short.
#[must_use]
pub fn shorten(text: &str) -> String {
    const MAX: usize = 80;
    if text.chars().count() <= MAX {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX).collect();
    short.push('…');
    short
}
