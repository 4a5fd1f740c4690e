//! The condition `match_headers`: values that are equal without regard to case, or `regex:…`.

use http::{HeaderMap, HeaderName};
use regex::bytes::{Regex, RegexBuilder};

/// Bytes that a compiled expression may take.
const REGEX_SIZE_LIMIT: usize = 256 << 10;

/// One header field that a request must have.
#[derive(Clone, Debug)]
pub struct HeaderRule {
    name: HeaderName,
    wanted: Wanted,
}

#[derive(Clone, Debug)]
enum Wanted {
    /// This text, without regard to case.
    Text(Box<str>),
    /// Something that the expression finds.
    Regex(Regex),
}

impl HeaderRule {
    /// Compiles one entry of `match_headers`.
    ///
    /// # Errors
    /// What is wrong with the name or the expression, and what is allowed.
    pub fn compile(name: &str, value: &str) -> Result<Self, String> {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("`{}` is not a header name", name.escape_debug()))?;
        let wanted = match value.strip_prefix("regex:") {
            Some(expression) => {
                Wanted::Regex(compile_expression(expression).map_err(|why| format!("`{name}`: {why}"))?)
            }
            // Values arrive without surrounding white space (RFC 9110 section 5.5).
            None => Wanted::Text(value.trim().into()),
        };
        Ok(Self { name: header, wanted })
    }

    /// The header field's name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The text that the field must be, without regard to case; `None` for an expression.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.wanted {
            Wanted::Text(text) => Some(text),
            Wanted::Regex(_) => None,
        }
    }

    /// Whether one of the request's fields of that name fits.
    #[must_use]
    pub fn is_match(&self, headers: &HeaderMap) -> bool {
        headers.get_all(&self.name).iter().any(|value| match &self.wanted {
            Wanted::Text(text) => value.as_bytes().eq_ignore_ascii_case(text.as_bytes()),
            Wanted::Regex(regex) => regex.is_match(value.as_bytes()),
        })
    }

    /// Why a request without a match failed, as a clause. Does not repeat the request's value, which may be secret.
    #[must_use]
    pub fn explain(&self, headers: &HeaderMap) -> String {
        let name = &self.name;
        match &self.wanted {
            _ if !headers.contains_key(name) => format!("header {name} is missing"),
            Wanted::Text(text) => format!("header {name} is not `{text}`"),
            Wanted::Regex(regex) => format!("header {name} does not match the expression `{regex}`"),
        }
    }
}

/// Compiles what follows `regex:`, here and wherever else it may be written: unanchored, ignoring case, in linear time.
///
/// # Errors
/// For what is no expression, or too large a one.
pub fn compile_expression(expression: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(expression)
        .case_insensitive(true)
        .size_limit(REGEX_SIZE_LIMIT)
        .nest_limit(50)
        .build();
    compiled.map_err(|why| match why {
        regex::Error::CompiledTooBig(_) => {
            format!(
                "the expression is too large when compiled (over {REGEX_SIZE_LIMIT} bytes); use smaller repetitions"
            )
        }
        // The engine draws the place in several lines; the last one says what is wrong.
        why => {
            let text = why.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!(
                "`{}` is not a valid regular expression: {reason}",
                expression.escape_debug()
            )
        }
    })
}

#[cfg(test)]
mod tests;
