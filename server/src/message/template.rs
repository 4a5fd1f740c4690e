//! Values with placeholders: `{capture}` and `${variable}`. The grammar is `fastgate_shared::route::transform`'s.

use crate::routing::Captures;
use fastgate_shared::route::transform::{Piece, pieces};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// A value, parsed once.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

/// What the placeholders of one request stand for.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    /// What the winning route's pattern captured.
    pub captures: &'a Captures,
    /// `${request_id}`.
    pub request_id: &'a str,
    /// `${client_ip}`.
    pub client_ip: IpAddr,
    /// `${source_path}`; empty without a key.
    pub source_path: &'a str,
    /// `${key_id}`; empty without a key.
    pub key_id: &'a str,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Capture(Arc<str>),
    Variable(Variable),
}

#[derive(Clone, Copy, Debug)]
enum Variable {
    RequestId,
    ClientIp,
    SourcePath,
    KeyId,
}

impl Template {
    /// Parses a value; a variable that is unknown stays text (validation refuses it when a route is saved).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let part = |piece: Piece<'_>| match piece {
            Piece::Literal(text) => Part::Literal(text.to_owned()),
            Piece::Capture(name) => Part::Capture(Arc::from(name)),
            Piece::Variable("request_id") => Part::Variable(Variable::RequestId),
            Piece::Variable("client_ip") => Part::Variable(Variable::ClientIp),
            Piece::Variable("source_path") => Part::Variable(Variable::SourcePath),
            Piece::Variable("key_id") => Part::Variable(Variable::KeyId),
            Piece::Variable(other) => Part::Literal(format!("${{{other}}}")),
        };
        Self(pieces(text).into_iter().map(part).collect())
    }

    /// The text, when there is nothing to fill in.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Fills in the values of one request; variables pass through `encode`. Captures are the client's own spelling of a
    /// piece of a path, so they are encoded already.
    #[must_use]
    pub fn fill(&self, values: &Values<'_>, encode: impl Fn(&str) -> Cow<'_, str>) -> String {
        self.fill_with(values, |capture| Cow::Borrowed(capture), encode)
    }

    /// Fills in the values of one request, captures through `encode_capture` and variables through `encode`.
    #[must_use]
    pub fn fill_with(
        &self,
        values: &Values<'_>,
        encode_capture: impl Fn(&str) -> Cow<'_, str>,
        encode: impl Fn(&str) -> Cow<'_, str>,
    ) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Capture(name) => {
                    if let Some((_, value)) = values.captures.iter().find(|(known, _)| known == name) {
                        filled.push_str(&encode_capture(value));
                    }
                }
                Part::Variable(Variable::RequestId) => filled.push_str(&encode(values.request_id)),
                Part::Variable(Variable::ClientIp) => filled.push_str(&encode(&values.client_ip.to_string())),
                Part::Variable(Variable::SourcePath) => filled.push_str(&encode(values.source_path)),
                Part::Variable(Variable::KeyId) => filled.push_str(&encode(values.key_id)),
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests;
