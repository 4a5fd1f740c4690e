//! Reading JSON bodies: whatever the `Content-Type` says, bounded, and with every refused field by its name. What is JSON
//! with each name once is told in `json/once.rs`.

mod once;
mod reading;

pub use reading::{Reading, add_missing, is_within};

use super::problem::{Problem, shorten};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use fastgate_shared::fields::Fields;
use fastgate_shared::problem::FieldError;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Bytes of a body at most.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// A JSON object as the client wrote it. An empty body is `None`: some calls take it for `{}`.
pub struct JsonObject(pub Option<Map<String, Value>>);

impl JsonObject {
    /// The members, where the call needs a body.
    ///
    /// # Errors
    /// 422 when the body is empty.
    pub fn required(self) -> Result<Map<String, Value>, Problem> {
        self.0.ok_or_else(|| {
            Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "The body is empty; a JSON object is needed.",
            )
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = bytes_of(request.into_body()).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        match once::read(&bytes) {
            Ok((_, twice)) if !twice.is_empty() => Err(Problem::fields(twice)),
            Ok((Value::Object(members), _)) => Ok(Self(Some(members))),
            Ok((other, _)) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!("The body is {}; a JSON object is needed.", kind(&other)),
            )),
            Err(error) => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                format!(
                    "The body is not valid JSON: {}.",
                    shorten(&error.to_string().escape_debug().to_string())
                ),
            )),
        }
    }
}

async fn bytes_of(body: Body) -> Result<Vec<u8>, Problem> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is over {MAX_BODY_BYTES} bytes."),
        )),
        Err(_) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "The body broke off or its framing is wrong.",
        )),
    }
}

/// Errors for members that `T` does not have, and for those that only the server sets.
///
/// `stored` is what the server has where the client changes something: its read-only members may be sent back unchanged.
fn check_names<T: Fields>(members: &Map<String, Value>, stored: Option<&Map<String, Value>>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (name, value) in members {
        if T::WRITABLE.contains(&name.as_str()) {
            continue;
        }
        if !T::READ_ONLY.contains(&name.as_str()) {
            errors.push(FieldError::new(
                shorten(&name.escape_debug().to_string()),
                format!(
                    "is not a known field; known are {}",
                    [T::WRITABLE, T::SHORTHAND].concat().join(", ")
                ),
            ));
        } else if stored.and_then(|stored| stored.get(name)) != Some(value) {
            errors.push(FieldError::new(name, "is set by the gateway and cannot be changed"));
        }
    }
    errors
}

/// Reads a `T` from a body that is no patch of something stored. Null means the default: 0.2's users send it for "nothing".
/// `errors` come first.
pub fn read<T: Fields + DeserializeOwned>(members: Map<String, Value>, mut errors: Vec<FieldError>) -> Reading<T> {
    errors.extend(check_names::<T>(&members, None));
    build(members, errors)
}

fn build<T: Fields + DeserializeOwned>(mut members: Map<String, Value>, errors: Vec<FieldError>) -> Reading<T> {
    members.retain(|name, value| T::WRITABLE.contains(&name.as_str()) && !value.is_null());
    reading::build(members, errors)
}

/// Puts the members that a client names in place of the stored ones; null means the default. `errors` come first.
///
/// # Errors
/// 500 where what is stored cannot be patched.
pub fn patch<T: Fields + DeserializeOwned>(
    stored: &impl Serialize,
    members: Map<String, Value>,
    mut errors: Vec<FieldError>,
) -> Result<Reading<T>, Problem> {
    let Value::Object(mut merged) = serde_json::to_value(stored).map_err(Problem::internal)? else {
        return Err(Problem::internal("what is stored is no JSON object"));
    };
    errors.extend(check_names::<T>(&members, Some(&merged)));
    merged.extend(members);
    Ok(build(merged, errors))
}

/// As [`read`], where a type has no rules of its own.
///
/// # Errors
/// 422 with every refused member, `errors` first.
pub fn whole<T: Fields + DeserializeOwned>(members: Map<String, Value>, errors: Vec<FieldError>) -> Result<T, Problem> {
    read(members, errors).finish()
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// serde's words for a wrong type, without the names of Rust's types.
fn describe(message: &str) -> String {
    const WORDS: [(&str, &str); 12] = [
        ("expected u8", "expected a whole number"),
        ("expected u16", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected u64", "expected a whole number"),
        ("expected a sequence", "expected an array"),
        ("expected a map", "expected an object"),
        ("expected a boolean", "expected true or false"),
        ("invalid type: sequence", "invalid type: array"),
        ("invalid type: map", "invalid type: object"),
        ("invalid type: unit", "invalid type: null"),
        ("unknown variant", "unknown value"),
        ("expected struct ", "expected an object: "),
    ];
    let text = WORDS
        .iter()
        .fold(message.to_owned(), |text, (from, to)| text.replace(from, to));
    text.chars()
        .flat_map(|c| c.is_control().then_some(' ').or(Some(c)))
        .take(300)
        .collect()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
