//! Errors of the admin API: RFC 9457 `application/problem+json`.

use crate::changes::{Conflict, Deletion};
use crate::json::FromJson;
use serde::{Deserialize, Serialize};

/// One refused value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field as the client spelled its place, e.g. `targets[1].weight`.
    pub field: String,
    /// What was wrong and what is allowed, as a sentence.
    pub message: String,
}

impl FieldError {
    /// A refusal of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// A problem document (RFC 9457, section 3) with this API's extension members `errors` and `request_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Status code of the response, 400–599.
    pub status: u16,
    /// The kind of problem in a few words.
    pub title: String,
    /// What happened to this request, and what to do next.
    #[serde(default)]
    pub detail: String,
    /// The refused fields; empty when the problem is not about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The `X-Request-Id` of the response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Of a 404 about an object that was deleted, as long as the history knows of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// Of a 409 because somebody else changed the object meanwhile: the object as it stands, and what was changed.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub conflict: Option<Box<Conflict>>,
}

/// Turns a garde report into field errors.
#[must_use]
pub fn field_errors(report: &garde::Report) -> Vec<FieldError> {
    report
        .iter()
        .map(|(path, error)| FieldError::new(path.to_string(), in_words(error.message())))
        .collect()
}

/// The library tells lengths without their unit.
fn in_words(message: &str) -> String {
    let length = |said: &str| message.strip_prefix(said).map(str::to_owned);
    match (length("length is greater than "), length("length is lower than ")) {
        (Some(most), _) => format!("is longer than {most} characters"),
        (_, Some(least)) => format!("is shorter than {least} characters"),
        _ => message.to_owned(),
    }
}
