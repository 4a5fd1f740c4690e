//! What a value may be: one kind for each sort of key, with its check and its wording. Pure; nothing here knows where a
//! value comes from.

use ipnet::IpNet;
use serde_json::Value;
use std::net::IpAddr;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// A sort of value, and its limits.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A whole number within these limits.
    Integer {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An IP address to listen on.
    Address,
    /// A file, relative to the working directory.
    File {
        /// Whether an empty text is allowed and means "no file".
        optional: bool,
    },
    /// A text that the function accepts, and what that is, in words.
    Text(fn(&str) -> bool, &'static str),
    /// A text as above that is never shown.
    Secret(fn(&str) -> bool, &'static str),
    /// A list of networks.
    Networks,
    /// A list of words.
    Words,
    /// A list of certificates with their keys.
    Pairs,
}

impl Kind {
    /// What is allowed, as the end of "must be …".
    #[must_use]
    pub fn allowed(self) -> String {
        match self {
            Self::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Address => "an IP address such as 127.0.0.1, 0.0.0.0 or ::".to_owned(),
            Self::File { optional: false } => "the path of a file".to_owned(),
            Self::File { optional: true } => "the path of a file, or empty for none".to_owned(),
            Self::Text(_, allowed) | Self::Secret(_, allowed) => allowed.to_owned(),
            Self::Networks => "a list of networks such as 10.0.0.0/8 or addresses".to_owned(),
            Self::Words => "a list of names without spaces".to_owned(),
            Self::Pairs => "a list of {cert: FILE, key: FILE}, as text CERT=KEY separated by commas".to_owned(),
        }
    }

    /// Whether the value must never be shown.
    #[must_use]
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Secret(..))
    }

    /// The value as the sections read it, from what a file says. Text is accepted wherever the environment's text would be.
    #[must_use]
    pub fn read(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (_, Value::String(text)) => self.read_text(text),
            (Self::Networks | Self::Words, Value::Array(items)) => items
                .iter()
                .map(|item| self.read_item(item.as_str()?))
                .collect::<Option<_>>(),
            (Self::Pairs, Value::Array(items)) => items.iter().map(read_pair).collect::<Option<_>>(),
            (Self::Integer { min, max }, Value::Number(number)) => number
                .as_u64()
                .filter(|n| (min..=max).contains(n))
                .map(|_| value.clone()),
            (Self::Boolean, Value::Bool(_)) => Some(value.clone()),
            // YAML takes an unquoted `off` for false.
            (Self::Choice(_), Value::Bool(yes)) => self.read_text(if *yes { "on" } else { "off" }),
            // YAML takes an unquoted text of digits for a number.
            (Self::Text(..) | Self::Secret(..), Value::Number(number)) => self.read_text(&number.to_string()),
            _ => None,
        }
    }

    /// The value as the sections read it, from a flag's or the environment's text. Lists are separated by commas.
    #[must_use]
    pub fn read_text(self, text: &str) -> Option<Value> {
        match self {
            Self::Integer { min, max } => {
                let number = text.trim().parse().ok().filter(|n| (min..=max).contains(n))?;
                Some(Value::from(number))
            }
            Self::Boolean => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => Some(Value::Bool(true)),
                "false" | "0" | "no" | "off" => Some(Value::Bool(false)),
                _ => None,
            },
            Self::Choice(words) => {
                let word = text.trim().to_ascii_lowercase();
                words.contains(&word.as_str()).then_some(Value::String(word))
            }
            Self::Address => read_address(text.trim()).map(|address| Value::String(address.to_string())),
            Self::File { optional } => (optional || !text.trim().is_empty()).then(|| Value::from(text)),
            Self::Text(accepts, _) | Self::Secret(accepts, _) => accepts(text).then(|| Value::from(text)),
            Self::Networks | Self::Words | Self::Pairs => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| self.read_item(item))
                .collect(),
        }
    }

    /// One item of a list.
    fn read_item(self, item: &str) -> Option<Value> {
        match self {
            Self::Networks => {
                let network = item
                    .parse::<IpNet>()
                    .ok()
                    .or_else(|| Some(IpNet::from(item.parse::<IpAddr>().ok()?)))?;
                Some(Value::String(network.to_string()))
            }
            Self::Pairs => item
                .split_once('=')
                .and_then(|(cert, key)| pair(cert.trim(), key.trim())),
            _ => (!item.is_empty() && !item.contains(char::is_whitespace)).then(|| Value::from(item)),
        }
    }
}

/// A certificate and its key, as the file says them.
fn read_pair(item: &Value) -> Option<Value> {
    match item {
        Value::String(text) => Kind::Pairs.read_item(text),
        Value::Object(fields) if fields.len() == 2 => pair(fields.get("cert")?.as_str()?, fields.get("key")?.as_str()?),
        _ => None,
    }
}

fn pair(cert: &str, key: &str) -> Option<Value> {
    (!cert.is_empty() && !key.is_empty()).then(|| serde_json::json!({ "cert": cert, "key": key }))
}

/// An address to listen on: also in brackets, and `localhost`.
fn read_address(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::from([127, 0, 0, 1]));
    }
    text.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// What `logging.level` lets through: a level, or comma-separated `target=level` with an optional level for the rest.
///
/// The levels of M-FastGate 0.2 (`WARNING`, `CRITICAL`) are understood.
#[must_use]
pub fn log_filter(text: &str) -> Option<Targets> {
    text.split(',')
        .map(str::trim)
        .try_fold(Targets::new(), |filter, directive| match directive.split_once('=') {
            Some((target, level)) if !target.trim().is_empty() => {
                Some(filter.with_target(target.trim(), read_level(level.trim())?))
            }
            Some(_) => None,
            None => Some(filter.with_default(read_level(directive)?)),
        })
}

fn read_level(text: &str) -> Option<LevelFilter> {
    match text.to_ascii_lowercase().as_str() {
        "off" => Some(LevelFilter::OFF),
        "error" | "critical" => Some(LevelFilter::ERROR),
        "warn" | "warning" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}
