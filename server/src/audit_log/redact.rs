//! Takes the secrets out of what is recorded, before it is queued (contract: Audit log, Bodies).
//!
//! Works on text, not on parsed JSON: a captured body may be cut anywhere, may be many JSON texts (a stream), and may
//! hold JSON inside JSON text (arguments of a tool call).

use super::header_text::HeaderText;
use fastgate_shared::route::transform::{is_secret_header, is_secret_query_name};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use regex::{Regex, RegexBuilder};
use smallvec::SmallVec;
use std::borrow::Cow;

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// The rules, compiled once.
#[derive(Debug)]
pub struct Redactor {
    /// `"name":` in JSON text, also where quotes are escaped.
    json_key: Option<Regex>,
    /// Names of query and form fields, in lower case.
    names: Vec<String>,
    /// Bytes of an API key of this gateway; a shorter text holds none.
    key_len: usize,
    /// An API key of this gateway, wherever it stands.
    api_key: Option<Regex>,
    /// The same where any of its characters may be percent-encoded.
    encoded_key: Option<Regex>,
}

impl Redactor {
    /// Compiles the rules for `audit.redact_fields`.
    ///
    /// # Errors
    /// When the names make too large a pattern.
    pub fn new(fields: &[String]) -> Result<Self, regex::Error> {
        let names: Vec<String> = fields.iter().map(|name| name.to_lowercase()).collect();
        let json_key = if names.is_empty() {
            None
        } else {
            let any = names.iter().map(|name| spellings(name)).collect::<Vec<_>>().join("|");
            let pattern = format!(r#"(\\*)"(?:{any})\\*"\s*:\s*"#);
            Some(
                RegexBuilder::new(&pattern)
                    .case_insensitive(true)
                    .size_limit(4 << 20)
                    .build()?,
            )
        };
        Ok(Self {
            json_key,
            names,
            key_len: 0,
            api_key: None,
            encoded_key: None,
        })
    }

    /// From now on whole API keys are replaced wherever they stand: a client may send one in a field that is not made for
    /// it. `prefix` is what keys begin with, `length` how many letters and digits follow.
    ///
    /// # Errors
    /// When they make too large a pattern.
    pub fn hide_keys(&mut self, prefix: &str, length: usize) -> Result<(), regex::Error> {
        let pattern = format!("{}[0-9A-Za-z]{{{length}}}", regex::escape(prefix));
        self.api_key = Some(Regex::new(&pattern)?);
        self.key_len = prefix.len() + length;
        let encoded: String = prefix
            .chars()
            .map(|c| format!("(?:{}|(?i:%{:02x}))", regex::escape(&c.to_string()), u32::from(c)))
            .collect();
        let pattern = format!("{encoded}(?:[0-9A-Za-z]|%[3-7][0-9A-Fa-f]){{{length}}}");
        self.encoded_key = Some(Regex::new(&pattern)?);
        Ok(())
    }

    /// Whether a text holds a whole API key.
    #[must_use]
    pub fn shows_key(&self, text: &str) -> bool {
        self.key_in(text).is_some_and(|key| key.is_match(text))
    }

    /// A text with whole API keys replaced.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.key_in(text) {
            Some(key) => key.replace_all(text, REDACTED),
            None => Cow::Borrowed(text),
        }
    }

    /// What finds a key in this text, unless it is too short for one.
    fn key_in(&self, text: &str) -> Option<&Regex> {
        self.api_key.as_ref().filter(|_| text.len() >= self.key_len)
    }

    /// Header fields with the credentials replaced: by their names, by the look of their values, and where a value repeats
    /// one of `known`.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn headers<'a>(&self, headers: &HeaderMap, known: impl Iterator<Item = &'a str>) -> HeaderText {
        let known: SmallVec<[&str; 4]> = known.collect();
        let mut text = HeaderText::with_room_for(headers);
        for (name, value) in headers {
            let value = match std::str::from_utf8(value.as_bytes()) {
                Ok(value) => Cow::Borrowed(value),
                Err(_) => String::from_utf8_lossy(value.as_bytes()),
            };
            let is_secret = is_secret_header(name.as_str())
                || self.names.iter().any(|secret| secret == name.as_str())
                || known.iter().any(|credential| value.contains(credential));
            if is_secret {
                text.push(name, REDACTED);
            } else if matches!(name.as_str(), "referer" | "location" | "content-location") {
                text.push(name, &self.url(&value));
            } else {
                text.push(name, &self.text(&value));
            }
        }
        text
    }

    /// As [`Self::text`], of a text that is percent-encoded.
    fn encoded_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.encoded_key {
            Some(key) if text.len() >= self.key_len && text.contains('%') => key.replace_all(text, REDACTED),
            _ => self.text(text),
        }
    }

    /// A URL or path with the credentials in its query replaced.
    #[must_use]
    pub fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        match self.encoded_text(url) {
            Cow::Borrowed(url) => self.query_of(url),
            Cow::Owned(url) => Cow::Owned(self.query_of(&url).into_owned()),
        }
    }

    fn query_of<'a>(&self, url: &'a str) -> Cow<'a, str> {
        let Some((before, query)) = url.split_once('?') else {
            return Cow::Borrowed(url);
        };
        match self.query(query) {
            Cow::Borrowed(_) => Cow::Borrowed(url),
            Cow::Owned(query) => Cow::Owned(format!("{before}?{query}")),
        }
    }

    /// A query string or a form body with the credentials replaced.
    #[must_use]
    pub fn query<'a>(&self, query: &'a str) -> Cow<'a, str> {
        let is_secret = |part: &str| {
            part.split_once('=')
                .is_some_and(|(name, _)| self.is_secret_parameter(name))
        };
        if !query.split('&').any(is_secret) {
            return Cow::Borrowed(query);
        }
        let clean = query.split('&').map(|part| match part.split_once('=') {
            Some((name, _)) if self.is_secret_parameter(name) => format!("{name}={REDACTED}"),
            _ => part.to_owned(),
        });
        Cow::Owned(clean.collect::<Vec<_>>().join("&"))
    }

    /// A captured body with the values of secret fields replaced, at any depth, also where it was cut.
    #[must_use]
    pub fn body(&self, text: &str, is_form: bool) -> String {
        if is_form {
            return self.query(&self.encoded_text(text)).into_owned();
        }
        let text = &*self.text(text);
        let Some(json_key) = &self.json_key else {
            return text.to_owned();
        };
        let mut clean = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(found) = json_key.captures_at(text, at) {
            let (Some(key), Some(quoting)) = (found.get(0), found.get(1)) else {
                break;
            };
            clean.push_str(&text[at..key.end()]);
            at = key.end() + value_len(&text[key.end()..], quoting.len());
            let quote = format!("{}\"", &text[quoting.range()]);
            clean.push_str(&quote);
            clean.push_str(REDACTED);
            clean.push_str(&quote);
        }
        clean.push_str(&text[at..]);
        clean
    }

    fn is_secret_parameter(&self, name: &str) -> bool {
        let name = percent_decode_str(name).decode_utf8_lossy().to_lowercase();
        is_secret_query_name(&name) || self.names.contains(&name)
    }
}

