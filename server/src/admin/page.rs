//! What is asked for in a path and its query: ids, `skip` and `limit` of lists, filters. Unknown parameters are refused by
//! name, like unknown fields.

use super::problem::{Problem, shorten};
use axum::extract::{FromRequestParts, Path};
use fastgate_shared::page::Page;
use fastgate_shared::problem::FieldError;
use fastgate_shared::time::{self, DayEdge};
use http::request::Parts;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Rows that a list returns at most.
pub const MAX_LIMIT: u64 = 1000;

/// The query string: each parameter once. `token` is taken out; it is the credential's business.
#[derive(Debug, Default)]
pub struct Query {
    values: BTreeMap<String, String>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Reads a query string.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let mut read = Self::default();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (name, value) in pairs {
            if name == "token" {
                continue;
            }
            // A form that leaves a filter empty sends `name=`: it means "no filter".
            if value.is_empty() {
                continue;
            }
            // PostgreSQL takes no text with it, and no name or path has it.
            if value.contains('\0') {
                read.refuse(name, "has a NUL character");
                continue;
            }
            if read.values.insert(name.clone(), value).is_some() {
                read.refuse(name, "is given twice");
            }
        }
        read
    }

    /// A parameter, left where it is.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// Takes a parameter out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// Takes a whole number out and checks its range.
    pub fn take_number<N>(&mut self, name: &str, range: std::ops::RangeInclusive<N>) -> Option<N>
    where
        N: FromStr + PartialOrd + std::fmt::Display,
    {
        let text = self.take(name)?;
        match text.parse::<N>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                self.refuse(
                    name,
                    format!(
                        "is `{}`; allowed is a whole number from {} to {}",
                        shorten(&text.escape_debug().to_string()),
                        range.start(),
                        range.end()
                    ),
                );
                None
            }
        }
    }

    /// Takes `true` or `false` out.
    pub fn take_bool(&mut self, name: &str) -> Option<bool> {
        let text = self.take(name)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                self.refuse(
                    name,
                    format!(
                        "is `{}`; allowed is true or false",
                        shorten(&text.escape_debug().to_string())
                    ),
                );
                None
            }
        }
    }

    /// Takes `skip` and `limit` out.
    pub fn take_page(&mut self) -> Page {
        let default = Page::default();
        Page {
            skip: self.take_number("skip", 0..=i64::MAX as u64).unwrap_or(default.skip),
            limit: self.take_number("limit", 1..=MAX_LIMIT).unwrap_or(default.limit),
        }
    }

    /// Takes `start_time` and `end_time` out, each a time or a bare date (contract: Audit log).
    pub fn take_times(&mut self) -> (Option<Timestamp>, Option<Timestamp>) {
        let mut time = |name: &str, edge: DayEdge| {
            let text = self.take(name)?;
            time::parse(&text, edge).map_err(|why| self.refuse(name, why)).ok()
        };
        let (start, end) = (time("start_time", DayEdge::Start), time("end_time", DayEdge::End));
        if start.zip(end).is_some_and(|(start, end)| start > end) {
            self.refuse("end_time", "is before start_time");
        }
        (start, end)
    }

    /// Leaves the parameters that were not taken to whoever sent them.
    pub fn leave_rest(&mut self) {
        self.values.clear();
    }

    /// Remembers a refused parameter.
    pub fn refuse(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::new(name, message));
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// 422 with every refused and every unknown parameter.
    pub fn finish(mut self, known: &[&str]) -> Result<(), Problem> {
        for name in std::mem::take(&mut self.values).into_keys() {
            let known = known.join(", ");
            let message = if known.is_empty() {
                "is not a known parameter; this call takes none".to_owned()
            } else {
                format!("is not a known parameter; known are {known}")
            };
            self.refuse(shorten(&name.escape_debug().to_string()), message);
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::fields(self.errors))
        }
    }
}

/// The id in a path. What cannot be an id is one of nothing.
#[derive(Debug)]
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if !id.contains('\0') => Ok(Self(id)),
            _ => Err(Problem::not_found("path", parts.uri.path())),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", 0, 100)]
    #[case("skip=5&limit=1000", 5, 1000)]
    #[case("skip=&limit=7&token=abc", 0, 7)]
    fn pages_have_defaults(#[case] query: &str, #[case] skip: u64, #[case] limit: u64) {
        let mut read = Query::parse(query);
        assert_eq!(read.take_page(), Page { skip, limit });
        assert!(read.finish(&["skip", "limit"]).is_ok());
    }

    #[rstest]
    #[case("limit=0")]
    #[case("limit=1001")]
    #[case("skip=-1")]
    #[case("limit=ten")]
    #[case("limt=1")]
    #[case("limit=1&limit=2")]
    fn a_wrong_or_unknown_parameter_is_refused(#[case] query: &str) {
        let mut read = Query::parse(query);
        read.take_page();
        assert!(read.finish(&["skip", "limit"]).is_err());
    }
}
