//! The header fields that a route removes and sets.

use super::template::{Template, Values};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::RouteDefinition;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// `remove_headers` and `add_headers`, compiled.
#[derive(Debug)]
pub struct HeaderPlan {
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, SetValue)>,
}

enum SetValue {
    Fixed(HeaderValue),
    Filled(Template),
}

impl std::fmt::Debug for SetValue {
    /// A value may be a credential: it is never shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl HeaderPlan {
    /// Compiles the two lists.
    ///
    /// # Errors
    /// For a name or a value that HTTP does not allow.
    pub fn compile(definition: &RouteDefinition) -> Result<Self, FieldError> {
        let remove = definition
            .remove_headers
            .iter()
            .map(|name| parse_name("remove_headers", name));
        let set = definition.add_headers.iter().map(|(name, value)| {
            let template = Template::parse(value);
            let value = match template.literal() {
                None => SetValue::Filled(template),
                Some(text) => SetValue::Fixed(fixed(name, text)?),
            };
            Ok((parse_name("add_headers", name)?, value))
        });
        Ok(Self {
            remove: remove.collect::<Result<_, _>>()?,
            set: set.collect::<Result<_, _>>()?,
        })
    }

    /// The credentials that are set, without their scheme: what may not be recorded when an upstream repeats it.
    pub fn credentials(&self) -> impl Iterator<Item = &str> + Clone {
        self.set.iter().filter_map(|(_, value)| match value {
            SetValue::Fixed(value) if value.is_sensitive() => {
                let text = value.to_str().ok()?;
                Some(text.split_once(' ').map_or(text, |(_, credential)| credential))
            }
            _ => None,
        })
    }

    /// The fields that are set to the same value in every request.
    pub fn fixed(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.set.iter().filter_map(|(name, value)| match value {
            SetValue::Fixed(value) => Some((name, value)),
            SetValue::Filled(_) => None,
        })
    }

    /// Whether a credential is set, of whatever form.
    #[must_use]
    pub fn sends_credentials(&self) -> bool {
        self.set
            .iter()
            .any(|(name, _)| fastgate_shared::route::transform::is_secret_header(name.as_str()))
    }

    /// Removes, then sets (replacing), in the order of the contract: Transforms.
    pub fn apply(&self, headers: &mut HeaderMap, values: &Values<'_>) {
        for name in &self.remove {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            let value = match value {
                SetValue::Fixed(value) => value.clone(),
                SetValue::Filled(template) => {
                    // A source path may hold characters that a field value may not; they are dropped, not the request.
                    let text: String = template
                        .fill(values, |text| Cow::Borrowed(text))
                        .chars()
                        .filter(|c| !c.is_control())
                        .collect();
                    let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else {
                        continue;
                    };
                    value
                }
            };
            headers.insert(name.clone(), value);
        }
    }
}

fn fixed(name: &str, text: &str) -> Result<HeaderValue, FieldError> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        FieldError::new(
            format!("add_headers.{name}"),
            "has a character that a header field value cannot carry",
        )
    })?;
    value.set_sensitive(fastgate_shared::route::transform::is_secret_header(name));
    Ok(value)
}

fn parse_name(field: &str, name: &str) -> Result<HeaderName, FieldError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| FieldError::new(field, format!("`{}` is not a header name", name.escape_debug())))
}

#[cfg(test)]
mod tests;