/// A text without these credentials.
#[must_use]
pub fn forget<'a>(mut text: String, credentials: impl Iterator<Item = &'a str>) -> String {
    for credential in credentials {
        if text.contains(credential) {
            text = text.replace(credential, REDACTED);
        }
    }
    text
}

/// A pattern for a name in which any letter may be written as a JSON escape (`\u0070assword`).
fn spellings(name: &str) -> String {
    let letter = |c: char| {
        let mut codes = vec![u32::from(c)];
        codes.extend(c.to_uppercase().map(u32::from).filter(|code| *code != u32::from(c)));
        let escapes: Vec<String> = codes.iter().map(|code| format!(r"\\+u{code:04x}")).collect();
        format!("(?:{}|{})", regex::escape(&c.to_string()), escapes.join("|"))
    };
    name.chars().map(letter).collect()
}

/// Length of the JSON value at the start of `text`; all of it when the value is cut. `depth` backslashes stand before
/// each quote at this level of quoting.
fn value_len(text: &str, depth: usize) -> usize {
    let bytes = text.as_bytes();
    match bytes.iter().position(|b| *b != b'\\').map(|at| bytes[at]) {
        Some(b'"') => string_len(bytes, depth),
        Some(b'{' | b'[') => nested_len(bytes, depth),
        _ => bytes
            .iter()
            .position(|b| matches!(b, b',' | b'}' | b']' | b'\n' | b'\r'))
            .unwrap_or(bytes.len()),
    }
}

/// A string whose quotes carry `depth` backslashes ends at the next quote with as many; a quote with more is inside.
fn string_len(bytes: &[u8], depth: usize) -> usize {
    let mut at = depth + 1;
    let mut backslashes = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'\\' => backslashes += 1,
            b'"' if depth == 0 && backslashes % 2 == 0 => return at,
            b'"' if depth > 0 && backslashes <= depth => return at,
            _ => backslashes = 0,
        }
        if *byte == b'"' {
            backslashes = 0;
        }
    }
    bytes.len()
}

