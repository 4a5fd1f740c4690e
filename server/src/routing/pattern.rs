//! Matches paths against parsed patterns, in time linear in the path. The grammar is in
//! `fastgate_shared::route::pattern`; which patterns are tried at all is decided by the index in `table`.

use crate::routing::{Captures, path};
use fastgate_shared::route::pattern::{PathPattern, Token};
use regex::Regex;
use smallvec::SmallVec;
use std::ops::Range;
use std::sync::Arc;

/// A pattern, ready to match canonical paths.
#[derive(Clone, Debug)]
pub struct PathMatcher {
    pattern: PathPattern,
    form: Form,
    names: Vec<Arc<str>>,
}

/// The commonest patterns are compared directly; what can start or stop in several places goes to the regex engine,
/// which needs no backtracking.
#[derive(Clone, Debug)]
enum Form {
    /// Literal only.
    Exact(Box<str>),
    /// `/v1/*`, `/v2*`: this text, then anything.
    Prefix(Box<str>),
    /// `/api/**`: this text, then nothing or `/…`.
    Below(Box<str>),
    /// `*.json`: ends with this text.
    Suffix(Box<str>),
    /// Literals and single segments, in an order that leaves no choice; perhaps anything, or `**`, at the end.
    Segments(Vec<Step>),
    /// Everything else.
    Regex(Regex),
}

/// A step through a path from left to right.
#[derive(Clone, Debug)]
enum Step {
    /// This text.
    Literal(Box<str>),
    /// All characters up to the next `/` or the end, at least one.
    Segment { captured: bool },
    /// All that is left.
    Remainder { captured: bool },
    /// Nothing, or `/` and all that is left.
    Below,
}

/// Where the captures lie in the canonical path.
type Ranges = SmallVec<[Range<usize>; 2]>;

impl PathMatcher {
    /// Prepares a pattern.
    #[must_use]
    pub fn new(pattern: PathPattern) -> Self {
        let form = match pattern.tokens() {
            [Token::Literal(text)] => Form::Exact(text.as_str().into()),
            [Token::Anything] => Form::Prefix("".into()),
            [Token::Segments] => Form::Below("".into()),
            [Token::Literal(text), Token::Anything] => Form::Prefix(text.as_str().into()),
            [Token::Literal(text), Token::Segments] => Form::Below(text.as_str().into()),
            [Token::Anything, Token::Literal(text)] => Form::Suffix(text.as_str().into()),
            tokens => steps(tokens).map_or_else(|| Form::Regex(regex(tokens)), Form::Segments),
        };
        Self {
            names: pattern.capture_names().map(Arc::from).collect(),
            pattern,
            form,
        }
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &PathPattern {
        &self.pattern
    }

    /// Whether a canonical path matches.
    #[must_use]
    pub fn is_match(&self, path: &str) -> bool {
        match &self.form {
            Form::Exact(text) => path == &**text,
            Form::Prefix(text) => path.starts_with(&**text),
            Form::Below(text) => path
                .strip_prefix(&**text)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Form::Suffix(text) => path.ends_with(&**text),
            Form::Segments(steps) => walk(steps, path, |_| {}),
            Form::Regex(regex) => regex.is_match(path),
        }
    }

    /// What a path that matches captures, in the client's own spelling. Empty where it does not match.
    #[must_use]
    pub fn captures(&self, canonical: &str, raw: &str) -> Captures {
        if self.names.is_empty() {
            return Captures::new();
        }
        let spelled = |range: Range<usize>| path::as_spelled(raw, range.start, range.end).to_owned();
        let ranges = self.ranges(canonical);
        self.names
            .iter()
            .cloned()
            .zip(ranges.into_iter().map(spelled))
            .collect()
    }

    fn ranges(&self, canonical: &str) -> Ranges {
        let mut ranges = Ranges::new();
        match &self.form {
            Form::Segments(steps) => {
                if !walk(steps, canonical, |range| ranges.push(range)) {
                    ranges.clear();
                }
            }
            Form::Regex(regex) => {
                if let Some(captures) = regex.captures(canonical) {
                    ranges.extend(captures.iter().skip(1).flatten().map(|found| found.range()));
                }
            }
            Form::Exact(_) | Form::Prefix(_) | Form::Below(_) | Form::Suffix(_) => {}
        }
        ranges
    }
}

/// Takes the steps through a path; tells what is captured on the way.
fn walk(steps: &[Step], path: &str, mut captured: impl FnMut(Range<usize>)) -> bool {
    let mut at = 0;
    for step in steps {
        let rest = &path[at..];
        let (taken, is_captured) = match step {
            Step::Literal(text) if rest.starts_with(&**text) => (text.len(), false),
            Step::Literal(_) => return false,
            Step::Segment { captured } => (memchr::memchr(b'/', rest.as_bytes()).unwrap_or(rest.len()), *captured),
            Step::Remainder { captured } => (rest.len(), *captured),
            Step::Below if rest.is_empty() || rest.starts_with('/') => (rest.len(), false),
            Step::Below => return false,
        };
        if taken == 0 && !matches!(step, Step::Remainder { captured: false } | Step::Below) {
            return false;
        }
        if is_captured {
            captured(at..at + taken);
        }
        at += taken;
    }
    at == path.len()
}

/// The tokens as steps, where no step has a choice: a wildcard for one segment must fill it.
fn steps(tokens: &[Token]) -> Option<Vec<Step>> {
    let fills_segment = |at: usize| {
        let opens = at > 0 && matches!(&tokens[at - 1], Token::Literal(text) if text.ends_with('/'));
        let closes = match tokens.get(at + 1) {
            None | Some(Token::Segments) => true,
            Some(Token::Literal(text)) => text.starts_with('/'),
            Some(_) => false,
        };
        opens && closes
    };
    let step = |(at, token): (usize, &Token)| match token {
        Token::Literal(text) => Some(Step::Literal(text.as_str().into())),
        Token::Segment if fills_segment(at) => Some(Step::Segment { captured: false }),
        Token::Capture(_) if fills_segment(at) => Some(Step::Segment { captured: true }),
        Token::Anything if at + 1 == tokens.len() => Some(Step::Remainder { captured: false }),
        Token::Rest(_) => Some(Step::Remainder { captured: true }),
        Token::Segments if at + 1 == tokens.len() => Some(Step::Below),
        _ => None,
    };
    tokens.iter().enumerate().map(step).collect()
}

/// The tokens as a regular expression. Where a path could be captured in several ways, earlier wildcards take as little
/// as they can.
fn regex(tokens: &[Token]) -> Regex {
    let mut text = String::from("(?s)^");
    for token in tokens {
        match token {
            Token::Literal(literal) => text.push_str(&regex::escape(literal)),
            Token::Segment => text.push_str("[^/]+?"),
            Token::Within => text.push_str("[^/]*?"),
            Token::Anything => text.push_str(".*?"),
            Token::Segments => text.push_str("(?:/.*?)?"),
            Token::Capture(_) => text.push_str("([^/]+?)"),
            Token::Rest(_) => text.push_str("(.+?)"),
        }
    }
    text.push('$');
    Regex::new(&text).expect("escaped literals and the fragments above make a small valid expression")
}

#[cfg(test)]
mod tests;