fn nested_len(bytes: &[u8], depth: usize) -> usize {
    let (mut at, mut open) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return at + 1;
                }
            }
            b'"' => {
                // The backslashes before the quote were already passed.
                let start = at.saturating_sub(depth);
                at = start + string_len(&bytes[start..], depth);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn redactor() -> Redactor {
        Redactor::new(&crate::config::Audit::default().redact_fields).unwrap()
    }

    #[rstest]
    #[case::flat(r#"{"a":1,"password":"hunter2","b":2}"#, r#"{"a":1,"password":"[redacted]","b":2}"#)]
    #[case::any_case(r#"{"PassWord" : "hunter2"}"#, r#"{"PassWord" : "[redacted]"}"#)]
    #[case::nested(
        r#"{"a":{"token":{"x":"}\"","y":[1]}},"b":1}"#,
        r#"{"a":{"token":"[redacted]"},"b":1}"#
    )]
    #[case::number(r#"{"secret":12345}"#, r#"{"secret":"[redacted]"}"#)]
    #[case::escaped_quote(r#"{"token":"a\"b","c":1}"#, r#"{"token":"[redacted]","c":1}"#)]
    #[case::trailing_backslash(r#"{"token":"a\\","c":1}"#, r#"{"token":"[redacted]","c":1}"#)]
    #[case::cut_in_value(r#"{"api_key":"sk-123"#, r#"{"api_key":"[redacted]""#)]
    #[case::cut_in_nested(r#"{"token":[{"a":"x"#, r#"{"token":"[redacted]""#)]
    #[case::escaped_name(r#"{"p\u0061ssword":"hunter2"}"#, r#"{"p\u0061ssword":"[redacted]"}"#)]
    #[case::json_in_json(
        r#"{"arguments":"{\"password\": \"hunter2\", \"n\": 1}"}"#,
        r#"{"arguments":"{\"password\": \"[redacted]\", \"n\": 1}"}"#
    )]
    #[case::only_as_value(r#"{"kind":"password","x":1}"#, r#"{"kind":"password","x":1}"#)]
    #[case::stream(
        "data: {\"token\":\"a\"}\n\ndata: {\"t\":1}\n",
        "data: {\"token\":\"[redacted]\"}\n\ndata: {\"t\":1}\n"
    )]
    #[case::unbalanced_quote(
        r#"it is 5" wide {"password":"hunter2"}"#,
        r#"it is 5" wide {"password":"[redacted]"}"#
    )]
    fn secret_fields_of_json_are_replaced(#[case] body: &str, #[case] expected: &str) {
        assert_eq!(redactor().body(body, false), expected);
    }

    #[rstest]
    #[case("/a?key=abc&x=1", "/a?key=[redacted]&x=1")]
    #[case("/a?Access_Token=abc", "/a?Access_Token=[redacted]")]
    #[case("/a?%74oken=abc", "/a?%74oken=[redacted]")]
    #[case("/a?X-Amz-Signature=abc&sig=abc", "/a?X-Amz-Signature=[redacted]&sig=[redacted]")]
    #[case("/a?monkey=abc", "/a?monkey=abc")]
    #[case("/a", "/a")]
    fn secret_query_parameters_are_replaced(#[case] url: &str, #[case] expected: &str) {
        assert_eq!(redactor().url(url), expected);
    }

    #[test]
    fn a_whole_api_key_is_replaced_wherever_it_stands() {
        let mut redactor = redactor();
        redactor.hide_keys("fg_", 8).unwrap();
        assert_eq!(
            redactor.url("/fg_Ab12Cd34/x?q=fg_Ab12Cd34"),
            "/[redacted]/x?q=[redacted]"
        );
        assert_eq!(redactor.body("not JSON: fg_Ab12Cd34.", false), "not JSON: [redacted].");
        assert_eq!(
            redactor.url("/a%20b?q=fg%5FAb1%32Cd34&r=%66g%5fAb12Cd34"),
            "/a%20b?q=[redacted]&r=[redacted]"
        );
        assert_eq!(redactor.body("q=fg%5fAb12Cd34&r=a%20b", true), "q=[redacted]&r=a%20b");
        assert_eq!(redactor.text("fg_short and fg_Ab-12Cd34"), "fg_short and fg_Ab-12Cd34");
        let headers = HeaderMap::from_iter([(http::header::USER_AGENT, "x fg_Ab12Cd34".parse().unwrap())]);
        let text = redactor.headers(&headers, std::iter::empty());
        assert_eq!(text.as_json(), r#"[["user-agent","x [redacted]"]]"#);
    }

    #[test]
    fn credentials_in_header_fields_are_replaced_and_others_kept() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer sk-1"),
            ("x-api-key", "fg_1"),
            ("cookie", "a=b"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers.insert("referer", "http://h/p?token=abc".parse().unwrap());
        headers.insert("x-echo", "it was sk-upstream".parse().unwrap());
        let clean = redactor().headers(&headers, ["sk-upstream"].into_iter());
        let fields: Vec<(String, String)> = serde_json::from_str(clean.as_json()).unwrap();
        let value = |name: &str| {
            fields
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, value)| value.as_str())
        };
        for secret in ["authorization", "x-api-key", "cookie", "x-echo"] {
            assert_eq!(value(secret), Some(REDACTED), "{secret}");
        }
        assert_eq!(value("accept"), Some("*/*"));
        assert_eq!(value("referer"), Some("http://h/p?token=[redacted]"));
    }
}
